"""The families of classifiers, by name."""

from typing import Final

from reviewdesk.registry import Registry

CLASSIFIERS: Final = Registry(
    "model",
    "reviewdesk.classifiers",
    {
        "linear": "reviewdesk.models.linear.classifier:Linear",
        "tfidf-svc": "reviewdesk.models.tfidf_svc:TfidfSVC",
    },
)

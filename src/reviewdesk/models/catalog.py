"""The families of classifiers, by name."""

from typing import Final

from reviewdesk.registry import Registry

CLASSIFIERS: Final = Registry(
    "model",
    "reviewdesk.classifiers",
    {
        "linear": "reviewdesk.models.linear.classifier:Linear",
        "naive-bayes": "reviewdesk.models.naive_bayes:NaiveBayes",
        "fasttext": "reviewdesk.models.vectors.classifier:FastText",
        "docvec": "reviewdesk.models.vectors.docvec:DocVec",
        "lstm": "reviewdesk.models.neural.families:Lstm",
        "cnn": "reviewdesk.models.neural.families:Cnn",
        "attention": "reviewdesk.models.neural.families:Attention",
        "mlp": "reviewdesk.models.neural.mlp:Mlp",
        "few-shot": "reviewdesk.models.neural.few_shot:FewShot",
        "transformer": "reviewdesk.models.neural.transformer:Transformer",
        "tfidf-svc": "reviewdesk.models.tfidf_svc:TfidfSVC",
        "blend": "reviewdesk.models.blend.classifier:Blend",
    },
)

"""A family of classifiers by its name and settings, as a user gives them."""

from collections.abc import Mapping
from typing import Any

from reviewdesk.errors import UsageError
from reviewdesk.models.base import Classifier
from reviewdesk.models.catalog import CLASSIFIERS


def new_classifier(model: str, settings: Mapping[str, Any]) -> Classifier:
    """Return an unfitted classifier of a family.

    Raises:
        UsageError: no such family, it has no such setting, or a value is not allowed.
    """
    family = CLASSIFIERS.load(model)
    if not issubclass(family, Classifier):
        raise UsageError(f"the model {model!r} is not a classifier")
    return family(**settings)

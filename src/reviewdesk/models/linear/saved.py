"""The settings file of a saved classifier, read with suspicion."""

from pathlib import Path
from typing import Any

from reviewdesk.errors import BundleError, InputError
from reviewdesk.models.base import Classifier
from reviewdesk.models.linear.vocabulary import CHARACTERS, CHOOSE, MOST_BITS
from reviewdesk.storage import read_json


def read_saved(path: Path, family: type[Classifier]) -> dict[str, Any]:
    """Return what ``save`` wrote.

    Raises:
        BundleError: something is missing or not as it should be.
    """
    try:
        saved = read_json(path)
    except InputError as error:
        raise BundleError(f"{path.name} is not JSON") from error
    if isinstance(saved, dict) and isinstance(saved.get("settings"), dict):
        # Releases before 0.1 chose no runs of characters: what was asked for is what there is.
        saved.setdefault("characters", saved["settings"].get("characters", 0))
    defaults = family().settings.to_json()
    try:
        fits = (
            {name: type(value) for name, value in saved["settings"].items()}
            == {name: type(value) for name, value in defaults.items()}
            and set(saved["columns"]) <= set(family.columns)
            and 0 < len(saved["columns"]) == len(set(saved["columns"]))
            and len(saved["labels"]) > 1
            and all(isinstance(label, str) for label in saved["labels"])
            and saved["ngrams"] in (1, 2, 3)
            and type(saved["several"]) is bool
            and saved["settings"].get("characters", 0) in (CHOOSE, *CHARACTERS)
            and saved["characters"] in CHARACTERS
            and type(saved["bits"]) is int
            and 1 <= saved["bits"] <= MOST_BITS
            and isinstance(saved["strength"], int | float)
        )
    except (AttributeError, KeyError, TypeError):
        fits = False
    if not fits:
        raise BundleError(f"{path.name} does not hold the settings of {family.family}")
    return dict(saved)

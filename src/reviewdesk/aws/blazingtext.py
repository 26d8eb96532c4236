"""BlazingText's models, and any of fastText's, as bundles that can be served."""

from pathlib import Path
from typing import Final

from reviewdesk.bundle import FORMAT, FORMAT_VERSION, Bundle, BundleSettings
from reviewdesk.models.vectors.file_classifier import FastTextFile
from reviewdesk.settings import CleanSettings, SplitSettings, TargetSettings, TextSettings

MODEL_FILES: Final = ("model.bin", "model.ftz")
"""What such a model is called in a model directory."""


def model_file(directory: Path) -> Path | None:
    """Return the model file of a directory; None where there is none."""
    return next((directory / name for name in MODEL_FILES if (directory / name).is_file()), None)


def bundle_of_file(path: Path) -> Bundle:
    """Return a model file as a bundle that takes texts as they come.

    Args:
        path: fastText's ``.bin`` or ``.ftz``; BlazingText's ``model.bin`` is one.

    Raises:
        BundleError: it is damaged, or gives no labels.
        StorageError: it cannot be opened.
    """
    classifier = FastTextFile.open(path)
    settings = BundleSettings(
        target=TargetSettings(target="labels" if classifier.multilabel_ else "category"),
        text=TextSettings(fields=classifier.columns_),
        split=SplitSettings(test_share=0.0),
        clean=CleanSettings(html=False, backslash_quotes=False, unicode_form="none"),
    )
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "id": f"{classifier.family}-{classifier.digest[:12]}",
        "family": classifier.family,
        "labels": classifier.labels_,
        "settings": settings.to_json(),
        "metrics": {},
        "data": {"fingerprint": classifier.digest, "rows": {}},
    }
    return Bundle(manifest, classifier)

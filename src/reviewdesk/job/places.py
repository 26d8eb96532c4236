"""What a place on disk may stand for: a job's folder is its reviews, or the bundle in it."""

from pathlib import Path
from typing import Final

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.engines.shared import file_sizes
from reviewdesk.errors import UsageError
from reviewdesk.prepare.layout import MANIFEST
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.storage import address_of, is_remote

SUMMARY: Final = "job.json"
PREPARED: Final = "prepared"
BUNDLE: Final = "bundle"
PREDICTIONS: Final = "predictions.parquet"
FINDINGS: Final = "findings"
FINDINGS_SUMMARY: Final = "findings.json"
ASIDE: Final = ".next"
"""Where an update is made until it takes the place of what is there."""


def reviews_of(folder: Path) -> PreparedData:
    """Open a prepared folder, or the one within the folder of a job.

    Raises:
        StorageError: it is not there.
        InputError: it is neither.
    """
    if (folder / SUMMARY).is_file() and (folder / PREPARED).is_dir():
        return PreparedData.open(folder / PREPARED)
    return PreparedData.open(folder)


def prepared_of(place: Path) -> PreparedData | None:
    """Open what ``reviews_of`` does; None where a place is something else, such as a file."""
    location = address_of(place)
    if is_remote(location):
        return PreparedData.open(place) if MANIFEST in file_sizes(location) else None
    if (place / SUMMARY).is_file() or (place / MANIFEST).is_file():
        return reviews_of(place)
    return None


def bundle_of(folder: Path) -> Bundle:
    """Open a bundle, that in the folder of a job's target, or that of a job with one target.

    Raises:
        UsageError: the job has several.
        StorageError: it is not there.
        BundleError: it is damaged, hostile or too new.
    """
    return load_bundle(bundle_folder(folder))


def bundle_folder(folder: Path) -> Path:
    """Return where the bundle is that ``bundle_of`` opens.

    Raises:
        UsageError: a job has several.
    """
    if (folder / SUMMARY).is_file():
        bundles = sorted(one for one in folder.glob(f"*/{BUNDLE}") if (one / MANIFEST).is_file())
        if len(bundles) > 1:
            names = ", ".join(map(str, bundles))
            raise UsageError(f"the job in {folder} has several bundles; name one: {names}")
        if bundles:
            return bundles[0]
    inside = folder / BUNDLE
    return inside if (inside / MANIFEST).is_file() else folder


def findings_folder(folder: Path) -> Path:
    """Return where findings are: the folder itself, or that in or beside the folder of a job."""
    if not (folder / SUMMARY).is_file() or (folder / FINDINGS_SUMMARY).is_file():
        return folder
    places = (folder / FINDINGS, folder.absolute().parent / FINDINGS)
    return next((one for one in places if one.is_dir()), folder)

"""What a place on disk may stand for: a job's folder is its reviews, or the bundle in it."""

from pathlib import Path
from typing import Final

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.errors import UsageError
from reviewdesk.prepare.layout import MANIFEST
from reviewdesk.prepare.prepared import PreparedData

SUMMARY: Final = "job.json"
PREPARED: Final = "prepared"
BUNDLE: Final = "bundle"
ASIDE: Final = ".next"
"""Where an update is made until it takes the place of what is there."""


def reviews_of(place: Path) -> PreparedData:
    """Open a prepared folder, or the one within the folder of a job.

    Raises:
        StorageError: it is not there.
        InputError: it is neither.
    """
    if (place / SUMMARY).is_file() and (place / PREPARED).is_dir():
        return PreparedData.open(place / PREPARED)
    return PreparedData.open(place)


def prepared_of(place: Path) -> PreparedData | None:
    """Open what ``reviews_of`` does; None where a place is something else, such as a file."""
    if (place / SUMMARY).is_file() or (place / MANIFEST).is_file():
        return reviews_of(place)
    return None


def bundle_of(place: Path) -> Bundle:
    """Open a bundle, that in the folder of a job's target, or that of a job with one target.

    Raises:
        UsageError: the job has several.
        StorageError: it is not there.
        BundleError: it is damaged, hostile or too new.
    """
    if (place / SUMMARY).is_file():
        found = sorted(one for one in place.glob(f"*/{BUNDLE}") if (one / MANIFEST).is_file())
        if len(found) > 1:
            names = ", ".join(map(str, found))
            raise UsageError(f"the job in {place} has several bundles; name one: {names}")
        if found:
            return load_bundle(found[0])
    if (place / BUNDLE / MANIFEST).is_file():
        return load_bundle(place / BUNDLE)
    return load_bundle(place)

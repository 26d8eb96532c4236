"""What a place on disk may stand for: a job's folder is its reviews, or the bundle in it."""

from pathlib import Path
from typing import Final

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.engines.local_copies import remote_files
from reviewdesk.engines.shared import exists
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
    return PreparedData.open(folder / PREPARED if is_job(folder) else folder)


def is_job(folder: Path) -> bool:
    """Say whether a folder is that of a job, with its prepared reviews in it."""
    return _has(folder, SUMMARY) and _has(folder / PREPARED, MANIFEST)


def prepared_of(place: Path) -> PreparedData | None:
    """Open what ``reviews_of`` does; None where a place is something else, such as a file."""
    return reviews_of(place) if _has(place, SUMMARY) or _has(place, MANIFEST) else None


def _has(folder: Path, name: str) -> bool:
    """Say whether there is a file of that name in a folder, which may be at an address."""
    location = address_of(folder)
    return exists(f"{location}/{name}") if is_remote(location) else (folder / name).is_file()


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
    if _has(folder, SUMMARY):
        bundles = _bundles_in(folder)
        if len(bundles) > 1:
            names = ", ".join(map(address_of, bundles))
            raise UsageError(
                f"the job in {address_of(folder)} has several bundles; name one: {names}"
            )
        if bundles:
            return bundles[0]
    inside = folder / BUNDLE
    return inside if _has(inside, MANIFEST) else folder


def _bundles_in(job: Path) -> list[Path]:
    location = address_of(job)
    if not is_remote(location):
        return sorted(path for path in job.glob(f"*/{BUNDLE}") if (path / MANIFEST).is_file())
    manifests = [name.split("/") for name in remote_files(location)]
    return sorted(job / name[0] / BUNDLE for name in manifests if name[1:] == [BUNDLE, MANIFEST])


def findings_folder(folder: Path) -> Path:
    """Return where findings are: the folder itself, or that in or beside the folder of a job."""
    if not _has(folder, SUMMARY) or _has(folder, FINDINGS_SUMMARY):
        return folder
    if is_remote(address_of(folder)):
        return folder / FINDINGS
    places = (folder / FINDINGS, folder.absolute().parent / FINDINGS)
    return next((one for one in places if one.is_dir()), folder)

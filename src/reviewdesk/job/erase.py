"""Erasing everywhere: prepared data, tables made from it, folders of findings with their pages."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.desk.desk import FOLDER as DESK
from reviewdesk.desk.erase import erase_from_desk, erase_index
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.erase import without_reviews
from reviewdesk.findings.store import (
    StoredFindings,
    folders_in,
    is_findings,
    read_findings,
    remove_left_over,
)
from reviewdesk.formats.capture_files import erase_captured, erase_truth
from reviewdesk.graph.store import is_graph
from reviewdesk.job.find import OVERVIEW, PREDICTIONS, write_with_page
from reviewdesk.job.find_page import write_overview
from reviewdesk.job.graph import build_without
from reviewdesk.job.places import ASIDE
from reviewdesk.job.predicted_rows import ROWS
from reviewdesk.prepare.erase import Erasure, erase
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import storage_errors


def erase_everywhere(
    path: Path,
    customer: str,
    tables: Sequence[Path] = (),
    findings: Sequence[Path] = (),
    graphs: Sequence[Path] = (),
    *,
    desk: Path | None = None,
    progress: Progress = SILENT,
) -> Erasure:
    """Erase one customer's reviews from prepared data, and from what was made from it.

    Tables and findings change first, so that after an interruption the same call finishes the work.

    Args:
        path: the prepared folder, or the folder of a job, with the tables and findings in it.
        customer: the customer_id, exactly as it stands in the reviews.
        tables: Parquet files with a column review_id, or tables of rejects.
        findings: folders that finding wrote: of one kind of findings, or of several with the
            predictions that they were made from. Their pages are made again.
        graphs: graphs of the data, which are built again without the reviews.
        desk: the folder of a desk, whose decisions about them go; None for none.
        progress: is shown how far it has come.

    Raises:
        UsageError: the id is empty.
        InputError: a folder holds no findings, a table has no column to know reviews by, or
            something is damaged.
        StorageError: a place cannot be used, or another process is writing.
    """
    if (path / "job.json").is_file():
        return _erase_from_job(path, customer, tables, findings, graphs, progress)
    folders = [folder for place in findings for folder in _folders(place)]
    made = [table for place in findings for table in sorted(place.glob(f"{PREDICTIONS}/*.parquet"))]

    def also(data: PreparedData, ids: pa.Array) -> dict[str, int]:
        gone = set(ids.to_pylist())
        erased = {str(folder): _erase(folder, gone, data, progress) for folder in folders}
        for place in findings:
            if (place / OVERVIEW).is_file() and not is_findings(place):
                stored = [read_findings(folder) for folder in folders if folder.parent == place]
                write_overview(place / OVERVIEW, data, stored, {}, progress)
        if desk is not None and desk.is_dir():
            erased[str(desk)] = erase_from_desk(desk, gone)
        return erased | {str(one): build_without(one, data, ids, progress) for one in graphs}

    erasure = erase(path, customer, [*tables, *made], also=also, progress=progress)
    if desk is not None:
        erase_index(desk)  # an open desk may have made it again before the data had changed
    return erasure


def erase_requests(
    customer: str, captures: Sequence[Path], truths: Sequence[Path] = ()
) -> dict[str, int]:
    """Erase one customer's captured requests, and what is known to be true of them.

    A server may go on writing beside it.

    Args:
        customer: the customer_id.
        captures: folders of captured requests.
        truths: folders of ground truth.

    Returns:
        How many lines went from each folder.

    Raises:
        StorageError: a folder cannot be read or written.
    """
    erased = [erase_captured(folder, customer) for folder in captures]
    requests = frozenset().union(*(one.requests for one in erased))
    lines = {str(folder): one.lines for folder, one in zip(captures, erased, strict=True)}
    return lines | {str(folder): erase_truth(folder, requests) for folder in truths}


def _erase_from_job(
    job: Path,
    customer: str,
    tables: Sequence[Path],
    findings: Sequence[Path],
    graphs: Sequence[Path],
    progress: Progress,
) -> Erasure:
    """Erase from a job's data and all that is known to be made from it; name the rest."""
    data = job / "prepared"
    if (job / ASIDE).exists():  # an update that was killed has staged the person as well
        with locked(job / f"{ASIDE}.lock", f"the job {job}"), storage_errors(str(job)):
            shutil.rmtree(job / ASIDE)
    with storage_errors(str(job)):
        others = [path for path in sorted(job.rglob("*")) if data not in path.parents]
    folders = [
        path
        for path in others
        if not path.name.startswith(".") and path.is_dir() and is_findings(path)
    ]
    drawn = [path for path in others if path.is_dir() and is_graph(path)]
    places = {path.parent if (path.parent / OVERVIEW).is_file() else path for path in folders}
    inside = [path for path in others if any(place in path.parents for place in (*places, *drawn))]
    made = [path for path in others if path not in inside and _names_reviews(path)]
    erasure = erase_everywhere(
        data,
        customer,
        [*tables, *made],
        [*findings, *sorted(places)],
        [*graphs, *drawn],
        desk=job / DESK,
        progress=progress,
    )
    rows = [path for path in others if path.match(f"{ROWS}.csv")]
    for path in rows:
        path.unlink()  # the rows of the job's files, where the person still is
    pages = [path for path in others if path.suffix == ".html" and path not in inside]
    gone = [f"the rows with labels in {path} were removed" for path in rows]
    return replace(erasure, elsewhere=(*gone, *_kept_in_job(pages), *erasure.elsewhere))


def _names_reviews(path: Path) -> bool:
    """Say whether a file is a table of predictions or another one that names reviews."""
    if path.suffix != ".parquet" or not path.is_file():
        return False
    try:
        return "review_id" in pq.read_schema(path).names
    except (OSError, pa.ArrowException):
        return False


def _kept_in_job(pages: Sequence[Path]) -> Iterator[str]:
    if pages:
        names = ", ".join(str(page) for page in pages)
        yield f"the job's pages, which may show their reviews; delete them: {names}"


def _folders(place: Path) -> list[Path]:
    """Return the folders of findings at a place; what killed processes left there goes."""
    for folder in [place, *(place / name for name in FINDERS.names())]:
        remove_left_over(folder)
    return folders_in(place)


def _erase(folder: Path, ids: set[str], data: PreparedData, progress: Progress) -> int:
    """Write a folder of findings anew without some reviews; return how many rows changed."""
    stored = read_findings(folder)
    found, rows = without_reviews(stored.findings, ids)
    if rows:
        left = StoredFindings(folder, found, stored.info, stored.about)
        write_with_page(folder, left, data, progress)
    return rows

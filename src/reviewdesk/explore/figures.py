"""The figures of an exploration as Parquet files: the numbers that the page shows, and more."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk.errors import UsageError
from reviewdesk.exchange import finish_replacement, replace_directory
from reviewdesk.explore.customers.tables import CUSTOMERS, SCHEMAS, Customers
from reviewdesk.explore.explore import CategoryFindings, Exploration
from reviewdesk.seal import write_sealed
from reviewdesk.stats.trend import Trend
from reviewdesk.storage import (
    left_record,
    private_directory,
    storage_errors,
    write_then_rename,
)

LOG: Final = "log.json"

OVERLAPS: Final = pa.schema(
    [
        ("category", pa.string()),
        ("between", pa.string()),  # years, or stars
        ("left", pa.int32()),
        ("right", pa.int32()),
        ("shared", pa.float64()),  # share of the 50 most telling terms
        ("by_chance", pa.float64()),  # what it would be had nothing changed
    ]
)
TRENDS: Final = pa.schema(
    [
        ("category", pa.string()),
        ("what", pa.string()),  # overlap_of_years, overlap_of_stars, median_length
        ("slope", pa.float64()),  # a year, or a star apart
        ("low", pa.float64()),  # of the 95 % interval
        ("high", pa.float64()),
        ("intercept", pa.float64()),
    ]
)
TELLING: Final = pa.schema(
    [
        ("category", pa.string()),
        ("by", pa.string()),  # year, or stars
        ("group", pa.int32()),
        ("rank", pa.int32()),
        ("term", pa.string()),
        ("score", pa.float64()),  # mean TF-IDF weight
        ("reviews", pa.int64()),  # that have it
    ]
)
CHANGES: Final = pa.schema(
    [
        ("category", pa.string()),
        ("term", pa.string()),
        ("z", pa.float64()),
        ("log_odds", pa.float64()),
        ("before", pa.int64()),
        ("recent", pa.int64()),
        ("before_share", pa.float64()),
        ("recent_share", pa.float64()),
    ]
)
FILES: Final = (
    *("counts", "overlaps", "trends", "telling_terms", "changed_terms"),
    *(f"{CUSTOMERS}{name}" for name in SCHEMAS),
)


def figures_folder(page: Path) -> Path:
    """Return where a page's figures go: beside it, ``report.figures`` for ``report.html``."""
    return page.with_name(f"{page.stem}.figures")


def figure_tables(exploration: Exploration) -> dict[str, pa.Table]:
    """Return every table of an exploration by its file's name."""
    parts = [exploration.everything, *exploration.categories]
    return {
        "counts": exploration.counts,
        "overlaps": _table(parts, _overlaps, OVERLAPS),
        "trends": _table(parts, _trends, TRENDS),
        "telling_terms": _table(parts, _telling, TELLING),
        "changed_terms": _table(parts, _changes, CHANGES),
        **exploration.customers.tables(),
    }


def kept_customers(folder: Path, fingerprint: str) -> Customers | None:
    """Return what customers say from a folder of figures; None where it is of other data.

    Args:
        folder: the folder, which may not be there.
        fingerprint: of the reviews.

    Raises:
        InputError: it is damaged.
        StorageError: it cannot be read.
    """
    log = left_record(folder / LOG) or {}
    if log.get("fingerprints", {}).get("data") != fingerprint:
        return None
    if not all((folder / f"{name}.parquet").is_file() for name in FILES):
        return None  # of an earlier release
    return Customers.open(folder)


def write_figures(exploration: Exploration, folder: Path) -> None:
    """Write all tables; an older folder of the same kind is replaced as a whole.

    Raises:
        UsageError: there is a folder of that name with other things in it.
        StorageError: it cannot be written.
    """
    check_folder(folder)
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    private_directory(aside)
    for name, table in figure_tables(exploration).items():
        with write_then_rename(aside / f"{name}.parquet") as file:
            write_sealed(table, file)
    exploration.log.write(aside / LOG)
    replace_directory(aside, folder)


def check_folder(folder: Path) -> None:
    """Check that figures can go to a folder without anything else being lost.

    Raises:
        UsageError: there is something else under that name.
    """
    finish_replacement(folder)
    known = {LOG, *(f"{name}.parquet" for name in FILES)}
    with storage_errors(str(folder)):
        others = folder.exists() and (
            not folder.is_dir() or any(path.name not in known for path in folder.iterdir())
        )
    if others:
        raise UsageError(
            f"{folder} is there already and is not the figures of a page; "
            "give the page another name with --out"
        )


def _table(parts: list[CategoryFindings], rows: Any, schema: pa.Schema) -> pa.Table:
    values = [{"category": part.category, **row} for part in parts for row in rows(part)]
    return pa.Table.from_pylist(values, schema)


def _overlaps(part: CategoryFindings) -> Iterator[dict[str, Any]]:
    pairs = [("years", pair.left, pair.right, pair.overlap) for pair in part.year_pairs]
    pairs += [("stars", one.left, one.right, one) for one in part.star_pairs]
    for between, left, right, overlap in pairs:
        yield {
            "between": between,
            "left": left,
            "right": right,
            "shared": overlap.shared,
            "by_chance": overlap.by_chance,
        }


def _trends(part: CategoryFindings) -> Iterator[dict[str, Any]]:
    trends: dict[str, Trend | None] = {
        "overlap_of_years": part.year_trend,
        "overlap_of_stars": part.star_trend,
        "median_length": part.length_trend,
    }
    for what, trend in trends.items():
        if trend is not None:
            yield {"what": what, **trend._asdict()}


def _telling(part: CategoryFindings) -> Iterator[dict[str, Any]]:
    for by, groups in (("year", part.telling_by_year), ("stars", part.telling_by_stars)):
        for group, terms in groups.items():
            for rank, one in enumerate(terms, start=1):
                yield {"by": by, "group": group, "rank": rank, **one._asdict()}


def _changes(part: CategoryFindings) -> Iterator[dict[str, Any]]:
    for one in part.changed:
        yield one._asdict()

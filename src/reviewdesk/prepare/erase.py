"""Erasing: a person's reviews leave prepared data and the tables made from it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError, UsageError
from reviewdesk.exchange import finish_replacement
from reviewdesk.prepare.corrections import Corrections
from reviewdesk.prepare.earlier_erase import keep_without, rows_kept_of
from reviewdesk.prepare.erased import ERASED, ErasedPeople
from reviewdesk.prepare.layout import REJECTS_TABLE
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.manifest import contents_json
from reviewdesk.prepare.parts import Contents
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import names_customer, write_rejects
from reviewdesk.prepare.rewrite import Mask, rewrite
from reviewdesk.prepare.spellings import plain_id
from reviewdesk.prepare.workspace import PLAN, Workspace
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.schema import REJECTS
from reviewdesk.seal import opened, sealed_writer
from reviewdesk.sources.ids import plain_ids
from reviewdesk.storage import (
    read_json,
    write_then_rename,
)

_STEP: Final = {"step": "erase"}  # says nothing about whom


@dataclass(frozen=True)
class Erasure:
    """What was erased, and where else the person may be.

    Args:
        data: the prepared data as it is now.
        reviews: how many reviews were erased from it, with those that had stars and no text.
        rejects: how many unreadable rows were erased.
        rejects_left: how many unreadable rows are left; none of them names the person.
        tables: how many rows were erased from each table that was given, and from other places.
        elsewhere: sentences about places that only the user can look into.
    """

    data: PreparedData
    reviews: int
    rejects: int
    rejects_left: int
    tables: dict[str, int]
    elsewhere: tuple[str, ...]


Also = Callable[[PreparedData, pa.Array], dict[str, int]]
"""Erases reviews by their ids from other places; returns how many rows went or changed there."""


def erase(
    path: Path,
    customer: str,
    tables: Sequence[Path] = (),
    *,
    also: Also | None = None,
    progress: Progress = SILENT,
) -> Erasure:
    """Erase one customer's reviews from prepared data, and from tables made from it.

    The folder changes at once or not at all. The tables change first, each at once: after an
    interruption the same call finishes the work. The id is written nowhere.

    Args:
        path: the prepared folder.
        customer: the customer_id as it stands in the reviews, in any Unicode normal form.
        tables: Parquet files with a column review_id, such as predictions, or tables of rejects.
        also: erases them from other places, while the data still has them; after an interruption it
            is called again.
        progress: is shown how far it has come.

    Raises:
        UsageError: the id is empty.
        InputError: nobody was erased, or a table has no column to know the reviews by, or is
            damaged.
        StorageError: a place cannot be used, or another process is writing.
    """
    if not customer:
        raise UsageError("the customer's id is empty")
    path = path.absolute().resolve()
    with locked(path.with_name(f".{path.name}.lock"), f"the folder {path}"):
        workspace = Workspace(path)
        finished = _is_finished(path, workspace)
        data = PreparedData.open(path)
        ids = _review_ids(data, customer, progress)
        for table in tables:
            _check_table(table)
        erased = {str(table): _erase_from_table(table, ids, customer) for table in tables}
        if also is not None:
            erased |= also(data, ids)
        workspace.remove()  # also what an interrupted preparation has staged of this person
        rejects = _Rejects(path / REJECTS_TABLE, customer)
        kept = rows_kept_of(path, lambda customers: _theirs(customers, customer))
        if len(ids) or rejects.erased or kept:
            _erase_from_data(data, customer, ids, rejects, workspace, progress)
    if not (finished or len(ids) or rejects.erased or kept or any(erased.values())):
        raise InputError(
            f"nobody was erased: this customer's id stands in no review and no unreadable row of "
            f"{path}, nor in what was given with it; give it as it stands in customer_id"
        )
    return Erasure(
        data=PreparedData.open(path),
        reviews=len(ids),
        rejects=rejects.erased.total(),
        rejects_left=rejects.left,
        tables=erased,
        elsewhere=_elsewhere(data),
    )


def _is_finished(path: Path, workspace: Workspace) -> bool:
    """Say whether an interrupted run had erased somebody, and was only cleaning up."""
    finish_replacement(path)
    plan = workspace.path / PLAN  # the first thing to go when it cleans up
    return workspace.is_published(path) and (not plan.exists() or read_json(plan) == _STEP)


def _review_ids(data: PreparedData, customer: str, progress: Progress) -> pa.Array:
    ids = []
    with progress.task("Looking", data.rows + data.ratings, "reviews") as task:
        for batch in data.star_batches(("review_id", "customer_id")):
            theirs = _theirs(batch["customer_id"], customer)
            ids.append(batch["review_id"].filter(theirs))
            task.advance(len(batch))
    return pa.concat_arrays(ids) if ids else pa.array([], pa.string())


def _theirs(customers: pa.Array, customer: str) -> pa.Array:
    """Say which of the ids, (n,), are a person's: in any Unicode form, also as ``12345678.0``."""
    return pc.fill_null(pc.equal(plain_ids(customers), plain_id(customer)), False)


class _Rejects:
    """The rejects of prepared data without those that name a customer."""

    def __init__(self, path: Path, customer: str) -> None:
        self._path = path
        self._customer = customer
        self.erased: Counter[str] = Counter()
        self.left = 0
        for table in _row_groups(path):
            theirs = names_customer(table["raw"], customer)
            self.erased.update(table.filter(pa.array(theirs))["reason"].to_pylist())
            self.left += int((~theirs).sum())

    def staying(self) -> Iterator[pa.Table]:
        for table in _row_groups(self._path):
            yield table.filter(pa.array(~names_customer(table["raw"], self._customer)))


def _erase_from_data(
    data: PreparedData,
    customer: str,
    ids: pa.Array,
    rejects: _Rejects,
    workspace: Workspace,
    progress: Progress,
) -> None:
    def stays(reviews: pa.Table) -> Mask:
        theirs = _theirs(reviews["customer_id"].combine_chunks(), customer)
        others: Mask = np.logical_not(theirs.to_numpy(zero_copy_only=False))
        return others

    log = RunLog("erase", {}, {"before": data.fingerprint})
    workspace.begin(_STEP)
    with log.timed("write"):
        contents = rewrite(data, workspace, ("customer_id",), stays, progress)
        write_rejects(workspace.result / REJECTS_TABLE, rejects.staying())
        corrections, numbers = Corrections.of(data.path).without(customer, set(ids.to_pylist()))
        corrections.write(workspace.result)
        keep_without(
            data.path,
            workspace.result,
            customer,
            lambda customers: _theirs(customers, customer),
            data.manifest["settings"]["prepare"]["partition_by"],
            numbers,
        )
        erased = ErasedPeople.of(data.path).with_customer(customer, data.fingerprint)
        erased.write(workspace.result)
    manifest = _manifest(data.manifest, contents, rejects.erased)
    log.rows.update(manifest["rows"])
    log.fingerprints["data"] = manifest["fingerprint"]
    workspace.publish(data.path, manifest, log)


def _manifest(before: dict[str, Any], contents: Contents, rejects: Counter[str]) -> dict[str, Any]:
    """Return the new manifest: erased rows count as dropped, whatever they were before."""
    erased = before["rows"]["written"] - contents.rows + rejects.total()
    return {
        **before,
        "rows": {
            **before["rows"],
            "rejected": before["rows"]["rejected"] - rejects.total(),
            "dropped": before["rows"]["dropped"] + erased,
            "written": contents.rows,
        },
        "rejected": {why: n - rejects[why] for why, n in before["rejected"].items()},
        "dropped": {**before["dropped"], ERASED: before["dropped"].get(ERASED, 0) + erased},
        **contents_json(contents),
    }


def _check_table(path: Path) -> None:
    with opened(path) as file:
        schema = file.schema_arrow
    if schema.names != REJECTS.names and "review_id" not in schema.names:
        raise InputError(f"{path} has no column review_id, so nobody can be found in it")


def _erase_from_table(path: Path, ids: pa.Array, customer: str) -> int:
    """Rewrite a table without some reviews; return how many rows went."""
    erased = sum(len(table) - int(stays.sum()) for table, stays in _looked_at(path, ids, customer))
    with opened(path) as parquet:
        schema = parquet.schema_arrow
    if erased:
        with (
            write_then_rename(path) as file,
            sealed_writer(file, schema, compression="zstd") as writer,
        ):
            for table, stays in _looked_at(path, ids, customer):
                if stays.any():
                    kept = table.filter(pa.array(stays))
                    writer.write_table(kept, row_group_size=len(kept))
    return erased


def _looked_at(path: Path, ids: pa.Array, customer: str) -> Iterator[tuple[pa.Table, Mask]]:
    for table in _row_groups(path):
        if table.schema.names == REJECTS.names:
            theirs = names_customer(table["raw"], customer)
        else:
            theirs = pc.is_in(table["review_id"], ids).to_numpy()
        yield table, np.logical_not(theirs)


def _row_groups(path: Path) -> Iterator[pa.Table]:
    with opened(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


def _elsewhere(data: PreparedData) -> tuple[str, ...]:
    files = ", ".join(one["place"] for one in data.manifest["inputs"])
    return (
        f"what this data was prepared from: {files}",
        "bundles trained on it: words of the person's reviews can be among their features; "
        f"they name the data's fingerprint {data.fingerprint[:16]}; train them again",
        "pages, samples, exports, findings and predictions made from it that were not named here",
        "backups, and copies on other machines",
    )

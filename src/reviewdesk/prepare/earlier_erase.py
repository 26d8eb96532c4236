"""A person's rows leave what prepared data keeps for later files."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.prepare.earlier import (
    FOLDER,
    INPUTS,
    RECORD,
    group_directory,
    kept_rows,
    write_staged,
)
from reviewdesk.prepare.erased import ERASED
from reviewdesk.prepare.layout import files_sha256
from reviewdesk.prepare.rejects import names_customer
from reviewdesk.prepare.runs import AS_RATINGS, StagedRun
from reviewdesk.prepare.staged import MARKER, REJECTS_FILE, StagedGroup, staged
from reviewdesk.prepare.staging import NO_LETTERS, NO_TEXT
from reviewdesk.schema import REJECTS
from reviewdesk.storage import left_record, private_directory, write_record, write_then_rename

Theirs = Callable[[pa.Array], pa.Array]
"""Says which of the customer ids, (n,), are the person's."""


def rows_kept_of(data: Path, theirs: Theirs) -> int:
    """Return how many staged rows of a person prepared data keeps."""
    folder = data / FOLDER / INPUTS
    if not folder.is_dir():
        return 0
    return sum(
        theirs(batch["customer_id"]).true_count
        for file in sorted(folder.glob("*/run-*.arrow"))
        for batch in kept_rows(file)
    )


def keep_without(
    data: Path,
    out: Path,
    customer: str,
    theirs: Theirs,
    partition_by: str,
    corrections: Sequence[int],
) -> None:
    """Write what prepared data keeps for later files anew, without a person's rows.

    Args:
        data: the prepared folder.
        out: the folder that takes its place.
        customer: the person's id.
        theirs: says which ids are the person's.
        partition_by: what has a folder of its own in the data.
        corrections: the numbers of those that stay.

    Raises:
        StorageError: it cannot be written.
    """
    record = left_record(data / FOLDER / RECORD)
    if record is None:
        return
    target = private_directory(private_directory(out / FOLDER) / INPUTS)
    for number in range(len(record["groups"])):
        directory = group_directory(data / FOLDER / INPUTS, number)
        if (group := staged(directory)) is None:
            return  # without its record, nothing is ever added to it
        writer = _Rewriter(directory, private_directory(group_directory(target, number)), number)
        counts = group.corrected
        left = {
            str(new): counts[str(old)] for new, old in enumerate(corrections) if str(old) in counts
        }
        group = replace(group, corrected=left)
        names = [one["name"] for one in record["groups"][number]]
        writer.rewrite(group, names, customer, theirs, partition_by)
    write_record(out / FOLDER / RECORD, {**record, "parts": []})


class _Rewriter:
    """Writes one group of staged inputs without a person's rows."""

    def __init__(self, directory: Path, target: Path, number: int) -> None:
        self._directory = directory
        self._target = target
        self._number = number

    def rewrite(
        self,
        group: StagedGroup,
        names: list[str],
        customer: str,
        theirs: Theirs,
        partition_by: str,
    ) -> None:
        gone = np.zeros(len(group.inputs), np.int64)
        counted = {rule: gone.copy() for rule in (NO_TEXT, NO_LETTERS)}
        runs: list[StagedRun] = []
        for run in group.runs:
            rows = pa.Table.from_batches(kept_rows(self._directory / run.file))
            keys = pq.read_table(self._directory / run.keys, partitioning=None)
            erased = theirs(rows["customer_id"].combine_chunks()).to_numpy(zero_copy_only=False)
            inputs = keys["input"].to_numpy()[erased]
            gone += np.bincount(inputs, minlength=len(gone))
            if not run.has_texts:  # a rule counts them already
                empty = pc.equal(rows["review_body"], "").to_numpy()[erased]
                for rule, theirs_ in ((NO_TEXT, empty), (NO_LETTERS, ~empty)):
                    counted[rule] += np.bincount(inputs[theirs_], minlength=len(gone))
            stays = pa.array(~erased)
            if not erased.all():
                those = rows.filter(stays), keys.filter(stays)
                place = self._target, self._number, len(runs)
                by = partition_by if run.has_texts else AS_RATINGS
                runs.append(write_staged(*place, *those, by))
        rejected = self._rejects(names, customer)
        inputs_ = []
        for at, input_ in enumerate(group.inputs):
            lost = rejected.get(names[at], Counter())
            left = {why: n - lost[why] for why, n in input_.rejected.items() if n - lost[why]}
            erased_here = input_.dropped.get(ERASED, 0) + int(gone[at]) + lost.total()
            dropped = {
                why: n - int(counted[why][at]) if why in counted else n
                for why, n in input_.dropped.items()
            }
            inputs_.append(replace(input_, rejected=left, dropped={**dropped, ERASED: erased_here}))
        sha256 = files_sha256(self._target / REJECTS_FILE)
        new = replace(group, inputs=tuple(inputs_), runs=tuple(runs), rejects=sha256)
        write_record(self._target / MARKER, new.to_json())

    def _rejects(self, names: list[str], customer: str) -> dict[str, Counter[str]]:
        """Write the rows that could not be read; return those left out, by input and reason."""
        gone: dict[str, Counter[str]] = {}
        with (
            write_then_rename(self._target / REJECTS_FILE) as file,
            pa.ipc.new_stream(file, REJECTS) as writer,
        ):
            for batch in kept_rows(self._directory / REJECTS_FILE):
                theirs: NDArray[np.bool_] = names_customer(
                    pa.chunked_array([batch["raw"]]), customer
                )
                for row in batch.filter(pa.array(theirs)).to_pylist():
                    name = next((one for one in names if row["file"].startswith(one)), names[0])
                    gone.setdefault(name, Counter())[row["reason"]] += 1
                writer.write_batch(batch.filter(pa.array(~theirs)))
        return gone

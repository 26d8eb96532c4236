"""A job's predictions back in the files that it was given: their rows, with labels or reasons."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import InputError
from reviewdesk.prepare.erased import FILE, ErasedPeople
from reviewdesk.prepare.identity import content_hashes
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import REVIEWS, predictions_schema
from reviewdesk.scoring.labelled_rows import Written, with_reasons, write_said
from reviewdesk.scoring.parts import Parts
from reviewdesk.scoring.streams import RawStream
from reviewdesk.settings import PrepareSettings
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.deciding import decided
from reviewdesk.sources.own_rows import OwnRows, own_rows
from reviewdesk.storage import file_sha256
from reviewdesk.text.clean import clean_batch
from reviewdesk.text.languages import language_column

ROWS: Final = "labelled"
MOST_FOR_A_SPREADSHEET: Final = 1_000_000
"""A sheet has 1,048,576 rows; a file with more is written as Parquet."""

DROPPED: Final = {
    "other_marketplace": "it is of a marketplace that was not asked for",
    "other_language": "it is in a language that was not asked for",
    "no_text": "it has no text",
    "no_letters": "its text has no letter",
    "too_short": "its text is shorter than --min-chars",
    "too_long": "its text is longer than --max-chars",
    "duplicate_id": "another row is the same review",
    "duplicate_content": "another row says the same of the same",
    "not_prepared": "it is not among the prepared reviews",
}
"""Why a row that could be read has no label, and what that means."""


def rows_name(data: PreparedData) -> str:
    """Return what the file of a job's rows is called: a CSV, where a spreadsheet holds as many."""
    many = data.manifest["rows"]["read"] > MOST_FOR_A_SPREADSHEET
    return f"{ROWS}.{'parquet' if many else 'csv'}"


def write_job_rows(
    inputs: Sequence[Input],
    data: PreparedData,
    predictions: Path,
    bundle: Bundle,
    out: Path,
    *,
    progress: Progress = SILENT,
) -> Written:
    """Write the rows of a job's files with the cross-fitted predictions of their reviews.

    Rows of people who were erased from the data are left out.

    Args:
        inputs: the files that the data was prepared from.
        data: the prepared reviews.
        predictions: a table of their predictions, in their order.
        bundle: what was predicted, and as which labels.
        out: the file to write; what is there is replaced.
        progress: shows how far it has come.

    Raises:
        InputError: the predictions are of other reviews, or the files cannot be read.
        StorageError: something cannot be read or written.
    """
    known = _Known(data, predictions)
    schema = predictions_schema(bundle.labels, bundle.target)

    def say(rows: OwnRows) -> pa.Table:
        places, reasons = known.places(rows.reviews)
        found = known.predictions.take(pa.array(places, mask=places < 0))
        table = pa.table([found[name] for name in schema.names], names=schema.names)
        return with_reasons(table, bundle.labels, bundle.target, reasons)

    plan = {**RawStream(inputs, bundle).plan(), "predictions": file_sha256(predictions)}
    parts = Parts(out, {"data": data.fingerprint, **plan})
    total = sum(one.bytes for one in inputs)
    with parts.locked(), progress.task("Writing rows", total, "bytes") as task:
        return write_said(decided(inputs), say, bundle, parts, task, known.rows_of)


class _Known:
    """The prepared reviews by what they say, and what was predicted of them.

    Args:
        data: the reviews.
        predictions: a table of their predictions, in their order.
    """

    def __init__(self, data: PreparedData, predictions: Path) -> None:
        self._data = data
        self._erased = ErasedPeople.read(data.side_file(FILE))
        self._settings = PrepareSettings.from_json(data.manifest["settings"]["prepare"])
        hashes, ids = [np.empty(0, np.int64)], []
        for batch in data.batches(REVIEWS.names):
            hashes.append(content_hashes(batch))
            ids.append(batch["review_id"])
        self._ids = pa.chunked_array(ids, pa.string()).combine_chunks()
        self._id_set = pc.unique(self._ids)
        content = np.concatenate(hashes)
        self._order = np.argsort(content, kind="stable")
        self._content = content[self._order]
        self._taken: Counter[int] = Counter()
        self.predictions = pq.read_table(predictions, memory_map=True)
        if not self.predictions["review_id"].combine_chunks().equals(self._ids):
            raise InputError(f"{predictions} holds predictions of other reviews than {data.path}")

    def rows_of(self, one: Input) -> Iterator[OwnRows]:
        """Yield the rows of a file, but for those of people who were erased."""
        for rows in own_rows(one):
            stays = ~self._erased.are(rows.reviews["customer_id"])
            if stays.all():
                yield rows
                continue
            chosen = pa.array(stays)
            yield replace(
                rows,
                own=rows.own.filter(chosen),
                reviews=rows.reviews.filter(chosen),
                lines=None if rows.lines is None else list(compress(rows.lines, stays)),
            )

    def places(self, raw: pa.RecordBatch) -> tuple[NDArray[np.int64], pa.Array]:
        """Return the place of each row among the reviews, -1 for none, and why it has none.

        Args:
            raw: (n,) rows as the source gave them, schema ``REVIEWS``.
        """
        cleaned = clean_batch(raw, self._data.clean_settings)
        reasons: list[str | None] = self._filtered(cleaned)
        hashes = content_hashes(cleaned)
        first = np.searchsorted(self._content, hashes, "left")
        until = np.searchsorted(self._content, hashes, "right")
        ids = cleaned["review_id"].to_pylist()
        known = pc.is_in(cleaned["review_id"], self._id_set).to_pylist()
        places = np.full(len(raw), -1, np.int64)
        for row in range(len(raw)):
            if reasons[row] is None:
                places[row] = self._place(int(first[row]), int(until[row]), ids[row])
                if places[row] < 0:
                    said = "duplicate_content" if first[row] < until[row] else "not_prepared"
                    reasons[row] = "duplicate_id" if known[row] else said
        told = [None if why is None else f"{why}: {DROPPED[why]}" for why in reasons]
        return places, pa.array(told, pa.string())

    def _place(self, first: int, until: int, review_id: str) -> int:
        """Return the review of an id among those that say the same; each is given out once."""
        for at in range(first, until):
            position = int(self._order[at])
            written = self._ids[position].as_py()
            same = written == review_id or written.startswith(f"{review_id}-")
            if same and not self._taken[position]:
                self._taken[position] += 1
                return position
        return -1

    def _filtered(self, cleaned: pa.RecordBatch) -> list[Any]:
        """Return the rule that leaves each row out for itself, None where none does."""
        settings, bounds = self._settings, self._data.manifest["length"]
        chars = pc.utf8_length(cleaned["review_body"]).to_numpy()
        reasons = np.full(len(cleaned), None, object)
        if bounds["max_chars"]:
            reasons[chars > bounds["max_chars"]] = "too_long"
        reasons[chars < bounds["min_chars"]] = "too_short"
        if settings.min_chars:
            letters = pc.match_substring_regex(cleaned["review_body"], r"\p{L}").to_numpy(False)
            reasons[~letters] = "no_letters"
            reasons[chars == 0] = "no_text"
        if settings.marketplace:
            wanted = pa.array([name.upper() for name in settings.marketplace])
            there = pc.is_in(pc.utf8_upper(cleaned["marketplace"]), wanted)
            reasons[~there.to_numpy(zero_copy_only=False)] = "other_marketplace"
        if settings.language:
            wanted = pa.array(settings.language)
            there = pc.is_in(language_column(cleaned["review_body"]), wanted)
            reasons[~there.to_numpy(zero_copy_only=False)] = "other_language"
        return list(reasons)

"""Finding copies of reviews from their ids and content hashes alone, without reading a text.

Two rules, in this order. ``duplicate_id``: of the reviews with one id and one text, the latest
stays; ties are broken by content, then by the higher votes. An id under which several texts stand
is none: each of its rows gets one of its own, derived from its content. ``duplicate_content``: of
the reviews that are equal in everything but id and votes, the one with the smallest id stays. Rows
that may be equal by chance (``identity``; also short texts under names with more reviews than a
person writes) stay all; where they share an id, the second and later ones get a number. Bodies
outside bounds that were not known before all lengths were are dropped before either rule. Of the
reviews without a text the same rules leave each rating once, and none of a review that has one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.engines.base import Engine
from reviewdesk.prepare.identity import CHANCE_CHARS, CONTENT_MASK
from reviewdesk.prepare.layout import are_files, files_sha256
from reviewdesk.prepare.lengths import LengthBounds
from reviewdesk.prepare.runs import StagedRun
from reviewdesk.prepare.staged import StagedGroup
from reviewdesk.prepare.staging import PLACE_ROW_BITS, first_place
from reviewdesk.storage import left_record, storage_errors, write_record, write_then_rename

MARKER: Final = "duplicates.json"
VERDICTS_FILE: Final = "verdicts.i32"
DECIDED_FILE: Final = "decided.parquet"
DECIDED: Final = "decided"
"""The engine's table of all rows with a verdict."""

DUPLICATE_ID: Final = -1
DUPLICATE_CONTENT: Final = -2
TOO_SHORT: Final = -3
TOO_LONG: Final = -4
REPEATED_RATING: Final = -5
DERIVED_ID: Final = 2**30
"""Verdicts above it, too, say the number at an id, but of an id that is derived."""

OF_A_PERSON: Final = 1_000
"""A name with more reviews stands for many people."""
OF_A_PERSON_AT_ONCE: Final = 30
"""The same for reviews of one day, and of one product."""

DUPLICATE_RULES: Final = {DUPLICATE_ID: "duplicate_id", DUPLICATE_CONTENT: "duplicate_content"}
LENGTH_RULES: Final = {TOO_SHORT: "too_short", TOO_LONG: "too_long"}

_ROW_MASK: Final = (1 << PLACE_ROW_BITS) - 1

# Only rows whose hash occurs twice are ranked, so that the costly part is small on real data.
_STEPS: Final = {
    "repeated_ids": """
    SELECT id_hash FROM keys WHERE {fits} GROUP BY id_hash HAVING count(*) > 1
""",
    "repeated_contents": """
    SELECT content_1, content_2 FROM keys WHERE {fits} AND NOT may_repeat_content
    GROUP BY content_1, content_2 HAVING count(*) > 1
""",
    "theirs": f"""
    SELECT customer_hash, id_hash, review_date, product_hash FROM keys
    WHERE {{fits}} AND customer_hash IN (
        SELECT customer_hash FROM keys
        WHERE {{fits}} AND chars < {CHANCE_CHARS} AND customer_hash <> 0 AND (
            id_hash IN (SELECT id_hash FROM repeated_ids)
            OR EXISTS (SELECT 1 FROM repeated_contents
                WHERE repeated_contents.content_1 = keys.content_1
                AND repeated_contents.content_2 = keys.content_2)))
""",
    "nobody": f"""
    SELECT customer_hash FROM theirs
    GROUP BY customer_hash HAVING count(DISTINCT id_hash) > {OF_A_PERSON}
    UNION SELECT customer_hash FROM theirs WHERE review_date IS NOT NULL
    GROUP BY customer_hash, review_date HAVING count(DISTINCT id_hash) > {OF_A_PERSON_AT_ONCE}
    UNION SELECT customer_hash FROM theirs WHERE product_hash <> 0
    GROUP BY customer_hash, product_hash HAVING count(DISTINCT id_hash) > {OF_A_PERSON_AT_ONCE}
""",
    "repeats": f"""
    SELECT place, CAST(CASE
        WHEN is_no_id THEN {DERIVED_ID} + rank_of_content
        WHEN may_repeat_id THEN rank ELSE {DUPLICATE_ID} END AS INTEGER) AS verdict
    FROM (
        SELECT place, may_repeat_id OR (
                has_derived_id AND customer_hash IN (SELECT customer_hash FROM nobody)
            ) AS may_repeat_id,
            min(body_hash) OVER (PARTITION BY review_id)
                < max(body_hash) OVER (PARTITION BY review_id) AS is_no_id,
            row_number() OVER (
                PARTITION BY review_id
                ORDER BY review_date DESC NULLS LAST, content_1, content_2,
                    total_votes DESC NULLS LAST, helpful_votes DESC NULLS LAST, place
            ) AS rank,
            row_number() OVER (
                PARTITION BY review_id, content_1, content_2
                ORDER BY total_votes DESC NULLS LAST, helpful_votes DESC NULLS LAST, place
            ) AS rank_of_content
        FROM keys WHERE {{fits}} AND id_hash IN (SELECT id_hash FROM repeated_ids)
    ) AS sharing WHERE is_no_id OR rank > 1
""",
    "copies": f"""
    SELECT place FROM (
        SELECT keys.place, row_number() OVER (
            PARTITION BY keys.content_1, keys.content_2
            ORDER BY keys.review_id, keys.total_votes DESC NULLS LAST,
                keys.helpful_votes DESC NULLS LAST, keys.place
        ) AS rank
        FROM keys
        JOIN repeated_contents
            ON keys.content_1 = repeated_contents.content_1
            AND keys.content_2 = repeated_contents.content_2
        LEFT JOIN repeats ON keys.place = repeats.place
        WHERE {{fits}} AND NOT keys.may_repeat_content
            AND (repeats.place IS NULL OR repeats.verdict > {DERIVED_ID})
            AND NOT (keys.chars < {CHANCE_CHARS}
                AND keys.customer_hash IN (SELECT customer_hash FROM nobody))
    ) AS candidates WHERE rank > 1
""",
}
"""Tables on the way, each made of ``keys`` and those before it."""

_VERDICTS: Final = f"""
SELECT place, verdict FROM repeats
WHERE NOT EXISTS (SELECT 1 FROM copies WHERE copies.place = repeats.place)
UNION ALL
SELECT place, CAST({DUPLICATE_CONTENT} AS INTEGER) AS verdict FROM copies
"""

ID_AS_WRITTEN: Final = f"""CASE
    WHEN verdict > {DERIVED_ID} THEN
        review_id || '-' || CAST(content_1 & {CONTENT_MASK} AS STRING)
        || CASE WHEN verdict > {DERIVED_ID} + 1
            THEN '-' || CAST(verdict - {DERIVED_ID} AS STRING) ELSE '' END
    WHEN verdict > 0 THEN review_id || '-' || CAST(verdict AS STRING)
    ELSE review_id END"""
"""SQL for the id of a row that stays, of its keys and its verdict; null is no verdict."""

_OUTSIDE_QUERY: Final = f"""
UNION ALL
SELECT place, CAST(CASE WHEN chars < {{min_chars}} THEN {TOO_SHORT} ELSE {TOO_LONG} END AS INTEGER)
    AS verdict
FROM keys WHERE NOT ({{fits}})
"""

_RATINGS_QUERY: Final = f"""
WITH texts AS (
    SELECT id_hash, min(customer_hash) AS customer_hash, min(product_hash) AS product_hash,
        min(body_hash) < max(body_hash) AS is_no_id,
        min(customer_hash) = max(customer_hash) AND min(product_hash) = max(product_hash) AS is_one
    FROM keys WHERE {{fits}} AND id_hash IN (SELECT id_hash FROM rating_keys) GROUP BY id_hash
), by_id AS (
    SELECT place, row_number() OVER (
        PARTITION BY id_hash, customer_hash, product_hash,
            CASE WHEN customer_hash = 0 AND product_hash = 0 THEN content_1 END
        ORDER BY review_date DESC NULLS LAST, content_1, content_2, place
    ) AS rank
    FROM rating_keys WHERE NOT may_repeat_id
        AND id_hash NOT IN (SELECT id_hash FROM texts WHERE is_no_id)
), by_content AS (
    SELECT place, row_number() OVER (
        PARTITION BY content_1, content_2 ORDER BY review_id, place
    ) AS rank
    FROM rating_keys WHERE NOT may_repeat_content
)
SELECT place, CAST({REPEATED_RATING} AS INTEGER) AS verdict FROM (
    SELECT place FROM by_id WHERE rank > 1
    UNION SELECT place FROM by_content WHERE rank > 1
    UNION SELECT place FROM rating_keys JOIN texts ON rating_keys.id_hash = texts.id_hash
        AND rating_keys.customer_hash = texts.customer_hash
        AND rating_keys.product_hash = texts.product_hash
    WHERE NOT may_repeat_id AND is_one AND NOT is_no_id
)
"""

_DECIDED_SCHEMA: Final = pa.schema(
    [pa.field("place", pa.int64(), False), pa.field("verdict", pa.int32(), False)]
)


@dataclass(frozen=True)
class PlacedRun:
    """A run with where its rows stand among the rows of all runs.

    Args:
        run: the run.
        directory: where its files are.
        place: the place of its first row in the keys.
        offset: how many rows come before it.
    """

    run: StagedRun
    directory: Path
    place: int
    offset: int


def place_runs(groups: Sequence[StagedGroup], directories: Sequence[Path]) -> tuple[PlacedRun, ...]:
    """Return all runs of all groups of inputs, in order."""
    placed = []
    offset = 0
    for number, (one, directory) in enumerate(zip(groups, directories, strict=True)):
        for index, run in enumerate(one.runs):
            placed.append(PlacedRun(run, directory, first_place(number, index), offset))
            offset += run.rows
    return tuple(placed)


@dataclass(frozen=True)
class VerdictCounts:
    """How many rows the rules about all rows drop or give another id.

    Args:
        dropped: how many rows each rule drops.
        numbered: how many rows get a number.
        derived: how many rows get an id of their own because others with theirs say other things.
    """

    dropped: Mapping[str, int]
    numbered: int
    derived: int


@dataclass(frozen=True)
class Verdicts(VerdictCounts):
    """What is to become of each row of all runs.

    Args:
        path: (n,) int32, little-endian: 0 stays; 2 and more stays with this number at its id;
            above ``DERIVED_ID`` stays with an id that is derived from its content; below 0 is
            dropped by a rule.
        decided: Parquet table of the rows whose verdict is not 0.
    """

    path: Path
    decided: Path

    def of(self, run: PlacedRun, start: int, rows: int) -> NDArray[np.int32]:
        """Return the verdicts on rows of a run, (rows,) int32."""
        offset = 4 * (run.offset + start)
        return np.fromfile(self.path, "<i4", count=rows, offset=offset)


def find_duplicates(
    runs: Sequence[PlacedRun],
    directory: Path,
    engine: Engine,
    bounds: LengthBounds | None = None,
) -> Verdicts:
    """Find the copies among the rows of all runs, and those of a length that does not fit.

    Args:
        runs: all runs, in order.
        directory: where the verdicts are written; those of an earlier run are taken up.
        engine: does the counting.
        bounds: of the body's length; None: whatever is in the runs fits.

    Raises:
        StorageError: the disk is full.
    """
    path, decided = directory / VERDICTS_FILE, directory / DECIDED_FILE
    found = left_record(directory / MARKER)
    if found is not None and are_files(found["sha256"], path, decided):
        return Verdicts(found["dropped"], found["numbered"], found["derived"], path, decided)
    verdicts = np.zeros(sum(one.run.rows for one in runs), "<i4")
    with write_then_rename(decided) as file, pq.ParquetWriter(file, _DECIDED_SCHEMA) as writer:
        numbers = RowNumbers(runs)
        for query in _queries(runs, engine, bounds):
            for batch in engine.query(query):
                verdicts[numbers.of(batch["place"].to_numpy())] = batch["verdict"].to_numpy()
                writer.write_batch(batch.cast(_DECIDED_SCHEMA))
    with write_then_rename(path) as file, storage_errors(str(path)):
        file.write(verdicts.tobytes())
    rules = {**DUPLICATE_RULES, **(LENGTH_RULES if bounds else {})}
    dropped = {rule: int(np.count_nonzero(verdicts == code)) for code, rule in rules.items()}
    derived = int(np.count_nonzero(verdicts > DERIVED_ID))
    numbered = int(np.count_nonzero(verdicts > 0)) - derived
    counts = {"dropped": dropped, "numbered": numbered, "derived": derived}
    write_record(directory / MARKER, {**counts, "sha256": files_sha256(path, decided)})
    return Verdicts(dropped, numbered, derived, path, decided)


def dropped_by_input(
    verdicts: Verdicts, groups: Sequence[StagedGroup], runs: Sequence[PlacedRun]
) -> list[list[dict[str, int]]]:
    """Return how many rows of each input the rules about all rows drop, by rule.

    Args:
        verdicts: on all rows.
        groups: the inputs as they were staged.
        runs: all their runs, in order.

    Returns:
        For each group, for each of its inputs.
    """
    rules = {**DUPLICATE_RULES, **LENGTH_RULES}
    left = iter(runs)
    dropped = []
    for group in groups:
        size = len(group.inputs)
        counts = {rule: np.zeros(size, np.int64) for rule in rules.values()}
        for run in islice(left, len(group.runs)):
            codes = verdicts.of(run, 0, run.run.rows)
            if not (codes < 0).any():
                continue
            inputs = _inputs_of(run) if size > 1 else np.zeros(len(codes), np.int32)
            for code, rule in rules.items():
                counts[rule] += np.bincount(inputs[codes == code], minlength=size)
        dropped.append(
            [{rule: int(counts[rule][number]) for rule in counts} for number in range(size)]
        )
    return dropped


def _inputs_of(run: PlacedRun) -> NDArray[np.int32]:
    """Return which input of its group each row of a run is from, (rows,) int32."""
    keys = pq.read_table(run.directory / run.run.keys, columns=["input"], partitioning=None)
    inputs: NDArray[np.int32] = keys["input"].to_numpy()
    return inputs


def verdict_steps(bounds: LengthBounds | None) -> tuple[dict[str, str], str]:
    """Return the SQL for place and verdict of all rows of ``keys`` whose verdict is not 0.

    Args:
        bounds: of the body's length; None: whatever is there fits.

    Returns:
        The tables on the way, each made of those before it, and the query over them.
    """
    verdicts = _VERDICTS
    if bounds is not None:
        verdicts += _OUTSIDE_QUERY
    values = {"fits": _fits(bounds), "min_chars": bounds.min_chars if bounds else 0}
    steps = {name: sql.format(**values) for name, sql in _STEPS.items()}
    return steps, verdicts.format(**values)


def rating_verdicts(bounds: LengthBounds | None) -> str:
    """Return the SQL for place and verdict of the rows of ``rating_keys`` that count elsewhere."""
    return _RATINGS_QUERY.format(fits=_fits(bounds))


def _fits(bounds: LengthBounds | None) -> str:
    if bounds is None:
        return "TRUE"
    most = f" AND keys.chars <= {bounds.max_chars}" if bounds.max_chars else ""
    return f"keys.chars >= {bounds.min_chars}{most}"


def _queries(
    runs: Sequence[PlacedRun], engine: Engine, bounds: LengthBounds | None
) -> Iterator[str]:
    """Yield the queries that decide about rows, over tables that the engine has by then."""
    texts = [one for one in runs if one.run.has_texts]
    if not texts:
        return
    add_keys(texts, engine)
    steps, verdicts = verdict_steps(bounds)
    yield "WITH " + ", ".join(f"{name} AS ({sql})" for name, sql in steps.items()) + verdicts
    if len(texts) < len(runs):
        add_keys([one for one in runs if not one.run.has_texts], engine, "rating_keys")
        yield rating_verdicts(bounds)


def add_keys(runs: Sequence[PlacedRun], engine: Engine, table: str = "keys") -> None:
    """Give the engine the table of the keys of runs."""
    engine.add_table(table, [one.directory / one.run.keys for one in runs])


class RowNumbers:
    """Turns places into row numbers, counted over all runs.

    Args:
        runs: all runs, in order.
    """

    def __init__(self, runs: Sequence[PlacedRun]) -> None:
        self._places = np.array([one.place for one in runs], np.int64) >> PLACE_ROW_BITS  # (runs,)
        self._offsets = np.array([one.offset for one in runs], np.int64)

    def of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the row at each place, (n,)."""
        runs = np.searchsorted(self._places, places >> PLACE_ROW_BITS)
        numbers: NDArray[np.int64] = self._offsets[runs] + (places & _ROW_MASK)
        return numbers

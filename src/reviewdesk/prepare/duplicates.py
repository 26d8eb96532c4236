"""Finding copies of reviews from their ids and content hashes alone, without reading a text.

Two rules, in this order. ``duplicate_id``: of the reviews with one id, the latest stays; ties are
broken by content, then by the higher votes. ``duplicate_content``: of the reviews that are equal in
everything but id and votes, the one with the smallest id stays. Rows that may be equal by chance
(``identity``) stay all; where they share an id, the second and later ones get a number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.engines.base import Engine
from reviewdesk.prepare.runs import Run
from reviewdesk.prepare.staging import PLACE_ROW_BITS, StagedInput, first_place
from reviewdesk.storage import read_json, storage_errors, write_json, write_then_rename

MARKER: Final = "duplicates.json"
VERDICTS_FILE: Final = "verdicts.i32"

DUPLICATE_ID: Final = -1
DUPLICATE_CONTENT: Final = -2
RULES: Final = {DUPLICATE_ID: "duplicate_id", DUPLICATE_CONTENT: "duplicate_content"}

_ROW_MASK: Final = (1 << PLACE_ROW_BITS) - 1

# Only rows whose hash occurs twice are ranked, so that the costly part is small on real data.
_QUERY: Final = f"""
WITH repeated_ids AS (
    SELECT id_hash FROM keys GROUP BY id_hash HAVING count(*) > 1
), by_id AS (
    SELECT place, may_repeat_id, row_number() OVER (
        PARTITION BY review_id
        ORDER BY review_date DESC NULLS LAST, content_1, content_2,
            total_votes DESC NULLS LAST, helpful_votes DESC NULLS LAST, place
    ) AS rank
    FROM keys WHERE id_hash IN (SELECT id_hash FROM repeated_ids)
), repeats AS (
    SELECT place, CAST(CASE WHEN may_repeat_id THEN rank ELSE {DUPLICATE_ID} END AS INTEGER)
        AS verdict
    FROM by_id WHERE rank > 1
), repeated_contents AS (
    SELECT content_1, content_2 FROM keys WHERE NOT may_repeat_content
    GROUP BY content_1, content_2 HAVING count(*) > 1
), candidates AS (
    SELECT keys.place, keys.review_id, keys.content_1, keys.content_2
    FROM keys
    JOIN repeated_contents
        ON keys.content_1 = repeated_contents.content_1
        AND keys.content_2 = repeated_contents.content_2
    LEFT JOIN repeats ON keys.place = repeats.place
    WHERE NOT keys.may_repeat_content AND repeats.place IS NULL
), by_content AS (
    SELECT place, row_number() OVER (
        PARTITION BY content_1, content_2 ORDER BY review_id, place
    ) AS rank
    FROM candidates
)
SELECT place, verdict FROM repeats
UNION ALL
SELECT place, CAST({DUPLICATE_CONTENT} AS INTEGER) AS verdict FROM by_content WHERE rank > 1
"""


@dataclass(frozen=True)
class PlacedRun:
    """A run with where its rows stand among the rows of all runs.

    Args:
        run: the run.
        directory: where its files are.
        place: the place of its first row in the keys.
        offset: how many rows come before it.
    """

    run: Run
    directory: Path
    place: int
    offset: int


def place_runs(staged: Sequence[StagedInput], directories: Sequence[Path]) -> tuple[PlacedRun, ...]:
    """Return all runs of all inputs, in order."""
    placed = []
    offset = 0
    for number, (one, directory) in enumerate(zip(staged, directories, strict=True)):
        for index, run in enumerate(one.runs):
            placed.append(PlacedRun(run, directory, first_place(number, index), offset))
            offset += run.rows
    return tuple(placed)


@dataclass(frozen=True)
class Verdicts:
    """What is to become of each row of all runs.

    Args:
        path: (n,) int32, little-endian: 0 stays; 2 and more stays with this number at its id;
            below 0 is dropped by a rule of ``RULES``.
        dropped: how many rows each rule drops.
        numbered: how many rows get a number.
    """

    path: Path
    dropped: Mapping[str, int]
    numbered: int

    def of(self, run: PlacedRun, start: int, rows: int) -> NDArray[np.int32]:
        """Return the verdicts on rows of a run, (rows,) int32."""
        offset = 4 * (run.offset + start)
        return np.fromfile(self.path, "<i4", count=rows, offset=offset)


def find_duplicates(runs: Sequence[PlacedRun], directory: Path, engine: Engine) -> Verdicts:
    """Find the copies among the rows of all runs.

    Args:
        runs: all runs, in order.
        directory: where the verdicts are written; those of an earlier run are taken up.
        engine: does the counting.

    Raises:
        StorageError: the disk is full.
    """
    path = directory / VERDICTS_FILE
    if (directory / MARKER).exists():
        found = read_json(directory / MARKER)
        return Verdicts(path, found["dropped"], found["numbered"])
    verdicts = np.zeros(sum(one.run.rows for one in runs), "<i4")
    if runs:
        _fill(verdicts, runs, engine)
    with write_then_rename(path) as file, storage_errors(str(path)):
        file.write(verdicts.tobytes())
    dropped = {rule: int(np.count_nonzero(verdicts == code)) for code, rule in RULES.items()}
    numbered = int(np.count_nonzero(verdicts > 0))
    write_json(directory / MARKER, {"dropped": dropped, "numbered": numbered})
    return Verdicts(path, dropped, numbered)


def _fill(verdicts: NDArray[np.int32], runs: Sequence[PlacedRun], engine: Engine) -> None:
    places = np.array([one.place for one in runs], np.int64) >> PLACE_ROW_BITS  # (runs,)
    offsets = np.array([one.offset for one in runs], np.int64)
    engine.add_table("keys", [one.directory / one.run.keys for one in runs])
    for batch in engine.query(_QUERY):
        place = batch["place"].to_numpy()
        rows = offsets[np.searchsorted(places, place >> PLACE_ROW_BITS)] + (place & _ROW_MASK)
        verdicts[rows] = batch["verdict"].to_numpy()

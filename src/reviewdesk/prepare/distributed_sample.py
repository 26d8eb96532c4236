"""Drawing a sample on a cluster: tasks hash and write, and one query says how far each month goes.

A review's month and hash take twelve bytes; they are sorted on the cluster, and one line a month
comes back.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.engines.base import Engine
from reviewdesk.engines.shared import folder
from reviewdesk.prepare.drawing import COLUMNS, Chooser, Drawing, Hashes, Months
from reviewdesk.prepare.layout import REJECTS_TABLE
from reviewdesk.prepare.parts import Contents, PartFile
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import write_rejects
from reviewdesk.prepare.rewrite import rewrite_part
from reviewdesk.progress import Progress

HALF: Final = np.uint64(1 << 63)
"""Engines know signed numbers only; the hashes keep their order."""

CANDIDATES: Final = pa.schema(
    [pa.field("month", pa.int32(), False), pa.field("hash", pa.int64(), False)]
)
LARGEST_QUERY: Final = """
WITH placed AS (
    SELECT month, hash, row_number() OVER (PARTITION BY month ORDER BY hash) AS place,
        count(*) OVER (PARTITION BY month) AS reviews
    FROM candidates
)
SELECT month, hash FROM placed
WHERE place = greatest(
    1, CAST(floor(CAST($fraction AS DOUBLE) * reviews + CAST(0.5 AS DOUBLE)) AS BIGINT)
)
ORDER BY month
"""
"""Two reviews of one hash leave a tie in the place, but not in the hash that stands there."""


def draw_on(
    engine: Engine,
    data: PreparedData,
    drawing: Drawing,
    workspace: str,
    result: str,
    progress: Progress,
) -> Contents:
    """Write the parts of a sample.

    Args:
        engine: does the work.
        data: what to draw from; all machines reach it under its name.
        drawing: what is drawn.
        workspace: a place that all machines reach.
        result: the folder of the sample, reached in the same way.
        progress: is shown how far it has come.
    """
    data = data.absolute()
    numbers = [str(number) for number in range(len(data.parts))]
    partitions = numbers[: len(data.manifest["partitions"])]
    hash_part = HashPart(data, drawing, f"{workspace}/candidates")
    files = list(
        progress.track(engine.map_items(partitions, hash_part), "Looking", len(partitions), "parts")
    )
    draw_part = DrawPart(data, drawing.by_months(*_largest(engine, files, drawing)), result)
    done = engine.map_items(numbers, draw_part)
    written = [
        PartFile.from_json(json.loads(text))
        for text in progress.track(done, "Writing", len(numbers), "parts")
    ]
    with folder(result) as local:
        write_rejects(local / REJECTS_TABLE, ())
    return Contents.of(written)


def _largest(engine: Engine, files: list[str], drawing: Drawing) -> tuple[Months, Hashes]:
    if not files:
        return np.empty(0, np.int32), np.empty(0, np.uint64)
    engine.add_table("candidates", files)
    parameters = {"fraction": drawing.fraction}
    table = pa.Table.from_batches(
        [batch.cast(CANDIDATES) for batch in engine.query(LARGEST_QUERY, parameters=parameters)],
        CANDIDATES,
    )
    return table["month"].to_numpy(), table["hash"].to_numpy().view(np.uint64) ^ HALF


@dataclass(frozen=True)
class HashPart:
    """Writes the months and hashes of a part's reviews.

    Args:
        data: the reviews.
        drawing: what is drawn.
        place: the folder to write to.
    """

    data: PreparedData
    drawing: Drawing
    place: str

    def __call__(self, number: str) -> str:
        """Return the file that was written for the part of a number."""
        name = f"{int(number):07d}-{uuid.uuid4().hex}.parquet"
        with folder(self.place) as local, pq.ParquetWriter(local / name, CANDIDATES) as out:
            for table in self._tables(self.data.parts[int(number)]):
                out.write_table(table)
        return f"{self.place}/{name}"

    def _tables(self, part: dict[str, Any]) -> Iterator[pa.Table]:
        for batch in self.data.part_batches(part, COLUMNS):
            months, hashes = self.drawing.candidates(batch)
            columns = [pa.array(months), pa.array((hashes ^ HALF).view(np.int64))]
            yield pa.Table.from_arrays(columns, schema=CANDIDATES)


@dataclass(frozen=True)
class DrawPart:
    """Writes those of a part's reviews that are drawn.

    Args:
        data: the reviews.
        choose: says which are drawn.
        result: the folder of the sample.
    """

    data: PreparedData
    choose: Chooser
    result: str

    def __call__(self, number: str) -> str:
        """Return what the manifest says of the part of a number, as JSON."""
        part = self.data.parts[int(number)]
        with folder(self.result) as local:
            (local / "reviews").mkdir(mode=0o700, exist_ok=True)
            written = rewrite_part(
                self.data, part, local, COLUMNS, self.choose, ratings_stay=self.choose.ratings
            )
        return json.dumps(asdict(written))

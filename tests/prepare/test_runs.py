import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.prepare import runs
from reviewdesk.prepare.layout import Part
from reviewdesk.prepare.runs import (
    NO_DAY,
    Key,
    RunBatch,
    StagedRun,
    months_of,
    pieces,
    ranges,
    read_range,
    write_run,
)
from reviewdesk.schema import REVIEWS


def reviews(keys: Sequence[tuple[int | None, str]]) -> pa.Table:
    rows: dict[str, Any] = {name: [None] * len(keys) for name in REVIEWS.names}
    rows["review_date"] = [day for day, _ in keys]
    rows["review_id"] = [name for _, name in keys]
    rows["review_body"] = [f"body of {name}" for _, name in keys]
    return pa.table(rows, schema=REVIEWS)


def written(folder: Path, keys: Sequence[tuple[int | None, str]]) -> StagedRun:
    buffer = io.BytesIO()
    batches = write_run(reviews(keys), buffer)
    (folder / "run").write_bytes(buffer.getvalue())
    return StagedRun("run", "keys", "", batches)


def test_months_of_days() -> None:
    days = pa.chunked_array([pa.array([0, 31, None, -1, -719162, 2932896], pa.date32())])
    expected = ["1970-01", "1970-02", "unknown", "1969-12", "0001-01", "9999-12"]
    assert months_of(days).tolist() == expected


def test_months_where_no_row_has_a_day() -> None:
    assert months_of(pa.chunked_array([pa.nulls(2, pa.date32())])).tolist() == ["unknown"] * 2


def test_a_batch_is_of_one_month_and_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "BATCH_ROWS", 3)
    run = written(tmp_path, [*((d, f"r{d:02d}") for d in range(27, 36)), (None, "a"), (None, "b")])
    assert [(batch.part.month, batch.rows, batch.first) for batch in run.batches] == [
        ("1970-01", 3, Key(27, "r27")),
        ("1970-01", 1, Key(30, "r30")),
        ("1970-02", 3, Key(31, "r31")),
        ("1970-02", 2, Key(34, "r34")),
        ("unknown", 2, Key(NO_DAY, "a")),
    ]
    assert StagedRun.from_json(run.to_json()) == run


def test_ranges_hold_every_row_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where equal ids lie on both sides of a batch's end."""
    monkeypatch.setattr(runs, "BATCH_ROWS", 4)
    random = np.random.default_rng(0)
    for _ in range(30):
        keys: list[tuple[int | None, str]]
        names = sorted(f"r{number:02d}" for number in random.integers(12, size=50))
        if random.integers(2):
            keys = [(None, name) for name in names]
        else:
            keys = [(day, name) for day in range(3) for name in names[day::3]]
        run = written(tmp_path, keys)
        candidates = list(pieces(run))
        found = []
        for low, high in ranges(run.batches, int(random.integers(1, 300))):
            part = []
            for start, batch, inside in read_range(str(tmp_path / "run"), candidates, low, high):
                ids = np.array(batch["review_id"].to_pylist())
                assert ids.tolist() == [name for _, name in keys[start : start + len(ids)]]
                part.extend(ids[inside].tolist())
            found.append(part)
        assert [name for part in found for name in part] == [name for _, name in keys]


def test_a_range_ends_when_it_holds_enough() -> None:
    batches = [RunBatch(Part("m"), 1, 10, Key(day, "")) for day in (3, 1, 2, 4, 0)]
    bounds = ranges(batches, 20)
    assert bounds == [(None, Key(2, "")), (Key(2, ""), Key(4, "")), (Key(4, ""), None)]
    assert ranges(batches, 1_000) == [(None, None)]


def test_a_range_never_ends_between_equal_keys() -> None:
    batches = [RunBatch(Part("m"), 1, 10, Key(0, "same")) for _ in range(5)]
    assert len(ranges(batches, 10)) <= 2


def test_a_batch_is_read_when_it_may_hold_a_key_of_the_range(tmp_path: Path) -> None:
    run = written(tmp_path, [(0, "a"), (31, "b"), (31, "c"), (62, "d")])
    february = [piece for piece in pieces(run) if piece.batch.part.month == "1970-02"]
    assert [(piece.number, piece.start, piece.following) for piece in february] == [(1, 1, None)]
    found = list(read_range(str(tmp_path / "run"), february, Key(31, "c"), None))
    assert [(start, inside.tolist()) for start, _, inside in found] == [(1, [False, True])]
    assert list(read_range(str(tmp_path / "run"), february, None, Key(31, "b"))) == []

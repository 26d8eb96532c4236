"""What every engine promises, run over each of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.engines.base import Batches, Engine
from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.engines.spark import SparkEngine
from reviewdesk.errors import MissingColumn, StorageError, UsageError
from tests.cluster import on_this_machine


@pytest.fixture(params=[DuckDBEngine.name, SparkEngine.name])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == SparkEngine.name:
        yield on_this_machine()
        return
    with DuckDBEngine(temp_directory=tmp_path / "spill") as engine:
        yield engine


def write(path: Path, table: pa.Table) -> Path:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path)
    return path


def rows(engine: Engine, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for batch in engine.query(sql) for row in batch.to_pylist()]


def test_several_files_are_one_table(engine: Engine, tmp_path: Path) -> None:
    files = [write(tmp_path / f"{n}.parquet", pa.table({"n": [n, n + 10]})) for n in range(3)]
    engine.add_table("numbers", files)
    assert rows(engine, "SELECT n FROM numbers ORDER BY n") == [(n,) for n in (0, 1, 2, 10, 11, 12)]


def test_a_name_can_be_given_anew(engine: Engine, tmp_path: Path) -> None:
    for n in (1, 2):
        engine.add_table("t", [write(tmp_path / f"{n}.parquet", pa.table({"n": [n]}))])
    assert rows(engine, "SELECT n FROM t") == [(2,)]


def test_nulls_text_and_64_bits_come_back_as_they_were(engine: Engine, tmp_path: Path) -> None:
    table = pa.table(
        {
            "number": pa.array([2**63 - 1, -(2**63), None], pa.int64()),
            "text": ["ünïcode 🙂", "'; DROP TABLE t; --", None],
        }
    )
    engine.add_table("t", [write(tmp_path / "t.parquet", table)])
    batches = list(engine.query("SELECT number, text FROM t ORDER BY number DESC NULLS LAST"))
    assert pa.Table.from_batches(batches).to_pydict() == table.to_pydict()


def test_text_is_ordered_by_its_bytes(engine: Engine, tmp_path: Path) -> None:
    texts = ["b", "a", "B", "é", "Z", "", "aa", "\U0001f600", "\uffff"]
    engine.add_table("t", [write(tmp_path / "t.parquet", pa.table({"text": texts}))])
    found = [text for (text,) in rows(engine, "SELECT text FROM t ORDER BY text")]
    assert found == sorted(texts, key=str.encode)


def test_batches_are_no_larger_than_asked(engine: Engine, tmp_path: Path) -> None:
    engine.add_table("t", [write(tmp_path / "t.parquet", pa.table({"n": range(10_000)}))])
    sizes = [batch.num_rows for batch in engine.query("SELECT n FROM t", batch_rows=3_000)]
    assert sum(sizes) == 10_000
    assert max(sizes) <= 3_000


def test_an_empty_result_is_no_rows(engine: Engine, tmp_path: Path) -> None:
    engine.add_table("t", [write(tmp_path / "t.parquet", pa.table({"n": [1]}))])
    assert rows(engine, "SELECT n FROM t WHERE n > 1") == []


def test_paths_are_taken_as_they_are(engine: Engine, tmp_path: Path) -> None:
    """Stars, brackets and quotes in a folder's name are no patterns and no SQL."""
    plain = write(tmp_path / "abc" / "t.parquet", pa.table({"n": [1]}))
    odd = write(tmp_path / "a[b]c*?' \";--" / "t.parquet", pa.table({"n": [2]}))
    engine.add_table("t", [odd])
    assert rows(engine, "SELECT n FROM t") == [(2,)]
    engine.add_table("t", [plain])
    assert rows(engine, "SELECT n FROM t") == [(1,)]


def test_a_missing_or_broken_file_is_a_storage_error(engine: Engine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 this is not Parquet PAR1")
    for file in (tmp_path / "nowhere.parquet", broken):
        with pytest.raises(StorageError, match="cannot read"):
            engine.add_table("t", [file])
            list(engine.query("SELECT count(*) FROM t"))


@pytest.mark.parametrize("name", ["", "two words", "t; DROP TABLE t", 't"'])
def test_a_table_has_a_plain_name(engine: Engine, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name of a table"):
        engine.add_table(name, [tmp_path / "t.parquet"])


def test_a_table_has_a_file(engine: Engine) -> None:
    with pytest.raises(UsageError, match="at least one file"):
        engine.add_table("t", [])


def shout(item: str) -> str:
    return item.upper()


def test_items_are_mapped_in_their_order(engine: Engine) -> None:
    assert list(engine.map_items(["a", "b", "", "ä\n"], shout)) == ["A", "B", "", "Ä\n"]
    assert list(engine.map_items([], shout)) == []


def refuse(item: str) -> str:
    raise MissingColumn(f"{item} has no column")


def test_what_a_function_objects_to_is_raised_as_it_is(engine: Engine) -> None:
    with pytest.raises(MissingColumn, match=r"^a\.csv has no column$"):
        list(engine.map_items(["a.csv"], refuse))


def described(batches: Batches) -> str:
    rows = pa.Table.from_batches(list(batches)).to_pylist()
    return json.dumps([(row["part"], row["month"], row["n"]) for row in rows])


def test_groups_come_whole_and_in_order(engine: Engine, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    table = pa.table(
        {
            "part": random.integers(5, size=20_000),
            "month": random.choice(["2012-01", "unknown", ""], 20_000),
            "n": random.permutation(20_000),
        }
    )
    engine.add_table("t", [write(tmp_path / "t.parquet", table)])
    sql = "SELECT n, part, month FROM t WHERE n <> 7"
    groups = [
        json.loads(one) for one in engine.map_groups(sql, ["part", "month"], ["n"], described)
    ]
    seen = [{(part, month) for part, month, _ in group} for group in groups]
    assert all(len(one) == 1 for one in seen)
    assert len(set.union(*seen)) == len(groups) == 15  # no group comes in two pieces
    expected = sorted((row["n"], row["part"], row["month"]) for row in table.to_pylist())
    found = sorted((n, part, month) for group in groups for part, month, n in group)
    assert found == [row for row in expected if row[0] != 7]
    assert all(group == sorted(group, key=lambda row: row[2]) for group in groups)


def test_no_rows_are_no_groups(engine: Engine, tmp_path: Path) -> None:
    engine.add_table("t", [write(tmp_path / "t.parquet", pa.table({"n": [1]}))])
    assert list(engine.map_groups("SELECT n FROM t WHERE n > 1", ["n"], [], described)) == []


def test_what_is_kept_is_a_table(engine: Engine, tmp_path: Path) -> None:
    engine.add_table("t", [write(tmp_path / "t.parquet", pa.table({"n": [1, 2, 3]}))])
    engine.keep("large", "SELECT n FROM t WHERE n > 1", str(tmp_path))
    engine.keep("t", "SELECT large.n FROM large WHERE n > 2", str(tmp_path))
    assert rows(engine, "SELECT n FROM t") == [(3,)]
    with pytest.raises(UsageError, match="name of a table"):
        engine.keep("two words", "SELECT n FROM t", str(tmp_path))

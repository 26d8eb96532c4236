from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.scoring.parts import Parts

SCHEMA = pa.schema([pa.field("n", pa.int64(), False)])


def numbers(*values: int) -> pa.Table:
    return pa.table({"n": values}, SCHEMA)


def begun(out: Path, plan: str = "a") -> Parts:
    parts = Parts(out, {"plan": plan})
    assert not parts.finished(overwrite=False)
    parts.begin()
    return parts


def test_parts_become_one_file_in_their_order(tmp_path: Path) -> None:
    parts = begun(tmp_path / "t.parquet")
    parts.write("b", numbers(3))
    parts.write("a", numbers(1, 2))
    parts.join((parts.read(name) for name in "ab"), tmp_path / "t.parquet", SCHEMA)
    assert pq.read_table(tmp_path / "t.parquet").column("n").to_pylist() == [1, 2, 3]
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 2


def test_parts_of_the_same_plan_are_kept(tmp_path: Path) -> None:
    begun(tmp_path / "t.parquet").write("a", numbers(1))
    parts = begun(tmp_path / "t.parquet")
    assert parts.has("a")
    assert parts.read("a").equals(numbers(1))


def test_parts_of_another_plan_are_removed(tmp_path: Path) -> None:
    begun(tmp_path / "t.parquet").write("a", numbers(1))
    assert not begun(tmp_path / "t.parquet", "b").has("a")


def test_a_finished_file_knows_its_plan(tmp_path: Path) -> None:
    parts = begun(tmp_path / "t.parquet")
    parts.join(iter([numbers(1)]), parts.out, SCHEMA)
    assert Parts(parts.out, {"plan": "a"}).finished(overwrite=False)
    assert not parts.directory.exists()
    with pytest.raises(UsageError, match="something else"):
        Parts(parts.out, {"plan": "b"}).finished(overwrite=False)
    assert not Parts(parts.out, {"plan": "b"}).finished(overwrite=True)


def test_no_parts_make_an_empty_table(tmp_path: Path) -> None:
    parts = begun(tmp_path / "t.parquet")
    parts.join(iter(()), parts.out, SCHEMA)
    assert pq.read_table(parts.out).num_rows == 0


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    parts = begun(tmp_path / "t.parquet")
    (parts.directory / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"a\.parquet is damaged.*; remove"):
        parts.read("a")


def test_a_directory_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").mkdir()
    with pytest.raises(StorageError):
        Parts(tmp_path / "t.parquet", {}).finished(overwrite=False)


def test_a_file_in_the_place_of_the_parts(tmp_path: Path) -> None:
    (tmp_path / ".t.parquet.partial").write_text("mine")
    with pytest.raises(StorageError):
        begun(tmp_path / "t.parquet")

"""Parquet files that know their own bytes."""

from collections import Counter
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError
from reviewdesk.seal import opened, read_sealed, sealed_writer, write_sealed

TABLE = pa.table({"id": ["a", "b", "c"], "n": [1, 2, None]}).replace_schema_metadata({"x": "y"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with (tmp_path / "t.parquet").open("wb") as file:
        write_sealed(TABLE, file)
    return tmp_path / "t.parquet"


def test_it_is_parquet_for_every_program(path: Path) -> None:
    assert read_sealed(path).equals(TABLE, check_metadata=True)
    assert read_sealed(path, ["n"]).column_names == ["n"]
    assert pq.read_table(path).equals(TABLE, check_metadata=True)
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(path)).fetchall()
    assert rows == [("a", 1), ("b", 2), ("c", None)]


def test_one_damaged_bit_anywhere_is_noticed(path: Path) -> None:
    raw, seen = bytearray(path.read_bytes()), Counter[str]()
    for bit in range(0, 8 * len(raw), 3):
        raw[bit // 8] ^= 1 << bit % 8
        path.write_bytes(raw)
        with pytest.raises(InputError, match=r"t\.parquet is damaged.*; make it again") as error:
            read_sealed(path)
        seen[str(error.value).replace(str(path), "")] += 1
        raw[bit // 8] ^= 1 << bit % 8
    assert len(seen) > 1


@pytest.mark.parametrize("size", [0, 5, 60, 200, -1])
def test_a_file_that_is_cut_off(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="is damaged"):
        read_sealed(path)


def test_files_of_others_are_read(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "theirs.parquet")
    assert read_sealed(tmp_path / "theirs.parquet").equals(TABLE)


def test_what_others_made_of_it_is_theirs(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(0, 2), path)
    assert read_sealed(path).num_rows == 2


def test_several_row_groups_and_none(tmp_path: Path) -> None:
    for groups in (0, 3):
        path = tmp_path / f"{groups}.parquet"
        with path.open("wb") as file, sealed_writer(file, TABLE.schema, compression="zstd") as one:
            for _ in range(groups):
                one.write_table(TABLE)
        with opened(path) as parquet:
            assert (parquet.num_row_groups, parquet.metadata.num_rows) == (groups, 3 * groups)

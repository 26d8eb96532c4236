"""Fingerprints are of rows: not of files, their order or their format."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reviewdesk.prepare.fingerprint import RowSum, fingerprint
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.sample import sample
from reviewdesk.settings import PrepareSettings, SampleSettings

from .corpus import prepared, review, write_lines

OTHERS = {pa.string(): "x", pa.int8(): 1, pa.int32(): 1, pa.bool_(): True, pa.date32(): date.min}


def lines(changed: int = -1, **values: Any) -> list[dict[str, Any]]:
    rows = [
        review(
            n,
            review_body=f"The number {n} is said in this one, which is long enough.",
            review_date=None if n % 7 == 0 else f"2015-{n % 3 + 1:02d}-{n % 28 + 1:02d}",
            product_category=("Toys", "Books", None)[n % 3],
            verified_purchase=bool(n % 2) if n % 5 else None,
        )
        for n in range(60)
    ]
    return [{**row, **values} if n == changed else row for n, row in enumerate(rows)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("rows")
    return prepared(folder / "out", write_lines(folder / "a.jsonl", lines()))


def test_it_is_that_of_the_rows_it_holds(data: PreparedData) -> None:
    assert fingerprint([RowSum.of(data.table())]) == data.fingerprint


@pytest.mark.parametrize("row_group_size", [1, 7, 100])
@pytest.mark.parametrize("compression", ["none", "snappy"])
def test_rows_written_again_have_the_same(
    data: PreparedData, tmp_path: Path, row_group_size: int, compression: str
) -> None:
    path = tmp_path / "again.parquet"
    shuffled = data.table().take(pa.array(np.random.default_rng(3).permutation(data.rows)))
    pq.write_table(shuffled, path, row_group_size=row_group_size, compression=compression)
    with pq.ParquetFile(path) as file:
        sums = [RowSum.of(file.read_row_group(at)) for at in range(file.num_row_groups)]
    assert len(sums) == -(-data.rows // row_group_size)
    assert fingerprint(sums) == data.fingerprint


@pytest.mark.parametrize("name", [
    "customer_id", "product_title", "star_rating", "helpful_votes", "vine", "review_headline",
    "review_body", "review_date", "copy_of", "review_language",
])  # fmt: skip
def test_one_changed_cell_is_noticed(data: PreparedData, name: str) -> None:
    table = data.table()
    column = table[name].combine_chunks()
    values = column.to_pylist()
    values[17] = None if values[17] is not None else OTHERS[column.type]
    at = table.schema.get_field_index(name)
    field = table.schema.field(at).with_nullable(True)
    other = table.set_column(at, field, pa.array(values, column.type))
    assert fingerprint([RowSum.of(other)]) != data.fingerprint


def test_values_that_change_rows_or_columns_are_noticed() -> None:
    table = pa.table({"a": ["x", "y"], "b": ["1", "2"]})
    others = [
        {"a": ["x", "y"], "b": ["2", "1"]},
        {"a": ["1", "2"], "b": ["x", "y"]},
        {"a": ["x", "y"], "c": ["1", "2"]},
        {"a": ["x", "y"], "b": ["1", None]},
        {"a": ["x", "y"], "b": ["1", ""]},
        {"a": ["x", "y", "y"], "b": ["1", "2", "2"]},
        {"a": ["x"], "b": ["1"]},
    ]
    sums = {RowSum.of(pa.table(other)) for other in [*others, table.to_pydict()]}
    assert len(sums) == len(others) + 1
    doubled = pa.concat_tables([table, table])
    assert RowSum.of(doubled) == RowSum.of(table) + RowSum.of(table) != RowSum.of(table)


def test_columns_may_stand_in_any_order_and_numbers_be_of_any_width() -> None:
    table = pa.table({"a": ["x", None], "b": pa.array([1, 2], pa.int8())})
    other = pa.table({"b": pc.cast(table["b"], pa.int64()), "a": table["a"]})
    assert RowSum.of(other) == RowSum.of(table)


def test_a_sum_is_kept_as_text() -> None:
    whole = RowSum.of(pa.table({"a": ["x", "y"]}))
    assert RowSum.from_text(2, whole.to_text()) == whole
    with pytest.raises(ValueError, match="not a sum"):
        RowSum.from_text(2, whole.to_text()[1:])


@pytest.mark.parametrize("partition_by", ["month", "category", "both"])
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_folders_and_formats_change_nothing(
    data: PreparedData, tmp_path: Path, partition_by: str, file_format: str
) -> None:
    path = write_lines(tmp_path / "a.jsonl", lines()[::-1])
    settings = PrepareSettings(partition_by=partition_by, format=file_format)
    other = prepared(tmp_path / "out", path, settings=settings)
    assert other.fingerprint == data.fingerprint
    assert fingerprint([RowSum.of(other.table())]) == data.fingerprint


@pytest.mark.parametrize(
    "values", [{"star_rating": 1}, {"review_body": "Another one, which is long enough too."}]
)
def test_a_changed_cell_of_a_file_is_another(
    data: PreparedData, tmp_path: Path, values: dict[str, Any]
) -> None:
    path = write_lines(tmp_path / "a.jsonl", lines(31, **values))
    assert prepared(tmp_path / "out", path).fingerprint != data.fingerprint


def test_all_rows_of_a_sample_have_the_fingerprint_of_the_data(
    data: PreparedData, tmp_path: Path
) -> None:
    whole = sample(data, tmp_path / "whole", SampleSettings(fraction=1.0))
    assert whole.fingerprint == data.fingerprint
    half = sample(data, tmp_path / "half", SampleSettings(fraction=0.5))
    assert half.fingerprint != data.fingerprint
    assert fingerprint([RowSum.of(half.table())]) == half.fingerprint

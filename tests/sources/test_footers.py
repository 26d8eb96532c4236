import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.footers import RowCounts, count_footers, months_of

JUNE, JULY = datetime.date(2015, 6, 1), datetime.date(2015, 7, 4)


def counted(*paths: Path, **columns: str) -> RowCounts:
    files = [SourceFile(str(path), path.name, path.stat().st_size) for path in paths]
    return count_footers(files, columns, lambda: None)


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_the_footer_alone_tells_where_all_rows_of_a_group_are_alike(tmp_path: Path) -> None:
    columns = {
        "review_date": pa.array([JUNE, JUNE, JULY]),
        "product_category": ["Toys", "Toys", "Books"],
        "review_body": ["text"] * 3,
    }
    path = write(tmp_path / "a.parquet", columns, row_group_size=2)
    ruin(path, *columns)
    found = counted(path)
    assert found.rows == 3
    assert found.months == {"2015-06": 2, "2015-07": 1}
    assert found.categories == {"Toys": 2, "Books": 1}


def test_texts_are_never_read(tmp_path: Path) -> None:
    columns = {
        "review_date": pa.array([JUNE, None, JULY]),
        "product_category": ["Toys", None, "Books"],
        "review_headline": ["headline"] * 3,
        "review_body": ["text"] * 3,
    }
    path = write(tmp_path / "a.parquet", columns)
    ruin(path, "review_headline", "review_body")
    found = counted(path)
    assert found.months == {"2015-06": 1, "2015-07": 1, "unknown": 1}
    assert found.categories == {"Toys": 1, "Books": 1, "": 1}


def ruin(path: Path, *columns: str) -> None:
    """Overwrite the pages of columns, so that reading any of them fails."""
    metadata = pq.read_metadata(path)
    raw = bytearray(path.read_bytes())
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(place)
            if chunk.path_in_schema in columns:
                first = chunk.dictionary_page_offset or chunk.data_page_offset
                raw[first : first + chunk.total_compressed_size] = (
                    b"\xff" * chunk.total_compressed_size
                )
    path.write_bytes(raw)
    with pytest.raises((OSError, pa.ArrowException)):
        pq.read_table(path, columns=list(columns[:1]))


def test_without_statistics_the_columns_are_read(tmp_path: Path) -> None:
    columns = {"review_date": pa.array([JUNE, JULY]), "product_category": ["Toys", "Toys"]}
    path = write(tmp_path / "a.parquet", columns, write_statistics=False)
    assert counted(path).months == {"2015-06": 1, "2015-07": 1}
    assert counted(path).categories == {"Toys": 2}


def test_the_names_of_folders_tell(tmp_path: Path) -> None:
    folder = tmp_path / "product_category=Health%20%26%20Care" / "review_month=2015-08"
    path = write(folder / "a.parquet", {"review_id": ["1", "2"]})
    found = counted(path)
    assert found.months == {"2015-08": 2}
    assert found.categories == {"Health & Care": 2}


def test_columns_of_other_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"day": pa.array([JUNE, JULY]), "shelf": ["a", "b"]})
    assert counted(path).months == {}
    found = counted(path, review_date="day", product_category="shelf")
    assert found.months == {"2015-06": 1, "2015-07": 1}
    assert found.categories == {"a": 1, "b": 1}


def test_a_dictionary_of_categories(tmp_path: Path) -> None:
    names = pa.array(["Toys", "Books", None]).dictionary_encode()
    path = write(tmp_path / "a.parquet", {"product_category": names}, write_statistics=False)
    assert counted(path).categories == {"Toys": 1, "Books": 1, "": 1}


def test_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"review_date": pa.array([], pa.date32())})
    assert counted(path) == RowCounts()


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"review_id": ["1", "2"]})
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="a.parquet is not a whole Parquet file"):
        counted(path)


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([JUNE, None]),
        pa.array([16587, None], pa.int64()),
        pa.array(["2015-06-01", "June"]),
        pa.array(["2015-06-01 10:00:00", None]),
        pa.array([datetime.datetime(2015, 6, 1, 3), None], pa.timestamp("ms")),
        pa.array(["2015-06-01", None]).dictionary_encode(),
        pa.array([JUNE, None], pa.date64()),
    ],
)
def test_dates_in_every_type(dates: pa.Array) -> None:
    assert months_of(dates).to_pylist() == ["2015-06", None]

"""Folders of known errors: whole or not at all, and replaced as one."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.sources.truth import (
    DECLINING,
    PRODUCT_CATEGORY,
    REVIEW_CATEGORY,
    VARIANTS,
    Truth,
    read_truth,
    truth_directory,
    write_truth,
)

NOTHING_WRONG = Truth(
    REVIEW_CATEGORY.empty_table(),
    PRODUCT_CATEGORY.empty_table(),
    DECLINING.empty_table(),
    VARIANTS.empty_table(),
)


def test_it_stands_beside_the_reviews() -> None:
    assert truth_directory(Path("a/reviews.tsv.gz")) == Path("a/reviews.tsv.gz.truth")


def test_empty_tables_are_written_with_their_columns(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", NOTHING_WRONG, {"reviews": 0})
    assert pq.read_table(tmp_path / "truth" / "declining.parquet").schema.equals(DECLINING)
    head = json.loads((tmp_path / "truth" / "truth.json").read_text())
    assert head["format"] == "reviewdesk.truth"
    assert head["reviews"] == 0
    assert head["planted"] == {
        "declining": 0,
        "product_category": 0,
        "review_category": 0,
        "variants": 0,
    }


def test_an_older_folder_and_an_unfinished_one_are_replaced(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", NOTHING_WRONG, {})
    (tmp_path / ".truth.partial").mkdir()
    for name in ("truth", ".truth.partial"):
        (tmp_path / name / "left over").write_text("x")
    write_truth(tmp_path / "truth", NOTHING_WRONG, {})
    assert {path.name for path in tmp_path.iterdir()} == {"truth"}
    assert not (tmp_path / "truth" / "left over").exists()


@pytest.mark.parametrize("name", ["mine.txt", "truth.json"])
def test_what_is_something_else_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / name).write_text("{}")
    with pytest.raises(UsageError, match="holds something else; name another place"):
        write_truth(tmp_path / "truth", NOTHING_WRONG, {})
    assert (tmp_path / "truth" / name).read_text() == "{}"
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        write_truth(tmp_path / "file", NOTHING_WRONG, {})


def test_it_is_read_again(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", NOTHING_WRONG, {})
    found = read_truth(tmp_path / "truth").tables()
    assert all(found[name].equals(table) for name, table in NOTHING_WRONG.tables().items())


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("truth.json", "{}", "no known errors"),
        ("truth.json", '{"format": "reviewdesk.truth", "format_version": 99}', "version 99"),
        ("review_category.parquet", "nonsense", "damaged"),
    ],
)
def test_what_is_not_whole_is_refused(tmp_path: Path, file: str, content: str, said: str) -> None:
    write_truth(tmp_path / "truth", NOTHING_WRONG, {})
    (tmp_path / "truth" / file).write_text(content)
    with pytest.raises(InputError, match=said):
        read_truth(tmp_path / "truth")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        read_truth(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no known errors"):
        read_truth(tmp_path)

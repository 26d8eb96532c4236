"""Folders of known errors: whole or not at all, and replaced as one."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from reviewdesk.sources.truth import (
    DECLINING,
    MISCATEGORISED,
    MISFILED,
    VARIANTS,
    Truth,
    truth_directory,
    write_truth,
)

NOTHING_WRONG = Truth(
    MISFILED.empty_table(),
    MISCATEGORISED.empty_table(),
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
    assert head["planted"] == {"declining": 0, "miscategorised": 0, "misfiled": 0, "variants": 0}


def test_an_older_folder_and_an_unfinished_one_are_replaced(tmp_path: Path) -> None:
    for name in ("truth", ".truth.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "left over").write_text("x")
    write_truth(tmp_path / "truth", NOTHING_WRONG, {})
    assert {path.name for path in tmp_path.iterdir()} == {"truth"}
    assert not (tmp_path / "truth" / "left over").exists()

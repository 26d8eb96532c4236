from pathlib import Path

import pytest

from reviewdesk.storage import read_record

from .conftest import Cli


@pytest.mark.parametrize("form", ["csv", "jsonl", "fasttext", "augmented-manifest", "libsvm"])
def test_every_format(job: Path, cli: Cli, tmp_path: Path, form: str) -> None:
    words = ("export", job / "job" / "prepared", "--format", form, "--out", tmp_path / "out")
    first = cli(*words)
    assert first.code == 0, first.err
    assert "train." in first.out
    again = cli(*words, "--json")
    assert "exported before" in again.err
    assert again.json() == read_record(tmp_path / "out" / "manifest.json")


def test_more_columns(job: Path, cli: Cli, tmp_path: Path) -> None:
    words = ("export", job / "job" / "prepared", "--out", tmp_path / "out")
    assert cli(*words, "--column", "star_rating", "--column", "review_date").code == 0
    header = (tmp_path / "out" / "train.csv").read_text().splitlines()[0]
    assert header.endswith('"review_body","star_rating","review_date"')
    wrong = cli(*words, "--column", "colour", "--overwrite")
    assert wrong.code == 3
    assert "colour" in wrong.err

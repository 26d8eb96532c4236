from pathlib import Path

from .conftest import Cli


def test_a_sample_is_taken_by_the_other_commands(job: Path, cli: Cli, tmp_path: Path) -> None:
    words = ("sample", job / "job" / "prepared", "--out", tmp_path / "s", "--fraction", "0.3")
    first = cli(*words, "--min-category-share", "0.02")
    assert first.code == 0, first.err
    assert "left out, because they are rare: " in first.out
    again = cli(*words, "--min-category-share", "0.02")
    assert "drawn before" in again.err
    manifest = cli(*words, "--min-category-share", "0.02", "--json").json()
    assert cli("count", tmp_path / "s", "--json").json()["rows"] == manifest["rows"]["written"]
    assert "Prepared reviews" in cli("show", tmp_path / "s").out
    bundle = tmp_path / "b"
    trained = cli("train", tmp_path / "s", "--out", bundle, "--split-by", "review")
    assert trained.code == 0, trained.err
    assert cli("evaluate", bundle, tmp_path / "s", "--json").code == 0
    assert cli(*words).code == 2

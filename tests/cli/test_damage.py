"""One damaged bit in anything that was written is one sentence: never other data, nor a trace."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from reviewdesk.prepare.prepared import PreparedData

from .conftest import Cli, run_cli

FLIPS = 12

Words = Callable[[Path, Path], tuple[str | Path, ...]]
"""From what is damaged and a place for outputs to the command that reads it."""


def show(place: Path, _: Path) -> tuple[str | Path, ...]:
    return "show", place


def sample(place: Path, out: Path) -> tuple[str | Path, ...]:
    return "sample", place, "--fraction", "0.5", "--out", out / "sample"


def explore(place: Path, out: Path) -> tuple[str | Path, ...]:
    return "explore", place, "--out", out / "page.html"


@pytest.fixture(scope="module")
def written(job: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with something of every kind."""
    folder = tmp_path_factory.mktemp("written")
    shutil.copytree(job / "job" / "prepared", folder / "prepared")
    shutil.copytree(job / "job" / "sentiment", folder / "sentiment")
    shutil.copy(job / "job" / "job.json", folder / "job.json")
    for words in (
        ("prepare", job / "reviews.tsv.gz", "--format", "csv", "--out", folder / "csv"),
        ("find", "plant", folder / "prepared", "--out", folder / "planted", "--seed", "1"),
        ("find", "declining", folder / "planted", "--out", folder / "findings"),
        ("export", folder / "prepared", "--out", folder / "export"),
    ):
        done = run_cli(*words)
        assert done.code == 0, done.err
    return folder


KINDS: dict[str, tuple[str, str, Words]] = {
    "Parquet of prepared reviews": ("prepared", "reviews/*/*.parquet", sample),
    "Parquet that DuckDB reads": ("prepared", "reviews/*/*.parquet", explore),
    "CSV of prepared reviews": ("csv", "reviews/*/*.csv", sample),
    "manifest of prepared reviews": ("prepared", "manifest.json", show),
    "predictions": ("sentiment/predictions.parquet", "", show),
    "rejects": ("prepared/rejects.parquet", "", show),
    "table of findings": ("findings", "*/findings.parquet", show),
    "record of findings": ("findings", "*/findings.json", show),
    "weights of a bundle": ("sentiment/bundle", "*.npz", show),
    "settings of a bundle": ("sentiment/bundle", "[!ml]*.json", show),
    "manifest of a bundle": ("sentiment/bundle", "manifest.json", show),
    "evaluation": ("sentiment/evaluation.json", "", show),
    "record of a job": ("job.json", "", show),
    "record of known errors": ("planted.truth", "truth.json", show),
    "manifest of an export": ("export", "manifest.json", show),
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_damaged_bit_is_one_sentence(
    written: Path, cli: Cli, tmp_path: Path, kind: str
) -> None:
    name, pattern, words = KINDS[kind]
    random, copy = Random(kind), tmp_path / name
    for number in range(FLIPS):
        shutil.rmtree(tmp_path, ignore_errors=True)
        copy.parent.mkdir(parents=True, exist_ok=True)
        place = written / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, copy)
        files = sorted(copy.glob(pattern)) if pattern else [copy]
        damage(random.choice(files), random, number)
        done = cli(*words(copy, tmp_path))
        assert done.code in (3, 5, 7), (done, number)
        assert done.out == "", done
        assert len(done.err.strip().split("\n\n")) == 1
        assert "Traceback" not in done.err
        assert "internal" not in done.err


def damage(file: Path, random: Random, number: int) -> None:
    """Flip one bit: in the first bytes, in the last ones, or anywhere."""
    raw = bytearray(file.read_bytes())
    ends = (range(min(16, len(raw))), range(max(0, len(raw) - 16), len(raw)), range(len(raw)))
    place = random.choice(ends[min(number, 2)])
    raw[place] ^= 1 << random.randrange(8)
    file.write_bytes(raw)


def test_what_is_whole_is_read(written: Path, cli: Cli, tmp_path: Path) -> None:
    for name, _, words in KINDS.values():
        done = cli(*words(written / name, tmp_path))
        assert done.code == 0, done.err
        shutil.rmtree(tmp_path / "sample", ignore_errors=True)
    PreparedData.open(written / "prepared").verify()

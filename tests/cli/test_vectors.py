"""Vectors of words and fastText's files, as a user makes and uses them."""

import json
import tarfile
from pathlib import Path

import fasttext
import numpy as np
import pyarrow.parquet as pq
import pytest

from reviewdesk.formats.archive import write_archive
from tests.findings.shop import shop

from .conftest import Cli, run_cli

SMALL = ("--dim", "10", "--epoch", "10", "--sampling", "0", "--min-count", "3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared reviews, vectors of their words, and a bundle of fasttext."""
    folder = tmp_path_factory.mktemp("vectors")
    shop(folder)
    made = run_cli("vectors", "train", folder / "prepared", "--out", folder / "w.vec", *SMALL)
    assert made.code == 0, made.err
    trained = run_cli(
        *("train", folder / "prepared", "--target", "category", "--model", "fasttext"),
        *("--set", "buckets=3000", "--set", "epochs=20", "--out", folder / "bundle"),
    )
    assert trained.code == 0, trained.err
    return folder


def test_train_again_gives_the_same_bytes(folder: Path, cli: Cli, tmp_path: Path) -> None:
    again = cli("vectors", "train", folder / "prepared", "--out", tmp_path / "w.vec", *SMALL)
    assert "10 numbers each" in again.out
    assert (tmp_path / "w.vec").read_bytes() == (folder / "w.vec").read_bytes()


def test_neighbours(folder: Path, cli: Cli) -> None:
    near = cli("vectors", "nn", folder / "w.vec", "tomato", "-k", "3", "--json").json()
    assert {one["word"] for one in near} <= {"shovel", "hose", "seed", "lawn"}
    found = cli("vectors", "analogies", folder / "w.vec", "tomato", "seed", "plot", "-k", "2")
    assert found.code == 0
    missing = cli("vectors", "nn", folder / "w.vec", "writer7")  # a word of one customer
    assert (missing.code, "has no vector" in missing.err) == (2, True)


def test_evaluate(folder: Path, cli: Cli, tmp_path: Path) -> None:
    pairs = "tomato,seed,9\ntomato,plot,1\nscreen,charger,9\nscreen,author,1\nno,such,3\n"
    (tmp_path / "pairs.csv").write_text("Word 1,Word 2,Human\n" + pairs)
    (tmp_path / "questions.txt").write_text(": kinds\ntomato seed plot novel\n")
    given = ("--pairs", tmp_path / "pairs.csv", "--questions", tmp_path / "questions.txt")
    found = cli("vectors", "eval", folder / "w.vec", *given, "--json").json()
    assert (found["pairs"]["pairs"], found["pairs"]["missing"]) == (4, 1)
    assert found["pairs"]["mean_rho"] > 0.8
    assert found["analogies"]["questions"] == 1
    assert cli("vectors", "eval", folder / "w.vec").code == 2


@pytest.mark.parametrize("suffix", [".bin", ".w2v"])
def test_the_other_forms(suffix: str, folder: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / f"w{suffix}"
    assert cli("vectors", "train", folder / "prepared", "--out", out, *SMALL).code == 0
    first, other = (
        cli("vectors", "nn", path, "tomato", "--json").json() for path in (folder / "w.vec", out)
    )
    assert [one["word"] for one in first] == [one["word"] for one in other]
    if suffix == ".w2v":  # others name such files .bin, as fastText does its own
        named = cli("vectors", "nn", out.rename(out.with_suffix(".bin")), "tomato", "--json").json()
        assert named == other
    wrong = cli("vectors", "train", folder / "prepared", "--out", tmp_path / "w.npy", *SMALL)
    assert "must end in" in wrong.err


def test_vectors_of_products_go_to_find_similar(folder: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "products.parquet"
    made = cli(
        *("vectors", "products", folder / "prepared", "--vectors", folder / "w.vec", "--out", out)
    )
    assert made.code == 0, made.err
    table = pq.read_table(out)
    kinds = np.array([name.partition("-")[0] for name in table["product_id"].to_pylist()])
    vectors = np.array(table["vector"].to_pylist())
    cosines = vectors @ vectors.T - 2 * np.eye(len(vectors))
    assert (kinds[cosines.argmax(axis=1)] == kinds).mean() > 0.9
    found = cli(
        *("find", "similar", folder / "prepared", "--vectors", out, "--out", tmp_path / "found")
    )
    assert found.code == 0, found.err


def test_a_bundle_goes_to_fasttext_and_blazingtext(folder: Path, cli: Cli, tmp_path: Path) -> None:
    model, archive, small = (tmp_path / name for name in ("m.bin", "model.tar.gz", "m.ftz"))
    assert cli("vectors", "export", folder / "bundle", "--out", model).code == 0
    line = "my view about it tomato and lawn"
    theirs = fasttext.load_model(str(model)).predict(line, k=2)
    assert theirs[0][0] == "__label__Garden"
    assert cli("vectors", "export", folder / "bundle", "--out", archive).code == 0
    with tarfile.open(archive) as tar:
        assert sorted(tar.getnames()) == ["labels.json", "model.bin"]
        labels = json.load(tar.extractfile("labels.json"))  # type: ignore[arg-type]
    assert {"name": "Garden", "fasttext": "__label__Garden"}.items() <= labels[1].items()
    (tmp_path / "lines.txt").write_text(f"{line}\n\n")
    said = cli("vectors", "predict", model, tmp_path / "lines.txt", "-k", "2").out
    assert cli("vectors", "predict", archive, tmp_path / "lines.txt", "-k", "2").out == said
    ours = said.split("\n")
    assert ours[0].split()[::2] == list(theirs[0])
    assert [float(word) for word in ours[0].split()[1::2]] == pytest.approx(theirs[1], abs=1e-4)
    quantised = cli("vectors", "quantize", model, "--out", small, "--cutoff", "400")
    assert quantised.code == 0, quantised.err
    assert small.stat().st_size < model.stat().st_size
    assert cli("vectors", "predict", small, tmp_path / "lines.txt").code == 0


def test_vectors_of_blazingtext(folder: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "vectors.txt").write_bytes((folder / "w.vec").read_bytes())
    (tmp_path / "model" / "eval.json").write_text("{}")
    write_archive(tmp_path / "model", tmp_path / "model.tar.gz")
    first, other = (
        cli("vectors", "nn", path, "tomato", "--json").json()
        for path in (folder / "w.vec", tmp_path / "model.tar.gz")
    )
    assert first == other
    (tmp_path / "model" / "vectors.txt").unlink()
    write_archive(tmp_path / "model", tmp_path / "empty.tar.gz")
    for command in (("nn", tmp_path / "empty.tar.gz", "x"), ("predict", tmp_path / "empty.tar.gz")):
        wrong = cli("vectors", *command, *([folder / "w.vec"] if command[0] == "predict" else []))
        assert (wrong.code, "holds n" in wrong.err) == (3, True)


def test_the_bundle_serves_the_main_job(folder: Path, cli: Cli, tmp_path: Path) -> None:
    found = cli("explain", folder / "bundle", "the tomato and the lawn").out
    assert "Garden" in found
    evaluated = cli(
        *("evaluate", folder / "bundle", folder / "prepared", "--out", tmp_path / "evaluation")
    )
    assert evaluated.code == 0, evaluated.err
    wrong = cli("vectors", "export", folder / "prepared", "--out", tmp_path / "m.bin")
    assert wrong.code == 5

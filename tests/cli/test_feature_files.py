"""`train --model mlp` from LIBSVM files to answers, by file, by Python and over HTTP."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import sparse
from sklearn.datasets import dump_svmlight_file, load_svmlight_file
from sklearn.metrics import roc_auc_score

import reviewdesk as rd
from reviewdesk.bundle import load_bundle
from tests.serving.process import server

from .conftest import run_cli

QUICK = (
    *("--set", "epochs=4", "--set", "batch=64"),
    *("--set", "learning_rate=0.01", "--set", "embedding_rate=0.02"),
)


def table(rows: int, seed: int, width: int = 300) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Return counts of which a few features tell the label, +1 or -1."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, 2, rows)
    counts = chance.poisson(0.02, (rows, width))
    counts[:, :20] += chance.poisson(0.15, (rows, 20)) * labels[:, None]
    counts[:, 20:40] += chance.poisson(0.15, (rows, 20)) * (1 - labels[:, None])
    return sparse.csr_matrix(counts), 2 * labels - 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of chunks as scikit-learn writes them, new lines, and a bundle."""
    place = tmp_path_factory.mktemp("features")
    (place / "chunks").mkdir()
    for number in range(3):
        counts, labels = table(400, number)
        dump_svmlight_file(
            counts, labels, str(place / "chunks" / f"{number}.svm"), zero_based=False
        )
    counts, labels = table(300, 9)
    dump_svmlight_file(counts, labels, str(place / "new.svm"), zero_based=False)
    done = run_cli("train", place / "chunks", "--model", "mlp", *QUICK, "--out", place / "bundle")
    assert done.code == 0, done.err
    (place / "said.txt").write_text(done.out)
    return place


def test_files_as_they_come_are_learnt_and_measured(folder: Path) -> None:
    said = (folder / "said.txt").read_text()
    assert "ROC-AUC" in said
    assert "PR-AUC" in said
    bundle = load_bundle(folder / "bundle")
    assert bundle.labels == ["-1", "1"]
    rows = bundle.manifest["data"]["rows"]
    assert rows["labelled"] == rows["train"] + rows["test"] == 1200
    assert 150 < rows["test"] < 330
    assert bundle.metrics["figures"]["roc_auc"]["value"] > 0.85


def test_a_file_is_predicted_as_its_lines_over_http(folder: Path) -> None:
    out = folder / "new.parquet"
    done = run_cli("predict", folder / "bundle", folder / "new.svm", "--out", out, "--overwrite")
    assert done.code == 0, done.err
    found = pq.read_table(out)
    truth = load_svmlight_file(str(folder / "new.svm"))[1]
    proba = np.array(found["probabilities"].to_pylist())
    assert roc_auc_score(truth, proba[:, 1]) > 0.85
    with server(str(folder / "bundle")) as one, httpx.Client(base_url=one.url) as client:
        body = (folder / "new.svm").read_bytes()
        headers = {"content-type": "text/x-libsvm"}
        answer = client.post("/invocations", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/csv")
        lines = [line.split(",") for line in answer.text.splitlines()]
        assert [label for label, _ in lines] == found["label"].to_pylist()
        best = np.array([float(value) for _, value in lines], np.float32)
        assert (best == found["probability"].to_numpy()).all()
        shifted = client.post("/invocations", content=b"1 0:1 3:2\n", headers=headers)
        assert shifted.status_code == 400
        assert "index 0" in shifted.json()["error"]["message"]
        text = client.post("/invocations", json={"instances": ["a text"]})
        assert text.status_code == 400
        assert "LIBSVM" in text.json()["error"]["message"]
        again = folder / "by-endpoint.parquet"
        asked = run_cli(
            "predict", "--endpoint", one.url, folder / "new.svm", "--out", again, "--overwrite"
        )
        assert asked.code == 0, asked.err
    assert pq.read_table(again)["probabilities"].equals(found["probabilities"])
    matrix, _ = load_svmlight_file(str(folder / "new.svm"), n_features=300, zero_based=False)
    again_ = rd.load(folder / "bundle").predict_proba(matrix)
    assert (again_ == proba.astype(np.float32)).all()


def test_an_export_is_learnt_with_its_sides_and_scores_reviews(job: Path, tmp_path: Path) -> None:
    exported = run_cli(
        *("export", job / "job" / "prepared", "--format", "libsvm", "--chunks", "4"),
        *("--ngrams", "2", "--out", tmp_path / "chunks"),
    )
    assert exported.code == 0, exported.err
    manifest = json.loads((tmp_path / "chunks" / "manifest.json").read_text())["files"]
    assert sum(one["side"] == "train" for one in manifest) == 4
    done = run_cli(
        *("train", tmp_path / "chunks", "--model", "mlp", *QUICK, "--out", tmp_path / "bundle")
    )
    assert done.code == 0, done.err
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.labels == ["negative", "positive"]
    test = sum(one["rows"] for one in manifest if one["side"] == "test")
    assert bundle.manifest["data"]["rows"]["test"] == test
    for data, name in ((job / "reviews.tsv.gz", "reviews"), (tmp_path / "chunks", "lines")):
        places = [data] if name == "reviews" else [data / "test.libsvm"]
        out = tmp_path / f"{name}.parquet"
        found = run_cli("predict", tmp_path / "bundle", *places, "--out", out)
        assert found.code == 0, found.err
    lines = pq.read_table(tmp_path / "lines.parquet")
    truth = [
        line.split(" ")[0] for line in (tmp_path / "chunks/test.libsvm").read_text().splitlines()
    ]
    true = np.array(truth, float)
    said = np.array([label == "positive" for label in lines["label"].to_pylist()], float)
    accuracy = bundle.metrics["figures"]["accuracy"]["value"]
    assert (true == said).mean() == pytest.approx(accuracy)
    assert len(pq.read_table(tmp_path / "reviews.parquet")) == 1500
    verdict = rd.load(tmp_path / "bundle").explain("I love it, works great")
    assert verdict.label == "positive"
    assert verdict.reasons["positive"]


def test_bad_lines_take_no_good_ones_along_and_are_kept(tmp_path: Path) -> None:
    counts, labels = table(300, 1)
    path = tmp_path / "mixed.svm"
    dump_svmlight_file(counts, labels, str(path), zero_based=False)
    lines = path.read_bytes().splitlines()
    lines[7] = b"+1 3:x"
    path.write_bytes(b"\n".join(lines))
    done = run_cli("train", path, "--model", "mlp", *QUICK, "--out", tmp_path / "bundle")
    assert done.code == 0, done.err
    kept = pq.read_table(tmp_path / "bundle.rejects.parquet").to_pylist()
    assert [(one["line"], one["raw"]) for one in kept] == [(8, b"+1 3:x")]
    left_out = load_bundle(tmp_path / "bundle").manifest["data"]["rows"]["left_out"]
    assert left_out == {"bad_record": 1}


@pytest.mark.parametrize(
    ("line", "said"),
    [("0.5 1:1", "no classes"), ("1 1:1", "two labels"), ("1,2 1:1", "several labels")],
)
def test_labels_that_are_no_classes_are_refused(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "a.svm").write_text("\n".join([line] * 30 + ["7 1:1"] * (said == "no classes")))
    done = run_cli(
        *("train", tmp_path / "a.svm", "--model", "mlp", *QUICK, "--out", tmp_path / "bundle")
    )
    assert done.code != 0
    assert said in done.err


def test_other_families_say_that_they_read_reviews(folder: Path, tmp_path: Path) -> None:
    done = run_cli("train", folder / "chunks", "--out", tmp_path / "bundle")
    assert done.code == 2
    assert "--model mlp" in done.err


MEMORY = """
import resource, sys
from pathlib import Path
from reviewdesk.models.neural import learning, worker  # what is loaded is no part of the measure
from reviewdesk.models.neural.mlp import FeatureData, Mlp
from reviewdesk.models.sparse.chunks import Dealing, FeatureFile

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

folder, small = Path(sys.argv[1]), Path(sys.argv[2])
told = dict(epochs=1, batch=256, hidden=4, features=2000, chunk_mb=2)
files = sorted(folder.iterdir())
Mlp(**told).fit_files(FeatureData([FeatureFile(small)]), Dealing(0.1, 0.1, 0))
before, size = peak(), sum(one.stat().st_size for one in files)
used = int(Path("/proc/self/status").read_text().partition("VmData:")[2].split()[0]) << 10
resource.setrlimit(resource.RLIMIT_DATA, (used + size // 4, used + size // 4))
Mlp(**told).fit_files(FeatureData([FeatureFile(one) for one in files]), Dealing(0.01, 0.01, 0))
print(peak() - before, size)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_quarter_of_the_data_is_room_enough(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    counts, labels = table(2_000, 0, width=2000)
    dump_svmlight_file(counts, labels, str(tmp_path / "small.svm"), zero_based=False)
    whole = (tmp_path / "small.svm").read_bytes() * 8
    for number in range(10):
        (tmp_path / "many" / f"{number}.svm").write_bytes(whole)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "many"), str(tmp_path / "small.svm")],
        env=os.environ, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    grown, size = map(int, done.stdout.split())
    assert size > 40e6
    assert grown < size / 4

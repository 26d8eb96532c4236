"""Networks through the steps: trained, cross-fitted, evaluated, interrupted."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from reviewdesk.bundle import load_bundle
from reviewdesk.errors import UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.scoring.explain import explain
from reviewdesk.scoring.predict import predict
from reviewdesk.training.evaluate import evaluate
from reviewdesk.training.evaluation_page import evaluation_page
from reviewdesk.training.train import train
from tests.models.corpus import SMALL_NETWORK

from .reviews import prepared, write_reviews

BLOCKED = (
    "import sys\nfor name in ('torch', 'safetensors', 'onnx'): sys.modules[name] = None\n"
    "from reviewdesk.cli.main import main\nmain(sys.argv[1:])"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("networks")
    return prepared(write_reviews(folder / "r.tsv", 400), folder / "prepared")


@pytest.fixture(scope="module")
def bundle(data: PreparedData) -> Path:
    out = data.path.parent / "bundle"
    result = train(data, out, model="cnn", model_settings=SMALL_NETWORK)
    assert result.bundle.metrics["figures"]["accuracy"]["value"] > 0.7
    return out


def test_nothing_is_left_beside_the_bundle(bundle: Path) -> None:
    assert not [path for path in bundle.parent.iterdir() if "learning" in path.name]
    assert not list(bundle.rglob("*.pkl"))
    assert load_bundle(bundle).held_out is None  # networks do not learn anew from all reviews
    assert {path.suffix for path in bundle.iterdir()} == {".json", ".npz", ".onnx", ".safetensors"}


def test_the_same_command_again_does_nothing(data: PreparedData, bundle: Path) -> None:
    assert train(data, bundle, model="cnn", model_settings=SMALL_NETWORK).already


def test_every_review_is_predicted_by_a_network_that_has_not_seen_its_product(
    data: PreparedData, bundle: Path, tmp_path: Path
) -> None:
    oof = tmp_path / "oof.parquet"
    found = train(data, bundle, model="cnn", model_settings=SMALL_NETWORK, folds=2, oof=oof)
    assert found.crossfit is not None
    assert set(pq.read_table(oof).column("fold").to_pylist()) == {0, 1}


def test_an_evaluation_shows_how_it_learned(data: PreparedData, bundle: Path) -> None:
    found = evaluate(load_bundle(bundle), data)
    page = evaluation_page(found).render()
    assert "How it learned" in page
    assert "chose nothing" in page
    assert found.to_json()["curve"]["points"][-1]["step"] > 0


def test_the_commands_need_no_torch(data: PreparedData, bundle: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "wanted.parquet"
    predict(load_bundle(bundle), data, wanted)
    out = tmp_path / "p.parquet"
    for words in (
        ["predict", str(bundle), str(data.path), "--out", str(out)],
        ["explain", str(bundle), "A dreadful, broken thing.", "--json"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", BLOCKED, *words], capture_output=True, text=True, check=True
        )
    assert pq.read_table(out).equals(pq.read_table(wanted))
    said = json.loads(done.stdout)
    own = explain(load_bundle(bundle), "A dreadful, broken thing.")
    assert said["label"] == own.label == "negative"
    assert {one.word for one in own.evidence[:2]} <= {"dreadful", "broken", "thing", "a"}


def test_families_that_are_no_networks_say_so(data: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one process"):
        train(data, tmp_path / "b", model="linear", processes=2)
    with pytest.raises(UsageError, match="time limit"):
        train(data, tmp_path / "b", model="linear", time_limit=5)


def test_a_stopped_command_is_saved_exits_with_0_and_goes_on(
    data: PreparedData, tmp_path: Path
) -> None:
    out, checkpoint = tmp_path / "b", tmp_path / ".b.learning" / "checkpoint.safetensors"
    given: dict[str, Any] = {**SMALL_NETWORK, "epochs": 400, "patience": 999, "save_seconds": 0.1}
    settings = [word for n, v in given.items() for word in ("--set", f"{n}={json.dumps(v)}")]
    command = [sys.executable, "-m", "reviewdesk", "train", str(data.path), "--model", "cnn"]
    command += ["--out", str(out), *settings]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not checkpoint.exists() and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate()
    assert running.returncode == 0
    assert "goes on" in said
    assert not out.exists()
    steps = load_steps(checkpoint)
    assert steps > 0
    done = subprocess.run([*command, "--time-limit", "1"], check=True, capture_output=True)
    assert done.returncode == 0
    points = json.loads((out / "curve.json").read_text())
    assert points["points"][-1]["step"] > steps
    assert points["ended"] == "the time limit was reached"
    assert not checkpoint.exists()


def load_steps(checkpoint: Path) -> int:
    header = checkpoint.read_bytes()
    length = int(np.frombuffer(header[:8], np.uint64)[0])
    metadata = json.loads(header[8 : 8 + length])["__metadata__"]
    return int(json.loads(metadata["state"])["step"])

"""``train`` as SageMaker starts it: channels in every mode, all that it leaves, and its ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import fasttext
import httpx
import pyarrow as pa
import pytest

from reviewdesk.aws.container import Hosts
from reviewdesk.aws.shards import Shards
from reviewdesk.aws.train import main
from reviewdesk.bundle import load_bundle
from reviewdesk.errors import InputError
from tests.aws.opt_ml import entry_point, free_port, label_lines, opt_ml, pipe, recordio, texts
from tests.cli.conftest import run_cli

TRAIN = texts(300)
HELD = texts(80, seed=1)
PIPE = {"TrainingInputMode": "Pipe", "RecordWrapperType": "RecordIO"}


def trained(base: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(base))
    return main()


def share_right(base: Path) -> float:
    bundle = load_bundle(base / "model")
    bodies = pa.record_batch(
        {"review_headline": [""] * len(HELD), "review_body": [text for _, text in HELD]}
    )
    said: list[int] = bundle.predict_proba(bundle.clean(bodies)).argmax(axis=1).tolist()
    right = [bundle.labels[one] == str(label) for one, (label, _) in zip(said, HELD, strict=True)]
    return sum(right) / len(right)


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_a_channel_of_files(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    files = {"a/one.txt": label_lines(TRAIN[:150]), "two.txt": label_lines(TRAIN[150:])}
    channels = {"train": {"files": files, "TrainingInputMode": mode}}
    base = opt_ml(tmp_path / "ml", {"model": "linear", "test_share": "0.25"}, channels)
    assert trained(base, monkeypatch) == 0
    assert share_right(base) > 0.9
    said = capfd.readouterr().out
    assert float(re.search(r"#validation_accuracy: ([0-9.]+)", said)[1]) > 0.9  # type: ignore[index]
    assert float(re.search(r"#train_accuracy: ([0-9.]+)", said)[1]) > 0.9  # type: ignore[index]
    assert not (base / "output" / "failure").exists()


def test_any_family_by_a_hyper_parameter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {"train": {"files": {"t.txt": label_lines(TRAIN)}}}
    base = opt_ml(tmp_path / "ml", {"family": '"naive-bayes"', "seed": "3"}, channels)
    assert trained(base, monkeypatch) == 0
    bundle = load_bundle(base / "model")
    assert bundle.family == "naive-bayes"
    assert (bundle.settings.split.seed, bundle.settings.model["seed"]) == (3, 3)


def test_reviews_as_shops_export_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run_cli("demo-data", "--reviews", "600", "--out", tmp_path / "r.tsv")
    assert made.code == 0
    files = {"r.tsv": (tmp_path / "r.tsv").read_text()}
    channels = {"training": {"files": files}}
    hyperparameters = {"target": "stars", "fields": '["review_body"]', "max_rejects": "0.5"}
    base = opt_ml(tmp_path / "ml", hyperparameters, channels)
    assert trained(base, monkeypatch) == 0
    bundle = load_bundle(base / "model")
    assert bundle.target == "stars"
    assert bundle.settings.text.fields == ("review_body",)


def test_an_augmented_manifest_through_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = b"".join(
        recordio(text.encode()) + recordio(str(label).encode()) for label, text in TRAIN
    )
    base = opt_ml(tmp_path / "ml", {"mode": "supervised", "epochs": "8"}, {"train": PIPE})
    with pipe(base, "train", records):
        assert trained(base, monkeypatch) == 0
    assert share_right(base) > 0.9


def test_the_order_of_attributes_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = b"".join(
        recordio(f"[{label}]".encode()) + recordio(text.encode()) for label, text in TRAIN
    )
    hyperparameters = {"mode": "supervised", "epochs": "8", "attributes": "label,source"}
    base = opt_ml(tmp_path / "ml", hyperparameters, {"train": PIPE})
    with pipe(base, "train", records):
        assert trained(base, monkeypatch) == 0
    assert share_right(base) > 0.9


def test_objects_as_records_through_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    magic = b"\x0a\x23\xd7\xce"
    files = [label_lines(TRAIN[:150]).encode(), label_lines(TRAIN[150:]).encode()]
    files[0] += b"__label__1 " + b"great " * 4 + magic * 2 + b"\n"  # no text: a rejected line
    records = b"".join(map(recordio, files))
    base = opt_ml(tmp_path / "ml", {"model": "linear"}, {"train": PIPE})
    with pipe(base, "train", records):
        assert trained(base, monkeypatch) == 0
    assert share_right(base) > 0.9


def test_a_pipe_without_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = {"TrainingInputMode": "Pipe", "ContentType": "text/plain"}
    base = opt_ml(tmp_path / "ml", {"model": "linear"}, {"train": channel})
    with pipe(base, "train", label_lines(TRAIN).encode()):
        assert trained(base, monkeypatch) == 0
    assert share_right(base) > 0.9


def test_a_pipe_that_is_cut_off_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = opt_ml(tmp_path / "ml", {}, {"train": PIPE})
    with pipe(base, "train", recordio(b"__label__1 great\n" * 9)[:-3]):
        assert trained(base, monkeypatch) != 0
    assert "cut off" in (base / "output" / "failure").read_text()


def test_blazingtext_as_a_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    channels = {
        "train": {"files": {"t.txt": label_lines(TRAIN)}},
        "validation": {"files": {"v.txt": label_lines(HELD)}},
    }
    hyperparameters = {
        **{"mode": "supervised", "epochs": "30", "learning_rate": "0.5", "vector_dim": "8"},
        **{"early_stopping": "True", "patience": "2", "min_epochs": "3", "buckets": "1000"},
        **{"min_count": "1", "clear_words": "true", "_tuning_objective_metric": "x"},
    }
    base = opt_ml(tmp_path / "ml", hyperparameters, channels)
    assert trained(base, monkeypatch) == 0
    said = capfd.readouterr().out
    by_epoch = [float(one) for one in re.findall(r"Validation accuracy: ([0-9.]+)", said)]
    assert 3 <= len(by_epoch) < 30  # it ended early
    assert "Validation accuracy improved! Storing best weights..." in said
    final = float(re.search(r"#validation_accuracy: ([0-9.]+)", said)[1])  # type: ignore[index]
    assert final == pytest.approx(max(by_epoch), abs=0.02)
    assert "Number of validation examples: 80" in said
    theirs = fasttext.load_model(str(base / "model" / "model.bin"))
    right = [theirs.predict(text)[0][0] == f"__label__{label}" for label, text in HELD]
    assert sum(right) / len(right) == pytest.approx(final, abs=0.02)
    labels = json.loads((base / "model" / "labels.json").read_text())
    assert [one["fasttext"] for one in labels] == ["__label__0", "__label__1"]


def test_several_labels_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = label_lines(TRAIN).replace("__label__1 ", "__label__1 __label__happy ")
    channels = {"train": {"files": {"t.txt": lines}}}
    base = opt_ml(tmp_path / "ml", {"mode": "supervised", "epochs": "20", "lr": "1"}, channels)
    assert trained(base, monkeypatch) == 0
    bundle = load_bundle(base / "model")
    assert bundle.labels == ["0", "1", "happy"]
    assert bundle.target == "labels"


def test_vectors_of_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    words = sorted({word for _, text in TRAIN for word in text.split()})[:8]
    pairs = "".join(f"{a},{b},{number}\n" for number, (a, b) in enumerate(pairwise(words)))
    channels = {
        "train": {"files": {"t.txt": "".join(f"{text}\n" for _, text in TRAIN)}},
        "evaluation": {"files": {"pairs.csv": f"{pairs}unheard,of,3\n"}},
    }
    hyperparameters = {
        **{"mode": "batch_skipgram", "vector_dim": "12", "subwords": "False", "epochs": "2"},
        **{"window_size": "3", "negative_samples": "4", "sampling_threshold": "0.01"},
        **{"batch_size": "11", "evaluation": "True"},
    }
    base = opt_ml(tmp_path / "ml", hyperparameters, channels)
    assert trained(base, monkeypatch) == 0, (base / "output" / "failure").read_text()
    head, *rest = (base / "model" / "vectors.txt").read_text().splitlines()
    assert head.split() == [str(len(rest)), "12"]
    theirs = fasttext.load_model(str(base / "model" / "vectors.bin"))
    assert theirs.get_dimension() == 12
    figures = json.loads((base / "model" / "eval.json").read_text())
    assert (figures["pairs"], figures["missing"]) == (7, 1)
    said = capfd.readouterr().out
    rho = float(re.search(r"#mean_rho: (-?[0-9.]+)", said)[1])  # type: ignore[index]
    assert rho == pytest.approx(figures["mean_rho"], abs=1e-4)


@pytest.mark.parametrize(
    ("hyperparameters", "channels", "sentence"),
    [
        ({"epochz": "3"}, {"train": {"files": {"t": "x"}}}, "no hyper-parameter 'epochz'"),
        ({"model": "nothing"}, {"train": {"files": {"t": "x"}}}, "nothing"),
        ({"mode": "magic"}, {"train": {"files": {"t": "x"}}}, "supervised"),
        ({}, {"data": {"files": {"t": "x"}}}, "no channel train"),
        ({}, {"train": {}}, "has no file"),
        ({"mode": "supervised", "early_stopping": "True"},
         {"train": {"files": {"t.txt": label_lines(TRAIN)}}}, "validation"),
        ({"test_share": "a lot"}, {"train": {"files": {"t": "x"}}}, "test_share"),
    ],
)  # fmt: skip
def test_a_failure_is_one_sentence(
    hyperparameters: dict[str, str],
    channels: dict[str, dict[str, object]],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = opt_ml(tmp_path / "ml", hyperparameters, channels)
    assert trained(base, monkeypatch) != 0
    failure = (base / "output" / "failure").read_text()
    assert sentence in failure
    assert len(failure) <= 1024
    assert "\n" not in failure
    assert not any((base / "model").iterdir())


def test_hyper_parameters_that_are_no_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = opt_ml(tmp_path / "ml", {}, {"train": {"files": {"t.txt": label_lines(TRAIN)}}})
    (base / "input/config/hyperparameters.json").write_text('{"epochs": 5}')
    assert trained(base, monkeypatch) != 0
    assert "texts only" in (base / "output" / "failure").read_text()


def test_the_first_host_learns_for_all(tmp_path: Path) -> None:
    channels = {"train": {"files": {"t.txt": label_lines(TRAIN)}}}
    hosts = ["algo-1", "algo-2"]
    bases = [opt_ml(tmp_path / one, {}, channels, hosts, one) for one in hosts]
    processes = [entry_point("train", base) for base in bases]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert share_right(bases[0]) > 0.9
    assert not any((bases[1] / "model").iterdir())


def test_sigterm_saves_what_is_learnt_and_ends_well(tmp_path: Path) -> None:
    channels = {
        "train": {"files": {"t.txt": label_lines(texts(2000))}},
        "validation": {"files": {"v.txt": label_lines(HELD)}},
    }
    hyperparameters = {"mode": "supervised", "epochs": "1000", "vector_dim": "200", "lr": "0.2"}
    base = opt_ml(tmp_path / "ml", hyperparameters, channels)
    process = entry_point("train", base)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Validation accuracy:"):
            break
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert time.monotonic() - begun < 110
    assert share_right(base) > 0.9


def test_sigterm_with_nothing_to_save_says_so(tmp_path: Path) -> None:
    base = opt_ml(tmp_path / "ml", {}, {"train": PIPE})  # a pipe that never comes
    program = "import sys; from reviewdesk.aws.train import main; print(flush=True); main(0.5)"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(base)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 1
    assert "before it had learnt anything" in (base / "output" / "failure").read_text()


def test_checkpoints_are_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    channels = {"train": {"files": {"t.txt": label_lines(TRAIN)}}}
    base = opt_ml(tmp_path / "ml", {"model": "naive-bayes"}, channels)
    (base / "checkpoints").mkdir()
    assert trained(base, monkeypatch) == 0
    kept = base / "checkpoints" / "reviewdesk" / "prepared-train" / "manifest.json"
    before = kept.stat().st_mtime_ns
    assert trained(base, monkeypatch) == 0
    assert kept.stat().st_mtime_ns == before  # not prepared again


def test_hosts_with_a_part_each_send_it_to_the_first(tmp_path: Path) -> None:
    port = free_port()
    hosts = ["127.0.0.1", "127.0.0.2"]
    parts = [label_lines(one for one in TRAIN if one[0] == label) for label in (0, 1)]
    sharded = {"S3DistributionType": "ShardedByS3Key"}
    bases = [
        opt_ml(
            tmp_path / host, {"model": "naive-bayes"},
            {"train": {**sharded, "files": {"deep/part": part}}}, hosts, host,
        )
        for host, part in zip(hosts, parts, strict=True)
    ]  # fmt: skip
    processes = [entry_point("train", one, REVIEWDESK_SHARDS_PORT=str(port)) for one in bases]
    for process in processes:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
    assert share_right(bases[0]) > 0.9  # each host has seen one of the labels only
    assert not any((bases[1] / "model").iterdir())


def test_a_host_that_sends_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "f").write_text("x")
    hosts = Hosts("127.0.0.1", ("127.0.0.1", "127.0.0.2"))
    shards = Shards(hosts, {"train": tmp_path / "own"}, patience=0.2)
    with pytest.raises(InputError, match=r"from 127.0.0.2"):
        shards.gather(tmp_path / "all")
    with pytest.raises(InputError, match="cannot be reached"):
        Shards(Hosts("127.0.0.2", hosts.names), {"train": tmp_path / "own"}, 0.2).send()


def libsvm(pairs: list[tuple[int, str]]) -> str:
    """Return counts of words as LIBSVM has them."""
    words = sorted({word for _, text in TRAIN for word in text.split()})
    lines = []
    for label, text in pairs:
        counts = sorted((words.index(one), text.split().count(one)) for one in {*text.split()})
        lines.append(f"{label} " + " ".join(f"{place + 1}:{n}" for place, n in counts))
    return "\n".join(lines) + "\n"


def test_lines_of_features_are_learnt_and_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    channels = {
        "train": {"files": {"a.libsvm": libsvm(TRAIN)}},
        "validation": {"files": {"b.libsvm": libsvm(HELD)}},
    }
    quick = {"epochs": "6", "batch": "32", "learning_rate": "0.01", "embedding_rate": "0.02"}
    base = opt_ml(tmp_path / "ml", {"model": "mlp", **quick}, channels)
    assert trained(base, monkeypatch) == 0
    said = capfd.readouterr().out
    assert float(re.search(r"#validation_accuracy: ([0-9.]+)", said)[1]) > 0.9  # type: ignore[index]
    bundle = load_bundle(base / "model")
    assert bundle.family == "mlp"
    assert bundle.manifest["data"]["rows"]["test"] == len(HELD)
    port = free_port()
    process = entry_point("serve", base, SAGEMAKER_BIND_TO_PORT=str(port))
    try:
        answer = answered(process, port, libsvm(HELD).encode(), "text/x-libsvm")
    finally:
        process.terminate()
        process.communicate(timeout=60)
    labels = [line.split(",")[0] for line in answer.splitlines()]
    right = [one == str(label) for one, (label, _) in zip(labels, HELD, strict=True)]
    assert sum(right) / len(right) > 0.9


def answered(process: "subprocess.Popen[str]", port: int, body: bytes, kind: str) -> str:
    """Return what a server says once it listens."""
    assert process.stdout is not None
    assert any("listening" in line for line in process.stdout)
    url = f"http://127.0.0.1:{port}/invocations"
    answer = httpx.post(url, content=body, headers={"content-type": kind}, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_what_features_cannot_be_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {"train": {"files": {"a.libsvm": libsvm(TRAIN)}}}
    base = opt_ml(tmp_path / "ml", {"model": "mlp", "target": "stars"}, channels)
    assert trained(base, monkeypatch) != 0
    assert "leave target out" in (base / "output" / "failure").read_text()

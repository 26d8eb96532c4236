"""``serve`` as SageMaker starts it: a bundle, a model of BlazingText's, what it takes to start."""

import json
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fasttext
import httpx
import pytest

from reviewdesk.aws.serve import open_model, serve_settings
from reviewdesk.desk.by_accept import ANALYSIS
from reviewdesk.errors import BundleError, UsageError
from tests.aws.opt_ml import entry_point, label_lines, opt_ml, texts
from tests.aws.test_train import HELD, TRAIN
from tests.aws.webapp.gateways import small_bundle


@contextmanager
def serving(base: Path, **environment: str) -> Iterator[httpx.Client]:
    """Start the entry point, wait for its ping, and end it; it must end well."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = entry_point("serve", base, SAGEMAKER_BIND_TO_PORT=str(port), **environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            for _ in range(600):
                assert process.poll() is None, process.communicate()[1]
                try:
                    answer = client.get("/ping", timeout=2)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            assert (answer.status_code, answer.content) == (200, b"")
            yield client
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
    finally:
        process.kill()
        process.communicate()


def theirs(folder: Path) -> Path:
    """Train fastText's own library and leave its file as BlazingText does, in a model.tar.gz."""
    folder.mkdir()
    (folder / "t.txt").write_text(label_lines(TRAIN))
    model = fasttext.train_supervised(str(folder / "t.txt"), dim=8, epoch=20, thread=12, verbose=0)
    model.save_model(str(folder / "model.bin"))
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "model.bin", "model.bin")
    return folder / "model.tar.gz"


def test_a_verdict_with_its_words_by_the_media_type(tmp_path: Path) -> None:
    """What the page asks reaches a container through SageMaker's one address."""
    base = opt_ml(tmp_path / "ml", {})
    (base / "model").rmdir()
    small_bundle(base / "model", tmp_path / "reviews.csv")
    with serving(base) as client:
        sent = {"review_headline": "", "review_body": "great love"}
        answer = client.post("/invocations", json=sent, headers={"accept": ANALYSIS})
        assert answer.json()["judgements"][0]["verdict"] == "Positive"
        assert client.post("/desk/analyse", json=sent).json() == answer.json()
        assert client.post("/invocations", json={"instances": ["great"]}).status_code == 200


def test_a_model_of_blazingtext_is_served(tmp_path: Path) -> None:
    archive = theirs(tmp_path / "theirs")
    base = opt_ml(tmp_path / "ml", {})
    (base / "model").mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-xzf", archive, "-C", base / "model"], check=True)
    original = fasttext.load_model(str(tmp_path / "theirs" / "model.bin"))
    lines = [text for _, text in HELD]
    with serving(base, SAGEMAKER_MAX_PAYLOAD_IN_MB="1") as client:
        request = {"instances": lines, "configuration": {"k": 2}}
        answers = client.post("/invocations", json=request, timeout=60).json()
        for line, answer in zip(lines, answers, strict=True):
            labels, probabilities = original.predict(line, k=2)
            assert answer["label"] == list(labels)
            assert answer["prob"] == pytest.approx(probabilities, abs=1e-5)
        body = "".join(json.dumps({"source": line}) + "\n" for line in lines)
        headers = {"content-type": "application/jsonlines", "x-unknown": "1"}
        answer = client.post("/invocations", content=body, headers=headers).text.splitlines()
        assert [json.loads(one)["label"] for one in answer] == [one["label"][:1] for one in answers]
        told = client.get("/execution-parameters").json()
        assert told["MaxPayloadInMB"] == 1
        assert told["BatchStrategy"] == "MULTI_RECORD"
        large = client.post(
            "/invocations", content=b"x" * (2 << 20), headers={"content-type": "text/plain"}
        )
        assert large.status_code == 413


def test_what_a_model_directory_may_hold(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no model"):
        open_model(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"nothing that fastText wrote")
    with pytest.raises(BundleError, match="model.bin"):
        open_model(tmp_path)


def test_vectors_of_words_are_not_served(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("".join(f"{text}\n" for _, text in texts(200)))
    model = fasttext.train_unsupervised(str(tmp_path / "t.txt"), dim=4, epoch=1, verbose=0)
    model.save_model(str(tmp_path / "model.bin"))
    with pytest.raises(BundleError, match="gives no labels"):
        open_model(tmp_path)


def test_what_the_platform_says_in_the_environment() -> None:
    settings = serve_settings(None, None)
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)
    assert settings.max_body_bytes == 6 << 20
    assert serve_settings("8090", "100").max_body_bytes == 100 << 20
    with pytest.raises(UsageError, match="whole numbers"):
        serve_settings("x", None)


def test_serving_loads_neither_torch_nor_scikit_learn(tmp_path: Path) -> None:
    channels = {"train": {"files": {"t.txt": label_lines(TRAIN)}}}
    base = opt_ml(tmp_path / "ml", {"model": "linear"}, channels)
    process = entry_point("train", base)
    process.communicate(timeout=120)
    assert process.returncode == 0
    program = """if True:
        import sys
        for name in ("torch", "sklearn", "scipy", "duckdb", "boto3", "typer"):
            sys.modules[name] = None
        from pathlib import Path
        import pyarrow as pa
        from reviewdesk.aws.serve import open_model
        bundle = open_model(Path(sys.argv[1]))
        batch = pa.record_batch({"review_headline": [""], "review_body": ["great love works"]})
        print(bundle.labels[bundle.predict_proba(batch)[0].argmax()])
    """
    done = subprocess.run(
        [sys.executable, "-c", program, base / "model"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "1", done.stderr


def test_the_image_is_started_with_a_word_that_says_what_it_does() -> None:
    command = [sys.executable, "-m", "reviewdesk.aws"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "train, serve or gate" in done.stderr

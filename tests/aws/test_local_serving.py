"""Models under the emulator: a container that keeps the contract, and one for each fault."""

import json
import socket
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

import reviewdesk as rd
from reviewdesk.aws.local.limits import ContainerLimits
from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.serving import emulate_serving
from reviewdesk.errors import BundleError, UsageError
from tests.aws.opt_ml import free_port
from tests.aws.test_local_training import CONTAINER

SHORT = ContainerLimits(stop_serving=1.0, ping=0.6, start=2.5, answer=1.0)


def model(folder: Path, *members: Path, **environment: str) -> Path:
    """Write a model's archive and a request of CreateModel for it."""
    folder.mkdir(exist_ok=True)
    (folder / "m").write_text("weights")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        for member in members or (folder / "m",):
            archive.add(member, member.name)
    container = {"Image": "image", "ModelDataUrl": f"file://{folder}/model.tar.gz"}
    container |= {"Environment": environment} if environment else {}  # type: ignore[dict-item]
    request = {"ModelName": "model-1", "PrimaryContainer": container}
    (folder / "model.json").write_text(json.dumps(request))
    return folder / "model.json"


def run(folder: Path, fault: str, **settings: Any) -> Report:
    body = folder / "body.jsonl"
    path = model(folder)
    body.write_text('{"source": "great"}\n' * 3)
    settings = {"requests": [body], "content_type": "application/jsonlines", **settings}
    base = folder / "ml"
    base.mkdir()
    return emulate_serving(
        path, [*CONTAINER, fault], base=base, port=free_port(), limits=SHORT, **settings
    )


@pytest.mark.parametrize("fault", ["none", "no-parameters"])
def test_a_container_that_keeps_the_contract(fault: str, tmp_path: Path) -> None:
    heard: list[str] = []
    report = run(tmp_path, fault, hear=heard.append)
    assert report.well, report
    assert report.answers == {200: 2}
    assert (tmp_path / "ml" / "model" / "m").read_text() == "weights"
    environment = json.loads(heard[0])
    assert "SAGEMAKER_BATCH" not in environment


@pytest.mark.parametrize(
    ("fault", "rule", "words"),
    [
        ("loopback", "address", "0.0.0.0"),
        ("pong", "ping", "must be empty"),
        ("slow-ping", "ping", "not answered within 0.6 seconds"),
        ("one-at-a-time", "ping", "while a request was worked on"),
        ("sick", "start", "answered with 503"),
        ("nothing-listens", "start", "nothing listened"),
        ("bad-parameters", "execution-parameters", "MULTI_RECORD"),
        ("slow-answer", "answer", "within 1 seconds"),
        ("headers", "unknown-headers", "must be ignored"),
        ("large-answer", "payload", "7,000,000 bytes"),
        ("writes-model", "model-read-only", "only read"),
        ("deaf", "sigterm", "was killed"),
    ],
)
def test_every_fault_is_named(fault: str, rule: str, words: str, tmp_path: Path) -> None:
    report = run(tmp_path, fault)
    assert {one.rule for one in report.violations} == {rule}, report
    assert words in report.violations[0].sentence
    assert not report.well


def test_a_container_that_does_not_serve(tmp_path: Path) -> None:
    report = run(tmp_path, "ends")
    assert (report.status, report.violations) == ("Failed", [])
    assert "exit code 1 before it served" in report.reason


def test_a_container_that_refuses_or_dies(tmp_path: Path) -> None:
    report = run(tmp_path, "refuses")
    assert report.status == "Failed"
    assert "ModelError" in report.reason
    (tmp_path / "again").mkdir()
    report = run(tmp_path / "again", "dies")
    assert report.status == "Failed"
    assert not report.well


def test_a_request_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (6_291_456 + 1))
    report = run(tmp_path, "none", requests=[tmp_path / "large"])
    assert [one.rule for one in report.violations] == ["payload"]
    assert not report.answers


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        with pytest.raises(UsageError, match=f"listens on port {port} already"):
            emulate_serving(model(tmp_path), CONTAINER, base=tmp_path / "ml", port=port)


def test_a_model_archive_that_is_hostile(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    path = model(tmp_path / "model", tmp_path / "link")
    with pytest.raises(BundleError, match="link"):
        emulate_serving(path, CONTAINER, base=tmp_path / "ml", port=free_port())


def test_a_model_that_the_api_would_not_take(tmp_path: Path) -> None:
    path = model(tmp_path)
    request = json.loads(path.read_text())
    path.write_text(json.dumps({**request, "ModelName": "no model!"}))
    report = emulate_serving(path, [sys.executable], base=tmp_path / "ml", port=free_port())
    assert report.status == "Refused"


def test_from_python(tmp_path: Path) -> None:
    (tmp_path / "body").write_text("one")
    settings: dict[str, Any] = {"command": [*CONTAINER, "none"], "port": free_port()}
    report = rd.emulate(
        "serve", model(tmp_path / "m"), requests=[tmp_path / "body"],
        content_type="text/plain", **settings,
    )  # fmt: skip
    assert report.well, report
    assert report.to_json()["answers"] == {"200": 2}
    with pytest.raises(UsageError, match="needs the model"):
        rd.emulate("transform", tmp_path / "job.json", **settings)

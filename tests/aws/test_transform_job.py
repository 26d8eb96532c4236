"""Batch transforms with an account, which moto's server stands for."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

import reviewdesk as rd
from reviewdesk.aws.transform_job import run_transform_job
from reviewdesk.errors import ReviewdeskError, UsageError
from tests.aws.test_local_serving import model
from tests.aws.test_local_transform import job
from tests.cli.conftest import run_cli
from tests.s3 import Bucket, bucket


@pytest.fixture(scope="module")
def account() -> Iterator[Bucket]:
    with bucket() as one:
        yield one


def request_of_model(folder: Path, name: str) -> Path:
    path = model(folder)
    request = json.loads(path.read_text())
    request["ModelName"] = name
    request["ExecutionRoleArn"] = "arn:aws:iam::000000000000:role/nobody"
    request["PrimaryContainer"]["ModelDataUrl"] = "s3://shop-reviews/model.tar.gz"
    path.write_text(json.dumps(request))
    return path


def request_of_job(folder: Path, name: str, **settings: Any) -> Path:
    path = job(folder, "s3://shop-reviews/in/", **settings)
    request = json.loads(path.read_text())
    request["TransformJobName"] = name
    request["TransformOutput"]["S3OutputPath"] = "s3://shop-reviews/out"
    path.write_text(json.dumps(request))
    return path


def test_a_job_is_made_as_asked_and_waited_for(account: Bucket, tmp_path: Path) -> None:
    path = request_of_job(tmp_path, "one", BatchStrategy="MultiRecord", MaxPayloadInMB=1)
    made = request_of_model(tmp_path / "model", "model-1")
    heard: list[str] = []
    found = run_transform_job(path, model=made, report=heard.append, poll_seconds=0.1)
    assert (found.name, found.status) == ("one", "Completed")
    assert heard[-1] == "Completed"
    client = boto3.client("sagemaker", endpoint_url=account.endpoint)
    there = client.describe_transform_job(TransformJobName="one")
    for name, value in json.loads(path.read_text()).items():
        assert there[name] == value
    assert client.describe_model(ModelName="model-1")["ModelName"] == "model-1"


def test_on_the_command_line_and_from_python(account: Bucket, tmp_path: Path) -> None:
    done = run_cli("aws", "transform", request_of_job(tmp_path, "two"), "--json")
    assert done.code == 0, done.err
    assert done.json()["output"] == "s3://shop-reviews/out"
    assert rd.transform(request_of_job(tmp_path, "three")).status == "Completed"


def test_nothing_is_sent_that_would_be_refused(account: Bucket, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="aws local transform"):
        run_transform_job(job(tmp_path, "file:///tmp/in/"))
    with pytest.raises(UsageError, match="100 are allowed"):
        run_transform_job(
            request_of_job(tmp_path, "x", MaxPayloadInMB=60, MaxConcurrentTransforms=2)
        )
    client = boto3.client("sagemaker", endpoint_url=account.endpoint)
    jobs = client.list_transform_jobs()["TransformJobSummaries"]
    assert "x" not in [one["TransformJobName"] for one in jobs]


class _Refusing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = b'{"__type": "ValidationException", "message": "there is no model-1"}'
        self.send_response(400)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_what_sagemaker_refuses_is_said(
    account: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        done = run_cli("aws", "transform", request_of_job(tmp_path, "refused"))
        server.shutdown()
    assert done.code == 1
    assert "refuses the job with ValidationException: there is no model-1" in done.err


def test_no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ReviewdeskError, match="cannot be asked"):
        run_transform_job(request_of_job(tmp_path, "four"))

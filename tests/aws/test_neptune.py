"""Loads into Neptune: S3 is moto's, the loader a stand-in that reads what was sent there."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.neptune import GraphSettings, LoadFailed, load_graph
from reviewdesk.aws.webapp.gateway import listening
from reviewdesk.aws.webapp.gateway_events import HttpRequest
from reviewdesk.errors import InputError, UsageError
from reviewdesk.serving.direct import DirectAnswer
from tests.aws.control.cloud import Cloud
from tests.aws.control.conftest import _door, account, aws, shop
from tests.cli.conftest import run_cli
from tests.formats.test_neptune_files import EDGES, NODES
from tests.formats.test_neptune_files import folder as folder_of

__all__ = ["_door", "account", "aws"]
ROLE = "arn:aws:iam::123456789012:role/NeptuneLoadFromS3"
LOAD = "ef478d76-d9da-4d94-8ff1-08d9d4863aa5"


class Loader:
    """Neptune's loader: takes a request, passes through its states, and counts the rows on S3."""

    def __init__(self, aws: Cloud) -> None:
        self.aws = aws
        self.asked: list[dict[str, Any]] = []
        self.states = ["LOAD_NOT_STARTED", "LOAD_IN_PROGRESS"]
        self.end: dict[str, Any] = {"status": "LOAD_COMPLETED"}
        self.errors: list[dict[str, Any]] = []
        self.refusal: dict[str, Any] | None = None

    def answer(self, request: HttpRequest) -> DirectAnswer:
        if self.refusal is not None:
            headers = {"x-amzn-errortype": self.refusal["code"], "content-type": "application/json"}
            return DirectAnswer(400, headers, json.dumps(self.refusal).encode())
        if request.method == "POST" and request.path == "/loader":
            self.asked.append(json.loads(request.body))
            return self._said({"loadId": LOAD})
        assert request.path == f"/loader/{LOAD}"
        overall = {"status": self.states.pop(0)} if self.states else {**self._counts(), **self.end}
        logs = {"startIndex": 1, "endIndex": len(self.errors), "errorLogs": self.errors}
        return self._said({"feedCount": [], "overallStatus": overall, "errors": logs})

    def _counts(self) -> dict[str, Any]:
        bucket, _, prefix = self.asked[-1]["source"].removeprefix("s3://").partition("/")
        client, rows = self.aws.client("s3"), 0
        for one in client.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
            text = client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read().decode()
            rows += len(list(csv.reader(io.StringIO(text)))) - 1
        return {"totalRecords": rows, "totalDuplicates": 0}

    def _said(self, payload: dict[str, Any]) -> DirectAnswer:
        said = {"status": "200 OK", "payload": payload}
        return DirectAnswer(200, {"content-type": "application/json"}, json.dumps(said).encode())


@pytest.fixture
def loader(aws: Cloud) -> Loader:
    return Loader(aws)


@pytest.fixture
def settings(loader: Loader) -> Iterator[GraphSettings]:
    with listening(loader.answer) as port:
        yield GraphSettings(cluster=f"http://127.0.0.1:{port}", loader_role=ROLE)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return folder_of(tmp_path / "out", nodes=NODES, edges=EDGES)


def test_files_are_sent_and_loaded(
    account: Account, loader: Loader, settings: GraphSettings, files: Path
) -> None:
    heard: list[str] = []
    done = load_graph(account, files, settings, hear=heard.append, poll_seconds=0.01)
    assert (done.load, done.status, done.records) == (LOAD, "LOAD_COMPLETED", 4)
    (asked,) = loader.asked
    assert asked["format"] == "csv"
    assert asked["iamRoleArn"] == ROLE
    assert asked["region"] == "us-east-1"
    assert heard[-3:] == ["LOAD_NOT_STARTED", "LOAD_IN_PROGRESS", "LOAD_COMPLETED"]
    again = load_graph(account, files, settings, hear=heard.append, poll_seconds=0.01)
    assert again.source == done.source
    assert any("; 0 files sent" in line for line in heard)
    (files / "edges.csv").unlink()  # a file that is gone is not loaded from what was sent before
    assert load_graph(account, files, settings, poll_seconds=0.01).records == 2


def test_files_that_break_a_rule_are_not_sent(
    account: Account, aws: Cloud, loader: Loader, settings: GraphSettings, files: Path
) -> None:
    (files / "edges.csv").write_text("~id,~from,~to\n1,a,nobody\n")
    aws.calls.clear()
    with pytest.raises(InputError, match=r"edges\.csv, line 2: an edge ends at a node"):
        load_graph(account, files, settings)
    assert (aws.calls, loader.asked) == ([], [])


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ({"status": "LOAD_S3_ACCESS_DENIED_ERROR"}, "role of --loader-role"),
        ({"status": "LOAD_S3_READ_ERROR"}, "endpoint of S3"),
        ({"status": "LOAD_CANCELLED_BY_USER"}, "somebody cancelled"),
        ({"status": "LOAD_FAILED", "insertErrors": 2, "parsingErrors": 0}, "2 rows not inserted"),
        ({"status": "LOAD_SOMETHING_NEW"}, "user guide"),
    ],
)
def test_each_end_that_is_not_well_has_a_name(
    account: Account, loader: Loader, settings: GraphSettings, files: Path, end: Any, expected: str
) -> None:
    loader.end = end
    where = {"fileName": "s3://b/k/nodes.csv", "recordNum": 7}
    code, text = "SINGLE_CARDINALITY_VIOLATION", "the secret text"
    loader.errors = [{"errorCode": code, "errorMessage": text, **where}]
    with pytest.raises(LoadFailed, match=expected) as error:
        load_graph(account, files, settings, poll_seconds=0.01)
    assert error.value.reason == end["status"]
    assert "SINGLE_CARDINALITY_VIOLATION in nodes.csv, record 7" in str(error.value)
    assert "secret" not in str(error.value)


def test_what_neptune_refuses(
    account: Account, loader: Loader, settings: GraphSettings, files: Path
) -> None:
    loader.refusal = {"code": "InvalidParameterException", "detailedMessage": "iamRoleArn",
                      "requestId": "1"}  # fmt: skip
    with pytest.raises(ServiceError, match="StartLoaderJob with InvalidParameterException"):
        load_graph(account, files, settings, poll_seconds=0.01)
    with pytest.raises(UsageError, match="--cluster"):
        load_graph(account, files, GraphSettings())


def test_a_dry_run(aws: Cloud, loader: Loader, settings: GraphSettings, files: Path) -> None:
    account = Account(shop(), dry_run=True)
    assert load_graph(account, files, settings).load == ""
    sent = [one.operation for one in account.requests if not one.sent]
    assert sent == ["PutObject", "PutObject", "StartLoaderJob"]
    assert loader.asked == []


def test_on_the_command_line(
    aws: Cloud, loader: Loader, settings: GraphSettings, files: Path, tmp_path: Path
) -> None:
    loader.states = []
    config = tmp_path / "aws.yaml"
    config.write_text(
        f"project: shop\nbucket: {shop().bucket}\n"
        f"graph: {{cluster: '{settings.cluster}', loader_role: '{ROLE}'}}\n"
    )
    done = run_cli("aws", "graph", "load", files, "--config", config, "--json")
    assert done.code == 0, done.err
    assert done.json()["records"] == 4

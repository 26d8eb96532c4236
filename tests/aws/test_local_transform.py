"""Batch transforms under the emulator: splitting, limits, joins and filters, order, failures."""

import csv
import gzip
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.local.data_processing import DataProcessing, selector
from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.splitting import assemble, payloads, split
from reviewdesk.aws.local.transform import emulate_transform
from reviewdesk.errors import InputError, UsageError
from tests.aws.opt_ml import free_port, recordio
from tests.aws.test_local_serving import SHORT, model
from tests.aws.test_local_training import CONTAINER, files

JSON_LINES = "application/jsonlines"


def job(folder: Path, address: str, **settings: Any) -> Path:
    """Write a request of CreateTransformJob."""
    given = {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": address}},
        "ContentType": JSON_LINES,
        "SplitType": "Line",
        **settings.pop("given", {}),
    }
    output = {"S3OutputPath": f"file://{folder}/out", "Accept": JSON_LINES, "AssembleWith": "Line"}
    request = {
        "TransformJobName": "job-1",
        "ModelName": "model-1",
        "TransformInput": {name: value for name, value in given.items() if value is not None},
        "TransformOutput": {**output, **settings.pop("output", {})},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **settings,
    }
    path = folder / "job.json"
    path.write_text(json.dumps(request))
    return path


def run(folder: Path, path: Path, fault: str = "none", **settings: Any) -> Report:
    base = folder / "ml"
    base.mkdir()
    return emulate_transform(
        path, model(folder / "model"), [*CONTAINER, fault], base=base, port=free_port(),
        limits=SHORT, **settings,
    )  # fmt: skip


def lines(*sources: str) -> str:
    return "".join(json.dumps({"id": n, "source": one}) + "\n" for n, one in enumerate(sources))


def test_one_output_a_file_in_order(tmp_path: Path) -> None:
    address = files(tmp_path / "in", a=lines("one", "two"), b=lines("three"))
    (tmp_path / "in" / "deep").mkdir()
    (tmp_path / "in" / "deep" / "c").write_text(lines(*map(str, range(500))))
    heard: list[str] = []
    path = job(
        tmp_path, address, MaxPayloadInMB=1, BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=4, Environment={"MINE": "1"},
    )  # fmt: skip
    report = run(tmp_path, path, hear=heard.append)
    assert report.well, report
    assert len(report.outputs) == 3
    answers = (tmp_path / "out" / "deep" / "c.out").read_text().splitlines()
    assert [json.loads(one) for one in answers] == [{"n": 2}] * 500
    assert (tmp_path / "out" / "a.out").read_text() == '{"n": 2}\n{"n": 2}\n'
    environment = json.loads(heard[0])
    assert environment["SAGEMAKER_BATCH"] == "true"
    assert environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "1"
    assert environment["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"
    assert environment["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] == "4"
    assert environment["MINE"] == "1"
    assert report.answers == {200: 503}


def test_records_are_put_together_up_to_the_limit(tmp_path: Path) -> None:
    address = files(tmp_path / "in", a="1,2\n" * 300_000)  # 1.2 MB
    path = job(
        tmp_path, address, MaxPayloadInMB=1, given={"ContentType": "text/csv"},
        output={"Accept": "text/csv"},
    )  # fmt: skip
    report = run(tmp_path, path)
    assert report.well, report
    assert report.answers == {200: 2}
    assert (tmp_path / "out" / "a.out").read_text() == "3.0\n" * 300_000


def test_joined_json_lines(tmp_path: Path) -> None:
    address = files(tmp_path / "in", a=lines("one", "two"))
    processing = {
        "JoinSource": "Input",
        "InputFilter": "$['source','id']",
        "OutputFilter": "$['id','SageMakerOutput']",
    }
    report = run(tmp_path, job(tmp_path, address, DataProcessing=processing))
    assert report.well, report
    kept = [json.loads(one) for one in (tmp_path / "out" / "a.out").read_text().splitlines()]
    assert kept == [{"id": n, "SageMakerOutput": {"n": 2}} for n in range(2)]


def test_joined_csv(tmp_path: Path) -> None:
    address = files(tmp_path / "in", a='7,1,2,"x,y"\n8,3,4,z\n')
    processing = {"JoinSource": "Input", "InputFilter": "$[1:3]", "OutputFilter": "$[0,3,-1]"}
    path = job(
        tmp_path, address, DataProcessing=processing, given={"ContentType": "text/csv"},
        output={"Accept": "text/csv"},
    )  # fmt: skip
    report = run(tmp_path, path)
    assert report.well, report
    with (tmp_path / "out" / "a.out").open(newline="") as file:
        assert list(csv.reader(file)) == [["7", "x,y", "3.0"], ["8", "z", "7.0"]]


def test_a_file_that_fails_fails_the_job(tmp_path: Path) -> None:
    address = files(tmp_path / "in", a=lines("one"), b=lines("two", "refuse"), c=lines("three"))
    path = job(tmp_path, address, BatchStrategy="SingleRecord")
    report = run(tmp_path, path)
    assert report.status == "Failed"
    assert "b: a request was answered with 400" in report.reason
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["a.out", "c.out"]


def test_what_helps_is_tried_again(tmp_path: Path) -> None:
    address = files(tmp_path / "in", a=lines("one"))
    report = run(tmp_path, job(tmp_path, address), "flaky")
    assert report.well, report
    assert report.answers == {200: 1, 500: 2}
    (tmp_path / "2").mkdir()
    path = job(tmp_path / "2", address, ModelClientConfig={"InvocationsMaxRetries": 1})
    report = run(tmp_path / "2", path, "flaky")
    assert report.status == "Failed"
    assert report.answers == {500: 2}


def test_a_join_needs_an_answer_a_record(tmp_path: Path) -> None:
    address = files(tmp_path / "in", a=lines("one", "two"))
    report = run(tmp_path, job(tmp_path, address, DataProcessing={"JoinSource": "Input"}), "loses")
    assert "2 records were answered with 1" in report.reason


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("text/csv", '1,"a\nb"\n', "a: line 1 ends inside quotes"),
        (JSON_LINES, '{"source": "a"}\n{"source":\n', "a: line 2 is no JSON"),
    ],
)
def test_lines_that_are_no_records(kind: str, content: str, words: str, tmp_path: Path) -> None:
    address = files(tmp_path / "in", a=content)
    path = job(tmp_path, address, given={"ContentType": kind}, output={"Accept": kind})
    report = run(tmp_path, path)
    assert report.status == "Failed"
    assert words in report.reason
    assert not report.answers


def test_any_payload_in_chunks(tmp_path: Path) -> None:
    address = files(tmp_path / "in", a="1,2\n" * 300_000)
    path = job(
        tmp_path, address, MaxPayloadInMB=0, given={"ContentType": "text/csv"},
        output={"Accept": "text/csv"},
    )  # fmt: skip
    report = run(tmp_path, path, "chunks")
    assert report.well, report
    assert report.answers == {200: 1}
    assert (tmp_path / "out" / "a.out").read_text() == "3.0\n" * 300_000


def test_whole_files_and_gzip(tmp_path: Path) -> None:
    address = files(tmp_path / "in")
    (tmp_path / "in" / "a.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    given = {"SplitType": None, "CompressionType": "Gzip", "ContentType": "text/plain"}
    path = job(tmp_path, address, given=given, output={"AssembleWith": "None"})
    report = run(tmp_path, path)
    assert report.well, report
    assert (tmp_path / "out" / "a.gz.out").read_text() == "2 lines, 8 bytes"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"MaxPayloadInMB": 30, "MaxConcurrentTransforms": 4}, "100 are allowed"),
        ({"ModelClientConfig": {"InvocationsMaxRetries": 4}}, "at most 3"),
        ({"BatchStrategy": "MultiRecord", "given": {"SplitType": "None"}}, "SplitType"),
        ({"DataProcessing": {"InputFilter": "id"}}, "does not begin with"),
        ({"DataProcessing": {"JoinSource": "Input"}, "output": {"Accept": "text/csv"}}, "equals"),
        ({"DataProcessing": {"JoinSource": "Input"}, "output": {"AssembleWith": "None"}},
         "AssembleWith"),
        ({"DataProcessing": {"InputFilter": "$.x"}, "given": {"ContentType": "text/plain"}},
         "ContentType"),
    ],
)  # fmt: skip
def test_jobs_that_the_api_would_not_take(
    settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    address = files(tmp_path / "in", a=lines("one"))
    report = run(tmp_path, job(tmp_path, address, **settings))
    assert report.status == "Refused"
    assert any(words in one.sentence for one in report.violations), report


VALUE = {"a": 1, "b": [10, 20, 30, 40], "c": {"d": 5}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", VALUE),
        ("$.a", 1),
        ("$.c.d", 5),
        ("$['a']", 1),
        ("$['a','c']", {"a": 1, "c": {"d": 5}}),
        ("$.b[0]", 10),
        ("$.b[-1]", 40),
        ("$.b[1,3]", [20, 40]),
        ("$.b[1:3]", [20, 30]),
        ("$.b[2:]", [30, 40]),
        ("$.b[:-1]", [10, 20, 30]),
        ("$.*", [1, [10, 20, 30, 40], {"d": 5}]),
        ("$.b[*]", [10, 20, 30, 40]),
    ],
)
def test_paths(path: str, found: Any) -> None:
    assert selector(path)(VALUE) == found


@pytest.mark.parametrize("path", ["a", "$a", "$[?(@.a)]", "$..a", "$[a]", "$." + "a" * 63])
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(UsageError):
        selector(path)


@pytest.mark.parametrize("path", ["$.z", "$['a','z']", "$.b[9]", "$.a[0]", "$[0]"])
def test_paths_to_nothing(path: str) -> None:
    with pytest.raises(InputError, match="nothing at the path"):
        selector(path)(VALUE)


def test_joins_of_all_kinds() -> None:
    both = DataProcessing("application/json", "application/json", join=True)
    assert json.loads(both.kept(b"[1, 2]", b"[3]")) == [1, 2, 3]
    assert json.loads(both.kept(b'"text"', b'{"p": 1}')) == {
        "SageMakerInput": "text",
        "SageMakerOutput": {"p": 1},
    }
    with pytest.raises(InputError, match="SageMakerOutput already"):
        both.kept(b'{"SageMakerOutput": 1}', b"2")
    with pytest.raises(InputError, match="no application/json"):
        both.kept(b"{", b"2")


def test_split_types() -> None:
    assert split(b"a\r\nb\n\nc", "Line", "it") == [b"a\r\n", b"b\n", b"c"]
    assert split(b"a\x85b\x0cc\n", "Line", "it") == [b"a\x85b\x0cc\n"]
    records = [recordio(one) for one in (b"one", struct.pack("<I", 0xCED7230A) * 2, b"")]
    assert split(b"".join(records), "RecordIO", "it") == records
    tf = [struct.pack("<QI", len(one), 0) + one + b"\0" * 4 for one in (b"x", b"yy")]
    assert split(b"".join(tf), "TFRecord", "it") == tf
    for kind, content in (("RecordIO", records[0][:-1]), ("RecordIO", b"x"), ("TFRecord", b"xyz")):
        with pytest.raises(InputError):
            split(content, kind, "it")


def test_payloads_keep_within_the_limit() -> None:
    records = [b"aa", b"bbb", b"c", b"dddd"]
    assert list(payloads(records, "MultiRecord", 5, "it")) == [[b"aa", b"bbb"], [b"c", b"dddd"]]
    assert list(payloads(records, "SingleRecord", 5, "it")) == [[one] for one in records]
    assert list(payloads(records, "MultiRecord", 0, "it")) == [records]
    with pytest.raises(InputError, match="record 4 of it has 4 bytes"):
        list(payloads(records, "MultiRecord", 3, "it"))
    assert assemble([b"a", b"b\n"], "Line") == b"a\nb\n"
    assert assemble([b"a", b"b\n"], "None") == b"ab\n"

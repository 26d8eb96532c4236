"""Training jobs under the emulator: a container that keeps the contract, and one for each fault."""

import gzip
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from reviewdesk.aws.local.limits import ContainerLimits
from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.training import emulate_training
from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.recordio import read_records
from tests.aws.opt_ml import label_lines, texts
from tests.cli.conftest import run_cli
from tests.s3 import BUCKET, bucket

CONTAINER = [sys.executable, str(Path(__file__).parent / "container.py")]
SHORT = ContainerLimits(stop_training=1.0)
ACCURACY = {"Name": "validation:accuracy", "Regex": "Validation accuracy: ([0-9.]+)"}


def channel(name: str, address: str, **settings: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": address, **settings.pop("source", {})}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **settings}


def job(folder: Path, *channels: dict[str, Any], **settings: Any) -> Path:
    """Write a request of CreateTrainingJob."""
    folder.mkdir(exist_ok=True)
    path = folder / "job.json"
    algorithm = {"TrainingImage": "image", "TrainingInputMode": "File"}
    algorithm |= settings.pop("algorithm", {})
    request = {
        "TrainingJobName": "job-1",
        "AlgorithmSpecification": algorithm,
        "RoleArn": "arn:aws:iam::000000000000:role/nobody",
        "OutputDataConfig": {"S3OutputPath": f"file://{folder}/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **({"InputDataConfig": list(channels)} if channels else {}),
        **settings,
    }
    path.write_text(json.dumps(request))
    return path


def files(folder: Path, **contents: str) -> str:
    """Write files and return their folder's address."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(content)
    return f"file://{folder}/"


def run(path: Path, fault: str = "none", **settings: Any) -> Report:
    return emulate_training(path, [*CONTAINER, fault], limits=SHORT, **settings)


def archived(folder: Path, name: str) -> dict[str, bytes]:
    with tarfile.open(folder / "out" / "job-1" / "output" / name) as archive:
        return {
            one.name: archive.extractfile(one).read()  # type: ignore[union-attr]
            for one in archive
        }


def test_a_container_that_keeps_the_contract(tmp_path: Path) -> None:
    address = files(tmp_path / "data", a="one\n", b="two\n")
    path = job(
        tmp_path,
        channel("train", address),
        HyperParameters={"epochs": "5"},
        algorithm={"MetricDefinitions": [ACCURACY]},
    )
    heard: list[str] = []
    report = run(path, hear=heard.append)
    assert report.well, report
    assert report.status == "Completed"
    assert report.metrics == {"validation:accuracy": [0.5, 0.75]}
    assert "bytes=8;" in heard
    assert archived(tmp_path, "model.tar.gz") == {"m": b"x"}


@pytest.mark.parametrize(
    ("fault", "status", "rule", "words"),
    [
        ("silent", "Failed", "failure-reason", "left no output/failure"),
        ("killed", "Failed", "failure-reason", "signal 9"),
        ("long-reason", "Failed", "failure-reason", "2,000 letters"),
        ("empty-reason", "Failed", "failure-reason", "empty"),
        ("binary-reason", "Failed", "failure-reason", "UTF-8"),
        ("reason-and-success", "Completed", "exit-code", "wrote output/failure"),
        ("no-model", "Completed", "model", "nothing in model"),
        ("link", "Completed", "model", "is a link to /etc/hostname"),
        ("fifo", "Completed", "model", "no file and no folder"),
        ("changes-input", "Completed", "input-read-only", "hyperparameters.json changed"),
        ("writes-input", "Completed", "input-read-only", "input/cache was made"),
        ("bakes", "Completed", "reserved-folder", "cache was written"),
        ("writes-output", "Completed", "reserved-folder", "output/model.bin was written"),
        ("leaves-process", "Completed", "processes", "1 of its processes"),
    ],
)
def test_every_fault_is_named(
    fault: str, status: str, rule: str, words: str, tmp_path: Path
) -> None:
    report = run(job(tmp_path, channel("train", files(tmp_path / "data", a="one\n"))), fault)
    assert report.status == status
    assert [one.rule for one in report.violations] == [rule]
    assert words in report.violations[0].sentence
    assert not report.well


def test_the_reason_of_a_failure(tmp_path: Path) -> None:
    report = run(job(tmp_path), "fails")
    assert (report.status, report.reason, report.violations) == ("Failed", "there is no data", [])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [("waits", ""), ("waits-badly", "exit code 3"), ("waits-lazily", "neither a model nor"),
     ("hangs", "was killed")],
)  # fmt: skip
def test_a_job_that_is_stopped(fault: str, words: str, tmp_path: Path) -> None:
    path = job(tmp_path, StoppingCondition={"MaxRuntimeInSeconds": 1})
    report = run(path, fault)
    assert report.status == "Stopped"
    assert [one.rule for one in report.violations] == (["sigterm"] if words else [])
    assert not words or words in report.violations[0].sentence
    assert report.well == (not words)
    if not words:
        assert archived(tmp_path, "model.tar.gz") == {"m": b"saved"}


def test_what_the_platform_sets(tmp_path: Path) -> None:
    path = job(tmp_path, Environment={"MINE": "1"})
    heard: list[str] = []
    run(path, "environment", hear=heard.append)
    environment = json.loads(next(line for line in heard if line.startswith("{")))
    assert environment["TRAINING_JOB_NAME"] == "job-1"
    assert environment["TRAINING_JOB_ARN"].endswith(":training-job/job-1")
    assert environment["AWS_REGION"]
    assert environment["MINE"] == "1"
    assert not [name for name in environment if name.startswith("SM_")]


def test_pipes_epoch_after_epoch(tmp_path: Path) -> None:
    address = files(tmp_path / "data", a="one\n", b="two\n", c="three\n")
    path = job(
        tmp_path,
        channel("plain", address, InputMode="Pipe"),
        channel("wrapped", address, InputMode="Pipe", RecordWrapperType="RecordIO",
                ShuffleConfig={"Seed": 3}),
    )  # fmt: skip
    report = run(path)
    assert report.well, report
    out = archived(tmp_path, "output.tar.gz")
    assert out["plain_0"] == out["plain_1"] == b"one\ntwo\nthree\n"
    (tmp_path / "r").write_bytes(out["wrapped_0"])
    with (tmp_path / "r").open("rb") as stream:
        assert sorted(read_records(stream, "r")) == [b"one\n", b"three\n", b"two\n"]


def test_an_augmented_manifest(tmp_path: Path) -> None:
    line = {"source": "great phone", "label": 1, "text-ref": f"file://{tmp_path}/data/a", "x": 0}
    address = files(tmp_path / "data", a="far away", m=json.dumps(line) + "\n")
    source = {
        "S3DataType": "AugmentedManifestFile",
        "S3Uri": f"{address}m",
        "AttributeNames": ["source", "label", "text-ref"],
    }
    path = job(
        tmp_path,
        channel("train", "", source=source, InputMode="Pipe", RecordWrapperType="RecordIO"),
    )
    assert run(path).well
    (tmp_path / "r").write_bytes(archived(tmp_path, "output.tar.gz")["train_0"])
    with (tmp_path / "r").open("rb") as stream:
        assert list(read_records(stream, "r")) == [b"great phone", b"1", b"far away"]


@pytest.mark.parametrize("fault", ["reads-nothing", "two-readers"])
def test_faults_with_pipes(fault: str, tmp_path: Path) -> None:
    address = files(tmp_path / "data", a="x" * 300_000)
    report = run(job(tmp_path, channel("train", address, InputMode="Pipe")), fault)
    assert [one.rule for one in report.violations] == ["pipe"], report
    assert report.status == "Completed"


def test_gzip_manifests_and_shards(tmp_path: Path) -> None:
    address = files(tmp_path / "data", b="two\n", c="three\n", d="four\n")
    (tmp_path / "data" / "a.gz").write_bytes(gzip.compress(b"one\n"))
    (tmp_path / "m.json").write_text(json.dumps([{"prefix": address}, "b", "d"]))
    listed = {"S3DataType": "ManifestFile", "S3Uri": f"file://{tmp_path}/m.json"}
    path = job(
        tmp_path,
        channel("zipped", f"{address}a", InputMode="Pipe", CompressionType="Gzip"),
        channel("listed", "", source=listed, InputMode="FastFile"),
    )
    assert [one.rule for one in run(path).violations] == ["input-mode"]
    path = job(
        tmp_path,
        channel("zipped", f"{address}a", InputMode="Pipe", CompressionType="Gzip"),
        channel("listed", "", source=listed),
    )
    report = run(path, base=tmp_path / "ml")
    assert report.well, report
    assert archived(tmp_path, "output.tar.gz")["zipped_0"] == b"one\n"
    there = sorted(one.name for one in (tmp_path / "ml/input/data/listed").iterdir())
    assert there == ["b", "d"]


def test_two_hosts_get_their_shards(tmp_path: Path) -> None:
    address = files(tmp_path / "data", a="1", b="22", c="333")
    sharded = channel("train", address, source={"S3DataDistributionType": "ShardedByS3Key"})
    two = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5}
    report = run(job(tmp_path, sharded, ResourceConfig=two), base=tmp_path / "ml")
    assert report.well, report
    parts = []
    for host in ("127.0.0.1", "127.0.0.2"):
        folder = tmp_path / "ml" / host / "input"
        told = json.loads((folder / "config" / "resourceconfig.json").read_text())
        assert (told["current_host"], told["hosts"]) == (host, ["127.0.0.1", "127.0.0.2"])
        parts.append(sorted(one.name for one in (folder / "data" / "train").iterdir()))
    assert parts == [["a", "c"], ["b"]]


def test_checkpoints_are_kept_and_given_back(tmp_path: Path) -> None:
    kept = files(tmp_path / "kept", state="1")
    path = job(tmp_path, CheckpointConfig={"S3Uri": kept})
    report = run(path, base=tmp_path / "ml")
    assert report.well
    assert (tmp_path / "ml" / "checkpoints" / "state").read_text() == "1"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"HyperParameters": {"x": "y" * 300}}, "300 letters"),
        ({"HyperParameters": {str(n): "1" for n in range(101)}}, "100 are allowed"),
        ({"TrainingJobName": "job_1"}, "form"),
        ({"algorithm": {"TrainingInputMode": "Stream"}}, "it may be: Pipe, File, FastFile"),
    ],
)
def test_jobs_that_the_api_would_not_take(
    settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    report = run(job(tmp_path, **settings))
    assert report.status == "Refused"
    assert any(words in one.sentence for one in report.violations), report


def test_a_channel_that_is_not_possible(tmp_path: Path) -> None:
    address = files(tmp_path / "data", a="1")
    channels = [
        channel("one", address, source={"S3DataType": "AugmentedManifestFile"}),
        channel("two", address, CompressionType="Gzip"),
        channel("three", address, RecordWrapperType="RecordIO"),
        channel("four", address, source={"AttributeNames": ["a"]}),
        channel("four", address),
        channel("five", f"{address}a", InputMode="FastFile"),
    ]
    report = run(job(tmp_path, *channels))
    rules = [one.rule for one in report.violations]
    assert rules == ["input-mode"] * 5 + ["channels"]


def test_tini_is_no_entry_point(tmp_path: Path) -> None:
    (tmp_path / "tini").symlink_to(sys.executable)
    command = [str(tmp_path / "tini"), *CONTAINER[1:], "none"]
    report = emulate_training(job(tmp_path), command)
    assert [one.rule for one in report.violations] == ["entry-point"]


def test_requests_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text('{"TrainingJobName": 5}')
    with pytest.raises(UsageError, match="Missing required parameter"):
        run(path)
    with pytest.raises(InputError, match="no object"):
        run(job(tmp_path, channel("train", f"file://{tmp_path}/nothing/")))
    with pytest.raises(UsageError, match="cannot be started"):
        emulate_training(job(tmp_path), ["no-such-program"])


def test_metrics_that_nobody_prints(tmp_path: Path) -> None:
    definitions = [{"Name": "a", "Regex": "nothing ([0-9])"}, {"Name": "b", "Regex": "bytes="}]
    report = run(job(tmp_path, algorithm={"MetricDefinitions": definitions}))
    assert {one.rule for one in report.violations} == {"metrics"}
    assert len(report.violations) == 3


def test_an_entry_point_in_the_job(tmp_path: Path) -> None:
    algorithm = {"ContainerEntrypoint": [*CONTAINER, "none"], "ContainerArguments": ["train"]}
    report = emulate_training(job(tmp_path, algorithm=algorithm))
    assert report.well, report


def test_our_image_on_the_command_line(tmp_path: Path) -> None:
    address = files(tmp_path / "data", train=label_lines(texts(300)))
    definition = {"Name": "train:accuracy", "Regex": "#train_accuracy: ([0-9.]+)"}
    path = job(
        tmp_path,
        channel("train", f"{address}train", InputMode="Pipe"),
        HyperParameters={"model": "linear", "seed": "1"},
        algorithm={"MetricDefinitions": [definition]},
    )
    done = run_cli("aws", "local", "train", path, "--json")
    assert done.code == 0, done.err
    report = done.json()
    assert report["violations"] == []
    assert report["metrics"]["train:accuracy"][0] > 0.9
    assert "manifest.json" in archived(tmp_path, "model.tar.gz")
    failed = run_cli("aws", "local", "train", path, "--", *CONTAINER, "silent")
    assert failed.code == 1
    assert "failure-reason" in failed.out
    assert "broke 1 rule of" in failed.err


def test_everything_on_s3(tmp_path: Path) -> None:
    with bucket() as one:
        (tmp_path / "a").write_text("one\n")
        one.upload(tmp_path / "a", "in/a")
        one.upload(tmp_path / "a", "kept/state")
        path = job(
            tmp_path, channel("train", one.address("in/")),
            OutputDataConfig={"S3OutputPath": one.address("out")},
            CheckpointConfig={"S3Uri": one.address("kept")},
        )  # fmt: skip
        report = run(path, base=tmp_path / "ml")
        assert report.well, report
        assert report.outputs == [one.address("out/job-1/output/model.tar.gz")]
        assert (tmp_path / "ml" / "checkpoints" / "state").read_text() == "one\n"
        client = boto3.client("s3", endpoint_url=one.endpoint)
        body = client.get_object(Bucket=BUCKET, Key="out/job-1/output/model.tar.gz")["Body"].read()
    (tmp_path / "m.tar.gz").write_bytes(body)
    with tarfile.open(tmp_path / "m.tar.gz") as archive:
        assert archive.getnames() == ["m"]

import io
import json
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.control.batch_job import Transformer
from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.control.settings import TrainJobSettings, TransformJobSettings
from reviewdesk.aws.control.training_job import Trainer
from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.tuning_job import TuningJob, write_tuning_job
from reviewdesk.settings import Search
from tests.aws.control.cloud import BUCKET, Cloud
from tests.aws.control.conftest import shop
from tests.aws.control.test_deploy import MODEL, asked

KEY = "arn:aws:kms:us-east-1:123456789012:key/k"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "prepared"
    folder.mkdir()
    (folder / "reviews.csv").write_text("review_body,star_rating\nfine,5\n")
    return folder


def settings(data: Path | str, **more: Any) -> TrainJobSettings:
    return TrainJobSettings(**{"data": str(data), "instance": "ml.m5.large", **more}).check()


def described(aws: Cloud, name: str) -> dict[str, Any]:
    job: dict[str, Any] = aws.client("sagemaker").describe_training_job(TrainingJobName=name)
    return job


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def learnt(account: Account, name: str, files: dict[str, bytes]) -> None:
    """Put a model where a job's would be."""
    key = f"reviewdesk/shop/jobs/{name}/output/{name}/output/model.tar.gz"
    account.client("s3").put_object(Bucket=BUCKET, Key=key, Body=archive(files))


def log(account: Account, group: str, stream: str, lines: list[str]) -> None:
    """Write a job's lines where CloudWatch keeps them."""
    logs = account.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [
        {"timestamp": round(time.time() * 1000) + n, "message": line}
        for n, line in enumerate(lines)
    ]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_a_job_is_sent_watched_and_its_model_fetched(
    aws: Cloud, account: Account, prices: Prices, data: Path, tmp_path: Path
) -> None:
    learnt(account, "job-1", {"manifest.json": b"{}", "weights/w.bin": b"w"})
    log(account, "/aws/sagemaker/TrainingJobs", "job-1/algo-1", ["first line", "second line"])
    heard: list[str] = []
    trainer = Trainer(account, prices, hear=heard.append, poll_seconds=0.01)
    asked_for = settings(data, hyper_parameters={"target": "stars"}, instances=2)
    out = tmp_path / "bundle"
    done = trainer.train(asked_for, name="job-1", out=out)
    assert done.status == "Completed"
    assert done.metrics == {"train:progress": 100.0}
    assert (out / "weights" / "w.bin").read_bytes() == b"w"
    assert sorted(path.name for path in tmp_path.iterdir() if "bundle" in path.name) == ["bundle"]
    assert heard[0] == (
        "0.600 USD an hour, at most 2.40 USD for 4 hours each (price of 2026-11-01, "
        f"{tmp_path / 'prices.yaml'})"
    )
    assert heard[-2:] == ["first line", "second line"]
    job = described(aws, "job-1")
    assert job["HyperParameters"] == {"target": "stars"}
    (channel,) = job["InputDataConfig"]
    source = channel["DataSource"]["S3DataSource"]
    assert source["S3Uri"] == f"s3://{BUCKET}/reviewdesk/shop/data/train/prepared/"
    body = account.client("s3").get_object(
        Bucket=BUCKET, Key="reviewdesk/shop/data/train/prepared/reviews.csv"
    )["Body"]
    assert body.read() == (data / "reviews.csv").read_bytes()
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 4 * 3600}
    with pytest.raises(UsageError, match="is there already"):
        trainer.train(asked_for, name="job-1", out=out)


def test_one_that_was_sent_is_watched_and_not_sent_again(
    aws: Cloud, account: Account, prices: Prices, data: Path
) -> None:
    trainer = Trainer(account, prices, poll_seconds=0.01)
    assert trainer.train(settings(data), name="job-1", wait=False).status == ""
    assert trainer.train(settings(data), name="job-1").status == "Completed"
    assert aws.calls.count("sagemaker:CreateTrainingJob") == 1
    aws.sagemaker.training_jobs["job-1"].tags = []
    with pytest.raises(UsageError, match="somebody else"):
        trainer.train(settings(data), name="job-1")


def test_how_it_failed_and_what_is_paid(
    aws: Cloud, account: Account, prices: Prices, data: Path, tmp_path: Path
) -> None:
    trainer = Trainer(account, prices, poll_seconds=0.01)
    trainer.train(settings(data, instances=2), name="job-1", wait=False)
    job = aws.sagemaker.training_jobs["job-1"]
    job.training_job_status, job.secondary_status = "Failed", "Failed"
    job.failure_reason = "AlgorithmError: no review has stars"
    job.billable_time_in_seconds = 1800
    done = trainer.train(settings(data), name="job-1", out=tmp_path / "out")
    assert (done.status, done.reason) == ("Failed", "AlgorithmError: no review has stars")
    assert done.billable_seconds == 1800
    assert done.cost == pytest.approx(0.3)
    assert not (tmp_path / "out").exists()


def test_spot_checkpoints_encryption_and_vpc(aws: Cloud, prices: Prices, data: Path) -> None:
    account = Account(
        shop(kms_key=KEY, subnets=("subnet-1",), security_groups=("sg-1",), isolated=True)
    )
    trainer = Trainer(account, prices, poll_seconds=0.01)
    trainer.train(
        settings(data, spot=True, hours=2, encrypt_traffic=True, sharded=True, input_mode="Pipe"),
        name="spot",
    )
    job = described(aws, "spot")
    assert job["EnableManagedSpotTraining"] is True
    assert job["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 7200,
        "MaxWaitTimeInSeconds": 14400,
    }
    assert job["CheckpointConfig"] == {
        "S3Uri": f"s3://{BUCKET}/reviewdesk/shop/jobs/spot/checkpoints",
        "LocalPath": "/opt/ml/checkpoints",
    }
    assert job["OutputDataConfig"]["KmsKeyId"] == KEY
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert job["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    assert job["EnableNetworkIsolation"] is True
    assert job["EnableInterContainerTrafficEncryption"] is True
    source = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["S3DataDistributionType"] == "ShardedByS3Key"
    assert job["AlgorithmSpecification"]["TrainingInputMode"] == "Pipe"
    with pytest.raises(UsageError, match="wait_hours"):
        trainer.train(settings(data, spot=True, hours=2, wait_hours=1), name="other")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"data": ""}, "no data"),
        ({"data": "nowhere"}, "does not exist"),
        ({"data": "s3:/x"}, "does not exist"),
        ({"instance": "m5.large"}, "it may be: ml."),
        ({"hyper_parameters": {"x" * 300: "1"}}, "256 are allowed"),
    ],
)
def test_what_would_be_refused_is_said_before(
    more: dict[str, Any], said: str, aws: Cloud, account: Account, prices: Prices, data: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        Trainer(account, prices).train(settings(**{"data": data, **more}), name="x")
    assert "sagemaker:CreateTrainingJob" not in aws.calls


def test_the_log_that_may_not_be_read_is_said_once(
    aws: Cloud, account: Account, prices: Prices, data: Path
) -> None:
    aws.refuses = {"logs:DescribeLogStreams"}
    heard: list[str] = []
    Trainer(account, prices, hear=heard.append, poll_seconds=0.01).train(settings(data), name="x")
    assert sum("log cannot be shown" in line for line in heard) == 1


TUNING = write_tuning_job(
    TuningJob(
        {"strength": Search(0.1, 10, log=True), "ngrams": Search(1, 3, whole=True)},
        trials=6,
        parallel=2,
        metric="validation:macro_f1",
    )
)


def test_a_tuning_job_of_our_own_json(
    aws: Cloud, account: Account, prices: Prices, data: Path
) -> None:
    heard: list[str] = []
    trainer = Trainer(account, prices, hear=heard.append, poll_seconds=0.01)
    done = trainer.tune(
        TUNING, settings(data, hyper_parameters={"target": "stars", "ngrams": "2"}), name="tune-1"
    )
    assert done.status in ("Completed", "InProgress")
    assert "at most 7.20 USD of 6 jobs" in heard[0]
    job = aws.client("sagemaker").describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="tune-1"
    )
    config = job["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 6,
        "MaxParallelTrainingJobs": 2,
    }
    assert config["HyperParameterTuningJobObjective"]["MetricName"] == "validation:macro_f1"
    definition = job["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"] == {"target": "stars"}
    regexes = {
        one["Name"]: one["Regex"]
        for one in definition["AlgorithmSpecification"]["MetricDefinitions"]
    }
    assert regexes["validation:macro_f1"] == "validation:macro_f1=([0-9.]+)"


def test_the_best_job_of_a_tuning_is_fetched(
    aws: Cloud, account: Account, prices: Prices, data: Path, tmp_path: Path
) -> None:
    trainer = Trainer(account, prices, poll_seconds=0.01)
    trainer.train(settings(data), name="best-1", wait=False)
    learnt(account, "best-1", {"manifest.json": b"{}"})
    trainer.tune(TUNING, settings(data), name="tune-1", wait=False)
    job = next(iter(aws.sagemaker.hyper_parameter_tuning_jobs.values()))
    job.hyper_parameter_tuning_job_status = "Completed"
    job.best_training_job = {
        "TrainingJobName": "best-1",
        "TrainingJobArn": account.arn("sagemaker", "training-job/best-1"),
        "CreationTime": 1.0,
        "TrainingJobStatus": "Completed",
        "TunedHyperParameters": {"strength": "2.5"},
        "FinalHyperParameterTuningJobObjectiveMetric": {
            "MetricName": "validation:macro_f1",
            "Value": 0.75,
        },
    }
    done = trainer.tune(TUNING, settings(data), name="tune-1", out=tmp_path / "bundle")
    if done.best.name:  # moto describes the best job only in some versions
        assert (done.best.name, done.objective) == ("best-1", 0.75)
        assert (tmp_path / "bundle" / "manifest.json").exists()


def test_a_figure_that_the_image_does_not_print(
    aws: Cloud, account: Account, prices: Prices, data: Path
) -> None:
    document = {**TUNING, "HyperParameterTuningJobObjective": {"Type": "Minimize",
                                                               "MetricName": "loss"}}  # fmt: skip
    with pytest.raises(InputError, match="prints no loss"):
        Trainer(account, prices).tune(document, settings(data), name="tune-1")


def transform(account: Account, prices: Prices, **more: Any) -> tuple[Transformer, Any]:
    heard: list[str] = []
    chosen = TransformJobSettings(**{"instance": "ml.m5.large", **more}).check()
    return Transformer(account, prices, hear=heard.append, poll_seconds=0.01), chosen


def test_a_batch_transform_with_a_model_of_its_own(
    aws: Cloud, account: Account, prices: Prices, tmp_path: Path
) -> None:
    lines = tmp_path / "new.jsonl"
    lines.write_text('{"source": "works well"}\n')
    transformer, chosen = transform(account, prices, model=MODEL)
    done = transformer.transform("sentiment", str(lines), chosen, tmp_path / "out")
    assert done.status == "Completed"
    client = aws.client("sagemaker")
    job = client.describe_transform_job(TransformJobName=done.name)
    source = job["TransformInput"]
    assert source["SplitType"] == "Line"
    where = source["DataSource"]["S3DataSource"]["S3Uri"]
    assert where == f"s3://{BUCKET}/reviewdesk/shop/data/transform/new.jsonl/"
    assert client.describe_model(ModelName=job["ModelName"])["ModelName"] == job["ModelName"]
    assert done.output.startswith(f"s3://{BUCKET}/reviewdesk/shop/jobs/{done.name}/answers")


def test_a_batch_transform_with_an_endpoints_model_and_its_answers(
    aws: Cloud, account: Account, prices: Prices, deployer: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    deployer.deploy("sentiment", asked())
    monkeypatch.setattr("reviewdesk.aws.control.batch_job.job_name", lambda *_: "label-1")
    s3 = account.client("s3")
    for name in ("new.jsonl.out", "deep/more.out", "../../escape.out", "..\\x.out"):
        s3.put_object(
            Bucket=BUCKET, Key=f"reviewdesk/shop/jobs/label-1/answers/{name}", Body=name.encode()
        )
    transformer, chosen = transform(account, prices)
    out = tmp_path / "out"
    done = transformer.transform("sentiment", f"s3://{BUCKET}/new/", chosen, out)
    assert sorted(done.files) == [str(out / "deep" / "more.out"), str(out / "new.jsonl.out")]
    assert (out / "deep" / "more.out").read_bytes() == b"deep/more.out"
    assert not list(tmp_path.rglob("escape.out"))
    with pytest.raises(UsageError, match="no endpoint"):
        transformer.transform("nothing", f"s3://{BUCKET}/new/", chosen, out)
    with pytest.raises(UsageError, match="at most 100"):
        transformer.transform(
            "sentiment", f"s3://{BUCKET}/x", transform(account, prices, payload_mb=60)[1], out
        )


def test_a_job_that_takes_too_long_is_said(
    aws: Cloud, account: Account, prices: Prices, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviewdesk.aws.control.training_job.EXTRA_SECONDS", -1e6)
    trainer = Trainer(account, prices, poll_seconds=0.01)
    trainer.train(settings(data), name="x", wait=False)
    aws.sagemaker.training_jobs["x"].training_job_status = "InProgress"
    with pytest.raises(ServiceError, match="still InProgress"):
        trainer.train(settings(data), name="x")


def test_dry_runs_are_requests_that_botocore_takes(
    aws: Cloud, prices: Prices, data: Path, tmp_path: Path
) -> None:
    account = Account(shop(), dry_run=True)
    trainer = Trainer(account, prices)
    trainer.train(settings(data, spot=True), name="x")
    trainer.tune(TUNING, settings(data), name="y")
    transformer, chosen = transform(account, prices, model=MODEL)
    transformer.transform("sentiment", str(data), chosen, tmp_path / "out")
    made = [one for one in account.requests if one.operation.startswith("Create")]
    assert [one.operation for one in made] == [
        *("CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateModel"),
        "CreateTransformJob",
    ]
    assert not any(call.startswith("sagemaker:Create") for call in aws.calls)
    assert json.dumps([one.parameters for one in made])

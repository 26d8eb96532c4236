import json
from pathlib import Path

import pytest

import reviewdesk as rd
from reviewdesk.errors import UsageError
from tests.aws.control.cloud import BUCKET, Cloud
from tests.aws.control.test_jobs import TUNING
from tests.cli.conftest import run_cli

MODEL = f"s3://{BUCKET}/model.tar.gz"


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.yaml"
    path.write_text(
        "currency: USD\ndate: 2026-11-01\nregion: us-east-1\nendpoint: {ml.m5.large: 0.1}\n"
    )
    return path


def test_from_nothing_to_nothing(aws: Cloud, config: Path, prices: Path) -> None:
    made = run_cli("aws", "deploy", "sentiment", "--config", config, "--prices", prices)
    assert made.code == 0, made.err
    assert "0.200 USD an hour, 146.00 USD a month" in made.err
    assert made.out.startswith("sentiment: made; deleted at 20")
    seen = run_cli("aws", "status", "--config", config, "--prices", prices)
    assert seen.code == 0, seen.err
    first, *others = seen.out.splitlines()
    assert first.startswith("endpoint sentiment (project shop), InService, 2 x ml.m5.large, 0.200")
    assert len(others) == 5
    seen = run_cli("aws", "status", "--config", config, "--prices", prices, "--json")
    endpoint = seen.json()["resources"][0]
    assert (endpoint["name"], endpoint["machines"]) == ("sentiment", {"ml.m5.large": 2})
    asked = run_cli("aws", "delete", "--config", config)
    assert asked.code == 2
    assert "--yes" in asked.err
    assert "sentiment" in asked.out
    done = run_cli("aws", "delete", "--config", config, "--yes")
    assert done.code == 0, done.err
    assert done.out.endswith("0 left: every kind was listed, and nothing of it is there\n")
    assert run_cli("aws", "status", "--config", config).out == "nothing in us-east-1\n"


def test_what_stands_on_the_command_line_counts_more(aws: Cloud, config: Path) -> None:
    made = run_cli(
        *("aws", "deploy", "sentiment", "--config", config, "--instances", "1"),
        *("--project", "books", "--tags", "team=x", "--json"),
    )
    assert made.code == 0, made.err
    assert "price unknown" in made.err
    assert made.json()["hourly"] is None
    config_name = made.json()["config"]
    client = aws.client("sagemaker")
    there = client.describe_endpoint_config(EndpointConfigName=config_name)
    assert there["ProductionVariants"][0]["InitialInstanceCount"] == 1
    tags = client.list_tags(ResourceArn=there["EndpointConfigArn"])["Tags"]
    assert {"Key": "reviewdesk", "Value": "books"} in tags
    assert {"Key": "team", "Value": "x"} in tags


def test_a_dry_run_prints_the_requests_and_needs_no_account(
    aws: Cloud, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    done = run_cli("aws", "deploy", "sentiment", "--config", config, "--dry-run")
    assert done.code == 0, done.err
    assert '"EndpointName": "sentiment"' in done.out
    order = [line for line in done.out.splitlines() if line.startswith("sagemaker ")]
    assert (
        order[:3]
        == [
            "sagemaker CreateModel",
            "sagemaker CreateEndpointConfig",
            "sagemaker CreateEndpoint",
        ]
        or "sagemaker CreateEndpoint" in order
    )
    assert aws.calls == []


def test_what_is_left_is_named(aws: Cloud, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reviewdesk.aws.control.inventory.FIRST_PAUSE", 0.0)
    assert run_cli("aws", "deploy", "sentiment", "--config", config).code == 0
    aws.refuses = {"sagemaker:DeleteEndpoint"}
    monkeypatch.setattr("reviewdesk.aws.control.inventory.IDLE_ROUNDS", 0)
    done = run_cli("aws", "delete", "--config", config, "--yes")
    assert done.code == 1
    assert "left: endpoint sentiment" in done.err
    assert "AccessDenied" in done.err


def test_wrong_settings_are_said(aws: Cloud, config: Path) -> None:
    config.write_text(config.read_text().replace("expires", "expiry"))
    done = run_cli("aws", "deploy", "sentiment", "--config", config)
    assert done.code == 2
    assert "unknown setting 'expiry'" in done.err
    with pytest.raises(UsageError, match="no setting of an account"):
        rd.aws_status(nothing=1)


def test_from_python(aws: Cloud, config: Path, prices: Path) -> None:
    heard: list[str] = []
    made = rd.aws_deploy("sentiment", config=config, prices=prices, expires="2h", hear=heard.append)
    assert made.outcome == "made"
    assert "0.200 USD an hour" in heard[0]
    assert rd.aws_status(config=config, prices=prices).states[0].resource.name == "sentiment"
    assert rd.aws_delete(["sentiment"], config=config).proven
    assert json.dumps(rd.aws_delete(config=config).to_json())
    assert rd.aws_status(config=config, prices=prices).states == []


def test_jobs_on_the_command_line(aws: Cloud, config: Path, prices: Path, tmp_path: Path) -> None:
    reviews = tmp_path / "reviews.csv"
    reviews.write_text("review_body,star_rating\nfine,5\n")
    shared = ("--config", config, "--prices", prices)
    config.write_text(
        config.read_text()
        + f"train: {{data: {reviews}, instance: ml.m5.large, hyper_parameters: {{epochs: 3}}}}\n"
        + "tune: {hours: 1}\n"
    )
    done = run_cli("aws", "train", *shared, "--set", "target=stars", "--name", "one", "--json")
    assert done.code == 0, done.err
    assert done.json()["status"] == "Completed"
    client = aws.client("sagemaker")
    job = client.describe_training_job(TrainingJobName="one")
    assert job["HyperParameters"] == {"target": "stars"}, "a flag counts more than the file"
    ranges = tmp_path / "job.json"
    ranges.write_text(json.dumps(TUNING))
    done = run_cli("aws", "tune", ranges, *shared, "--name", "two", "--no-wait")
    assert done.code == 0, done.err
    definition = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="two")[
        "TrainingJobDefinition"
    ]
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert definition["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    assert definition["StaticHyperParameters"] == {"epochs": "3"}
    done = run_cli(
        *("aws", "predict", "none", reviews, "--batch", "--model", MODEL, *shared, "--json"),
        *("--content-type", "text/csv", "--out", tmp_path / "out"),
    )
    assert done.code == 0, done.err
    assert done.json()["status"] == "Completed"


def test_a_job_that_failed_is_an_exit_code(aws: Cloud, config: Path, tmp_path: Path) -> None:
    reviews = tmp_path / "reviews.csv"
    reviews.write_text("review_body\nfine\n")
    words = ("aws", "train", "--config", config, "--data", reviews, "--name", "one")
    assert run_cli(*words, "--no-wait").code == 0
    job = aws.sagemaker.training_jobs["one"]
    job.training_job_status, job.failure_reason = "Failed", "AlgorithmError: no stars"
    done = run_cli(*words)
    assert done.code == 1
    assert "one ended as Failed: AlgorithmError: no stars" in done.err


def test_an_endpoint_labels_a_file(aws: Cloud, config: Path, tmp_path: Path) -> None:
    assert run_cli("aws", "deploy", "sentiment", "--config", config).code == 0
    reviews = tmp_path / "reviews.csv"
    reviews.write_text("review_body,star_rating\nfine,5\nbad,1\n")
    probabilities = {"label": ["__label__positive", "__label__negative"], "prob": [0.9, 0.1]}
    aws.answer = lambda name, variant, body: (
        200,
        [probabilities for _ in json.loads(body)["instances"]],
    )
    out = tmp_path / "labelled.csv"
    done = run_cli("aws", "predict", "sentiment", reviews, "--config", config, "--out", out)
    assert done.code == 0, done.err
    first = out.read_text().splitlines()
    assert len(first) == 3
    assert "positive" in first[1]


def test_policies_are_printed(aws: Cloud, config: Path) -> None:
    done = run_cli("aws", "policy", "deploy", "--config", config)
    assert done.code == 0, done.err
    assert f"arn:aws:s3:::{BUCKET}/reviewdesk/shop/*" in done.out
    assert done.json() == rd.aws_policy("deploy", config=config)


def test_jobs_from_python(aws: Cloud, config: Path, tmp_path: Path) -> None:
    reviews = tmp_path / "reviews.csv"
    reviews.write_text("review_body,star_rating\nfine,5\n")
    done = rd.aws_train(config=config, data=str(reviews), name="one")
    assert done.status == "Completed"
    assert rd.aws_tune(TUNING, config=config, data=str(reviews), wait=False, name="two").name
    labelled = rd.aws_predict(
        "none", str(reviews), tmp_path / "out", config=config, model=MODEL, content_type="text/csv"
    )
    assert labelled.status == "Completed"

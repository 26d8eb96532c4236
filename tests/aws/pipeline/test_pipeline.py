"""The pipeline: its definition linted, its branches walked, and from reviews to a live model."""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from reviewdesk.aws.control.session import Account
from reviewdesk.aws.pipeline.definition import Surroundings, pipeline_definition
from reviewdesk.aws.pipeline.deploy import delete_pipeline, deploy_pipeline, run_pipeline_here
from reviewdesk.aws.pipeline.machine import Execution, Machine, StateError
from reviewdesk.aws.pipeline.settings import EMR, GLUE, PipelineSettings
from reviewdesk.aws.pipeline.template import pipeline_template
from reviewdesk.errors import UsageError
from tests.aws.control.cloud import Cloud
from tests.aws.control.conftest import _door, account, aws, shop
from tests.aws.opt_ml import texts
from tests.aws.webapp.stacks_on_moto import live
from tests.cli.conftest import run_cli

__all__ = ["_door", "account", "aws"]
ROLE = "arn:aws:iam::123456789012:role/SageMaker"
AROUND = Surroundings("s3://b/reviewdesk/shop/pipeline", "shop", "image:1", ROLE, "${topic}")
VPC = {"Subnets": ["subnet-0123"], "SecurityGroupIds": ["sg-0123"]}
SETTINGS = PipelineSettings(
    reviews="s3://b/reviews/", application="00abc", script="s3://b/spark_job.py", endpoint="live"
)
BUSY = "SageMaker.AmazonSageMakerException"


class Tasks:
    """Answers tasks: figures as given, failures as ordered, an endpoint that passes its states."""

    def __init__(self, value: float = 0.9, gain: float = 0.01, **fails: list[str]) -> None:
        self.figures = {"value": value, "gain_at_best": gain}
        self.fails = fails
        self.asked: list[tuple[str, Any]] = []
        self.endpoint = ["InService", "Updating", "InService"]
        self.config = ""

    def __call__(self, resource: str, parameters: Any) -> Any:
        name = resource.rpartition(":")[2].partition(".")[0]
        self.asked.append((name, parameters))
        if self.fails.get(name):
            raise StateError(self.fails[name].pop(0), "why")
        if name == "getObject":
            return {"Body": json.dumps(self.figures)}
        if name == "updateEndpoint":
            self.config = parameters["EndpointConfigName"]
        if name == "describeEndpoint":
            return {"EndpointStatus": self.endpoint.pop(0), "EndpointConfigName": self.config}
        return {}

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]

    def message(self) -> str:
        return str(self.asked[-1][1]["Message"])


def run(tasks: Tasks, **settings: Any) -> Execution:
    made = PipelineSettings(**{**SETTINGS.to_json(), **settings})
    return Machine(pipeline_definition(made, AROUND), tasks, sleep=lambda seconds: None).run()


@pytest.mark.parametrize("endpoint", ["", "live"])
@pytest.mark.parametrize("service", [EMR, GLUE])
def test_cfn_lint_has_nothing_to_say(service: str, endpoint: str) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    made = PipelineSettings(
        **{
            **SETTINGS.to_json(),
            "prepare_on": service,
            "endpoint": endpoint,
            "email": "a@b.example",
        }
    )
    for around in (AROUND, Surroundings(**{**vars(AROUND), "kms_key": key, "vpc": VPC})):
        text = json.dumps(pipeline_template(made, around))
        assert [str(one) for one in lint(text, regions=["eu-central-1"])] == []
        for role in ("MachineRole", "ScheduleRole"):
            (policy,) = pipeline_template(made, around)["Resources"][role]["Properties"]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]:
                assert "*" not in json.dumps(statement["Action"])
                assert statement["Resource"] != "*"


def test_every_request_is_one_that_sagemaker_takes() -> None:
    from reviewdesk.aws.control.request_check import check_call

    tasks = Tasks()
    run(tasks)
    services = {"publish": "sns", "getObject": "s3", "copyObject": "s3",
                "startJobRun": "emr-serverless"}  # fmt: skip
    for name, parameters in tasks.asked:
        service = services.get(name, "sagemaker")
        operation = name[0].upper() + name[1:]
        if service == "emr-serverless":  # Step Functions has capitals and a token of its own
            assert parameters["JobDriver"]["SparkSubmit"]["EntryPoint"] == "s3://b/spark_job.py"
            continue
        check_call(service, operation, parameters)


def test_a_better_model_goes_live() -> None:
    tasks = Tasks()
    done = run(tasks)
    assert done.status == "SUCCEEDED"
    assert done.states[-4:] == ["KeepModel", "Find", "Notify", "Done"]
    assert tasks.names() == [
        "startJobRun", "createTrainingJob", "createProcessingJob", "getObject", "describeEndpoint",
        "createModel", "createEndpointConfig", "updateEndpoint", "describeEndpoint",
        "describeEndpoint", "copyObject", "createProcessingJob", "publish",
    ]  # fmt: skip
    assert "the endpoint live has the new model" in tasks.message()


@pytest.mark.parametrize(
    ("value", "gain", "settings"),
    [(0.9, -0.02, {}), (0.9, -0.02, {"tolerance": 0.01}), (0.79, 0.1, {"least": 0.8})],
)
def test_the_gate_refuses_a_worse_model(value: float, gain: float, settings: Any) -> None:
    tasks = Tasks(value, gain)
    done = run(tasks, **settings)
    assert "Refuse" in done.states
    assert not {"updateEndpoint", "copyObject", "createModel"} & {*tasks.names()}
    assert done.states[-3:] == ["Find", "Notify", "Done"]
    assert "was refused" in tasks.message()


def test_the_gate_lets_through_what_may_be_as_good() -> None:
    assert "Deployed" in run(Tasks(0.9, 0.0)).states
    assert "Deployed" in run(Tasks(0.9, -0.02), tolerance=0.02).states


def test_no_endpoint_is_made() -> None:
    tasks = Tasks(describeEndpoint=["SageMaker.SageMakerException"])
    done = run(tasks)
    assert done.states[-5:] == ["NoEndpoint", "KeepModel", "Find", "Notify", "Done"]
    assert "createModel" not in tasks.names()
    assert "NoEndpoint" in run(Tasks(), endpoint="").states


def test_an_update_that_sagemaker_takes_back() -> None:
    tasks = Tasks()
    tasks.endpoint = ["InService", "RollingBack", "InService"]

    def task(resource: str, parameters: Any) -> Any:
        said = tasks(resource, parameters)
        return {**said, "EndpointConfigName": "old"} if "describe" in resource else said

    done = Machine(pipeline_definition(SETTINGS, AROUND), task, sleep=lambda s: None).run()
    assert "TakenBack" in done.states
    assert "KeepModel" not in done.states
    failed = Tasks()
    failed.endpoint = ["InService", "Failed"]
    assert "TakenBack" in run(failed).states


def test_failures_are_tried_again_and_then_told() -> None:
    tasks = Tasks(createTrainingJob=[BUSY] * 3)
    assert run(tasks).status == "SUCCEEDED"
    assert tasks.names().count("createTrainingJob") == 4
    for name in ("startJobRun", "createTrainingJob", "createProcessingJob", "getObject"):
        tasks = Tasks()
        tasks.fails = {name: ["States.TaskFailed"] * 9}
        done = run(tasks)
        assert done.status == "FAILED"
        assert done.states[-2:] == ["NotifyFailure", "Failed"]
        assert "failed with States.TaskFailed" in tasks.message()
    nobody_hears = Tasks(startJobRun=["Glue.Error"] * 9, publish=["SNS.Error"] * 9)
    assert run(nobody_hears).states[-1] == "Failed"


def test_made_changed_and_deleted_with_an_account(aws: Cloud, account: Account) -> None:
    live.clear()
    made = deploy_pipeline(account, SETTINGS, poll_seconds=0.01)
    assert made.outcome == "made"
    machines = aws.client("stepfunctions").list_state_machines()["stateMachines"]
    assert [one["stateMachineArn"] for one in machines] == [made.machine]
    assert any(one.startswith("AWS::Scheduler::Schedule") for one in live)
    assert deploy_pipeline(account, SETTINGS, poll_seconds=0.01).outcome in ("changed", "unchanged")
    assert delete_pipeline(account, poll_seconds=0.01)
    assert live == set()
    with pytest.raises(UsageError, match="--image"):
        deploy_pipeline(Account(shop(image="")), SETTINGS)


def reviews(path: Path, seed: int, flipped: float) -> Path:
    """Write reviews whose stars are wrong for a part of them."""
    rows = []
    for n, (label, text) in enumerate(texts(400, seed)):
        good = bool(label) != (n % 100 < 100 * flipped)
        rows.append(f"{seed}-{n},p{n % 40},{5 if good else 1},{text}")
    path.write_text("review_id,product_id,star_rating,review_body\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.slow
def test_three_months_from_reviews_to_a_live_model(tmp_path: Path) -> None:
    """The first model goes live, a worse one is refused, and one that is as good is let in."""
    out, lives = tmp_path / "s3", []
    for month, flipped in enumerate((0.0, 0.0)):
        settings = PipelineSettings(reviews=str(reviews(tmp_path / f"{month}.csv", month, flipped)))
        heard: list[str] = []
        done = run_pipeline_here(out, settings, hear=heard.append)
        assert done.status == "SUCCEEDED", (done.error, heard[-20:])
        lives.append((out / "local/reviewdesk/reviewdesk/pipeline/live/model.tar.gz").read_bytes())
        assert (out / "local/reviewdesk/reviewdesk/pipeline/runs").is_dir()
    (run_folder,) = [one for one in sorted((out / "local").rglob("findings")) if one.is_dir()][:1]
    assert any(run_folder.iterdir())
    assert lives[0] != lives[1]
    worse = PipelineSettings(reviews=str(reviews(tmp_path / "w.csv", 5, 0.0)), family="naive-bayes",
                             least=1.01)  # fmt: skip
    done = run_pipeline_here(out, worse)
    assert "Refuse" in done.states
    kept = (out / "local/reviewdesk/reviewdesk/pipeline/live/model.tar.gz").read_bytes()
    assert kept == lives[1]


@pytest.mark.slow  # the definition's own pauses between retries
def test_on_the_command_line(tmp_path: Path) -> None:
    nothing = tmp_path / "none.csv"
    done = run_cli("aws", "pipeline", "local", "--reviews", str(nothing), "--out", tmp_path / "s3")
    assert done.code == 1
    assert "the pipeline failed" in done.err
    assert "NotifyFailure" in done.out

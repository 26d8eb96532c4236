"""The same definition on moto's engine of Step Functions: the local worker loop ends as it does."""

import json
import time
from typing import Any

import boto3
import pytest
from moto import mock_aws

from reviewdesk.aws.pipeline.definition import Surroundings, pipeline_definition
from reviewdesk.aws.pipeline.machine import Machine, StateError
from reviewdesk.aws.pipeline.settings import PipelineSettings

BUCKET, RUN = "shop-bucket", "run-1"
ROLE = "arn:aws:iam::123456789012:role/machine"
ENGINE: Any = {"stepfunctions": {"execute_state_machine": True}}


def definition(topic: str) -> dict[str, Any]:
    """Return the pipeline without its jobs, which moto does not run, and without pauses."""
    around = Surroundings(f"s3://{BUCKET}/pipeline", "shop", "image", ROLE, topic)
    settings = PipelineSettings(reviews="s3://b/", application="a", script="s3://b/s.py", least=0.5)
    made = pipeline_definition(settings, around)
    made["States"]["Begin"] = {"Type": "Pass", "Result": {"run": RUN}, "Next": "Places"}
    for state in made["States"].values():
        state.pop("Retry", None)
        if state.get("Resource", "").endswith(".sync"):
            for name in ("Resource", "Parameters", "Catch", "TimeoutSeconds"):
                state.pop(name, None)
            state["Type"] = "Pass"
    return made


def on_moto(made: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the end of an execution on moto's engine, and the states that it entered."""
    client = boto3.client("stepfunctions", region_name="us-east-1")
    machine = client.create_state_machine(name="p", definition=json.dumps(made), roleArn=ROLE)
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")
    arn = started["executionArn"]
    for _ in range(600):
        status = client.describe_execution(executionArn=arn)["status"]
        if status != "RUNNING":
            break
        time.sleep(0.05)
    history = client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    entered = [one["stateEnteredEventDetails"]["name"] for one in history
               if "stateEnteredEventDetails" in one]  # fmt: skip
    return status, entered


def here(made: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the same of the local worker loop, which asks moto's S3 and SNS."""

    def task(resource: str, parameters: dict[str, Any]) -> Any:
        service, name = resource.removeprefix("arn:aws:states:::").split(":")[-2:]
        method = {"getObject": "get_object", "copyObject": "copy_object"}.get(name, name)
        try:
            said = getattr(boto3.client(service, region_name="us-east-1"), method)(**parameters)
        except Exception as error:
            raise StateError("S3.S3Exception", type(error).__name__) from error
        return {"Body": said["Body"].read().decode()} if "Body" in said else {}

    done = Machine(made, task).run({})
    return done.status, done.states


@pytest.mark.parametrize(
    ("figures", "through", "status"),
    [
        ({"value": 0.9, "gain_at_best": 0.0}, "KeepModel", "SUCCEEDED"),
        ({"value": 0.4, "gain_at_best": 0.0}, "Refuse", "SUCCEEDED"),
        ({"value": 0.9, "gain_at_best": -0.01}, "Refuse", "SUCCEEDED"),
        (None, "NotifyFailure", "FAILED"),
    ],
)
def test_both_go_the_same_way(
    figures: dict[str, float] | None, through: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config=ENGINE):
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        model = f"pipeline/runs/{RUN}/models/shop-{RUN}/output/model.tar.gz"
        client.put_object(Bucket=BUCKET, Key=model, Body=b"a model")
        sns = boto3.client("sns", region_name="us-east-1")
        made = definition(sns.create_topic(Name="told")["TopicArn"])
        if figures is not None:  # moto's engine does not make a text of an object that it reads
            read = {"Type": "Pass", "Result": {"said": figures}, "ResultPath": "$.read"}
            made["States"]["ReadFigures"] = {**read, "Next": "Figures"}
        theirs, ours = on_moto(made), here(made)
        there = client.list_objects_v2(Bucket=BUCKET, Prefix="pipeline/live/")["KeyCount"]
    assert theirs == ours
    assert theirs[0] == status
    assert through in theirs[1]
    assert there == (through == "KeepModel")

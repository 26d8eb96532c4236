"""Amazon's own client, as it would call SageMaker's runtime API."""

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.serving.process import Server


@pytest.fixture
def runtime(running: Server) -> Any:
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=running.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, proxies={}),
    )


def test_invoke_endpoint(runtime: Any) -> None:
    answer = runtime.invoke_endpoint(
        EndpointName="sentiment",
        ContentType="application/json",
        Accept="application/json",
        CustomAttributes="trace=7",
        InferenceId="one",
        TargetVariant="AllTraffic",
        Body=json.dumps({"instances": ["great"], "configuration": {"k": 2}}),
    )
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "trace=7"
    found = json.loads(answer["Body"].read())
    assert found[0]["label"] == ["__label__positive", "__label__negative"]


def test_invoke_endpoint_with_json_lines(runtime: Any) -> None:
    answer = runtime.invoke_endpoint(
        EndpointName="stars",
        ContentType="application/jsonlines",
        Body=b'{"source": "great", "k": 1}\n{"source": "awful", "k": 2}\n',
    )
    assert answer["ContentType"] == "application/jsonlines"
    lines = answer["Body"].read().decode().splitlines()
    assert [len(json.loads(line)["prob"]) for line in lines] == [1, 2]


@pytest.mark.parametrize(
    ("endpoint", "body", "status", "told"),
    [
        ("nothing", b"{}", 404, "ValidationError.*there are: sentiment, stars, category"),
        ("sentiment", b"{", 400, "ValidationError.*not valid JSON"),
        ("sentiment", b" " * 7_000_000, 413, "ValidationError.*larger than"),
        ("sentiment", b'{"instances": ["fail"]}', 500, "InternalFailure.*mistake"),
    ],
)
def test_errors_reach_the_caller(
    runtime: Any, endpoint: str, body: bytes, status: int, told: str
) -> None:
    with pytest.raises(ClientError, match=told) as caught:
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status

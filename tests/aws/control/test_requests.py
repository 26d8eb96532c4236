"""Every request that can be sent is one that botocore's own model of the service takes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.control.batch_job import Transformer
from reviewdesk.aws.control.deploy import Deployer
from reviewdesk.aws.control.inventory import Deleter
from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.request_check import botocore_session
from reviewdesk.aws.control.session import Account, Request
from reviewdesk.aws.control.settings import (
    DeploySettings,
    TrainJobSettings,
    TransformJobSettings,
)
from reviewdesk.aws.control.status import status
from reviewdesk.aws.control.training_job import Trainer
from tests.aws.control.cloud import Cloud
from tests.aws.control.conftest import shop
from tests.aws.control.test_deploy import MODEL, asked
from tests.aws.control.test_inventory import furnish
from tests.aws.control.test_jobs import TUNING

SECURED = {
    "kms_key": "arn:aws:kms:us-east-1:123456789012:key/k",
    "subnets": ("subnet-1", "subnet-2"),
    "security_groups": ("sg-1",),
    "isolated": True,
    "tags": {"team": "reviews"},
}


def accounts() -> Iterator[Account]:
    for more in ({}, SECURED):
        yield Account(shop(**more), dry_run=True)


def endpoints() -> Iterator[DeploySettings]:
    two = (f"A={MODEL}:0.9", f"B={MODEL}:0.1")
    for more in (
        *({}, {"model": "", "variants": two}, {"shadow": f"B={MODEL}"}, {"most_instances": 3}),
        *({"environment": {"A": "b"}, "startup_seconds": 600}, {"alarms": ("errors",)}),
        {"instance": "ml.g4dn.xlarge", "instances": 7},
        {"capture_percent": 10},
    ):
        yield asked(**more)


def jobs(data: Path) -> Iterator[TrainJobSettings]:
    for spot, mode, other in ((False, "File", 0), (True, "Pipe", 0), (True, "FastFile", 1)):
        more: dict[str, Any] = {"hyper_parameters": {"target": "stars"}, "instances": 4}
        if other:
            more = {"validation": str(data), "checkpoints": True, "encrypt_traffic": True}
            more |= {"sharded": True, "hours": 0.5, "volume_gb": 500}
        yield TrainJobSettings(data=str(data), spot=spot, input_mode=mode, **more)


def all_requests(aws: Cloud, table: Path, data: Path, out: Path) -> list[Request]:
    """Return the requests of every command, with and without what is there already."""
    made: list[Request] = []
    for account in accounts():
        prices = Prices(account, table, out)
        for endpoint in endpoints():
            Deployer(account, prices).deploy("sentiment", endpoint)
            Deployer(account, prices).deploy("new", endpoint)
        for job in jobs(data):
            Trainer(account, prices).train(job, name="job-1")
            Trainer(account, prices).tune(TUNING, job, name="tune-1")
        for kind in ("application/jsonlines", "text/csv"):
            chosen = TransformJobSettings(model=MODEL, content_type=kind, instances=3)
            Transformer(account, prices).transform("sentiment", str(data), chosen, out)
        Deleter(account).delete()
        status(account, Prices(account, None, out))
        made += account.requests
    serverless = Account(shop(project="books"), dry_run=True)
    prices = Prices(serverless, table, out)
    Deployer(serverless, prices).deploy("small", asked(serverless=True))
    return [*made, *serverless.requests]


def test_every_request_is_taken_by_botocore(
    aws: Cloud, account: Account, prices: Prices, deployer: Deployer, tmp_path: Path
) -> None:
    from botocore.serialize import create_serializer
    from botocore.validate import validate_parameters

    furnish(aws, account.client)
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("review_body\nfine\n")
    requests = all_requests(aws, tmp_path / "prices.yaml", data, tmp_path / "out")
    session = botocore_session()
    operations = set()
    seen: set[str] = set()
    for one in requests:
        text = json.dumps(one.to_json(), default=str, sort_keys=True)
        if text in seen:
            continue
        seen.add(text)
        model = session.get_service_model(one.service)
        operation = model.operation_model(one.operation)
        if operation.input_shape is not None:
            validate_parameters(one.parameters, operation.input_shape)
        serializer = create_serializer(model.resolved_protocol)
        assert serializer.serialize_to_request(one.parameters, operation)
        operations.add(one.operation)
    assert operations >= {
        *("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint", "AddTags"),
        *("CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateTransformJob"),
        *("CreateSchedule", "CreateScheduleGroup", "CreateRole", "PutRolePolicy", "PutObject"),
        *("RegisterScalableTarget", "PutScalingPolicy", "DeregisterScalableTarget"),
        *("DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "DeleteSchedule"),
        *("DeleteScheduleGroup", "DeleteRole", "DeleteRolePolicy", "DeleteStack", "DeleteObjects"),
        *("StopTrainingJob", "StopTransformJob", "StopHyperParameterTuningJob"),
        *("AbortMultipartUpload", "GetMetricStatistics", "GetProducts", "InvokeEndpoint"),
    }
    changing = ("Create", "Delete", "Stop", "Update")
    assert not any(call.split(":")[1].startswith(changing) for call in aws.calls)
    for one in requests:
        assert "ACL" not in one.parameters, "nothing is made public"
        assert one.operation not in ("CreateBucket", "PutBucketPolicy", "PutBucketAcl")


@pytest.mark.parametrize("service", ["sagemaker", "scheduler", "s3"])
def test_a_wrong_request_would_be_seen(service: str) -> None:
    from botocore.exceptions import ParamValidationError
    from botocore.validate import validate_parameters

    operation = {
        "sagemaker": "CreateEndpoint",
        "scheduler": "CreateSchedule",
        "s3": "PutObject",
    }[service]
    model = botocore_session().get_service_model(service).operation_model(operation)
    with pytest.raises(ParamValidationError):
        validate_parameters({"Nothing": 1}, model.input_shape)

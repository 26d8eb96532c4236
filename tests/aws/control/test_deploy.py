import json
from datetime import UTC, datetime
from typing import Any

import pytest

from reviewdesk.aws.control.deploy import CHANGED, MADE, PLANNED, SAME, Deployer
from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.probe import ProbeFailed
from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.control.settings import DeploySettings
from reviewdesk.errors import UsageError
from tests.aws.control.cloud import BUCKET, GOOD, Cloud
from tests.aws.control.conftest import shop

MODEL = f"s3://{BUCKET}/model.tar.gz"


def asked(**more: Any) -> DeploySettings:
    return DeploySettings(**{"model": MODEL, "expires": "8h", **more}).check()


def endpoint(aws: Cloud, name: str = "sentiment") -> dict[str, Any]:
    found: dict[str, Any] = aws.client("sagemaker").describe_endpoint(EndpointName=name)
    return found


def config(aws: Cloud, name: str = "sentiment") -> dict[str, Any]:
    found: dict[str, Any] = aws.client("sagemaker").describe_endpoint_config(
        EndpointConfigName=endpoint(aws, name)["EndpointConfigName"]
    )
    return found


def schedule(aws: Cloud, name: str = "sentiment") -> dict[str, Any]:
    found: dict[str, Any] = aws.client("scheduler").get_schedule(
        Name=name, GroupName="reviewdesk-shop"
    )
    return found


def names(aws: Cloud, kind: str) -> list[str]:
    client = aws.client("sagemaker")
    listing = {
        "endpoints": lambda: [one["EndpointName"] for one in client.list_endpoints()["Endpoints"]],
        "configs": lambda: [
            one["EndpointConfigName"] for one in client.list_endpoint_configs()["EndpointConfigs"]
        ],
        "models": lambda: [one["ModelName"] for one in client.list_models()["Models"]],
    }
    return listing[kind]()


def test_an_endpoint_is_made_and_its_end_was_scheduled_before(
    aws: Cloud, deployer: Deployer
) -> None:
    before = datetime.now(UTC)
    made = deployer.deploy("sentiment", asked())
    assert made.outcome == MADE
    assert endpoint(aws)["EndpointStatus"] == "InService"
    variant = config(aws)["ProductionVariants"][0]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.large", 1)
    assert aws.calls.index("scheduler:POST /schedules/sentiment") < aws.calls.index(
        "sagemaker:CreateEndpoint"
    )
    planned = schedule(aws)
    assert planned["Target"]["Arn"].endswith("aws-sdk:sagemaker:deleteEndpoint")
    assert json.loads(planned["Target"]["Input"]) == {"EndpointName": "sentiment"}
    moment = datetime.fromisoformat(made.expires)
    assert 8 * 3600 - 5 <= (moment - before).total_seconds() <= 8 * 3600 + 60
    assert planned["ScheduleExpression"] == f"at({made.expires[:-1]})"
    tags = aws.client("sagemaker").list_tags(ResourceArn=endpoint(aws)["EndpointArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "reviewdesk": "shop",
        "reviewdesk:expires": made.expires,
    }


def test_the_deletion_may_delete_endpoints_of_the_project_and_nothing_else(
    aws: Cloud, deployer: Deployer
) -> None:
    deployer.deploy("sentiment", asked())
    role = schedule(aws)["Target"]["RoleArn"].rpartition("/")[2]
    iam = aws.client("iam")
    document = iam.get_role_policy(RoleName=role, PolicyName="delete-endpoints")["PolicyDocument"]
    (statement,) = document["Statement"]
    assert statement["Action"] == "sagemaker:DeleteEndpoint"
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceTag/reviewdesk": "shop"}}
    trusted = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert trusted["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trusted["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_without_an_end_nothing_is_made(aws: Cloud, deployer: Deployer) -> None:
    with pytest.raises(UsageError, match="needs an end"):
        deployer.deploy("sentiment", asked(expires=""))
    with pytest.raises(UsageError, match="10 minutes"):
        deployer.deploy("sentiment", asked(expires="1m"))
    assert names(aws, "endpoints") == []


def test_a_limit_brings_the_end_forward(aws: Cloud, deployer: Deployer) -> None:
    made = deployer.deploy("sentiment", asked(expires="30d", limit=1.0, instances=2))
    hours = (datetime.fromisoformat(made.expires) - datetime.now(UTC)).total_seconds() / 3600
    assert hours == pytest.approx(1.0 / 0.2, abs=0.01)


def test_costs_are_said_before_anything_is_made(
    aws: Cloud, account: Account, prices: Prices
) -> None:
    heard: list[tuple[str, int]] = []
    one = Deployer(
        account,
        prices,
        hear=lambda line: heard.append((line, aws.calls.count("sagemaker:CreateEndpoint"))),
        poll_seconds=0.01,
    )
    one.deploy("sentiment", asked(instances=2, most_instances=4))
    said = [line for line, created in heard if not created]
    assert said[0].startswith("0.200 USD an hour, 146.00 USD a month")
    assert "2026-11-01" in said[0]
    assert "up to 0.400 USD an hour" in said[0]
    assert "1.60 USD until then" in said[1]
    assert said[2] == "if it were forgotten: 292.00 USD a month, 3,504.00 USD a year"


def test_a_price_that_is_not_known_is_not_invented(
    aws: Cloud, account: Account, prices: Prices
) -> None:
    heard: list[str] = []
    one = Deployer(account, prices, hear=heard.append, poll_seconds=0.01)
    made = one.deploy("sentiment", asked(instance="ml.p3.2xlarge", expires="1h"))
    assert heard[0].startswith("price unknown")
    assert made.to_json()["hourly"] is None
    with pytest.raises(UsageError, match="price unknown, so that --limit cannot be kept"):
        one.deploy("other", asked(instance="ml.p3.2xlarge", expires="", limit=5.0))
    assert names(aws, "endpoints") == ["sentiment"]


def test_the_same_again_changes_nothing_but_its_end(aws: Cloud, deployer: Deployer) -> None:
    first = deployer.deploy("sentiment", asked())
    second = deployer.deploy("sentiment", asked(expires="2d"))
    assert second.outcome == SAME
    assert second.config == first.config
    assert schedule(aws)["ScheduleExpression"] == f"at({second.expires[:-1]})"
    assert aws.calls.count("sagemaker:CreateEndpoint") == 1
    assert "sagemaker:UpdateEndpoint" not in aws.calls


def test_a_change_is_an_update_and_the_earlier_parts_go(aws: Cloud, deployer: Deployer) -> None:
    first = deployer.deploy("sentiment", asked())
    second = deployer.deploy("sentiment", asked(instance="ml.c5.large"))
    assert second.outcome == CHANGED
    assert endpoint(aws)["EndpointConfigName"] == second.config != first.config
    assert "sagemaker:DeleteEndpoint" not in aws.calls
    assert names(aws, "configs") == [second.config]
    assert len(names(aws, "models")) == 1  # both used the same


def test_a_failing_probe_of_a_new_endpoint_leaves_nothing(aws: Cloud, deployer: Deployer) -> None:
    aws.answer = lambda name, variant, body: (200, {"message": "hello"})
    with pytest.raises(ProbeFailed, match="something else than a label"):
        deployer.deploy("sentiment", asked())
    assert [names(aws, kind) for kind in ("endpoints", "configs", "models")] == [[], [], []]
    assert aws.client("scheduler").list_schedules()["Schedules"] == []


def test_a_failing_probe_of_a_changed_endpoint_brings_the_earlier_back(
    aws: Cloud, deployer: Deployer
) -> None:
    first = deployer.deploy("sentiment", asked())
    aws.answer = lambda name, variant, body: (500, {"message": "broken"})
    with pytest.raises(ProbeFailed, match="does not answer a probe"):
        deployer.deploy("sentiment", asked(instance="ml.c5.large"))
    assert endpoint(aws)["EndpointConfigName"] == first.config
    assert endpoint(aws)["EndpointStatus"] == "InService"
    assert names(aws, "configs") == [first.config]
    assert len(names(aws, "models")) == 1, "the model of the earlier configuration is needed"
    assert schedule(aws)


def test_what_sagemaker_takes_back_is_said(aws: Cloud, deployer: Deployer) -> None:
    first = deployer.deploy("sentiment", asked())
    aws.rolls_back = True
    with pytest.raises(ServiceError, match=r"took the change .* ping health check"):
        deployer.deploy("sentiment", asked(instance="ml.c5.large"))
    assert names(aws, "configs") == [first.config]


def test_one_that_was_interrupted_before_its_probe_is_probed_and_taken_back(
    aws: Cloud, deployer: Deployer
) -> None:
    first = deployer.deploy("sentiment", asked())
    aws.refuses = {"sagemaker:DeleteEndpointConfig"}  # as if killed before it tidied up
    second = deployer.deploy("sentiment", asked(instance="ml.c5.large"))
    assert len(names(aws, "configs")) == 2
    aws.refuses = set()
    aws.answer = lambda name, variant, body: (500, {})
    with pytest.raises(ProbeFailed):
        deployer.deploy("sentiment", asked(instance="ml.c5.large"))
    assert endpoint(aws)["EndpointConfigName"] == first.config != second.config


def test_a_failed_endpoint_is_made_anew(aws: Cloud, deployer: Deployer) -> None:
    deployer.deploy("sentiment", asked())
    aws.sagemaker.endpoints["sentiment"].endpoint_status = "Failed"
    assert deployer.deploy("sentiment", asked()).outcome == MADE
    assert endpoint(aws)["EndpointStatus"] == "InService"


def test_an_endpoint_of_others_is_not_touched(aws: Cloud, deployer: Deployer) -> None:
    deployer.deploy("sentiment", asked())
    aws.sagemaker.endpoints["sentiment"].tags = []
    with pytest.raises(UsageError, match="not of the project"):
        deployer.deploy("sentiment", asked(instance="ml.c5.large"))


def test_variants_are_each_probed(aws: Cloud, deployer: Deployer) -> None:
    asked_of: list[str] = []

    def answer(name: str, variant: str, body: bytes) -> tuple[int, Any]:
        asked_of.append(variant)
        return 200, GOOD

    aws.answer = answer
    made = deployer.deploy(
        "sentiment", asked(model="", variants=(f"A={MODEL}:0.9", f"B={MODEL}:0.1"))
    )
    assert asked_of == ["A", "B"]
    weights = {one["VariantName"]: one["InitialVariantWeight"] for one in
               config(aws)["ProductionVariants"]}  # fmt: skip
    assert weights == {"A": 0.9, "B": 0.1}
    assert made.cost.machines == 2


def test_a_shadow_serverless_and_what_cannot_be(
    aws: Cloud, account: Account, deployer: Deployer
) -> None:
    assert deployer.deploy("shadowed", asked(shadow=f"next={MODEL}")).cost.machines == 2
    sent = [one for one in account.requests if one.operation == "CreateEndpointConfig"][-1]
    (shadow,) = sent.parameters["ShadowProductionVariants"]  # which moto does not keep
    assert shadow["VariantName"] == "next"
    assert len(sent.parameters["ProductionVariants"]) == 1
    made = deployer.deploy("small", asked(serverless=True, memory_mb=3072))
    serverless = config(aws, "small")["ProductionVariants"][0]["ServerlessConfig"]
    assert serverless == {"MemorySizeInMB": 3072, "MaxConcurrency": 5}
    assert made.cost.idle
    for wrong, said in (
        ({"serverless": True, "memory_mb": 2000}, "memory_mb"),
        ({"serverless": True, "shadow": f"a={MODEL}"}, "serverless endpoint has one"),
        ({"serverless": True, "capture_percent": 5}, "logs no requests"),
        ({"model": ""}, "give --model"),
        ({"model": "", "variants": ("A",)}, "is no variant"),
        ({"model": "", "variants": (f"A={MODEL}:x",)}, "is no weight|is not there"),
        ({"model": "nowhere"}, "does not exist"),
        ({"model": f"s3://{BUCKET}/other"}, "is not there"),
    ):
        with pytest.raises(UsageError, match=said):
            deployer.deploy("other", asked(**wrong))
    assert "other" not in names(aws, "endpoints")


@pytest.mark.parametrize("texts", [False, True])
def test_requests_are_logged_where_it_is_asked_for(
    aws: Cloud, deployer: Deployer, texts: bool
) -> None:
    deployer.deploy("sentiment", asked(capture_percent=20, capture_input=texts))
    capture = config(aws)["DataCaptureConfig"]
    assert capture["EnableCapture"]
    assert capture["InitialSamplingPercentage"] == 20
    assert capture["DestinationS3Uri"] == f"s3://{BUCKET}/reviewdesk/shop/captures"
    modes = [one["CaptureMode"] for one in capture["CaptureOptions"]]
    assert modes == (["Input", "Output"] if texts else ["Output"])


def test_scaling_is_set_changed_and_taken_away(aws: Cloud, deployer: Deployer) -> None:
    scaling = aws.client("application-autoscaling")
    deployer.deploy("sentiment", asked(most_instances=4, requests_per_minute=70))
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target["ResourceId"] == "endpoint/sentiment/variant/AllTraffic"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    asked_for = policy["TargetTrackingScalingPolicyConfiguration"]
    assert asked_for["TargetValue"] == 70
    deployer.deploy("sentiment", asked())
    assert not scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


def test_a_dry_run_changes_nothing(aws: Cloud, prices: Prices) -> None:
    account = Account(shop(), dry_run=True)
    planned = Deployer(account, prices).deploy("sentiment", asked(most_instances=2))
    assert planned.outcome == PLANNED
    kept = [one.operation for one in account.requests if not one.sent]
    assert kept == [
        *("CreateRole", "PutRolePolicy", "CreateScheduleGroup", "CreateSchedule", "CreateModel"),
        *("CreateEndpointConfig", "CreateEndpoint", "InvokeEndpoint", "AddTags"),
        *("RegisterScalableTarget", "PutScalingPolicy"),
    ]
    assert names(aws, "endpoints") == names(aws, "models") == []
    assert aws.client("iam").list_roles(PathPrefix="/reviewdesk/")["Roles"] == []


def test_encryption_and_vpc_are_passed_on(aws: Cloud, prices: Prices) -> None:
    account = Account(
        shop(
            kms_key="arn:aws:kms:us-east-1:123456789012:key/k",
            subnets=("subnet-1",),
            security_groups=("sg-1",),
            isolated=True,
        )
    )
    Deployer(account, prices, poll_seconds=0.01).deploy("sentiment", asked())
    assert config(aws)["KmsKeyId"].endswith("key/k")
    name = config(aws)["ProductionVariants"][0]["ModelName"]
    model = aws.client("sagemaker").describe_model(ModelName=name)
    assert model["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    request = next(one for one in account.requests if one.operation == "CreateModel")
    assert request.parameters["EnableNetworkIsolation"] is True


def deploy_under_a_fault(
    aws: Cloud, account: Account, deployer: Deployer, number: int, how: str
) -> None:
    """Deploy while a call fails, and hold what is there against what was promised."""
    before = names(aws, "endpoints")
    aws.calls.clear()
    aws.fails = {number: how}
    try:
        deployer.deploy("sentiment", asked(instance="ml.c5.large", most_instances=2))
    except (ServiceError, UsageError):
        there = names(aws, "endpoints")
        assert set(before) <= set(there), "what was there is still there"
        if there:
            assert endpoint(aws)["EndpointStatus"] == "InService"
            assert schedule(aws), "no endpoint without an end"
            assert config(aws), "what it is made of is there"
            assert names(aws, "models")
    assert aws.fails == {}, "the call was not made"
    done = deployer.deploy("sentiment", asked(instance="ml.c5.large", most_instances=2))
    assert endpoint(aws)["EndpointConfigName"] == done.config
    assert names(aws, "configs") == [done.config]
    assert schedule(aws)["ScheduleExpression"] == f"at({done.expires[:-1]})"


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("how", ["refused", "lost"])
@pytest.mark.parametrize("is_update", [False, True])
def test_whichever_call_fails_no_endpoint_is_without_an_end(
    how: str, is_update: bool, aws: Cloud, account: Account, deployer: Deployer
) -> None:
    number = 0
    while True:
        number += 1
        aws.reset()
        account.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=b"a model")
        if is_update:
            deployer.deploy("sentiment", asked())
        aws.calls.clear()
        try:
            deploy_under_a_fault(aws, account, deployer, number, how)
        except AssertionError as error:
            if "the call was not made" in str(error):
                break
            raise
    assert number > 20

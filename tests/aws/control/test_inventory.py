"""Everything of ours is listed, and goes, whichever call fails."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from reviewdesk.aws.control.inventory import FILES, Deleter, Deletion, list_resources
from reviewdesk.aws.control.session import Account
from tests.aws.control.cloud import BUCKET, IMAGE, ROLE, Cloud
from tests.aws.control.conftest import shop

EVERYTHING = [
    "scaling",
    "endpoint",
    "tuning job",
    "training job",
    "transform job",
    "stack",
    "endpoint configuration",
    "model",
    "scheduled deletion",
    "schedule group",
    "role",
    FILES,
]
OURS = [{"Key": "reviewdesk", "Value": "shop"}]
OF_ENDPOINT = [*OURS, {"Key": "reviewdesk:endpoint", "Value": "sentiment"}]
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sagemaker:DeleteEndpoint", "Resource": "*"}],
}
TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}


def furnish(aws: Cloud, client: Callable[[str], Any]) -> None:
    """Make one of every kind that costs something, or that has to do with it."""
    furnish_endpoint(client, "sentiment")
    furnish_jobs(aws, client)
    client("iam").create_role(
        RoleName="reviewdesk-shop-us-east-1",
        Path="/reviewdesk/",
        AssumeRolePolicyDocument="{}",
        Tags=[*OURS, {"Key": "reviewdesk:region", "Value": "us-east-1"}],
    )
    client("iam").put_role_policy(
        RoleName="reviewdesk-shop-us-east-1",
        PolicyName="delete-endpoints",
        PolicyDocument=json.dumps(POLICY),
    )
    client("cloudformation").create_stack(
        StackName="reviewdesk-shop-webapp", TemplateBody=json.dumps(TEMPLATE), Tags=OURS
    )
    for key in ("reviewdesk/shop/a", "reviewdesk/shop/b/c"):
        client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"some")
    client("s3").create_multipart_upload(Bucket=BUCKET, Key="reviewdesk/shop/half")
    aws.calls.clear()


def furnish_endpoint(client: Callable[[str], Any], name: str) -> None:
    sagemaker, scheduler = client("sagemaker"), client("scheduler")
    model, config = f"reviewdesk-{name}-m", f"reviewdesk-{name}-c"
    sagemaker.create_model(
        ModelName=model, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=ROLE, Tags=OF_ENDPOINT
    )
    variant = {"VariantName": "A", "ModelName": model, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=config,
        ProductionVariants=[{**variant, "InitialInstanceCount": 1}],
        Tags=OF_ENDPOINT,
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=OURS)
    scheduler.create_schedule_group(Name="reviewdesk-shop", Tags=OURS)
    scheduler.create_schedule(
        Name=name,
        GroupName="reviewdesk-shop",
        ScheduleExpression="at(2030-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint", "RoleArn": ROLE},
    )
    client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{name}/variant/A",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=2,
    )


def furnish_jobs(aws: Cloud, client: Callable[[str], Any]) -> None:
    sagemaker = client("sagemaker")
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
    shared: dict[str, Any] = {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": resources,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    sagemaker.create_training_job(TrainingJobName="learn", Tags=OURS, **shared)
    sagemaker.create_training_job(TrainingJobName="over", Tags=OURS, **shared)
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="tune",
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "ResourceLimits": {"MaxParallelTrainingJobs": 1},
        },
        TrainingJobDefinition=shared,
        Tags=OURS,
    )
    sagemaker.create_transform_job(
        TransformJobName="label",
        ModelName="reviewdesk-sentiment-m",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/x"}}
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/y"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        Tags=OURS,
    )
    for jobs, name in (
        *(("training_jobs", "training_job"), ("transform_jobs", "transform_job")),
        ("hyper_parameter_tuning_jobs", "hyper_parameter_tuning_job"),
    ):
        for job in getattr(aws.sagemaker, jobs).values():
            over = getattr(job, f"{name}_name") == "over"
            setattr(job, f"{name}_status", "Completed" if over else "InProgress")


def delete(account: Account, **how: Any) -> Deletion:
    return Deleter(account, pause_seconds=0.0).delete(**how)


def kinds(account: Account, **how: Any) -> list[str]:
    listing = list_resources(account, **how)
    assert listing.errors == {}
    return [one.kind for one in listing.resources]


def test_everything_is_listed_and_goes_and_a_listing_proves_it(
    aws: Cloud, account: Account
) -> None:
    furnish(aws, account.client)
    assert kinds(account) == EVERYTHING
    done = delete(account)
    assert done.proven
    assert [one.kind for one in done.removed] == EVERYTHING
    assert (done.left, done.errors) == ([], {})
    assert kinds(account) == []
    client = account.client("sagemaker")
    assert client.list_endpoints()["Endpoints"] == client.list_models()["Models"] == []
    assert "Contents" not in account.client("s3").list_objects_v2(
        Bucket=BUCKET, Prefix="reviewdesk/"
    )
    assert account.client("s3").head_object(Bucket=BUCKET, Key="model.tar.gz")
    assert client.describe_training_job(TrainingJobName="learn")["TrainingJobStatus"] == "Stopped"


def test_the_schedule_stays_until_its_endpoint_is_gone(aws: Cloud, account: Account) -> None:
    furnish(aws, account.client)
    aws.refuses = {"sagemaker:DeleteEndpoint"}
    done = delete(account)
    assert not done.proven
    assert "refuses DeleteEndpoint with AccessDenied" in done.errors["endpoint sentiment"]
    assert [one.kind for one in done.left] == [
        *("endpoint", "scheduled deletion", "schedule group", "role"),
    ]


def test_a_kind_that_cannot_be_listed_is_no_proof(aws: Cloud, account: Account) -> None:
    furnish(aws, account.client)
    aws.refuses = {"cloudformation:DescribeStacks"}
    done = delete(account)
    assert not done.proven
    assert "stack" in done.errors
    assert "endpoint" in [one.kind for one in done.removed]


def test_what_is_of_others_stays(aws: Cloud, account: Account) -> None:
    furnish(aws, account.client)
    other = Account(shop(project="books"))
    assert kinds(other) == []
    assert delete(other).proven
    assert kinds(account) == EVERYTHING
    assert set(kinds(other, every_project=True)) == set(EVERYTHING) - {FILES}
    aws.sagemaker.endpoints["sentiment"].tags = []
    assert delete(account).proven
    assert list(aws.sagemaker.endpoints) == ["sentiment"]


def test_an_endpoint_alone_goes_with_what_belongs_to_it(aws: Cloud, account: Account) -> None:
    furnish(aws, account.client)
    done = delete(account, endpoints=["sentiment"])
    assert done.proven
    assert [one.kind for one in done.removed] == [
        *("scaling", "endpoint", "endpoint configuration", "model", "scheduled deletion"),
    ]
    left = kinds(account)
    assert "training job" in left
    assert FILES in left


def test_files_stay_on_request_and_every_version_goes(aws: Cloud, account: Account) -> None:
    furnish(aws, account.client)
    s3 = account.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="reviewdesk/shop/a", Body=b"another")
    s3.delete_object(Bucket=BUCKET, Key="reviewdesk/shop/a")
    assert delete(account, files=False).proven
    assert kinds(account) == [FILES]
    assert delete(account).proven
    left = s3.list_object_versions(Bucket=BUCKET, Prefix="reviewdesk/")
    assert "Versions" not in left
    assert "DeleteMarkers" not in left


def test_scaling_of_an_endpoint_that_expired_is_known_by_its_policy(
    aws: Cloud, account: Account
) -> None:
    furnish_endpoint(account.client, "sentiment")
    account.client("application-autoscaling").put_scaling_policy(
        PolicyName="reviewdesk-shop",
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/sentiment/variant/A",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 70.0},
    )
    account.client("sagemaker").delete_endpoint(EndpointName="sentiment")
    assert kinds(account)[0] == "scaling"
    assert delete(account).proven


def test_a_dry_run_says_what_would_go(aws: Cloud, account: Account) -> None:
    furnish(aws, account.client)
    dry = Account(shop(), dry_run=True)
    done = delete(dry)
    assert not done.proven
    assert [one.kind for one in done.left] == EVERYTHING
    ends = {one.operation for one in dry.requests if not one.sent}
    assert {"DeleteEndpoint", "DeleteScheduleGroup", "DeleteRole", "DeleteObjects"} <= ends
    assert kinds(account) == EVERYTHING


def calls_of_a_deletion(aws: Cloud, account: Account) -> list[str]:
    furnish(aws, account.client)
    assert delete(account).proven
    return list(aws.calls)


def fail_and_delete(aws: Cloud, account: Account, number: int, how: str) -> None:
    aws.reset()
    furnish(aws, account.client)
    aws.fails = {number: how}
    done = delete(account)
    assert aws.fails == {}, "the call was not made"
    assert done.proven, (aws.calls[number - 1], how, done)
    assert kinds(account) == []


def test_when_every_operation_is_refused_once_nothing_is_left(aws: Cloud, account: Account) -> None:
    quiet = set(calls_of_a_deletion(aws, account))
    aws.reset()
    furnish(aws, account.client)
    aws.refuses_first = True
    assert delete(account).proven
    assert set(aws.calls) >= quiet
    assert kinds(account) == []


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("how", ["refused", "lost"])
def test_whichever_call_fails_once_nothing_is_left(how: str, aws: Cloud, account: Account) -> None:
    for number in range(1, len(calls_of_a_deletion(aws, account)) + 1):
        fail_and_delete(aws, account, number, how)

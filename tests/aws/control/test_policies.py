"""Policies hold what commands send, and nothing that no command does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.control.batch_job import Transformer
from reviewdesk.aws.control.deploy import Deployer
from reviewdesk.aws.control.inventory import Deleter
from reviewdesk.aws.control.policies import Policies
from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.probe import ProbeFailed
from reviewdesk.aws.control.session import Account, Request
from reviewdesk.aws.control.settings import TransformJobSettings
from reviewdesk.aws.control.stack_policies import CALLED_VIA
from reviewdesk.aws.control.status import status
from reviewdesk.aws.control.training_job import Trainer
from reviewdesk.aws.control.transfer import own_prefix, upload_folder
from reviewdesk.errors import UsageError
from reviewdesk.progress import SILENT
from tests.aws.control.cloud import BUCKET, Cloud
from tests.aws.control.conftest import shop
from tests.aws.control.test_deploy import MODEL, asked
from tests.aws.control.test_inventory import furnish
from tests.aws.control.test_jobs import TUNING, log, settings

NAMES = (
    *("train", "tune", "deploy", "predict", "status", "delete", "role"),
    *("webapp-deploy", "webapp-delete", "pipeline-deploy", "pipeline-delete", "graph-load"),
)
OF_OTHER_NAMES = {"neptunedata": "neptune-db", "sagemaker-runtime": "sagemaker"}

# S3's permissions have other names than its operations.
OF_S3 = {
    "AbortMultipartUpload": {"s3:AbortMultipartUpload"},
    "CompleteMultipartUpload": {"s3:PutObject"},
    "CreateMultipartUpload": {"s3:PutObject"},
    "DeleteObjects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "GetObject": {"s3:GetObject"},
    "HeadObject": {"s3:GetObject", "s3:ListBucket"},
    "ListMultipartUploads": {"s3:ListBucketMultipartUploads"},
    "ListObjectVersions": {"s3:ListBucketVersions"},
    "ListObjectsV2": {"s3:ListBucket"},
    "ListParts": {"s3:ListMultipartUploadParts"},
    "PutObject": {"s3:PutObject"},
    "UploadPart": {"s3:PutObject"},
}

# Asked for by AWS itself when one of the requests is carried out.
IMPLIED = {
    *("iam:PassRole", "iam:TagRole", "iam:CreateServiceLinkedRole", "scheduler:TagResource"),
    *("sagemaker:AddTags", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    *("s3:ListBucketMultipartUploads", "cloudformation:TagResource"),
}


def permissions(requests: list[Request]) -> set[str]:
    """Return the permissions of IAM that requests need."""
    needed: set[str] = set()
    for one in requests:
        if one.service == "s3":
            needed |= OF_S3[one.operation]
        elif one.service != "sts":
            needed.add(f"{OF_OTHER_NAMES.get(one.service, one.service)}:{one.operation}")
    return needed


def granted(policy: dict[str, Any]) -> set[str]:
    """Return what a policy allows the command itself, and not CloudFormation in its name."""
    own = [one for one in policy["Statement"] if one.get("Condition") != CALLED_VIA]
    return {action for statement in own for action in statement["Action"]}


def train(account: Account, prices: Prices, folder: Path) -> None:
    log(account, "/aws/sagemaker/TrainingJobs", "x/algo-1", ["a line"])
    trainer = Trainer(account, prices, poll_seconds=0.01)
    trainer.train(settings(folder), name="x")
    trainer.train(settings(folder), name="x")


def tune(account: Account, prices: Prices, folder: Path) -> None:
    trainer = Trainer(account, prices, poll_seconds=0.01)
    log(account, "/aws/sagemaker/TrainingJobs", "y/algo-1", ["a line"])
    trainer.tune(TUNING, settings(folder), name="y")
    trainer.tune(TUNING, settings(folder), name="y")


def deploy(account: Account, prices: Prices, folder: Path) -> None:
    upload_folder(account, folder, own_prefix(account), SILENT)  # as it sends a local bundle
    deployer = Deployer(account, prices, poll_seconds=0.01)
    deployer.deploy("one", asked(most_instances=2))
    deployer.deploy("one", asked(instances=2))


def predict(account: Account, prices: Prices, folder: Path) -> None:
    transformer = Transformer(account, prices, poll_seconds=0.01)
    chosen = TransformJobSettings(instance="ml.m5.large")
    log(account, "/aws/sagemaker/TransformJobs", "label/algo-1", ["a line"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reviewdesk.aws.control.batch_job.job_name", lambda *_: "label")
        transformer.transform("sentiment", str(folder), chosen, folder / "out")
    model = TransformJobSettings(instance="ml.m5.large", model=MODEL)
    transformer.transform("sentiment", str(folder), model, folder / "out")
    account.call("sagemaker-runtime", "invoke_endpoint", EndpointName="sentiment", Body=b"{}")


def look(account: Account, prices: Prices, folder: Path) -> None:
    status(account, prices)


def delete(account: Account, prices: Prices, folder: Path) -> None:
    Deleter(account, pause_seconds=0.0).delete()


RUNS: dict[str, Callable[[Account, Prices, Path], None]] = {
    "train": train,
    "tune": tune,
    "deploy": deploy,
    "predict": predict,
    "status": look,
    "delete": delete,
}


@pytest.fixture
def priceless(account: Account, tmp_path: Path) -> Prices:
    return Prices(account, None, tmp_path / "kept")


@pytest.mark.parametrize("command", RUNS)
def test_a_policy_holds_what_its_command_sends_and_little_more(
    command: str, aws: Cloud, account: Account, priceless: Prices, tmp_path: Path
) -> None:
    if command != "deploy":
        furnish(aws, account.client)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.csv").write_text("x")
    RUNS[command](account, priceless, folder)
    if command == "deploy":
        aws.answer = lambda name, variant, body: (500, {})
        with pytest.raises(ProbeFailed):
            Deployer(account, priceless, poll_seconds=0.01).deploy("two", asked())
    sent = permissions(account.requests)
    allowed = granted(Policies(account).of(command))
    assert sent <= allowed, f"not allowed: {sent - allowed}"
    assert allowed - sent <= IMPLIED, allowed - sent


def test_nothing_is_allowed_by_a_star_but_listings() -> None:
    policies = Policies(Account(shop(region="eu-west-1"), dry_run=True))
    for name in NAMES:
        for statement in policies.of(name)["Statement"]:
            assert not any("*" in action for action in statement["Action"])
            if statement["Resource"] == ["*"] and "Condition" not in statement:
                listing = ("Describe", "Get", "List", "DeregisterScalable")
                verbs = [action.partition(":")[2] for action in statement["Action"]]
                assert all(verb.startswith(listing) for verb in verbs), statement


@pytest.mark.parametrize("name", NAMES)
def test_policies_pass_a_linter_and_iams_limits(name: str, tmp_path: Path) -> None:
    lint = pytest.importorskip("cfnlint.api")
    account = Account(
        shop(
            region="eu-west-1",
            kms_key="arn:aws:kms:eu-west-1:123456789012:key/k",
            subnets=("subnet-1",),
            security_groups=("sg-1",),
        ),
        dry_run=True,
    )
    policy = Policies(account).of(name)
    assert len(json.dumps(policy, separators=(",", ":"))) <= 6144
    template = {
        "Resources": {
            "Policy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": policy},
            }
        }
    }
    found = [
        one for one in lint.lint_all(json.dumps(template)) if one.rule.severity != "informational"
    ]
    assert found == []


def test_the_linter_sees_what_is_wrong() -> None:
    lint = pytest.importorskip("cfnlint.api")
    wrong = {"Effect": "Allow", "Action": ["sagemaker:MakeCoffee"], "Resource": ["*"]}
    template = {
        "Resources": {
            "Policy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": {"Version": "2012-10-17", "Statement": [wrong]}},
            }
        }
    }
    assert lint.lint_all(json.dumps(template))


def test_the_names_are_all_that_there_are(account: Account) -> None:
    assert set(Policies(account).names) == set(NAMES)


def test_wrong_names_and_what_is_missing(account: Account) -> None:
    with pytest.raises(UsageError, match="no policy for"):
        Policies(account).of("fly")
    with pytest.raises(UsageError, match="--bucket"):
        Policies(Account(shop(bucket="")))
    assert BUCKET in json.dumps(Policies(account).of("train"))


def test_the_role_may_fetch_the_projects_image_alone(aws: Cloud) -> None:
    for image, resource in (
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/reviewdesk:1",
         "arn:aws:ecr:eu-west-1:123456789012:repository/shop/reviewdesk"),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/reviewdesk@sha256:ab",
         "arn:aws:ecr:us-east-1:123456789012:repository/reviewdesk"),
        ("", "arn:aws:ecr:us-east-1:123456789012:repository/*"),
    ):  # fmt: skip
        policy = Policies(Account(shop(image=image), dry_run=True)).of("role")
        (images,) = [one for one in policy["Statement"] if "ecr:BatchGetImage" in one["Action"]]
        assert images["Resource"] in (resource, [resource])

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.control.settings import AccountSettings
from reviewdesk.errors import UsageError
from tests.s3 import Bucket, bucket

IMAGE = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/reviewdesk:1"}
ROLE = "arn:aws:iam::123456789012:role/SageMaker"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Bucket]:
    with bucket() as one:
        yield one


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing that boto3 could take credentials or a region from."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def test_a_request_is_sent_and_what_it_made_is_marked(cloud: Bucket) -> None:
    account = Account(AccountSettings(project="shop", tags={"team": "7"}))
    account.call(
        *("sagemaker", "create_model"),
        ModelName="one",
        PrimaryContainer=IMAGE,
        ExecutionRoleArn=ROLE,
        Tags=account.tag_list({"reviewdesk:expires": "2026-12-01T00:00:00Z"}),
    )
    arn = account.arn("sagemaker", "model/one")
    there = {
        one["Key"]: one["Value"]
        for one in account.pages("sagemaker", "list_tags", "Tags", ResourceArn=arn)
    }
    assert there["reviewdesk"] == "shop"
    assert there["team"] == "7"
    assert there["reviewdesk:expires"] == "2026-12-01T00:00:00Z"
    names = [one["ModelName"] for one in account.pages("sagemaker", "list_models", "Models")]
    assert "one" in names
    assert all(request.sent for request in account.requests)


def test_a_dry_run_changes_nothing_but_looks(cloud: Bucket) -> None:
    heard: list[str] = []
    account = Account(
        AccountSettings(), dry_run=True, hear=lambda request: heard.append(request.operation)
    )
    made = account.call(
        "sagemaker", "create_model", ModelName="two", PrimaryContainer=IMAGE, ExecutionRoleArn=ROLE
    )
    assert made == {}
    assert account.look("sagemaker", "describe_model", ModelName="two") is None
    assert [(one.operation, one.sent) for one in account.requests] == [
        ("CreateModel", False),
        ("DescribeModel", True),
    ]
    assert heard == ["CreateModel", "DescribeModel"]
    assert json.dumps(account.requests[0].to_json())


def test_a_dry_run_needs_no_account(nobody: None) -> None:
    account = Account(AccountSettings(region="eu-west-1"), dry_run=True)
    assert list(account.pages("sagemaker", "list_models", "Models")) == []
    assert account.arn("sagemaker", "model/x") == "arn:aws:sagemaker:eu-west-1:000000000000:model/x"
    assert not any(request.sent for request in account.requests)
    with pytest.raises(ServiceError, match="no credentials"):
        Account(AccountSettings(region="eu-west-1")).call("sts", "get_caller_identity")


def test_what_a_service_would_refuse_is_not_sent(cloud: Bucket) -> None:
    account = Account(AccountSettings())
    with pytest.raises(UsageError, match="its form must be"):
        account.call("sagemaker", "delete_model", ModelName="not_a_name")
    with pytest.raises(UsageError, match="Missing required parameter"):
        account.call("sagemaker", "create_endpoint", EndpointName="x")
    with pytest.raises(UsageError, match="no operation"):
        account.call("sagemaker", "make_coffee")
    assert account.requests == []


def test_refusals_are_a_sentence(cloud: Bucket) -> None:
    account = Account(AccountSettings())
    with pytest.raises(ServiceError, match="refuses DeleteEndpoint with") as caught:
        account.call("sagemaker", "delete_endpoint", EndpointName="nothing")
    assert caught.value.gone
    with pytest.raises(ServiceError, match="cannot be asked"):
        Account(AccountSettings(endpoint_urls={"sts": "http://127.0.0.1:9"})).call(
            "sts", "get_caller_identity"
        )


def test_region_profile_and_project(nobody: None, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no region"):
        Account(AccountSettings())
    with pytest.raises(UsageError, match="profile"):
        Account(AccountSettings(profile="none"))
    (tmp_path / "config").write_text("[profile work]\nregion = eu-north-1\n")
    assert Account(AccountSettings(profile="work")).region == "eu-north-1"
    for name in ("Shop", "a--b", "x" * 21, ""):
        with pytest.raises(UsageError, match="project"):
            Account(AccountSettings(project=name, region="eu-west-1"))

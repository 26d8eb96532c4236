"""The web app with an account, which moto stands for: made, changed, found, deleted."""

from pathlib import Path

import pytest

from reviewdesk.aws.control.inventory import Deleter, list_resources
from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.aws.webapp.deploy import delete_webapp, deploy_webapp, stack_name
from reviewdesk.aws.webapp.gateway_events import KINDS, REST
from reviewdesk.aws.webapp.settings import WebappSettings
from reviewdesk.errors import UsageError
from tests.aws.control.cloud import IMAGE, Cloud
from tests.aws.control.conftest import _door, account, aws, shop
from tests.aws.webapp.gateways import small_bundle
from tests.aws.webapp.stacks_on_moto import live
from tests.cli.conftest import run_cli

__all__ = ["_door", "account", "aws"]
SMALL = WebappSettings(gateway=REST)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("bundle")
    return str(small_bundle(folder / "bundle", folder / "reviews.csv"))


@pytest.mark.parametrize("kind", KINDS)
def test_made_changed_and_deleted(aws: Cloud, account: Account, bundle: str, kind: str) -> None:
    live.clear()
    made = deploy_webapp(
        account, "desk", {"sentiment": bundle}, WebappSettings(gateway=kind), poll_seconds=0.01
    )
    assert (made.outcome, made.name) == ("made", "reviewdesk-shop-desk")
    function = aws.client("lambda").get_function(FunctionName=made.name)
    assert function["Code"]["ImageUri"] == IMAGE
    variables = function["Configuration"]["Environment"]["Variables"]
    assert variables["REVIEWDESK_BUNDLES"].startswith("sentiment=s3://")
    (site,) = [one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]
               if one["Name"].startswith(made.name)]  # fmt: skip
    page = aws.client("s3").get_object(Bucket=site, Key="index.html")
    assert made.api.rstrip("/").encode() + b"/desk/analyse" in page["Body"].read()
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert [one.kind for one in list_resources(account, files=False).resources] == ["stack"]

    more = WebappSettings(gateway=kind, memory_mb=3072)
    again = deploy_webapp(account, "desk", {"sentiment": bundle}, more, poll_seconds=0.01)
    assert again.outcome == "changed"
    assert len(live) > 3
    assert delete_webapp(account, "desk", poll_seconds=0.01)
    assert live == set()
    assert list_resources(account, files=False).resources == []
    assert site not in [one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]]
    assert delete_webapp(account, "desk", poll_seconds=0.01)  # nothing is there: that is said too


def test_in_front_of_an_endpoint_it_may_ask_that_one(
    aws: Cloud, account: Account, bundle: str
) -> None:
    settings = WebappSettings(gateway=REST, endpoint="sentiment")
    made = deploy_webapp(account, "desk", {"sentiment": bundle}, settings, poll_seconds=0.01)
    (role,) = [one["RoleName"] for one in aws.client("iam").list_roles()["Roles"]]
    policy = aws.client("iam").get_role_policy(RoleName=role, PolicyName="webapp")
    assert ":endpoint/sentiment" in str(policy["PolicyDocument"])
    variables = aws.client("lambda").get_function(FunctionName=made.name)
    assert (
        variables["Configuration"]["Environment"]["Variables"]["REVIEWDESK_ENDPOINT"] == "sentiment"
    )


def test_deleted_with_everything_of_the_project(aws: Cloud, account: Account, bundle: str) -> None:
    deploy_webapp(account, "desk", {"sentiment": bundle}, SMALL, poll_seconds=0.01)
    done = Deleter(account, pause_seconds=0.01).delete()
    assert done.proven
    assert "stack" in {one.kind for one in done.removed}
    assert len(aws.client("s3").list_buckets()["Buckets"]) == 1


@pytest.mark.slow
def test_deletion_when_each_call_fails_once(aws: Cloud, account: Account, bundle: str) -> None:
    number = 1
    while True:
        deploy_webapp(account, "desk", {"sentiment": bundle}, SMALL, poll_seconds=0.01)
        before = len(aws.calls)
        aws.fails = {before + number: "refused"}
        quick = Account(shop())
        quick.client("cloudformation").meta.config.retries["max_attempts"] = 1
        assert Deleter(quick, pause_seconds=0.01).delete().proven
        assert len(aws.client("s3").list_buckets()["Buckets"]) == 1
        if len(aws.calls) < before + number:
            break
        number += 4  # every fourth: the other calls are those of other tests


def test_a_dry_run_changes_nothing_and_says_all(aws: Cloud, bundle: str) -> None:
    account = Account(shop(), dry_run=True)
    deploy_webapp(account, "desk", {"sentiment": bundle}, SMALL)
    asked = [one.operation for one in account.requests if not one.sent]
    assert asked == ["PutObject", "CreateStack", "PutObject"]
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []


def test_what_is_refused(aws: Cloud, account: Account, bundle: str) -> None:
    for name in ("Desk", "a" * 60, "", "a--b", "desk/../x"):
        with pytest.raises(UsageError, match="no name of a web app"):
            stack_name(account, name)
    with pytest.raises(UsageError, match="--image"):
        deploy_webapp(Account(shop(image="")), "desk", {"sentiment": bundle}, SMALL)
    aws.refuses = {"cloudformation:CreateStack"}
    with pytest.raises(ServiceError, match="CreateStack"):
        deploy_webapp(account, "desk", {"sentiment": bundle}, SMALL, poll_seconds=0.01)


def test_on_the_command_line(aws: Cloud, bundle: str, tmp_path: Path) -> None:
    config = tmp_path / "aws.yaml"
    config.write_text(
        f"project: shop\nbucket: {shop().bucket}\nimage: {IMAGE}\nwebapp: {{gateway: rest}}\n"
    )
    done = run_cli(
        "aws", "webapp", "deploy", "desk", f"sentiment={bundle}", "--config", config, "--json"
    )
    assert done.code == 0, done.err
    assert done.json()["outcome"] == "made"
    done = run_cli("aws", "webapp", "delete", "desk", "--config", config)
    assert done.code == 0, done.err
    assert "0 left" in done.out

"""Policies of web app, pipeline and graph, held against what is sent and what stacks hold."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from reviewdesk.aws.control.policies import Policies
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.stack_policies import CALLED_VIA, PIPELINE, WEBAPP, StackPart
from reviewdesk.aws.control.stacks import Stacks
from reviewdesk.aws.neptune import GraphSettings, load_graph
from reviewdesk.aws.pipeline.deploy import delete_pipeline, deploy_pipeline, pipeline_stack
from reviewdesk.aws.pipeline.template import pipeline_template
from reviewdesk.aws.webapp.deploy import delete_webapp, deploy_webapp, stack_name
from reviewdesk.aws.webapp.gateway import listening
from reviewdesk.aws.webapp.gateway_events import KINDS, REST
from reviewdesk.aws.webapp.settings import WebappSettings
from reviewdesk.aws.webapp.template import webapp_template
from tests.aws.control.cloud import ACCOUNT, IMAGE, REGION, Cloud
from tests.aws.control.conftest import _door, account, aws, shop
from tests.aws.control.test_policies import IMPLIED, granted, permissions
from tests.aws.pipeline.test_pipeline import AROUND, SETTINGS
from tests.aws.test_neptune import ROLE, Loader
from tests.aws.webapp.gateways import small_bundle
from tests.aws.webapp.stacks_on_moto import live
from tests.formats.test_neptune_files import EDGES, NODES
from tests.formats.test_neptune_files import folder as folder_of

__all__ = ["_door", "account", "aws"]
# Of S3 and API Gateway permissions have other names than operations.
NAMED_OTHERWISE = ("apigateway", "s3")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("bundle")
    return str(small_bundle(folder / "bundle", folder / "reviews.csv"))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    live.clear()


def fail_and_delete(account: Account, stack: str) -> None:
    """Ask for the reason of a failure, and delete the stack, as both are done after one."""
    list(account.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack))
    Stacks(account, poll_seconds=0.01).delete(stack)


def webapp_deploy(account: Account, aws: Cloud, bundle: str, folder: Path) -> None:
    settings = WebappSettings(gateway=REST)
    deploy_webapp(account, "desk", {"sentiment": bundle}, settings, poll_seconds=0.01)
    more = WebappSettings(gateway=REST, memory_mb=3072)
    deploy_webapp(account, "desk", {"sentiment": bundle}, more, poll_seconds=0.01)
    fail_and_delete(account, stack_name(account, "desk"))


def webapp_delete(account: Account, aws: Cloud, bundle: str, folder: Path) -> None:
    settings = WebappSettings(gateway=REST)
    deploy_webapp(account, "desk", {"sentiment": bundle}, settings, poll_seconds=0.01)
    account.requests.clear()
    assert delete_webapp(account, "desk", poll_seconds=0.01)


def pipeline_deploy(account: Account, aws: Cloud, bundle: str, folder: Path) -> None:
    deploy_pipeline(account, SETTINGS, poll_seconds=0.01)
    deploy_pipeline(account, SETTINGS, poll_seconds=0.01)
    fail_and_delete(account, pipeline_stack(account))


def pipeline_delete(account: Account, aws: Cloud, bundle: str, folder: Path) -> None:
    deploy_pipeline(account, SETTINGS, poll_seconds=0.01)
    account.requests.clear()
    assert delete_pipeline(account, poll_seconds=0.01)


def graph_load(account: Account, aws: Cloud, bundle: str, folder: Path) -> None:
    (folder / "out").mkdir()
    files = folder_of(folder / "out", nodes=NODES, edges=EDGES)
    with listening(Loader(aws).answer) as port:
        cluster = GraphSettings(cluster=f"http://127.0.0.1:{port}", loader_role=ROLE)
        load_graph(account, files, cluster, poll_seconds=0.01)


RUNS: dict[str, Callable[[Account, Cloud, str, Path], None]] = {
    "webapp-deploy": webapp_deploy,
    "webapp-delete": webapp_delete,
    "pipeline-deploy": pipeline_deploy,
    "pipeline-delete": pipeline_delete,
    "graph-load": graph_load,
}
# Asked for where a deletion fails, or at a stack whose making failed.
AFTER_A_FAILURE = {
    "cloudformation:DescribeStackEvents",
    *("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"),
}


@pytest.mark.parametrize("command", RUNS)
def test_a_policy_holds_what_its_command_sends_and_little_more(
    command: str, aws: Cloud, account: Account, bundle: str, tmp_path: Path
) -> None:
    RUNS[command](account, aws, bundle, tmp_path)
    sent = permissions(account.requests)
    allowed = granted(Policies(account).of(command))
    assert sent <= allowed, f"not allowed: {sent - allowed}"
    failing = AFTER_A_FAILURE if command.endswith("delete") else set()
    assert allowed - sent <= IMPLIED | failing, allowed - sent


def kinds(templates: list[dict[str, Any]]) -> set[str]:
    return {one["Type"] for template in templates for one in template["Resources"].values()}


def test_every_kind_in_a_stack_is_allowed_for_and_no_other() -> None:
    webapps = [webapp_template(WebappSettings(gateway=kind)) for kind in KINDS]
    assert kinds(webapps) == {kind for part in WEBAPP for kind in part.kinds}
    pipeline = kinds([pipeline_template(SETTINGS, AROUND)])
    assert pipeline == {kind for part in PIPELINE for kind in part.kinds}


@pytest.mark.parametrize("part", [*WEBAPP, *PIPELINE[1:]], ids=lambda part: str(part.kinds[0]))
def test_every_permission_is_an_operation_of_its_service(part: StackPart) -> None:
    of_boto = {"states": "stepfunctions"}
    assert not set(part.makes) & set(part.ends)
    for permission in (*part.makes, *part.ends):
        service, _, operation = permission.partition(":")
        assert all(place.startswith(f"{service}:") for place in part.places)
        if service not in NAMED_OTHERWISE:
            client = boto3.client(of_boto.get(service, service), region_name="eu-west-1")
            known = client.meta.service_model.operation_names
            names = {name.rstrip("0123456789_") for name in known}
            assert operation in names, permission


def test_what_cloudformation_does_is_allowed_through_it_only_and_by_name() -> None:
    policies = Policies(Account(shop(region=REGION), dry_run=True))
    services = ("iam:", "lambda:", "cloudfront:", "apigateway:", "states:", "sns:")
    for name in ("webapp-deploy", "webapp-delete", "pipeline-deploy", "pipeline-delete"):
        for statement in policies.of(name)["Statement"]:
            if statement["Action"] == ["iam:PassRole"]:
                assert "iam:PassedToService" in statement["Condition"]["StringEquals"]
            elif statement["Action"][0].startswith(services):
                assert statement["Condition"] == CALLED_VIA
            unnamed = ("cloudfront:", "apigateway:", "ecr:", f"s3:::{shop().bucket}")
            for resource in statement["Resource"]:
                assert "reviewdesk" in resource or any(part in resource for part in unnamed)


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        (IMAGE, f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/reviewdesk"),
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com/team/desk@sha256:ab",
            "arn:aws:ecr:eu-west-1:1:repository/team/desk",
        ),
        ("", f"arn:aws:ecr:{REGION}:NUMBER:repository/*"),
    ],
)
def test_the_images_repository(image: str, repository: str) -> None:
    account = Account(shop(region=REGION, image=image), dry_run=True)
    said = Policies(account).of("webapp-deploy")["Statement"]
    (places,) = [one["Resource"] for one in said if one["Action"][0].startswith("ecr:")]
    assert places == [repository.replace("NUMBER", account.number)]

"""The template: linted by cfn-lint, and what must never be in it."""

import json
from typing import Any

import pytest
from cfnlint.api import lint

from reviewdesk.aws.webapp.gateway_events import KINDS
from reviewdesk.aws.webapp.settings import WebappSettings
from reviewdesk.aws.webapp.template import webapp_template

REGIONS = ["eu-central-1", "us-east-1"]
NETWORK = {"SubnetIds": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}


def template(kind: str, endpoint: str = "", **further: Any) -> dict[str, Any]:
    return webapp_template(WebappSettings(gateway=kind, endpoint=endpoint), **further)


@pytest.mark.parametrize("endpoint", ["", "sentiment"])
@pytest.mark.parametrize("kind", KINDS)
def test_cfn_lint_has_nothing_to_say(kind: str, endpoint: str) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    readable = [] if endpoint else ["shop-models/reviewdesk/*"]
    for further in ({}, {"network": NETWORK, "kms_key": key, "readable": readable}):
        text = json.dumps(template(kind, endpoint, **further))
        assert [str(one) for one in lint(text, regions=REGIONS)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_bucket_is_private_and_the_role_has_nothing_to_spare(kind: str) -> None:
    made = template(kind, "sentiment")["Resources"]
    assert set(made["Site"]["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    allows = [
        one for one in made["SitePolicy"]["Properties"]["PolicyDocument"]["Statement"]
        if one["Effect"] == "Allow"
    ]  # fmt: skip
    assert [one["Principal"] for one in allows] == [{"Service": "cloudfront.amazonaws.com"}]
    assert all("AWS:SourceArn" in one["Condition"]["StringEquals"] for one in allows)
    (policy,) = made["Role"]["Properties"]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        assert "*" not in json.dumps(statement["Action"])
        assert statement["Resource"] != "*"


@pytest.mark.parametrize("kind", KINDS)
def test_limits(kind: str) -> None:
    made = template(kind)["Resources"]
    function = made["Function"]["Properties"]
    assert function["Timeout"] == 29
    assert function["ReservedConcurrentExecutions"] == 10
    if kind != "url":  # a function URL has no throttling of its own
        assert '"ThrottlingRateLimit": 20.0' in json.dumps(made["Stage"])
    if kind == "rest":
        refused = [one for one in made.values() if one["Type"].endswith("GatewayResponse")]
        for one in refused:
            text = one["Properties"]["ResponseTemplates"]["application/json"]
            said = json.loads(text.replace("$context.error.messageString", '"Too Many Requests"'))
            assert set(said["error"]) == {"code", "message"}
        assert len(refused) == 6

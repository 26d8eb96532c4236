from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reviewdesk.aws.control.deploy import Deployer
from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.status import State, status
from tests.aws.control.cloud import Cloud
from tests.aws.control.test_deploy import asked
from tests.aws.control.test_inventory import furnish_jobs


def state(account: Account, prices: Prices, hours: float = 0, kind: str = "endpoint") -> State:
    seen = status(account, prices, now=datetime.now(UTC) + timedelta(hours=hours))
    return next(one for one in seen.states if one.resource.kind == kind)


def count_requests(account: Account, requests: float) -> None:
    """Write the metric that SageMaker writes of an endpoint."""
    names = {"EndpointName": "sentiment", "VariantName": "AllTraffic"}
    account.client("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": "Invocations",
                "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
                "Value": requests,
                "Timestamp": datetime.now(UTC),
            }
        ],
    )


def test_what_an_endpoint_has_cost_and_that_nobody_asks_it(
    aws: Cloud, account: Account, prices: Prices, deployer: Deployer
) -> None:
    deployer.deploy("sentiment", asked(instances=2, expires="30d"))
    now = state(account, prices)
    assert now.hourly == pytest.approx(0.2)
    assert not now.idle, "it is younger than an hour"
    later = state(account, prices, hours=10)
    assert later.so_far == pytest.approx(2.0, abs=0.01)
    assert (later.requests, later.idle, later.warning) == (0, True, "")
    said = status(account, prices, now=datetime.now(UTC) + timedelta(hours=10)).sentences()
    assert said == [
        "sentiment is idle: no request in a day, and 146.00 USD a month; `reviewdesk aws delete "
        "sentiment` ends it"
    ]


def test_one_that_is_asked_is_not_idle(
    aws: Cloud, account: Account, prices: Prices, deployer: Deployer
) -> None:
    deployer.deploy("sentiment", asked(expires="30d"))
    count_requests(account, 3)
    later = state(account, prices, hours=10)
    assert (later.requests, later.idle) == (3, False)
    assert state(account, prices, hours=40).idle


def test_an_unknown_price_is_none_and_serverless_is_not_idle(
    aws: Cloud, account: Account, prices: Prices, deployer: Deployer
) -> None:
    deployer.deploy("sentiment", asked(instance="ml.p3.2xlarge"))
    seen = state(account, prices, hours=2)
    assert (seen.hourly, seen.so_far, seen.idle) == (None, None, True)
    aws.sagemaker.endpoints.clear()
    deployer.deploy("sentiment", asked(serverless=True))
    seen = state(account, prices, hours=2)
    assert (seen.hourly, seen.idle) == (0.0, False)


def test_an_end_that_is_missing_or_past_is_a_warning(
    aws: Cloud, account: Account, prices: Prices, deployer: Deployer
) -> None:
    deployer.deploy("sentiment", asked(expires="1h"))
    assert "has expired and is still there" in state(account, prices, hours=2).warning
    account.client("scheduler").delete_schedule(Name="sentiment", GroupName="reviewdesk-shop")
    assert "no deletion is scheduled" in state(account, prices).warning


def test_jobs_that_run_are_counted_and_what_cannot_be_listed_is_said(
    aws: Cloud, account: Account, prices: Prices
) -> None:
    furnish_jobs(aws, account.client)
    job = state(account, prices, hours=1, kind="training job")
    assert job.resource.name == "learn"
    assert job.hourly == pytest.approx(0.6)
    assert job.so_far == pytest.approx(0.6, abs=0.01)
    assert state(account, prices, kind="transform job").hourly is None
    aws.refuses = {"iam:ListRoles"}
    seen = status(account, prices)
    assert any("role not listed: iam refuses ListRoles" in line for line in seen.sentences())
    assert seen.to_json()["errors"]


def test_a_region_with_nothing(
    aws: Cloud, account: Account, prices: Prices, tmp_path: Path
) -> None:
    assert status(account, prices).to_json() == {
        "region": "us-east-1",
        "resources": [],
        "errors": {},
    }

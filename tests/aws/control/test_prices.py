import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.control.costs import Cost, decide_expiry
from reviewdesk.aws.control.expiry import expiry, said
from reviewdesk.aws.control.prices import ENDPOINT, TRAINING, Price, Prices, read_offers
from reviewdesk.aws.control.session import Account
from reviewdesk.errors import InputError, UsageError
from tests.aws.control.cloud import Cloud

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def offer(usage: str, price: str, component: str = "", **more: Any) -> str:
    """A member of a price list as AWS writes it."""
    return json.dumps(
        {
            "product": {
                "productFamily": "ML Instance",
                "attributes": {
                    "regionCode": "us-east-1",
                    "instanceName": "ml.m5.large",
                    "usagetype": usage,
                    "platoinstancetype": component,
                },
            },
            "terms": {
                "OnDemand": {
                    "A.B": {
                        "priceDimensions": {
                            "A.B.C": {"unit": "Hrs", "pricePerUnit": {"USD": price}, **more}
                        }
                    }
                }
            },
        }
    )


OFFERS = [
    offer("USE1-Host:ml.m5.large", "0.1150000000", "Hosting"),
    offer("USE1-Train:ml.m5.large", "0.1200000000", "Training"),
    offer("USE1-Notebk:ml.m5.large", "0.9", "Notebook"),
    offer("USE1-FreeTier-Host:ml.m5.xlarge", "0.0"),
]


def test_prices_by_use() -> None:
    assert read_offers(OFFERS, "ml.m5.large") == {"endpoint": 0.115, "training": 0.12}
    assert read_offers([], "ml.m5.large") == {}
    twice = [*OFFERS, offer("EUW1-Host:ml.m5.large", "0.2", "Hosting")]
    assert "endpoint" not in read_offers(twice, "ml.m5.large"), "two prices are none"
    per_month = [offer("Host:ml.m5.large", "9", "Hosting", unit="Mo")]
    assert read_offers(per_month, "ml.m5.large") == {}


def test_prices_are_asked_for_once_and_kept_with_their_day(
    aws: Cloud, account: Account, tmp_path: Path
) -> None:
    aws.prices = OFFERS
    today = datetime.now(UTC).date()
    price = Prices(account, None, tmp_path).hourly(ENDPOINT, "ml.m5.large")
    assert price == Price(0.115, "USD", today.isoformat(), "the Pricing API")
    again = Prices(account, None, tmp_path)
    assert again.hourly(TRAINING, "ml.m5.large") == Price(
        0.12, "USD", today.isoformat(), "the Pricing API"
    )
    assert aws.calls.count("pricing:GetProducts") == 1
    kept = tmp_path / "us-east-1.json"
    old = (today - timedelta(days=40)).isoformat()
    kept.write_text(kept.read_text().replace(today.isoformat(), old))
    aws.refuses = {"pricing:GetProducts"}
    price = again.hourly(ENDPOINT, "ml.m5.large")
    assert price is not None, "an old price with its day says more than none"
    assert price.day == old
    assert again.hourly(ENDPOINT, "ml.c5.large") is None
    aws.refuses = set()
    price = again.hourly(ENDPOINT, "ml.m5.large")
    assert price is not None
    assert price.day == today.isoformat()


def test_a_file_alone_counts(aws: Cloud, account: Account, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    shared = {"currency": "EUR", "date": "2026-10-01", "region": "us-east-1"}
    file.write_text(json.dumps({**shared, "endpoint": {"ml.m5.large": 0.09}}))
    prices = Prices(account, file, tmp_path / "kept")
    assert prices.hourly(ENDPOINT, "ml.m5.large") == Price(0.09, "EUR", "2026-10-01", str(file))
    assert prices.hourly(TRAINING, "ml.m5.large") is None
    assert "pricing:GetProducts" not in aws.calls
    for wrong in (
        {**shared, "region": "eu-west-1"},
        {"currency": "EUR"},
        {**shared, "endpoint": {"ml.m5.large": "cheap"}},
        {**shared, "endpoint": {"ml.m5.large": -1}},
    ):
        file.write_text(json.dumps(wrong))
        with pytest.raises(InputError):
            Prices(account, file, tmp_path / "kept")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("8h", "2026-11-30T20:00:00Z"),
        ("90m", "2026-11-30T13:30:00Z"),
        ("2d", "2026-12-02T12:00:00Z"),
        ("1w", "2026-12-07T12:00:00Z"),
        ("2026-12-01T18:00", "2026-12-01T18:00:00Z"),
        ("2026-12-01T18:00+02:00", "2026-12-01T16:00:00Z"),
        ("2026-12-01", "2026-12-01T00:00:00Z"),
    ],
)
def test_moments(text: str, moment: str) -> None:
    assert said(expiry(text, NOW)) == moment


@pytest.mark.parametrize("text", ["", "8", "8x", "5m", "2y", "400d", "never", "2026-11-30", "-8h"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(UsageError):
        expiry(text, NOW)


def test_what_ends_first_counts() -> None:
    cost = Cost(Price(0.5, "USD", "2026-11-01", "x"), 1, 2)
    assert said(decide_expiry("8h", 0, cost, NOW)) == "2026-11-30T20:00:00Z"
    assert said(decide_expiry("8h", 2.0, cost, NOW)) == "2026-11-30T14:00:00Z"
    assert said(decide_expiry("1h", 2.0, cost, NOW)) == "2026-11-30T13:00:00Z"
    assert said(decide_expiry("1h", 2.0, Cost(None, 1, 1), NOW)) == "2026-11-30T13:00:00Z"
    with pytest.raises(UsageError, match="used up in"):
        decide_expiry("", 0.01, cost, NOW)
    with pytest.raises(UsageError, match="serverless"):
        decide_expiry("", 5.0, Cost(None, 0, 0, idle=True), NOW)
    with pytest.raises(UsageError, match="needs an end"):
        decide_expiry("", 0.0, cost, NOW)

"""What an hour of an instance costs: from the Pricing API, kept with its date, or a file.

Prices are never invented: where none is known, None is. Source of the fields: AWS Price List API,
offers of AmazonSageMaker.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.control.configuration import parse_yaml
from reviewdesk.aws.control.session import Account, ServiceError
from reviewdesk.errors import InputError
from reviewdesk.storage import private_directory, storage_errors, write_then_rename

HOURS_A_MONTH: Final = 730
HOURS_A_YEAR: Final = 8760
PRICING_REGION: Final = "us-east-1"
FRESH_DAYS: Final = 30
"""A kept price is asked for anew when it is older than this."""

ENDPOINT: Final = "endpoint"
TRAINING: Final = "training"
TRANSFORM: Final = "transform"
USES: Final = {
    ENDPOINT: ("Hosting", "-Host:"),
    TRAINING: ("Training", "-Train:"),
    TRANSFORM: ("BatchTransform", "-Tsform:"),
}
"""What an instance is used for, with the names that AWS's price list has for it."""


@dataclass(frozen=True)
class Price:
    """What an hour of one instance costs.

    Args:
        hourly: the price.
        currency: as in ``USD``.
        day: when it was the price.
        source: who says so.
    """

    hourly: float
    currency: str
    day: str
    source: str


def kept_prices() -> Path:
    """Return the folder that prices are kept in: below ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "reviewdesk" / "prices"


class Prices:
    """The prices of one region.

    Args:
        account: that the Pricing API is asked with.
        file: a file of prices, which alone counts then.
        kept: the folder that prices are kept in.

    Raises:
        InputError: the file is not of prices, or of another region.
        StorageError: it cannot be read.
    """

    def __init__(self, account: Account, file: Path | None, kept: Path) -> None:
        self._account = account
        self._file = None if file is None else _read(file, account.region)
        self._source = "the Pricing API" if file is None else str(file)
        self._kept = kept / f"{account.region}.json"

    def hourly(self, use: str, instance: str) -> Price | None:
        """Return what an hour costs; None where it is not known.

        Args:
            use: ``endpoint``, ``training`` or ``transform``.
            instance: its type, as in ``ml.m5.large``.
        """
        table = self._file if self._file is not None else self._ask_or_remember(instance)
        hourly = table.get(use, {}).get(instance)
        if hourly is None:
            return None
        day = table.get("days", {}).get(instance) or table["date"]
        return Price(float(hourly), str(table["currency"]), str(day), self._source)

    def _ask_or_remember(self, instance: str) -> dict[str, Any]:
        table: dict[str, Any] = {"currency": "USD", "date": "", "days": {}}
        if self._kept.exists():
            table = _read(self._kept, self._account.region)
        day = table["days"].get(instance, "")
        if day and (_today() - date.fromisoformat(day)).days <= FRESH_DAYS:
            return table
        try:
            products = list(
                self._account.pages(
                    *("pricing", "get_products", "PriceList"),
                    region=PRICING_REGION,
                    ServiceCode="AmazonSageMaker",
                    Filters=[
                        {
                            "Type": "TERM_MATCH",
                            "Field": "regionCode",
                            "Value": self._account.region,
                        },
                        {"Type": "TERM_MATCH", "Field": "instanceName", "Value": instance},
                    ],
                )
            )
        except ServiceError:  # an older price with its date says more than none
            return table
        offers = read_offers(products, instance)
        if offers:
            for use in USES:
                prices = {**table.get(use, {}), instance: offers.get(use)}
                table[use] = {name: price for name, price in prices.items() if price is not None}
            table["days"][instance] = _today().isoformat()
            self._keep(table)
        return table

    def _keep(self, table: Mapping[str, Any]) -> None:
        private_directory(self._kept.parent)
        text = json.dumps({**table, "region": self._account.region}, indent=2, sort_keys=True)
        with write_then_rename(self._kept) as file:
            file.write(text.encode())


def read_offers(products: list[str], instance: str) -> dict[str, float]:
    """Return the hourly price of each use in a price list.

    A use with no price, or with two, is left out.

    Args:
        products: members of the Pricing API's ``PriceList``.
        instance: the type that is asked for.
    """
    prices: dict[str, set[float]] = {use: set() for use in USES}
    for text in products:
        offer = json.loads(text) if isinstance(text, str) else text
        attributes = offer.get("product", {}).get("attributes", {})
        use = _use(attributes, instance)
        if use is None:
            continue
        for term in offer.get("terms", {}).get("OnDemand", {}).values():
            for dimension in term.get("priceDimensions", {}).values():
                price = dimension.get("pricePerUnit", {}).get("USD")
                if price is not None and dimension.get("unit", "Hrs") in ("Hrs", "Hours"):
                    prices[use].add(float(price))
    return {use: next(iter(some)) for use, some in prices.items() if len(some) == 1 and any(some)}


def _use(attributes: Mapping[str, str], instance: str) -> str | None:
    """Return what a price is for; None if it is for something else, as the free tier."""
    for use, (component, usage) in USES.items():
        by_usage = f"x{attributes.get('usagetype', '')}".endswith(usage + instance)
        if by_usage or (
            attributes.get("platoinstancetype") == component
            and attributes.get("instanceName") == instance
        ):
            return use
    return None


def _read(file: Path, region: str) -> dict[str, Any]:
    with storage_errors(str(file)):
        data = file.read_bytes()
    table = parse_yaml(data, str(file))
    sound = (
        isinstance(table, dict)
        and {"currency", "date", "region"} <= set(table)
        and all(_are_prices(table.get(use, {})) for use in USES)
    )
    if not sound:
        raise InputError(
            f"{file} is no file of prices; it must hold currency, date, region, and hourly prices "
            'by use, as in {"endpoint": {"ml.m5.large": 0.115}} with the figures of your region'
        )
    if table["region"] != region:
        raise InputError(f"{file} holds prices of {table['region']}, and the region is {region}")
    return {**table, "date": str(table["date"]), "days": dict(table.get("days", {}))}


def _are_prices(table: Any) -> bool:
    return isinstance(table, dict) and all(
        isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < 1e6
        for price in table.values()
    )


def _today() -> date:
    return datetime.now(UTC).date()

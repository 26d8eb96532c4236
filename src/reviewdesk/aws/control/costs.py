"""What an endpoint costs, until when, and what it would cost if it were forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reviewdesk.aws.control.expiry import SOONEST_SECONDS, expiry, said
from reviewdesk.aws.control.prices import HOURS_A_MONTH, HOURS_A_YEAR, Price
from reviewdesk.errors import UsageError

UNKNOWN: Final = "price unknown"


@dataclass(frozen=True)
class Cost:
    """What machines cost.

    Args:
        price: of one machine for an hour; None if it is not known.
        machines: that run.
        most_machines: that may run.
        idle: whether it costs nothing while nobody asks.
    """

    price: Price | None
    machines: int
    most_machines: int
    idle: bool = False

    @property
    def hourly(self) -> float | None:
        """Per hour, with the machines that run; None if it is not known."""
        return None if self.price is None else self.price.hourly * self.machines

    @property
    def most_hourly(self) -> float | None:
        """Per hour, with as many machines as may run; None if it is not known."""
        return None if self.price is None else self.price.hourly * self.most_machines

    def sentences(self, expires: datetime, now: datetime) -> list[str]:
        """Return what people are told before anything is made."""
        end = f"it is deleted at {said(expires)}, by AWS itself"
        if self.idle:
            return [f"serverless: nothing while nobody asks, by the request otherwise; {end}"]
        if self.price is None:
            return [f"{UNKNOWN} (give a file with --prices, or allow pricing:GetProducts); {end}"]
        hourly, most = self.price.hourly * self.machines, self.price.hourly * self.most_machines
        unit = self.price.currency
        hours = (expires - now).total_seconds() / 3600
        lines = [
            f"{hourly:,.3f} {unit} an hour, {hourly * HOURS_A_MONTH:,.2f} {unit} a month "
            f"({self.machines} x {self.price.hourly:,.3f}; price of {self.price.day}, "
            f"{self.price.source})",
            f"{end}: {hourly * hours:,.2f} {unit} until then",
            f"if it were forgotten: {most * HOURS_A_MONTH:,.2f} {unit} a month, "
            f"{most * HOURS_A_YEAR:,.2f} {unit} a year",
        ]
        if most > hourly:
            lines[0] += f"; up to {most:,.3f} {unit} an hour when it scales"
        return lines


def decide_expiry(expires: str, limit: float, cost: Cost, now: datetime) -> datetime:
    """Return when an endpoint is to end: by its expiry, or earlier where a limit is reached before.

    Args:
        expires: as the user wrote it; empty if not given.
        limit: most that it may cost; 0 if not given.
        cost: what it costs.
        now: the present moment.

    Raises:
        UsageError: neither is given, the price is not known that a limit needs, or the limit is
            reached within minutes.
    """
    if not expires and not limit:
        raise UsageError(
            "an endpoint needs an end: give --expires 8h, or --limit 20 to have it end when it has "
            "cost so much"
        )
    moments = [expiry(expires, now)] if expires else []
    if limit and not cost.idle:
        if not cost.most_hourly:
            if expires:
                return moments[0]
            raise UsageError(f"{UNKNOWN}, so that --limit cannot be kept; give --expires")
        seconds = limit / cost.most_hourly * 3600
        if seconds < SOONEST_SECONDS:
            raise UsageError(
                f"{limit:g} {cost.price.currency if cost.price else ''} are used up in "
                f"{seconds / 60:.0f} minutes; give a higher --limit or a smaller --instance"
            )
        moments.append((now + timedelta(seconds=seconds)).replace(microsecond=0))
    if not moments:
        raise UsageError("serverless has no price by the hour to keep a --limit; give --expires")
    return min(moments)

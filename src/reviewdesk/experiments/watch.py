"""A watch on a live model: what is sent and answered against what was held out in training.

Each quantity that is watched is a mean of values from 0 to 1: the share of a label, of unknown
words, of right answers. What was held out says where its mean lies; a bet that it has left that
range, up or down, wins only where it has, whenever one looks (see ``betting``). Bets begin anew
every few hundred reviews, each with a part of the money (Shiryaev 1963), so that a late change is
noticed, too; the money of all quantities is one sum, so that all false alarms together are rare.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALPHA: Final = 0.05
"""Chance of any alarm over all looks and quantities, where nothing has changed."""

WIDE: Final = 3.3
"""Standard errors on each side of a held-out mean that the live one may lie in: 99.9 %."""

EVERY: Final = 200
"""Reviews after which further bets begin."""

SIZES: Final = (0.05, 0.15, 0.4, 0.9)
LOOKS: Final = 60


@dataclass(frozen=True)
class Quantity:
    """One quantity and what it was when the model was trained.

    Args:
        name: as in ``share of negative``.
        kind: ``input``, ``answers`` or ``truth``.
        mean: the held-out mean.
        low: where the mean may begin.
        high: where it may end.
        fall: whether a fall counts.
        rise: whether a rise counts.
        variant: whose it is, where several answer; empty of what they are all sent.
    """

    name: str
    kind: str
    mean: float
    low: float
    high: float
    fall: bool = True
    rise: bool = True
    variant: str = ""

    @property
    def title(self) -> str:
        """What people and ``live`` know it by."""
        return f"{self.name} of variant {self.variant}" if self.variant else self.name


@dataclass(frozen=True)
class WatchedQuantity:
    """How a quantity has gone.

    Args:
        quantity: what is watched.
        rows: reviews at each look (looks,).
        means: its mean since the look before (looks,).
        log_e: evidence at each look that it has left its range, as a logarithm (looks,).
        alarm: whether that has ever been enough.
        since: reviews before the first look that raised it; 0 without an alarm.
    """

    quantity: Quantity
    rows: NDArray[np.int64]
    means: Floats
    log_e: Floats
    alarm: bool
    since: int

    @property
    def now(self) -> float:
        """Its mean over the last quarter of the looks."""
        return float(np.nanmean(self.means[-max(len(self.means) // 4, 1) :]))


@dataclass(frozen=True)
class Watch:
    """All quantities of a live model.

    Args:
        watched: each of them.
        rows: reviews that were answered.
    """

    watched: list[WatchedQuantity]
    rows: int

    @property
    def alarms(self) -> list[WatchedQuantity]:
        """Those that have left their range."""
        return [one for one in self.watched if one.alarm]

    @property
    def sentence(self) -> str:
        """What to do."""
        worse = [one for one in self.alarms if one.quantity.kind == "truth"]
        if worse:
            return f"Train again: {_listed(worse)}."
        if self.alarms:
            return (
                f"What is sent has changed: {_listed(self.alarms)}. Learn what is true of some of "
                "it, and train again where the model is less right."
            )
        known = any(one.quantity.kind == "truth" for one in self.watched)
        rest = "" if known else " Whether answers are right is not known without ground truth."
        return f"Nothing has changed that matters, over {self.rows:,} reviews.{rest}"

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON values."""
        return {
            "sentence": self.sentence,
            "rows": self.rows,
            "quantities": [
                {
                    "name": watched.quantity.name,
                    "variant": watched.quantity.variant,
                    "kind": watched.quantity.kind,
                    "trained": watched.quantity.mean,
                    "low": watched.quantity.low,
                    "high": watched.quantity.high,
                    "now": watched.now,
                    "reviews": int(watched.rows[-1]),
                    "p_value": float(np.exp(-max(watched.log_e.max(), 0.0))),
                    "alarm": watched.alarm,
                    "noticed_after": watched.since,
                }
                for watched in self.watched
            ],
        }

    def gauges(self, endpoint: str) -> str:
        """Return all of it in Prometheus' text format.

        Args:
            endpoint: of whose answers it is.
        """
        lines = []
        for name, meaning, value in (
            ("monitor_mean", "Mean of a watched quantity lately.", lambda one: one.now),
            ("monitor_trained_mean", "Its mean when the model was trained.",
             lambda one: one.quantity.mean),
            ("monitor_alarm", "Whether it has left its range.", lambda one: int(one.alarm)),
        ):  # fmt: skip
            lines += [f"# HELP reviewdesk_{name} {meaning}", f"# TYPE reviewdesk_{name} gauge"]
            lines += [
                f"reviewdesk_{name}{{{_labels(endpoint, one.quantity)}}} {value(one)}"
                for one in self.watched
            ]
        return "\n".join(lines) + "\n"


def quantity(
    name: str,
    kind: str,
    values: Floats,
    groups: NDArray[Any],
    *,
    fall: bool = True,
    rise: bool = True,
    variant: str = "",
) -> Quantity:
    """Return a quantity with the range that held-out reviews leave it.

    Args:
        name: as in ``share of negative``.
        kind: ``input``, ``answers`` or ``truth``.
        values: from 0 to 1 (n,).
        groups: held-out reviews of equal value resemble each other (n,).
        fall: whether a fall counts.
        rise: whether a rise counts.
        variant: whose it is, where several answer.
    """
    mean = float(values.mean())
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, values - mean)
    n = len(sums)
    error = float(np.sqrt((sums**2).sum() * n / max(n - 1, 1)) / len(values))
    # Three of n may be of any other kind without having been seen (Hanley and Lippman-Hand 1983).
    half = max(WIDE * error, 3.0 / n)
    low, high = max(mean - half, 0.0), min(mean + half, 1.0)
    return Quantity(name, kind, mean, low, high, fall, rise, variant)


def watch(quantities: Sequence[Quantity], live: Mapping[str, Floats], rows: int) -> Watch:
    """Return how quantities have gone.

    Args:
        quantities: what is watched.
        live: by title, the values of live reviews in the order in which they came; NaN where a
            review has none.
        rows: reviews that were answered.
    """
    needed = np.log(len(quantities) / ALPHA)
    return Watch([_followed(one, live[one.title], needed) for one in quantities], rows)


def _followed(quantity: Quantity, values: Floats, needed: float) -> WatchedQuantity:
    known = values[np.isfinite(values)]
    looks = np.unique(np.linspace(0, len(known), LOOKS + 1)[1:].round().astype(np.int64))
    sums = np.concatenate([[0.0], np.cumsum(known)])[np.concatenate([[0], looks])]
    means = np.diff(sums) / np.maximum(np.diff(np.concatenate([[0], looks])), 1)
    sides = []
    if quantity.rise and quantity.high < 1:
        sides.append(log_wealth(known - quantity.high, looks))
    if quantity.fall and quantity.low > 0:
        sides.append(log_wealth(quantity.low - known, looks))
    none = np.zeros(len(looks))
    log_e = np.logaddexp.reduce([*sides], axis=0) - np.log(len(sides)) if sides else none
    enough = log_e >= needed
    since = int(looks[enough.argmax()]) if enough.any() else 0
    return WatchedQuantity(quantity, looks, means, log_e, bool(enough.any()), since)


def log_wealth(steps: Floats, looks: NDArray[np.int64]) -> Floats:
    """Return what has become of 1, as a logarithm, where bets begin anew (looks,).

    Args:
        steps: from -1 to 1; where nothing has changed, none is expected to be above 0 (n,).
        looks: after how many of them (looks,).
    """
    starts = np.arange(0, max(len(steps), 1), EVERY)
    money = 1.0 / ((np.arange(len(starts)) + 1.0) * (np.arange(len(starts)) + 2.0))  # sum below 1
    gains = np.log1p(np.array(SIZES)[:, None] * steps)  # (sizes, n)
    walk = np.concatenate([np.zeros((len(SIZES), 1)), np.cumsum(gains, axis=1)], axis=1)
    since = walk[:, None, looks] - walk[:, starts, None]  # (sizes, starts, looks)
    begun = np.where(starts[:, None] < looks, since, 0.0)
    logs = np.logaddexp.reduce(begun, axis=0) - np.log(len(SIZES))  # (starts, looks)
    kept = np.logaddexp.reduce(logs + np.log(money)[:, None], axis=0)
    return np.asarray(np.logaddexp(kept, np.log(1 - money.sum())))


def _listed(watched: Sequence[WatchedQuantity]) -> str:
    parts = [
        f"{one.quantity.title} went from {one.quantity.mean:.1%} to {one.now:.1%} "
        f"(noticed after {one.since:,} reviews)"
        for one in watched
    ]
    return ", ".join(parts)


def _labels(endpoint: str, quantity: Quantity) -> str:
    named = {"endpoint": endpoint, "quantity": quantity.name}
    named |= {"variant": quantity.variant} if quantity.variant else {}
    return ",".join(f'{name}="{_label(value)}"' for name, value in named.items())


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")

"""What an experiment is about, fixed before its outcomes are looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from reviewdesk.errors import UsageError
from reviewdesk.settings import Settings, setting

HIGHER: Final = "higher"
LOWER: Final = "lower"


@dataclass(frozen=True, kw_only=True)
class ExperimentSettings(Settings):
    """How outcomes are read and judged."""

    unit_column: str = setting(
        "unit",
        "column of who or what was dealt to an arm, such as a customer or product; rows of one "
        "unit may resemble each other",
    )
    arm_column: str = setting("arm", "column of the arm, or variant, that a row belongs to")
    time_column: str = setting(
        "", "column that tells the order of the rows; by default they are in order"
    )
    request_column: str = setting(
        "",
        "column of the request, where every arm answered each of them (shadow traffic); arms are "
        "then compared on the same requests",
    )
    split: str = setting(
        "unit",
        "what was dealt to the arms by chance: units, all of whose rows are in one arm, or rows",
        choices=("unit", "row"),
    )
    alpha: float = setting(
        0.05,
        "chance of naming a difference where none is, over all looks; with several goals, the part "
        "of the named differences that may be none",
        minimum=1e-6,
        maximum=0.4,
    )
    horizon: int = setting(
        10_000,
        "units for which intervals are made narrowest: those that plan says for one look",
        minimum=10,
    )
    effect: float = setting(
        0.0,
        "smallest difference that matters; where it is surely smaller, arms count as alike",
        minimum=0.0,
    )


@dataclass(frozen=True)
class Metric:
    """One outcome that arms are compared by.

    Args:
        column: where it stands.
        better: whether higher or lower values are better.
        guardrail: whether it only must not get worse.
        margin: for a guardrail, by how much it may get worse.
    """

    column: str
    better: str = HIGHER
    guardrail: bool = False
    margin: float = 0.0

    @classmethod
    def parse(cls, word: str, *, guardrail: bool = False) -> Self:
        """Return the metric that is written as ``COLUMN:higher`` or ``COLUMN:lower:MARGIN``.

        Raises:
            UsageError: it is written otherwise.
        """
        column, _, rest = word.partition(":")
        better, _, margin = rest.partition(":")
        try:
            value = float(margin or 0)
        except ValueError:
            value = -1.0
        if not column or better not in ("", HIGHER, LOWER) or not value >= 0:
            raise UsageError(
                f"{word!r} is no metric; write its column and what is better, as in correct:higher "
                "or, for a guardrail that may get worse by 5, latency_ms:lower:5"
            )
        return cls(column, better or HIGHER, guardrail, value)


@dataclass(frozen=True)
class Design:
    """What is compared, by which outcomes, at which error rate.

    Args:
        shares: the part of the units that each arm was to receive; the first arm is the control.
        metrics: what arms are compared by.
        settings: how outcomes are read and judged.
    """

    shares: Mapping[str, float]
    metrics: tuple[Metric, ...]
    settings: ExperimentSettings

    @property
    def arms(self) -> list[str]:
        """The arms; the first is the control."""
        return list(self.shares)

    @property
    def paired(self) -> bool:
        """Whether every arm answered every request."""
        return bool(self.settings.request_column)

    @property
    def columns(self) -> list[str]:
        """The columns that it needs, each once."""
        settings = self.settings
        named = (settings.unit_column, settings.arm_column, settings.time_column)
        names = [*named, settings.request_column, *(one.column for one in self.metrics)]
        return list(dict.fromkeys(filter(None, names)))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "shares": dict(self.shares),
            "metrics": [asdict(metric) for metric in self.metrics],
            "settings": self.settings.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what ``to_json`` wrote."""
        return cls(
            dict(data["shares"]),
            tuple(Metric(**metric) for metric in data["metrics"]),
            ExperimentSettings.from_json(data["settings"]),
        )


def design(arms: str, metrics: Sequence[Metric], settings: ExperimentSettings) -> Design:
    """Return a design that was checked.

    Args:
        arms: as in ``A:0.9,B:0.1``, or names alone for equal shares; the control first.
        metrics: at least one that is no guardrail.
        settings: how outcomes are read and judged.

    Raises:
        UsageError: something is missing, given twice, or no number.
    """
    shares = parse_shares(arms)
    if len(shares) < 2:
        raise UsageError("an experiment compares at least two arms, as in A:0.5 B:0.5")
    columns = [metric.column for metric in metrics]
    if len(set(columns)) < len(columns):
        raise UsageError("a column is a metric twice")
    if all(metric.guardrail for metric in metrics):
        raise UsageError("name at least one metric that tells which arm is better")
    return Design(shares, tuple(metrics), settings)


def parse_shares(arms: str) -> dict[str, float]:
    """Return each arm's share of the whole.

    Args:
        arms: names with weights, as in ``A:0.9,B:0.1``; without weights all are equal.

    Raises:
        UsageError: an arm is named twice, or a weight is no number above 0.
    """
    weights: dict[str, float] = {}
    for word in arms.split(","):
        name, colon, weight = word.strip().rpartition(":")
        name, weight = (name, weight) if colon else (weight, "1")
        try:
            value = float(weight)
        except ValueError:
            value = 0.0
        if not name or name in weights or not 0 < value < float("inf"):
            raise UsageError(
                f"{word!r} is no arm; write names and weights, as in A:0.9,B:0.1, each name once"
            )
        weights[name] = value
    return {name: value / sum(weights.values()) for name, value in weights.items()}

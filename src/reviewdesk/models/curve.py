"""How learning went: what was measured while it went on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self, runtime_checkable

from reviewdesk.errors import BundleError


@dataclass(frozen=True)
class Point:
    """One measurement.

    Args:
        step: after how many steps.
        epoch: after how many epochs, with parts of them.
        rate: the learning rate.
        learnt_loss: the mean loss of the rows learnt from since the last measurement.
        loss: of the rows held out for validation; None in all measurements where there are none.
        accuracy: of the rows held out for validation; of several labels, the share of answers that
            are right.
        f1: of the rows held out for validation: of two labels that of the second, of more the mean.
    """

    step: int
    epoch: float
    rate: float
    learnt_loss: float
    loss: float | None
    accuracy: float | None
    f1: float | None = None


@dataclass(frozen=True)
class Curve:
    """All measurements of a run.

    Args:
        points: in their order.
        ended: why the run ended, in a few words.
    """

    points: tuple[Point, ...]
    ended: str

    def to_json(self) -> dict[str, Any]:
        """Return the curve as a table: plain JSON values."""
        return {"ended": self.ended, "points": [asdict(point) for point in self.points]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the curve of JSON values.

        Raises:
            BundleError: they are none.
        """
        try:
            points = tuple(Point(**point) for point in data["points"])
            numbers = [one for point in points for one in asdict(point).values() if one is not None]
            plain = all(type(one) in (int, float) for one in numbers)
            if plain and isinstance(data["ended"], str):
                return cls(points, data["ended"])
        except (KeyError, TypeError):
            pass
        raise BundleError("the curve of learning is damaged")


@runtime_checkable
class HasCurve(Protocol):
    """A classifier that was measured while it learned."""

    curve_: Curve

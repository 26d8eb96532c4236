"""How often the surest label is right, by how sure it is."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KNOTS: Final = 7
SHARES: Final = (0.02, 0.98)
POINTS: Final = 64
PRIOR: Final = 0.1
STEPS: Final = 50
UNSURE: Final = 1e-7
FEWEST: Final = 500
"""A curve through fewer rows would follow their chance."""


@dataclass(frozen=True, eq=False)
class TopCurve:
    """A line that never falls, from the log-odds of the surest label to better ones.

    Args:
        before: (p,) log-odds, ascending.
        after: (p,) what becomes of them; beyond the ends, odds change as much as at the ends.
    """

    before: Floats
    after: Floats

    @classmethod
    def fit(cls, sure: Floats, right: NDArray[np.bool_], weights: Floats) -> Self:
        """Return the curve under which what was right and wrong is most likely.

        It is a natural cubic spline, drawn to the straight line that changes nothing, and then
        made to never fall. Of few rows it is that straight line.

        Args:
            sure: (n,) probability of the surest label, of rows that were not learnt from.
            right: (n,) whether that label was right.
            weights: (n,) what each row counts.
        """
        odds = _log_odds(sure)
        knots = np.unique(np.quantile(odds, np.linspace(*SHARES, KNOTS))) if len(odds) else odds
        if len(knots) < KNOTS or len(odds) < FEWEST:
            return cls(np.zeros(1), np.zeros(1))
        basis = _basis(odds, knots)
        size = np.maximum(basis.std(axis=0), 1e-9)
        size[0] = 1
        bends = _most_likely(basis / size, odds, right, weights)
        before = np.linspace(knots[0], knots[-1], POINTS)
        after = before + _basis(before, knots) / size @ bends
        return cls(before, np.maximum.accumulate(after))

    def __call__(self, sure: Floats) -> Floats:
        """Return better probabilities of the surest labels, (n,)."""
        odds = _log_odds(sure)
        inside = np.clip(odds, self.before[0], self.before[-1])
        better = np.interp(inside, self.before, self.after) + odds - inside
        found: Floats = 1 / (1 + np.exp(-better))
        return found


def _log_odds(sure: Floats) -> Floats:
    clipped = np.clip(sure, UNSURE, 1 - UNSURE)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds


def _basis(odds: Floats, knots: Floats) -> Floats:
    """Return a natural cubic spline's basis, (n, knots): Hastie et al. 2009, formula 5.4."""
    cubes = np.maximum(odds[:, None] - knots, 0) ** 3
    slopes = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    bent = slopes[:, :-1] - slopes[:, -1:]
    return np.concatenate([np.ones((len(odds), 1)), odds[:, None], bent], axis=1)


def _most_likely(basis: Floats, odds: Floats, right: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return the bends (b,) of a logistic regression on top of log-odds, by damped Newton steps."""

    def loss_of(bends: Floats) -> float:
        signed = np.where(right, 1, -1) * (odds + basis @ bends)
        return float(weights @ np.logaddexp(0, -signed) + PRIOR * bends @ bends / 2)

    bends = np.zeros(basis.shape[1])
    loss, damping = loss_of(bends), 1e-3
    for _ in range(STEPS):
        shares = 1 / (1 + np.exp(-np.clip(odds + basis @ bends, -500, 500)))
        gradient = basis.T @ (weights * (shares - right)) + PRIOR * bends
        hessian = (basis * (weights * shares * (1 - shares))[:, None]).T @ basis
        hessian += PRIOR * np.eye(len(bends))
        step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
        tried = loss_of(bends - step)
        if not tried < loss:
            damping *= 10
            if damping > 1e6:
                break
            continue
        gain, bends, loss = loss - tried, bends - step, tried
        damping = max(damping / 10, 1e-9)
        if gain < 1e-7 * (1 + abs(loss)):
            break
    return bends

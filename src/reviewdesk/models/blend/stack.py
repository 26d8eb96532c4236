"""Weights of a blend's members: a product of their probabilities, each to a power.

The probability of label c is proportional to ``exp(sum_m weight_m log p_m,c + shift_c)``, a
logarithmic opinion pool (Genest and Zidek 1986). Weights and shifts are those under which the
labels of reviews that no member had seen are most likely (stacking; Wolpert 1992, Breiman 1996);
none is negative, and a member whose weight does not earn its place has none. One weight for all
reviews also says how sure the blend may be: the powers need not add up to 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.linear.likelihood import most_likely

Floats = NDArray[np.float64]

LEAST_SHARE: Final = 1e-6
"""Members are no surer than this that a label is wrong."""

MOST_ROWS: Final = 20_000
FEWEST_ROWS: Final = 30
FACTOR_PRIOR: Final = 1e-3
SHIFT_PRIOR: Final = 1.0
CASCADE_LOSS: Final = 0.001
"""By so much a cascade may be right less often than the whole blend, where it is learnt."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Weights and shifts.

    Args:
        weights: (m,) 0 or more, of each member.
        shifts: (k,) of each label.
        spreads: (m,) how far each member's log-probabilities are from each other, as the root of
            their mean square; 1 where it was not measured.
    """

    weights: Floats
    shifts: Floats
    spreads: Floats

    @classmethod
    def equal(cls, members: int, k: int) -> Self:
        """Return the mean of all members, for want of rows to learn from."""
        return cls(np.full(members, 1 / members), np.zeros(k), np.ones(members))

    @classmethod
    def fit(cls, logs: Sequence[NDArray[Any]], labels: NDArray[Any]) -> Self:
        """Return the weights and shifts under which labels are most likely.

        A member is left out where that costs less than the Bayesian information criterion asks for
        a number more (Schwarz 1978), so that one that knows nothing has no weight.

        Args:
            logs: of each of m members (n, k) log-probabilities of rows that it had not seen.
            labels: (n,) 0 to k - 1.
        """
        members, k = len(logs), logs[0].shape[1]
        if len(labels) < FEWEST_ROWS:
            return cls.equal(members, k)
        some = slice(None, None, max(-(-len(labels) // MOST_ROWS), 1))
        terms = np.stack([one[some] for one in logs], axis=1).astype(np.float32)  # (n, m, k)
        truth = labels[some].astype(np.int32)
        kept = np.arange(members)
        fitted, loss = _fit(terms, truth)
        price = np.log(len(truth)) / 2
        while len(kept) > 1:
            tries = [_fit(np.delete(terms, one, axis=1), truth) for one in range(len(kept))]
            worst = int(np.argmin([after for _, after in tries]))
            if tries[worst][1] - loss > price and (fitted[: len(kept)] >= 0).all():
                break
            terms, kept = np.delete(terms, worst, axis=1), np.delete(kept, worst)
            fitted, loss = tries[worst]
        weights = np.zeros(members)
        weights[kept] = np.maximum(fitted[: len(kept)], 0)
        if not weights.any():
            weights[kept] = 1
        spreads = np.array([_spread(one) for one in logs])
        return cls(weights, fitted[len(kept) :], spreads)

    @property
    def shares(self) -> Floats:
        """How much each member moves the answers, of all members; adds up to 1."""
        moved = self.weights * self.spreads
        shares: Floats = moved / moved.sum() if moved.any() else self.weights / self.weights.sum()
        return shares

    def __call__(self, logs: Sequence[NDArray[Any] | None]) -> Floats:
        """Return the log-probabilities of the blend, (n, k).

        Args:
            logs: of each member (n, k); None of one without weight.
        """
        scores = np.zeros((0, 0))
        for weight, one in zip(self.weights, logs, strict=True):
            if weight and one is not None:
                added = weight * one.astype(np.float64)
                scores = scores + added if scores.size else added
        scores = scores + self.shifts
        scores -= scores.max(axis=1, keepdims=True, initial=-np.inf)
        logs_of_blend: Floats = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return logs_of_blend

    def to_arrays(self) -> dict[str, Floats]:
        """Return it as arrays of numbers."""
        return {
            "stack.weights": self.weights,
            "stack.shifts": self.shifts,
            "stack.spreads": self.spreads,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], members: int, k: int) -> Self:
        """Return what ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        shapes = {"stack.weights": members, "stack.shifts": k, "stack.spreads": members}
        for name, length in shapes.items():
            array = arrays.get(name)
            if array is None or array.shape != (length,) or array.dtype != np.float64:
                raise BundleError("the weights of the blend do not fit its members or labels")
            if not np.isfinite(array).all():
                raise BundleError("the weights of the blend are damaged")
        weights, shifts, spreads = (arrays[name] for name in shapes)
        if (weights < 0).any() or not weights.any() or (spreads < 0).any():
            raise BundleError("the weights of the blend are damaged")
        return cls(weights, shifts, spreads)


def log_probabilities(probabilities: NDArray[Any]) -> NDArray[np.float32]:
    """Return logarithms of a member's probabilities (n, k), none of them without end."""
    logs: NDArray[np.float32] = np.log(np.maximum(probabilities, LEAST_SHARE)).astype(np.float32)
    return logs


def sure_enough(fast: NDArray[Any], blended: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return from which probability on the fast member may answer alone; above 1: never.

    Args:
        fast: (n, k) log-probabilities of the fast member, of rows that it had not seen.
        blended: (n, k) those of the whole blend.
        labels: (n,) 0 to k - 1.
    """
    sureness = np.exp(fast.max(axis=1).astype(np.float64))
    order = np.argsort(-sureness, kind="stable")
    lost = (blended.argmax(axis=1) == labels).astype(int) - (fast.argmax(axis=1) == labels)
    allowed = np.cumsum(lost[order]) <= CASCADE_LOSS * len(labels)
    ends = np.append(np.diff(sureness[order]) != 0, True)  # equally sure rows go together
    good = np.flatnonzero(allowed & ends)
    return float(sureness[order][good[-1]]) if len(good) else 1.1


def _fit(terms: NDArray[np.float32], labels: NDArray[np.int32]) -> tuple[Floats, float]:
    """Return factors and shifts (m + k,), and their loss."""
    n, m, k = terms.shape
    start = np.append(np.full(m, 1 / max(m, 1)), np.zeros(k))
    prior = np.diag(np.append(np.full(m, FACTOR_PRIOR), np.full(k, SHIFT_PRIOR)))
    found = most_likely(np.ascontiguousarray(terms), labels, np.ones(n), start, prior)
    scores = np.einsum("nmk,m->nk", terms.astype(np.float64), found[:m]) + found[m:]
    scores -= scores.max(axis=1, keepdims=True)
    totals = np.log(np.exp(scores).sum(axis=1))
    return found, float((totals - scores[np.arange(n), labels]).sum())


def _spread(logs: NDArray[Any]) -> float:
    centred = logs - logs.mean(axis=1, keepdims=True)
    return float(np.sqrt(np.mean(centred.astype(np.float64) ** 2)))

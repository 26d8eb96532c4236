"""Probabilities from scores, by maximum likelihood on rows that were not learnt from.

Two labels have one temperature. Of more labels, a temperature alone is too sure of the surest and
not sure enough of the rest: reviews that fit several categories keep a floor of errors. So the
score of a label is a sum of ``log p`` and ``log(1 - p)`` at two temperatures, as in beta
calibration, and each label has a shift. What that few numbers cannot bend is left to a curve for
the surest label.

Source: Guo et al. 2017, On calibration of modern neural networks; Kull, Silva Filho and Flach 2017,
Beta calibration.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.linear.likelihood import most_likely, softmax, some_rows
from reviewdesk.models.linear.top_curve import TopCurve
from reviewdesk.models.short_texts import CutTexts, ShortTexts
from reviewdesk.text.compiled import compiled

Floats = NDArray[np.float64]

TEMPERATURES: Final = (2.0, 0.5)
ROWS_AT_ONCE: Final = 8_192
CURVE_PRIOR: Final = 0.1
SHIFT_PRIOR: Final = 4.0
"""What a shift costs: with few rows of a label, its shift stays near 0."""
NO_SHIFT_PRIOR: Final = 1e9
LEAST_SCALE: Final = 1e-3
LEAST_TEMPERING: Final = 0.1
"""How much of the scores is believed at the least where few texts say how far they may be."""
SUREST: Final = 1 - 1e-7
SMALL: Final = 0.01
STILL_MORE: Final = 1 + 1e-5
NO_OTHERS: Final = 1e-200


@dataclass(frozen=True, eq=False)
class Calibration:
    """``probability of label c ~ exp(curve . terms(scores)_c + shift_c)``, the surest one bent.

    Args:
        curve: (1,) of two labels, (4,) of more.
        shift: (k,) float64; minus infinity for a label that is never given.
        top: for the surest label.
        short: for texts of few known words.
    """

    curve: Floats
    shift: Floats
    top: TopCurve | None = None
    short: ShortTexts | None = None

    @classmethod
    def fit(
        cls,
        scores: NDArray[np.float32],
        labels: NDArray[np.int32],
        costs: NDArray[np.float32],
        known: NDArray[np.int64] | None = None,
        cut: CutTexts | None = None,
    ) -> Self:
        """Return the calibration under which the labels are most likely.

        Args:
            scores: (n, k) of rows that were not learnt from.
            labels: (n,) 0 to k - 1.
            costs: (k,) how much a row of each label counts.
            known: (n,) how many n-grams of each row are known; None takes all rows for long ones.
            cut: such rows again, cut short, with their scores.
        """
        k = scores.shape[1]
        some = some_rows(len(labels))
        start = _as_they_come(k)
        prior = np.append(np.full(len(start), CURVE_PRIOR), np.full(k, SHIFT_PRIOR))
        weights = costs[labels].astype(np.float64)
        parameters = most_likely(
            _terms(scores[some]),
            labels[some],
            weights[some],
            np.append(start, np.zeros(k)),
            np.diag(prior),
        )
        curve, shift = parameters[:-k], parameters[-k:]
        if k == 2:
            curve = np.maximum(curve, LEAST_SCALE)
        plain, short = cls(curve, shift), None
        if known is not None:
            shares = plain.probabilities(scores)
            rows = np.bincount(labels, weights=weights, minlength=k)
            cut = cut and cut._replace(shares=plain.probabilities(cut.shares))
            short = ShortTexts.fit(shares, known, labels, weights, rows, cut)
            plain = replace(plain, short=short)
        shares = plain.probabilities(scores, known).astype(np.float64)
        right = shares.argmax(axis=1) == labels
        return cls(curve, shift, TopCurve.fit(shares.max(axis=1), right, weights), short)

    @classmethod
    def fit_few(
        cls, scores: NDArray[np.float32], labels: NDArray[np.int32], weights: Floats
    ) -> Self:
        """Return a calibration for few texts: one temperature, which never changes a label.

        Args:
            scores: (n, k) of rows that were not learnt from.
            labels: (n,) 0 to k - 1.
            weights: (n,) what each row counts.
        """
        k = scores.shape[1]
        start = np.array(_as_they_come(k))
        factor = np.flatnonzero(start)[:1]
        terms = _terms(scores)[:, factor]
        precision = np.diag(np.append(CURVE_PRIOR, np.full(k, NO_SHIFT_PRIOR)))
        at = np.append(start[factor], np.zeros(k))
        scale = most_likely(terms, labels, weights, at, precision)[0] / start[factor][0]
        return cls(start * max(scale, LEAST_TEMPERING), np.zeros(k))

    def probabilities(
        self, scores: NDArray[np.float32], known: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); each row adds up to 1.

        Args:
            scores: (n, k).
            known: (n,) how many n-grams of each row are known; None takes all rows for long ones.
        """
        given = np.flatnonzero(np.isfinite(self.shift))
        probabilities = np.zeros(scores.shape, np.float32)
        for start in range(0, len(scores), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            few = np.ascontiguousarray(scores[rows, given])
            shares = np.empty(few.shape)
            write_shares(_terms(few), self.curve, self.shift[given], shares)
            if known is not None and self.short is not None:
                shares = self.short(shares, known[rows], given)
            if self.top is not None:
                shares = _bent(shares, self.top)
            probabilities[rows, given] = shares
        if known is not None and self.short is not None:
            probabilities[known == 0] = self.short.label_shares
        return probabilities

    def with_rows(self, other: "Calibration") -> Self:
        """Return the same, with the rows that another one was learnt from counted too."""
        if self.short is None or other.short is None:
            return self
        return replace(self, short=self.short.with_rows(other.short.label_rows))

    def spread(self, places: NDArray[np.int64], k: int) -> Self:
        """Return the same calibration for k labels, of which only those at places are given."""
        shift = np.full(k, -np.inf)
        shift[places] = self.shift[np.isfinite(self.shift)]
        short = self.short and self.short.spread(places, k)
        return type(self)(self.curve, shift, self.top, short)

    def to_arrays(self) -> dict[str, Floats]:
        """Return the calibration as arrays of numbers."""
        arrays = {"calibration.curve": self.curve, "calibration.shift": self.shift}
        if self.top is not None:
            arrays["calibration.top"] = np.stack([self.top.before, self.top.after])
        return arrays | (self.short.to_arrays() if self.short else {})

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], k: int) -> Self:
        """Return the calibration that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        curve, shift = arrays.get("calibration.curve"), arrays.get("calibration.shift")
        if shift is None or shift.shape != (k,) or shift.dtype != np.float64:
            raise BundleError("the calibration does not fit the labels")
        given = np.isfinite(shift)
        if given.sum() < 2 or not (given | (shift == -np.inf)).all():
            raise BundleError("the calibration does not fit the labels")
        if curve is None or curve.shape != (_curve_terms(int(given.sum())),):
            raise BundleError("the weights lack the calibration's curve")
        if curve.dtype != np.float64 or not np.isfinite(curve).all():
            raise BundleError("the weights lack the calibration's curve")
        short = ShortTexts.from_arrays(arrays, k) if "short.rows" in arrays else None
        top = arrays.get("calibration.top")
        if top is None:
            return cls(curve, shift, None, short)
        if top.ndim != 2 or top.shape[0] != 2 or not top.shape[1] or top.dtype != np.float64:
            raise BundleError("the calibration of the surest label is damaged")
        if not np.isfinite(top).all() or (np.diff(top) < 0).any():
            raise BundleError("the calibration of the surest label is damaged")
        return cls(curve, shift, TopCurve(top[0], top[1]), short)


def _as_they_come(k: int) -> list[float]:
    """Return the curve that leaves scores what they are."""
    return [1.0] if k == 2 else [0.0, 0.0, TEMPERATURES[1], 0.0]


def _curve_terms(k: int) -> int:
    return 1 if k == 2 else 2 * len(TEMPERATURES)


def _terms(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the calibrated score of a label is made of, (n, m, k)."""
    n, k = scores.shape
    if k == 2:
        return scores[:, None, :].astype(np.float32)
    terms = np.empty((n, 2 * len(TEMPERATURES), k), np.float32)
    write_terms(np.ascontiguousarray(scores), np.array(TEMPERATURES), terms)
    return terms


def _bent(shares: Floats, top: TopCurve) -> Floats:
    """Return probabilities with the surest one bent; it stays the surest."""
    rows = np.arange(len(shares))
    first = shares.argmax(axis=1)
    sure = shares[rows, first]
    rest = shares.copy()
    rest[rows, first] = 0
    others = rest.sum(axis=1)  # 1 - sure has no digits left where sure is nearly 1
    second = rest.max(axis=1, initial=0)
    alone = others < NO_OTHERS
    others[alone] = 1
    better = np.maximum(top(sure), second / (others + second) * STILL_MORE)
    better[alone] = 1
    rest *= ((1 - better) / others)[:, None]
    rest[rows, first] = better
    return rest


@compiled
def write_terms(
    scores: NDArray[np.float32], temperatures: Floats, terms: NDArray[np.float32]
) -> None:
    """Write ``log p`` and ``-log(1 - p)`` of each label at each temperature, (n, m, k)."""
    k = scores.shape[1]
    logs, shares = np.empty(k), np.empty(k)
    for row in range(len(scores)):
        for number in range(len(temperatures)):
            for label in range(k):
                logs[label] = scores[row, label] / temperatures[number]
            softmax(logs, shares)
            for label in range(k):
                terms[row, 2 * number, label] = logs[label]
                terms[row, 2 * number + 1, label] = no_log(shares[label])


@compiled
def write_shares(terms: NDArray[np.float32], curve: Floats, shift: Floats, shares: Floats) -> None:
    """Write the probabilities (n, k) of terms (n, m, k)."""
    n, m, k = terms.shape
    logs = np.empty(k)
    for row in range(n):
        logs[:] = shift
        for term in range(m):
            for label in range(k):
                logs[label] += curve[term] * terms[row, term, label]
        softmax(logs, shares[row])


@compiled
def no_log(share: float) -> float:
    """Return ``-log(1 - share)``; of a small share by its series, which is faster."""
    if share < SMALL:
        return share * (1 + share * (1 / 2 + share * (1 / 3 + share / 4)))
    return -math.log1p(-min(share, SUREST))

"""How sure a classifier may be of texts of which it knows hardly a word.

Of a text without a known word nothing speaks for one label more than for another: each gets the
share that it has among the reviews that were learnt from. Texts of one or two known words are of
other labels than long ones (praise is short), and unit length makes their few words loud. So the
probabilities of texts of so many known n-grams are raised to a power, and each label's is
multiplied by a number, both fitted on rows that were not learnt from.

Where hardly a row is that short, as among long reviews, rows that were cut say how far a word or
two may be believed; where there are many, cut ones hardly count: who writes little writes otherwise
than who is interrupted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.linear.likelihood import most_likely, some_rows

Floats = NDArray[np.float64]

MOST: Final = (1, 2, 4, 8, 16, 32)
"""How many known n-grams the texts of each kind have at the most; longer texts are left alone."""

CUTS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24)
"""How many known n-grams rows are cut to."""
MOST_CUT: Final = 4_500
CUT_WEIGHT: Final = 200.0
"""What all rows together that were cut to a kind's length count, in rows."""

LONG: Final = MOST[-1] + 1
"""Beyond this, known n-grams need not be counted."""

POWER_PRIOR: Final = 10.0
SHIFT_PRIOR: Final = 10.0
"""What a power other than 1 and a shift cost: with few rows of a kind, both stay what they are."""

LEAST_POWER: Final = 0.05
LEAST_SHARE: Final = 1e-30


class CutTexts(NamedTuple):
    """Rows that were not learnt from, cut short.

    Args:
        shares: (n, k) the labels' probabilities.
        known: (n,) how many n-grams of each row were known.
        labels: (n,) 0 to k - 1.
    """

    shares: NDArray[Any]
    known: NDArray[Any]
    labels: NDArray[Any]


@dataclass(frozen=True, eq=False)
class ShortTexts:
    """``p_c ^ power * exp(shift_c)`` for texts of few known n-grams, of each kind in ``MOST``.

    Args:
        label_rows: (k,) how many of the rows that were learnt from have each label.
        powers: (kinds,) above 0.
        shifts: (kinds, k).
    """

    label_rows: Floats
    powers: Floats
    shifts: Floats

    @classmethod
    def level(cls, label_rows: NDArray[Any]) -> Self:
        """Return what leaves all probabilities as they are but those of texts without a word."""
        shape = len(MOST), len(label_rows)
        return cls(label_rows.astype(np.float64), np.ones(len(MOST)), np.zeros(shape))

    @classmethod
    def fit(
        cls,
        shares: NDArray[Any],
        known: NDArray[Any],
        labels: NDArray[Any],
        weights: Floats,
        label_rows: NDArray[Any],
        cut: CutTexts | None = None,
    ) -> Self:
        """Return the powers and shifts under which the labels are most likely.

        Args:
            shares: (n, k) the labels' probabilities, of rows that were not learnt from.
            known: (n,) how many n-grams of each row were known.
            labels: (n,) 0 to k - 1.
            weights: (n,) what each row counts.
            label_rows: (k,) how many of the rows that were learnt from have each label.
            cut: such rows again, cut short.
        """
        level = cls.level(label_rows)
        if cut is not None:
            counted = _counted_as_few(cut.known)
            shares, known, labels, weights = (
                np.concatenate(both)
                for both in zip((shares, known, labels, weights), (*cut, counted), strict=True)
            )
        powers, shifts, k = level.powers.copy(), level.shifts.copy(), len(label_rows)
        prior = np.diag(np.append(POWER_PRIOR, np.full(k, SHIFT_PRIOR)))
        kinds = _kinds(known)
        for kind in range(len(MOST)):
            rows = np.flatnonzero((kinds == kind) & (known > 0))
            rows = rows[some_rows(len(rows))]
            logs = np.log(np.maximum(shares[rows], LEAST_SHARE)).astype(np.float32)
            likely = most_likely(
                logs[:, None, :],
                labels[rows].astype(np.int32),
                weights[rows],
                np.append(1.0, np.zeros(k)),
                prior,
            )
            powers[kind], shifts[kind] = max(likely[0], LEAST_POWER), likely[1:]
        return replace(level, powers=powers, shifts=shifts)

    @property
    def label_shares(self) -> Floats:
        """The share that each label has among the rows that were learnt from, (k,)."""
        shares: Floats = self.label_rows / self.label_rows.sum()
        return shares

    def __call__(self, shares: Floats, known: NDArray[Any], given: NDArray[np.intp]) -> Floats:
        """Return better probabilities, (n, g); texts without a known word keep theirs.

        Args:
            shares: (n, g) the probabilities of g labels.
            known: (n,) how many n-grams of each text are known; ``LONG`` stands for more.
            given: (g,) which labels these are, of all k.
        """
        kinds, better = _kinds(known), shares.copy()
        short = np.flatnonzero((kinds < len(MOST)) & (known > 0))
        if len(short):
            logs = np.log(np.maximum(shares[short], LEAST_SHARE))
            logs = self.powers[kinds[short], None] * logs + self.shifts[kinds[short]][:, given]
            odds = np.exp(logs - logs.max(axis=1, keepdims=True))
            better[short] = odds / odds.sum(axis=1, keepdims=True)
        return better

    def corrected(self, shares: NDArray[np.float32], known: NDArray[Any]) -> NDArray[np.float32]:
        """Return better probabilities of all labels, also of texts without a known word, (n, k)."""
        given = np.flatnonzero(self.label_rows)
        better = shares.copy()
        better[:, given] = self(shares[:, given].astype(np.float64), known, given)
        better[known == 0] = self.label_shares
        return better

    def with_rows(self, more: Floats) -> Self:
        """Return the same after further rows were learnt from, so many of each label (k,)."""
        return replace(self, label_rows=self.label_rows + more)

    def spread(self, places: NDArray[np.int64], k: int) -> Self:
        """Return the same for k labels, of which only those at places were learnt from."""
        label_rows, shifts = np.zeros(k), np.zeros((len(MOST), k))
        label_rows[places], shifts[:, places] = self.label_rows, self.shifts
        return type(self)(label_rows, self.powers, shifts)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return it as arrays of numbers."""
        return {
            "short.rows": self.label_rows,
            "short.powers": self.powers,
            "short.shifts": self.shifts,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], k: int) -> Self:
        """Return what ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        shapes = {"short.rows": (k,), "short.powers": (len(MOST),), "short.shifts": (len(MOST), k)}
        for name, shape in shapes.items():
            array = arrays.get(name)
            if array is None or array.shape != shape or array.dtype != np.float64:
                raise BundleError("the weights lack what is known of texts of few words")
            if not np.isfinite(array).all():
                raise BundleError("what is known of texts of few words is damaged")
        rows, powers, shifts = (arrays[name] for name in shapes)
        if (rows < 0).any() or rows.sum() <= 0 or (powers <= 0).any():
            raise BundleError("what is known of texts of few words is damaged")
        return cls(rows, powers, shifts)


def cut_rows(rows: int, most: int = MOST_CUT) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of so many rows to cut, at most so many, and to how many n-grams, (m,) each."""
    chosen = np.arange(0, rows, max(-(-rows // most), 1))
    return chosen, np.array(CUTS)[np.arange(len(chosen)) % len(CUTS)]


def _counted_as_few(known: NDArray[Any]) -> Floats:
    """Return what each row that was cut counts, (n,)."""
    kinds = _kinds(known)
    of_kind = np.bincount(kinds, minlength=len(MOST) + 1)
    counted: Floats = np.minimum(CUT_WEIGHT / np.maximum(of_kind, 1), 1)[kinds]
    return counted


def _kinds(known: NDArray[Any]) -> NDArray[np.intp]:
    return np.searchsorted(MOST, known)

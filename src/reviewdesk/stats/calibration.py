"""Whether probabilities can be taken at their word."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewdesk.stats.jackknife import clustered_shares
from reviewdesk.stats.shares import share_intervals

Floats = NDArray[np.float64]

BINS = 15
PARTS_OF_A_BIN = 50


@dataclass(frozen=True)
class Reliability:
    """How sure a classifier was and how often it was right, in bins from unsure to sure.

    Args:
        rows: rows in each bin (b,).
        confidence: mean probability of the predicted label (b,).
        accuracy: share of them that were right (b,).
        low: lower end of the accuracy's 95 % interval (b,); NaN where products are too few to say.
        high: upper end (b,).
    """

    rows: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats
    low: Floats
    high: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap between confidence and accuracy, by rows."""
        gaps = np.abs(self.confidence - self.accuracy)
        return float(np.sum(gaps * self.rows) / np.sum(self.rows))


def reliability(
    confidence: NDArray[Any],
    correct: NDArray[np.bool_],
    groups: NDArray[Any] | None = None,
    bins: int = BINS,
) -> Reliability:
    """Compare confidence with accuracy in bins of equal mass.

    Rows of equal confidence stay in one bin, so that their order does not matter.

    Args:
        confidence: probability of the predicted label (n,).
        correct: whether the prediction was right (n,).
        groups: rows of one product have equal values (n,), which intervals reckon with.
        bins: how many bins, at most.
    """
    order = np.argsort(confidence)
    ordered = confidence[order].astype(np.float64)
    starts = _starts(ordered, bins)
    rows = np.diff(np.r_[starts, len(ordered)])
    right = np.add.reduceat(correct[order].astype(np.float64), starts)
    if groups is None:
        low, high = share_intervals(right, rows)
    else:
        low, high = clustered_shares(
            correct[order], np.repeat(np.arange(len(rows)), rows), groups[order]
        )
    return Reliability(rows, np.add.reduceat(ordered, starts) / rows, right / rows, low, high)


def perfect_error(
    confidence: NDArray[Any], bins: int = BINS, simulations: int = 1000, seed: int = 0
) -> float:
    """Return the 95th percentile of the calibration error of a perfectly calibrated model.

    Such a model is right exactly as often as it says, and still shows an error above zero because
    rows are finite; an error below this figure cannot be told from perfect. Outcomes are drawn
    for up to 50 parts of a bin, each of nearly equal confidence; up to 750 rows that is row by row.

    Args:
        confidence: probability of the predicted label (n,).
        bins: how many bins of equal mass.
        simulations: how many models to simulate.
        seed: another seed gives another simulation.
    """
    ordered = np.sort(confidence).astype(np.float64)
    bin_starts = _starts(ordered, bins)
    even = np.arange(bins * PARTS_OF_A_BIN) * len(ordered) // (bins * PARTS_OF_A_BIN)
    part_starts = np.union1d(bin_starts, even)
    rows = np.diff(np.r_[part_starts, len(ordered)])
    probabilities = np.clip(np.add.reduceat(ordered, part_starts) / rows, 0.0, 1.0)
    drawn = np.random.default_rng(seed).binomial(rows, probabilities, (simulations, len(rows)))
    surplus = np.add.reduceat(
        drawn - rows * probabilities, np.searchsorted(part_starts, bin_starts), axis=1
    )
    return float(np.quantile(np.abs(surplus).sum(axis=1) / len(ordered), 0.95))


def _starts(ordered: Floats, bins: int) -> NDArray[np.intp]:
    """Return where bins of equal mass begin, moved back to the first of equal confidences."""
    wanted = np.arange(bins) * len(ordered) // bins
    return np.unique(np.searchsorted(ordered, ordered[wanted], side="left"))

"""How right yes-or-no answers to several questions a row are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Agreement(NamedTuple):
    """Shares of rows, of each label (k,) or of each label without each group (g, k)."""

    both: Floats  # the row has the label and was given it
    given: Floats
    true: Floats

    def f1(self) -> Floats:
        """Return the F1 of each label; NaN for one that no row has or was given."""
        return _ratio(2 * self.both, self.given + self.true)

    def precision(self) -> Floats:
        """Return the share of what was given that is true; NaN where nothing was given."""
        return _ratio(self.both, self.given)

    def recall(self) -> Floats:
        """Return the share of what is true that was given; NaN where nothing is true."""
        return _ratio(self.both, self.true)

    def micro(self) -> "Agreement":
        """Return the same of all labels together, as one label."""
        return Agreement(*(one.sum(axis=-1, keepdims=True) for one in self))


def macro(values: Floats, support: Floats) -> Floats:
    """Return the mean of a figure over the labels that any row has.

    Args:
        values: (..., k); what is not defined counts as 0.
        support: (k,) how many rows have each label.
    """
    there = support > 0
    means: Floats = np.nan_to_num(values[..., there]).mean(axis=-1)
    return means


def _ratio(above: Floats, below: Floats) -> Floats:
    found = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found

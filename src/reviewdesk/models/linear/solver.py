"""Learning weights from rows: which solver, over which rows, in which order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.linear.hinge import hinge_epoch
from reviewdesk.models.linear.rows import Rows, count_labels
from reviewdesk.models.linear.scales import scales
from reviewdesk.models.linear.softmax import softmax_epoch
from reviewdesk.models.linear.weights import Weights

LINE: Final = 8  # float32 numbers; rows of weights begin where the processor likes to load
FIRST_GRADIENT: Final = 1e-3
FIRST_BIAS_GRADIENT: Final = 100.0

Choose = Callable[[Rows], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Solver:
    """How weights are learnt.

    Args:
        parts: gives the rows, the same parts each time.
        features: how many features there are.
        k: how many labels, 2 or more.
        costs: (k,) how much an error on a row of each label costs.
        min_df: a feature counts when it stands in so many rows that are learnt from.
        epochs: how often each row is visited.
        seed: another seed visits them in another order.
    """

    parts: Callable[[], Iterator[Rows]]
    features: int
    k: int
    costs: NDArray[np.float32]
    min_df: int
    epochs: int
    seed: int

    def fit(self, choose: Choose, strength: float) -> Weights:
        """Learn from chosen rows.

        Args:
            choose: says which rows of a part.
            strength: of two labels, what an error costs (C); of more, the rate of learning.
        """
        found, rows = self._scales(choose)
        if self.k == 2:
            return self._hinge(choose, found, strength)
        return self._softmax(choose, found, rows, strength)

    def _scales(self, choose: Choose) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        counts = np.zeros((self.features, self.k), np.int32)
        rows = np.zeros(self.k, np.int64)
        for part in self.parts():
            chosen = np.flatnonzero(choose(part))
            count_labels(part.ids, part.ends, part.labels, chosen, counts)
            rows += np.bincount(part.labels[chosen], minlength=self.k)
        return scales(counts, rows, self.min_df), rows

    def _hinge(self, choose: Choose, found: NDArray[np.float32], strength: float) -> Weights:
        table = np.zeros((self.features, 2), np.float32)
        table[:, 1] = found**2
        bias = np.zeros(1, np.float32)
        slack = (0.5 / (strength * self.costs)).astype(np.float32)
        alphas: list[NDArray[np.float32]] = []
        for epoch in range(self.epochs):
            for number, part in enumerate(self.parts()):
                if epoch == 0:
                    alphas.append(np.zeros(len(part), np.float32))
                order = self._order(choose(part), epoch, number)
                hinge_epoch(
                    part.ids, part.ends, order, part.labels, slack, alphas[number], table, bias
                )
        return Weights(table, bias)

    def _softmax(
        self,
        choose: Choose,
        found: NDArray[np.float32],
        rows: NDArray[np.int64],
        strength: float,
    ) -> Weights:
        k = self.k
        width = -(-(k + 2) // LINE) * LINE
        table = np.zeros((self.features, width), np.float32)
        table[:, k], table[:, k + 1] = found**2, FIRST_GRADIENT
        bias = np.zeros(width, np.float32)
        bias[:k] = np.log((rows + 0.5) / (rows.sum() + 0.5 * k))
        bias[k + 1] = FIRST_BIAS_GRADIENT
        total, done = self.epochs * int(rows.sum()), 0
        for epoch in range(self.epochs):
            for number, part in enumerate(self.parts()):
                order = self._order(choose(part), epoch, number)
                until = done + len(order)
                rates = strength * (1 - np.array([done, until]) / total)
                softmax_epoch(
                    part.ids, part.ends, order, part.labels, self.costs,
                    rates.astype(np.float32), table, bias,
                )  # fmt: skip
                done = until
        return Weights(np.ascontiguousarray(table[:, : k + 1]), bias[:k].copy())

    def _order(self, chosen: NDArray[np.bool_], epoch: int, part: int) -> NDArray[np.int64]:
        random = np.random.default_rng([self.seed, epoch, part])
        return random.permutation(np.flatnonzero(chosen))

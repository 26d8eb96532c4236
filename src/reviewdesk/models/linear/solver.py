"""Learning weights from rows: which solver, over which rows, in which order."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.linear.hashed_rows import HashedRows, count_labels
from reviewdesk.models.linear.hinge import hinge_epoch
from reviewdesk.models.linear.scales import scales
from reviewdesk.models.linear.softmax import softmax_epoch
from reviewdesk.models.linear.weights import Weights

LINE: Final = 8  # float32 numbers; rows of weights begin where the processor likes to load
FIRST_GRADIENT: Final = 1e-3
FIRST_BIAS_GRADIENT: Final = 100.0
LARGEST_BIAS: Final = 20.0

Choose = Callable[[HashedRows], NDArray[np.bool_]]
Order = NDArray[np.int64]


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
        threads: how many threads visit rows without waiting for each other. With more than one,
            the result depends on chance.
        seed: another seed visits the rows in another order.
        start: weights to go on from; they may have fewer features.
        ratio_power: see ``scales``.
    """

    parts: Callable[[], Iterator[HashedRows]]
    features: int
    k: int
    costs: NDArray[np.float32]
    min_df: int
    epochs: int
    threads: int
    seed: int
    start: Weights | None = None
    ratio_power: float = 1.0

    def fit(self, choose: Choose, strength: float) -> Weights:
        """Learn from chosen rows.

        Args:
            choose: says which rows of a part.
            strength: of two labels, what an error costs (C); of more, the rate of learning.
        """
        counts, rows = self._counts(choose)
        found = scales(counts, rows, self.min_df, self.ratio_power)
        del counts
        if self.k == 2 and (self.start is None or len(self.start.bias) == 1):
            return self._hinge(choose, found, strength)
        return self._softmax(choose, found, rows, strength)

    def _counts(self, choose: Choose) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        counts = np.zeros((self.features, self.k), np.int32)
        rows = np.zeros(self.k, np.int64)
        for part in self.parts():
            chosen = np.flatnonzero(choose(part))
            count_labels(part.ids, part.ends, part.labels, chosen, counts)
            rows += np.bincount(part.labels[chosen], minlength=self.k)
        return counts, rows

    def _hinge(self, choose: Choose, found: NDArray[np.float32], c: float) -> Weights:
        table = np.zeros((self.features, 2), np.float32)
        table[:, 1] = found**2
        bias = np.zeros(1, np.float32)
        if self.start is not None:
            table[: len(self.start.table)] = self.start.table
            bias[:] = self.start.bias
        slack = (0.5 / (c * self.costs)).astype(np.float32)
        for epoch in range(self.epochs):
            for number, part in enumerate(self.parts()):
                if epoch == 0:
                    part.duals[:] = 0

                def visit(order: Order, at: float, until: float, part: HashedRows = part) -> None:
                    hinge_epoch(
                        part.ids, part.ends, order, part.labels, slack, part.duals, table, bias
                    )

                self._visit(visit, self._order(choose(part), epoch, number), 0, 0)
        return Weights(table, bias)

    def _softmax(
        self,
        choose: Choose,
        scales: NDArray[np.float32],
        rows: NDArray[np.int64],
        learning_rate: float,
    ) -> Weights:
        k = self.k
        table = np.zeros((self.features, -(-(k + 2) // LINE) * LINE), np.float32)
        table[:, k], table[:, k + 1] = scales**2, FIRST_GRADIENT
        bias = np.zeros(table.shape[1], np.float32)
        bias[:k] = np.log((rows + 0.5) / (rows.sum() + 0.5 * k))
        bias[k + 1] = FIRST_BIAS_GRADIENT
        if self.start is not None:
            table[: len(self.start.table), : k + 2] = self.start.table
            known = np.abs(self.start.bias) < LARGEST_BIAS
            bias[:k][known] = self.start.bias[known]
        total, done = self.epochs * int(rows.sum()), 0
        for epoch in range(self.epochs):
            for number, part in enumerate(self.parts()):
                order = self._order(choose(part), epoch, number)

                def visit(order: Order, at: float, until: float, part: HashedRows = part) -> None:
                    rates = np.array(
                        [learning_rate * (1 - at), learning_rate * (1 - until)], np.float32
                    )
                    softmax_epoch(
                        part.ids, part.ends, order, part.labels, self.costs, rates, table, bias
                    )

                self._visit(visit, order, done / total, (done + len(order)) / total)
                done += len(order)
        return Weights(np.ascontiguousarray(table[:, : k + 2]), bias[:k].copy())

    def _visit(
        self, visit: Callable[[Order, float, float], None], order: Order, at: float, until: float
    ) -> None:
        """Visit rows in order, or a share of them in each of several threads."""
        if self.threads == 1:
            visit(order, at, until)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            shares = np.array_split(order, self.threads)
            for done in [pool.submit(visit, share, at, until) for share in shares]:
                done.result()

    def _order(self, chosen: NDArray[np.bool_], epoch: int, part: int) -> Order:
        random = np.random.default_rng([self.seed, epoch, part])
        return random.permutation(np.flatnonzero(chosen))

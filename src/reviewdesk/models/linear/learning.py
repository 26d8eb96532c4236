"""One run of learning: rows are counted, kept, turned into features and learnt from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.examples.examples import GROUP, LABEL
from reviewdesk.models.few_texts import least_frequency
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.multilabel import (
    LabelSets,
    MultilabelCalibrations,
    MultilabelWeights,
    Parts,
    answers,
)
from reviewdesk.models.linear.scales import RATIO_POWER_WITH_RUNS
from reviewdesk.models.linear.solver import Solver
from reviewdesk.models.linear.spill import RowStore
from reviewdesk.models.linear.validation import (
    enough_groups,
    fit_calibrated,
    hash_groups,
    plan_for,
    plan_to_choose,
)
from reviewdesk.models.linear.vocabulary import FeatureTotals, Grams, Vocabulary, bits_for
from reviewdesk.models.linear.weights import Weights
from reviewdesk.text.hashing import combine64, hash64

ENOUGH_TO_CALIBRATE: Final = 500
ABSENT_SCORE: Final = -100.0
NONE: Final = np.empty(0)

NewSolver = Callable[[Parts, int, NDArray[np.int64], Weights | None], Solver]


class LearntWeights(NamedTuple):
    """What a run of learning gives.

    Args:
        vocabulary: the features.
        weights: for all k labels.
        calibration: for all k labels.
        likely: the log-likelihood of held-out rows; of several labels, of each answer.
    """

    vocabulary: Vocabulary
    weights: Weights | MultilabelWeights
    calibration: Calibration | MultilabelCalibrations
    likely: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How rows are learnt from.

    Args:
        columns: the text columns.
        k: how many labels there are.
        multilabel: whether a row may have several of them.
        min_df: an n-gram counts when it stands in so many rows or more.
        memory: bytes.
        seed: another seed deals rows to disk in another order and holds other rows out.
        folds: how often other rows are held out to calibrate on, at most; 0 as often as is needed.
        solver: gives what learns weights: of parts, of so many features, of rows of which so many
            have each label, and on from other weights.
    """

    columns: tuple[str, ...]
    k: int
    multilabel: bool
    min_df: int
    memory: int
    seed: int
    folds: int
    solver: NewSolver

    def learn(
        self,
        batches: Iterable[pa.RecordBatch],
        text_bytes: int,
        grams: Grams,
        strength: float,
        start: LearntWeights | None = None,
        *,
        choosing: bool = False,
    ) -> LearntWeights:
        """Learn from rows, from the beginning or on from what was learnt before.

        Args:
            batches: labelled rows.
            text_bytes: how much text they have.
            grams: which n-grams are looked at.
            strength: see ``Solver.fit``.
            start: what to go on from.
            choosing: whether only how likely the held-out rows are is needed.
        """
        bits = start.vocabulary.bits if start else bits_for(text_bytes, grams, self.memory // 4)
        counts = FeatureTotals(self.columns, grams, bits)
        store = RowStore(self.memory // 8, self.seed)
        try:
            rows = _Rows(counts, store, LabelSets(self.k) if self.multilabel else None, self.seed)
            for batch in batches:
                rows.add(batch)
            most = self.memory // 2 // (12 * self.k + 64)
            least = self.min_df if start else least_frequency(self.min_df, counts.rows)
            vocabulary = counts.vocabulary(least, most)
            del counts, rows.counts
            if start:
                vocabulary = start.vocabulary.extended(vocabulary, most)
            run = _Run(self, vocabulary, store, rows, strength, start, choosing=choosing)
            return run.multilabel() if self.multilabel else run.single_label()
        finally:
            store.close()


class _Rows:
    """Takes rows: counts their n-grams and labels, and keeps them."""

    def __init__(
        self, counts: FeatureTotals, store: RowStore, sets: LabelSets | None, seed: int
    ) -> None:
        self.counts = counts
        self.store = store
        self.sets = sets
        self.seed = seed
        self.label_rows = np.zeros(0, np.int64)  # of each label, or of each set of labels

    def add(self, batch: pa.RecordBatch) -> None:
        column = batch.column(LABEL)
        sets = self.sets
        labels = column.to_numpy().astype(np.int32) if sets is None else sets.add(column)
        found = np.bincount(labels, minlength=len(self.label_rows))
        found[: len(self.label_rows)] += self.label_rows
        self.label_rows = found
        group_hash = hash_groups(self._groups(batch), self.seed)
        row = 0
        for stream, sizes in self.counts.add(batch):
            rows = slice(row, row + len(sizes))
            self.store.add(stream, sizes, labels[rows], group_hash[rows])
            row += len(sizes)

    def _groups(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        if GROUP in batch.schema.names:
            return np.asarray(batch.column(GROUP).to_numpy(), np.uint64)
        groups = np.zeros(len(batch), np.uint64)  # no groups: equal texts stay together
        for column in self.counts.columns:
            groups = combine64(groups, hash64(batch.column(column)))
        return groups


@dataclass(frozen=True, eq=False)
class _Run:
    """The rows are all there; what is left is to learn from them."""

    learning: Learning
    vocabulary: Vocabulary
    store: RowStore
    rows: _Rows
    strength: float
    start: LearntWeights | None
    choosing: bool

    def single_label(self) -> LearntWeights:
        """Learn of rows with one label each."""
        k = self.learning.k
        label_rows = np.zeros(k, np.int64)
        label_rows[: len(self.rows.label_rows)] = self.rows.label_rows
        present = np.flatnonzero(label_rows)
        kept = np.arange(k) if self.start else present
        label_of = np.searchsorted(kept, np.arange(k)).astype(np.int32)
        self.store.finish(self.vocabulary.numbers, len(self.vocabulary), label_of)
        if self.start is None:
            weights, calibration, likely = self._fit(self.store.parts, label_rows[kept])
            weights, calibration = spread(weights, present, k), calibration.spread(present, k)
            return LearntWeights(self.vocabulary, weights, calibration, likely)
        before = cast(Calibration, self.start.calibration)
        old = cast(Weights, self.start.weights)
        weights, fresh, likely = self._fit(self.store.parts, label_rows, old)
        if len(likely) < ENOUGH_TO_CALIBRATE:
            weights = replace(weights, sharpness=old.sharpness)
            return LearntWeights(self.vocabulary, weights, before.with_rows(fresh), likely)
        known = np.isfinite(before.shift)
        known[present] = True
        given = np.flatnonzero(known)
        calibration = replace(fresh, shift=fresh.shift[given]).spread(given, k)
        calibration = replace(calibration, short=fresh.short).with_rows(before)
        return LearntWeights(self.vocabulary, weights, calibration, likely)

    def multilabel(self) -> LearntWeights:
        """Learn of rows that may have several labels: of each label, yes or no."""
        sets = cast(LabelSets, self.rows.sets)
        same = np.arange(len(sets), dtype=np.int32)
        self.store.finish(self.vocabulary.numbers, len(self.vocabulary), same)
        each = [self._question(label, sets.holding(label)) for label in range(self.learning.k)]
        return LearntWeights(
            self.vocabulary,
            MultilabelWeights([one.weights for one in each]),
            MultilabelCalibrations(
                [one.calibration for one in each], np.array([one.share for one in each])
            ),
            np.concatenate([one.likely for one in each]),
        )

    def _question(self, label: int, holding: NDArray[np.bool_]) -> "_Answer":
        """Learn whether rows have one label.

        Where all rows answer alike, what was learnt before stays, if anything was.
        """
        yes = int(self.rows.label_rows[holding].sum())
        rows = np.array([self.store.rows - yes, yes], np.int64)
        old = _answer(self.start, label)
        if not rows.all():
            if old is None:
                return _Answer(Weights.nothing(len(self.vocabulary)), None, float(yes > 0), NONE)
            return old._replace(weights=old.weights.extended(len(self.vocabulary)))
        start = old.weights if old and old.calibration else None
        weights, calibration, likely = self._fit(answers(self.store.parts, holding), rows, start)
        if old and old.calibration and len(likely) < ENOUGH_TO_CALIBRATE:
            calibration = old.calibration.with_rows(calibration)
            weights = replace(weights, sharpness=old.weights.sharpness)
        return _Answer(weights, calibration, yes / self.store.rows, likely)

    def _fit(
        self, parts: Parts, label_rows: NDArray[np.int64], start: Weights | None = None
    ) -> tuple[Weights, Calibration, NDArray[np.float64]]:
        learning = self.learning
        parts = enough_groups(parts, learning.seed)
        solver = learning.solver(parts, len(self.vocabulary), label_rows, start)
        if self.vocabulary.grams.characters:
            solver = replace(solver, ratio_power=RATIO_POWER_WITH_RUNS)
        rows = self.store.rows
        if self.choosing:
            plan = plan_to_choose(rows)
        else:
            plan = plan_for(rows, len(label_rows), learning.folds)
        return fit_calibrated(solver, plan, self.strength, label_rows)


class _Answer(NamedTuple):
    """What was learnt of one label of several; without a calibration its share is 0 or 1."""

    weights: Weights
    calibration: Calibration | None
    share: float
    likely: NDArray[np.float64]


def _answer(start: LearntWeights | None, label: int) -> _Answer | None:
    if start is None:
        return None
    weights = cast(MultilabelWeights, start.weights)
    calibration = cast(MultilabelCalibrations, start.calibration)
    share = float(calibration.shares[label])
    return _Answer(weights.each[label], calibration.each[label], share, NONE)


def spread(weights: Weights, places: NDArray[np.int64], k: int) -> Weights:
    """Return weights for k labels, of which only those at places were there to learn from."""
    if len(places) == k:
        return weights
    features = len(weights.table)
    table = np.ones((features, k + 2), np.float32)
    table[:, :k] = 0
    bias = np.full(k, ABSENT_SCORE, np.float32)
    own, own_bias = weights.table, weights.bias
    if len(own_bias) == 1:
        table[:, places[0]], table[:, places[1]] = -own[:, 0], own[:, 0]
        table[:, k], bias[places] = own[:, 1], [-own_bias[0], own_bias[0]]
    else:
        table[:, places], table[:, k:], bias[places] = own[:, :-2], own[:, -2:], own_bias
    return Weights(table, bias, weights.sharpness)

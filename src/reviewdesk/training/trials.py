"""One trial of tuning: a family with some settings, cross-validated inside the training share."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import ReviewdeskError, UsageError
from reviewdesk.examples.examples import Examples
from reviewdesk.examples.folds import deal_folds
from reviewdesk.examples.splits import split as split_examples
from reviewdesk.models.base import Classifier
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.settings import SplitSettings
from reviewdesk.stats.curves import rank
from reviewdesk.stats.metrics import (
    confusion_matrix,
    label_scores,
    log_losses,
    macro_average,
)
from reviewdesk.text.hashing import combine64
from reviewdesk.training.family import new_classifier

FIRST_SHARE: Final = 4
"""The first look at a trial learns from one product in four."""

Mask = NDArray[np.bool_]


class HeldOutLeak(ReviewdeskError):
    """Tuning would have learned from, or chosen by, reviews that are held out: a fault of ours."""


@dataclass(frozen=True)
class TuningMetric:
    """What tuning looks for.

    Args:
        name: how the user calls it.
        maximise: whether more is better.
        measure: from true labels (n,), probabilities (n, k) and the labels' names.
    """

    name: str
    maximise: bool
    measure: Callable[[NDArray[Any], NDArray[Any], list[str]], float]


def _accuracy(true: NDArray[Any], probabilities: NDArray[Any], _: list[str]) -> float:
    return float((probabilities.argmax(axis=1) == true).mean())


def _macro_f1(true: NDArray[Any], probabilities: NDArray[Any], labels: list[str]) -> float:
    scores = label_scores(confusion_matrix(true, probabilities.argmax(axis=1), len(labels)))
    return float(macro_average(scores.f1, scores))


def _log_loss(true: NDArray[Any], probabilities: NDArray[Any], _: list[str]) -> float:
    return float(log_losses(true, probabilities).mean())


def _roc_auc(true: NDArray[Any], probabilities: NDArray[Any], labels: list[str]) -> float:
    """Return the mean over labels, each against the rest."""
    areas = [
        rank(true == label, probabilities[:, label]).roc_auc()
        for label in range(len(labels))
        if 0 < (true == label).sum() < len(true)
    ]
    return float(np.mean(areas))


def _mae(true: NDArray[Any], probabilities: NDArray[Any], labels: list[str]) -> float:
    try:
        values = np.array(labels, np.float64)
    except ValueError as error:
        raise UsageError("mae needs labels that are numbers, such as stars") from error
    return float(np.abs(values[probabilities.argmax(axis=1)] - values[true]).mean())


METRICS: Final[Mapping[str, TuningMetric]] = {
    metric.name: metric
    for metric in (
        TuningMetric("accuracy", True, _accuracy),
        TuningMetric("macro_f1", True, _macro_f1),
        TuningMetric("log_loss", False, _log_loss),
        TuningMetric("roc_auc", True, _roc_auc),
        TuningMetric("mae", False, _mae),
    )
}


@dataclass(frozen=True, eq=False)
class TrainingShare:
    """The reviews that tuning may look at, dealt out to folds by product.

    Args:
        examples: all reviews.
        train: (n,) those that may be looked at.
        test: (n,) those that are held out.
        folds: (n,) the fold of each review of ``train``; -1 elsewhere.
    """

    examples: Examples
    train: Mask
    test: Mask
    folds: NDArray[np.int16]

    @classmethod
    def of(cls, examples: Examples, split: SplitSettings, folds: int, seed: int) -> "TrainingShare":
        """Divide reviews as training does, and deal the training side out to folds."""
        split_ = split_examples(examples, split)
        fold_of = np.full(len(examples), -1, np.int16)
        train = np.flatnonzero(split_.train)
        fold_of[train] = deal_folds(examples.label[train], examples.groups[train], folds, seed)
        return cls(examples, split_.train, split_.test, fold_of)

    def rungs(self) -> int:
        """Return how many steps a trial has: a first look, and each fold."""
        return 1 + int(self.folds.max()) + 1

    def steps(
        self, model: str, settings: Mapping[str, Any], metric: TuningMetric
    ) -> Iterator[float]:
        """Yield how good a family with some settings is: at a first look, then fold after fold.

        Raises:
            HeldOutLeak: a held-out review would be looked at.
            NotEnoughData: a fold has fewer than two labels.
        """
        small = combine64(self.examples.groups, np.zeros(len(self.examples), np.uint64))
        first = small % np.uint64(FIRST_SHARE) == 0
        yield self._score(model, settings, metric, 0, first)
        for fold in range(int(self.folds.max()) + 1):
            yield self._score(model, settings, metric, fold, np.ones_like(first))

    def _score(
        self, model: str, settings: Mapping[str, Any], metric: TuningMetric, fold: int, among: Mask
    ) -> float:
        classifier = new_classifier(model, settings)
        probabilities = self.predicted(self.fit(classifier, fold, among), fold)
        true = self.examples.label[self.folds == fold]
        return metric.measure(true, probabilities, self.examples.labels)

    def fit(self, classifier: Classifier, fold: int, among: Mask | None = None) -> Classifier:
        """Let a classifier learn from the training share without one fold.

        Args:
            classifier: of any family.
            fold: whose products and texts it does not see.
            among: (n,) it learns from these only.

        Raises:
            HeldOutLeak: a held-out review would be looked at.
            NotEnoughData: there are fewer than two labels to learn.
        """
        inside = self.folds == fold
        learnt = self.train & ~inside
        if among is not None:
            learnt &= among
        keys = self.examples.text_keys
        learnt &= ~np.isin(keys, keys[inside])
        self.check(learnt, inside)
        return classifier.fit(LabelledReviews.of_examples(self.examples, learnt))

    def predicted(self, classifier: Classifier, fold: int) -> NDArray[np.float32]:
        """Return the probabilities of the reviews of one fold, (n, k)."""
        fields = list(self.examples.text.fields)
        batches = self.examples.batches(self.folds == fold)
        found = [classifier.predict_proba(batch.select(fields)) for batch in batches]
        return np.concatenate([np.empty((0, len(self.examples.labels)), np.float32), *found])

    def check(self, learnt: Mask, measured: Mask) -> None:
        """Refuse to learn from or to choose by what is held out, or to measure on what is learnt.

        Raises:
            HeldOutLeak: it would.
        """
        held_out = np.isin(self.examples.text_keys, self.examples.text_keys[self.test])
        if (learnt & (self.test | held_out)).any() or (measured & self.test).any():
            raise HeldOutLeak("tuning would see reviews that are held out; nothing was tuned")
        if np.isin(self.examples.groups[learnt], self.examples.groups[measured]).any():
            raise HeldOutLeak("tuning would measure on products that it learns from")

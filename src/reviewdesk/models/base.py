"""The contract that every family of classifiers keeps."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from reviewdesk.errors import InputError, MissingColumn, NotEnoughData, UsageError
from reviewdesk.examples.examples import LABEL, load_examples
from reviewdesk.models.labelled import (
    BODY,
    Labelled,
    Texts,
    labelled,
    text_array,
    text_batch,
    with_label,
)
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import require_columns
from reviewdesk.settings import TargetSettings, TextSettings

LIKELY: Final = 0.5
"""What a label's probability is above where it is given, of several that a text may have."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each word of a text adds to the score of each label.

    ``weights.sum(axis=0) + bias`` is the text's row of ``decision_scores``. A weight above 0
    speaks for the label, one below 0 against it.

    Args:
        words: (m) the words and word pairs, those that matter most first.
        columns: (m) the column in which each stands.
        weights: (m, k) float64.
        bias: (k,) float64, the scores of a text without words.
    """

    words: list[str]
    columns: list[str]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


class Classifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A classifier of reviews that also works on plain texts in scikit-learn.

    A family's ``__init__`` stores its settings and checks nothing. ``fit`` learns; what it
    learned ends in ``_``. A family writes ``_fit``, ``decision_scores``, ``_probabilities``,
    ``explain``, ``save`` and ``load``.
    """

    family: ClassVar[str]
    """The family's name in the catalog."""

    columns: ClassVar[tuple[str, ...]]
    """The text columns that the family can read; it reads those of them that it is fitted on."""

    limits: ClassVar[Mapping[str, tuple[float, float]]]
    """The smallest and largest value of each numeric setting; ``fit`` checks them."""

    takes_several: ClassVar[bool] = False
    """Whether a text may have several labels."""

    labels_: list[str]
    """The k labels, in the order of the probabilities."""

    columns_: tuple[str, ...]
    """The text columns that were there when it was fitted."""

    several_: bool = False
    """Whether a text may have several labels, each with a probability of its own."""

    def fit(
        self,
        batches: PreparedData | Path | pa.RecordBatch | Iterable[pa.RecordBatch] | Texts,
        labels: Sequence[Any] | NDArray[Any] | TargetSettings | None = None,
    ) -> Self:
        """Learn from labelled reviews.

        Args:
            batches: record batches with text columns, ``label`` (int32, a place in ``labels``;
                rows with -1 are passed over) and, where rows belong together, ``group`` (uint64).
                Where texts may have several labels, ``label`` holds lists of int32; rows with null
                are passed over. Read once, in order; how the rows are cut into batches makes no
                difference. Or a prepared folder, or plain texts.
            labels: the k labels, in the order of the probabilities; a label that no row has gets
                the probability 0. For a prepared folder, what to predict. For plain texts, the
                label of each text, or its labels: a list each, or (n, k) zeros and ones.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            MissingColumn: there is no text column that the family can read, or no ``label``.
            UsageError: there are no labels, a setting is wrong, or the family gives each text one
                label and the rows have several.
        """
        self._check_settings()
        self._begin(self._given(batches, labels))
        return self

    def _begin(self, found: Labelled) -> None:
        """Learn from the beginning."""
        if found.several and not self.takes_several:
            raise UsageError(f"{self.family} gives each text one label; linear gives several")
        self.columns_ = self._readable(found.columns)
        self.labels_ = [str(label) for label in found.classes]
        self.classes_ = found.classes
        self.several_ = found.several
        self._fit(self._labelled(found.batches))

    def _given(
        self, data: Any, labels: Any, classes: Any = None, columns: Sequence[str] = (BODY,)
    ) -> Labelled:
        """Return what was given to fit on; see ``labelled``."""
        if labels is None:
            raise UsageError(
                f"{self.family} cannot be fitted without labels: it requires y to be passed, but "
                "the target y is None"
            )
        if isinstance(labels, TargetSettings) != isinstance(data, Path | PreparedData):
            raise UsageError("a prepared folder is fitted on together with target settings")
        if isinstance(labels, TargetSettings):
            data = PreparedData.open(data) if isinstance(data, Path) else data
            examples = load_examples(data, labels, TextSettings())
            data, labels = examples.batches(examples.labelled), examples.labels
        return labelled(data, labels, classes, columns)

    @abstractmethod
    def _fit(self, batches: Iterator[pa.RecordBatch]) -> None:
        """Learn from batches of ``columns_``, ``label`` and perhaps ``group``.

        Rows without a label are no more among them.
        """

    @abstractmethod
    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the score of each label, from which its probability comes.

        Args:
            batch: n reviews or plain texts.

        Returns:
            (n, k) in row order, the same for a row whatever other rows are in the batch.

        Raises:
            MissingColumn: the batch lacks a column that the classifier was fitted on.
        """

    @abstractmethod
    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities from decision scores, (n, k)."""

    @abstractmethod
    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word of one review adds to each label's score.

        Args:
            texts: text column to text; a column that is missing is empty.
        """

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Write what was learned and the settings into a directory, without pickle."""

    @classmethod
    @abstractmethod
    def load(cls, directory: Path) -> Self:
        """Return the classifier that was saved in a directory.

        Raises:
            BundleError: the files are damaged or do not fit each other.
        """

    def predict_proba(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the probability of each label.

        Args:
            batch: n reviews or plain texts.

        Returns:
            (n, k) in row order and in the order of ``labels_``; each row adds up to 1, unless texts
            may have several labels: then each label has a probability of its own.
        """
        check_is_fitted(self, "labels_")
        return self._probabilities(self.decision_scores(batch))

    def predict(self, batch: pa.RecordBatch | Texts) -> NDArray[Any]:
        """Return the most probable label of each review, (n,).

        Where texts may have several, (n, k) ones at those that are more likely than not.
        """
        probabilities = self.predict_proba(batch)
        if self.several_:
            return (probabilities > LIKELY).astype(np.int64)
        labels: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def reviews(self, batch: pa.RecordBatch | Texts) -> pa.RecordBatch:
        """Return the columns that were fitted on; plain texts are bodies without a headline.

        Raises:
            MissingColumn: the batch lacks one.
        """
        if not isinstance(batch, pa.RecordBatch):
            return text_batch(text_array(batch), self.columns_)
        require_columns(batch.schema, self.columns_, f"this {self.family} classifier")
        return batch.select(list(self.columns_))

    def _check_settings(self) -> None:
        defaults = type(self)().get_params()
        for name, value in self.get_params().items():
            default = defaults[name]
            kind = Integral if isinstance(default, int) else Real
            if isinstance(default, bool) != isinstance(value, bool) or not isinstance(value, kind):
                raise UsageError(
                    f"setting {name} of {self.family} must be like {default!r}, not {value!r}"
                )
            low, high = self.limits.get(name, (-math.inf, math.inf))
            if not low <= float(value) <= high:
                raise UsageError(
                    f"setting {name} of {self.family} is {value!r}; "
                    f"it must be from {low:g} to {high:g}"
                )

    def _readable(self, names: Sequence[str]) -> tuple[str, ...]:
        found = tuple(name for name in self.columns if name in names)
        if not found:
            raise MissingColumn(f"{self.family} needs one of the columns {', '.join(self.columns)}")
        return found

    def _labelled(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows that have a label; at the end, check that there were two labels."""
        k = len(self.labels_)
        rows, found = 0, np.zeros(k, np.int64)
        for batch in batches:
            require_columns(batch.schema, (LABEL, *self.columns_), "fitting")
            kept, numbers = with_label(batch)
            if len(numbers) and not (numbers.min() >= 0 and numbers.max() < k):
                raise InputError(f"a row has a label beyond the {k} that there are")
            rows += len(kept)
            found += np.bincount(numbers, minlength=k)
            yield kept
        enough = (found > 0) & (found < rows) if self.several_ else found.astype(np.bool_)
        if enough.sum() < (1 if self.several_ else 2):
            raise NotEnoughData(
                f"{self.family} learns from two labels or more; the rows have {enough.sum()}: it "
                "cannot learn from one class"
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        tags.classifier_tags.multi_label = self.takes_several
        return tags

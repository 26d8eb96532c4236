"""The contract that every family of classifiers keeps."""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Final, Self, TypeAlias, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from reviewdesk.errors import InputError, MissingColumn, NotEnoughData, UsageError
from reviewdesk.examples.examples import LABEL
from reviewdesk.schema import require_columns

BODY: Final = "review_body"
TEXT_ROWS: Final = 16_384

Texts: TypeAlias = Sequence[str | None] | NDArray[Any]
"""Plain texts, as scikit-learn passes them: a list, a NumPy array, a pandas Series."""


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

    labels_: list[str]
    """The k labels, in the order of the probabilities."""

    columns_: tuple[str, ...]
    """The text columns that were there when it was fitted."""

    def fit(
        self,
        batches: pa.RecordBatch | Iterable[pa.RecordBatch] | Texts,
        labels: Sequence[Any] | NDArray[Any] | None = None,
    ) -> Self:
        """Learn from labelled reviews.

        Args:
            batches: record batches with text columns, ``label`` (int32, a place in ``labels``;
                rows with -1 are passed over) and, where rows belong together, ``group`` (uint64).
                Read once, in order; how the rows are cut into batches makes no difference. Or
                plain texts.
            labels: the k labels, in the order of the probabilities; a label that no row has gets
                the probability 0. For plain texts, the label of each text.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            MissingColumn: there is no text column that the family can read, or no ``label``.
            UsageError: there are no labels, or a setting is wrong.
        """
        self._check_settings()
        if labels is None:
            raise UsageError(f"{self.family} cannot be fitted without labels")
        if isinstance(batches, pa.RecordBatch):
            batches = [batches]
        if _are_texts(batches):
            classes, numbers = np.unique(np.asarray(labels), return_inverse=True)
            rows: Iterable[pa.RecordBatch] = _labelled_texts(cast(Texts, batches), numbers)
        else:
            classes, rows = np.asarray(labels), cast(Iterable[pa.RecordBatch], batches)
        first, rows = _peek(rows)
        self.columns_ = self._readable(first)
        self.labels_ = [str(label) for label in classes]
        self.classes_ = classes
        self._fit(self._labelled(rows))
        return self

    @abstractmethod
    def _fit(self, batches: Iterator[pa.RecordBatch]) -> None:
        """Learn from batches of ``columns_``, ``label`` (none of them -1) and perhaps ``group``."""

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
        """Return probabilities from decision scores, (n, k); each row adds up to 1."""

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
            (n, k) in row order and in the order of ``labels_``; each row adds up to 1.
        """
        check_is_fitted(self, "labels_")
        return self._probabilities(self.decision_scores(batch))

    def predict(self, batch: pa.RecordBatch | Texts) -> NDArray[Any]:
        """Return the most probable label of each review, (n,)."""
        probabilities = self.predict_proba(batch)
        labels: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def reviews(self, batch: pa.RecordBatch | Texts) -> pa.RecordBatch:
        """Return the columns that were fitted on; plain texts are bodies without a headline.

        Raises:
            MissingColumn: the batch lacks one.
        """
        if not isinstance(batch, pa.RecordBatch):
            bodies = text_array(batch)
            empty = pa.nulls(len(bodies), bodies.type)
            columns = [bodies if name == BODY else empty for name in self.columns_]
            return pa.record_batch(columns, names=list(self.columns_))
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

    def _readable(self, batch: pa.RecordBatch) -> tuple[str, ...]:
        require_columns(batch.schema, (LABEL,), "fitting")
        found = tuple(name for name in self.columns if name in batch.schema.names)
        if not found:
            raise MissingColumn(f"{self.family} needs one of the columns {', '.join(self.columns)}")
        return found

    def _labelled(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows that have a label; at the end, check that there were two labels."""
        seen: set[int] = set()
        for batch in batches:
            require_columns(batch.schema, (LABEL, *self.columns_), "fitting")
            numbers = batch.column(LABEL).to_numpy()
            if numbers.max(initial=-1) >= len(self.labels_):
                raise InputError(f"a row has a label beyond the {len(self.labels_)} that there are")
            seen.update(np.unique(numbers[numbers >= 0]).tolist())
            yield batch if (numbers >= 0).all() else batch.filter(pa.array(numbers >= 0))
        if len(seen) < 2:
            raise NotEnoughData(
                f"{self.family} learns from two labels or more; the rows have {len(seen)}"
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def text_array(texts: Texts) -> pa.Array:
    """Return plain texts as Arrow strings; None is a null.

    Raises:
        InputError: something is not a text.
    """
    if isinstance(texts, str):
        raise InputError("expected a list of texts, got one text")
    try:
        return pa.array(texts, pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
        raise InputError("expected a list of texts, got something that is not a text") from error


def _are_texts(data: object) -> bool:
    if not isinstance(data, Sequence) and not hasattr(data, "__array__"):
        return False
    first = next(iter(data), None)  # type: ignore[call-overload]
    return not isinstance(first, pa.RecordBatch)


def _labelled_texts(texts: Texts, numbers: NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    if len(texts) != len(numbers):
        raise InputError(f"there are {len(texts):,} texts and {len(numbers):,} labels")
    for start in range(0, max(len(texts), 1), TEXT_ROWS):
        part = slice(start, start + TEXT_ROWS)
        labels = pa.array(numbers[part].astype(np.int32))
        yield pa.record_batch([text_array(texts[part]), labels], names=[BODY, LABEL])


def _peek(batches: Iterable[pa.RecordBatch]) -> tuple[pa.RecordBatch, Iterator[pa.RecordBatch]]:
    rest = iter(batches)
    first = next(rest, None)
    if first is None:
        raise NotEnoughData("there are no reviews to learn from")
    return first, itertools.chain([first], rest)

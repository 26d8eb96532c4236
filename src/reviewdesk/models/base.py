"""The contract that every family of classifiers keeps."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, Self, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError, MissingColumn, NotEnoughData, UsageError
from reviewdesk.examples.examples import LABEL
from reviewdesk.models.labelled import (
    LabelledReviews,
    Texts,
    text_array,
    text_batch,
    with_label,
)
from reviewdesk.models.sparse.sparse_rows import SparseRows
from reviewdesk.schema import require_columns
from reviewdesk.settings import Settings

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
        bias: (k,) float64, what no word accounts for: of weights that are summed, the scores of a
            text without words.
    """

    words: list[str]
    columns: list[str]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


@runtime_checkable
class Explains(Protocol):
    """A classifier that says what each word adds to its scores."""

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word of one review adds to each label's score.

        Args:
            texts: text column to text; a column that is missing is empty.
        """


@runtime_checkable
class PartialFits(Protocol):
    """A classifier that learns on from later reviews."""

    def partial_fit(self, train: LabelledReviews) -> Self:
        """Learn from later reviews with the labels of ``fit``, or begin with them.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            InputError: a label that was not there at first.
            MissingColumn: a text column or ``label`` is missing.
        """


@runtime_checkable
class Embeds(Protocol):
    """A classifier that can also say where a text lies among others."""

    def embed(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return a vector of each text, (n, d)."""


@runtime_checkable
class Chooses(Protocol):
    """A classifier that chooses some of its settings by itself."""

    def choices(self) -> str:
        """Return in words what was chosen; empty where nothing was."""


@runtime_checkable
class KnowsWords(Protocol):
    """A classifier that says of how many words of a text it learnt anything.

    A text without such a word gets the share that each label has among the training reviews.
    """

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words of each text are known, (n,).

        A word in the headline and the same word in the body are two where the family tells them
        apart.
        """


@runtime_checkable
class ReadsFeatures(Protocol):
    """A classifier of rows of features too, as LIBSVM lines hold them.

    Its methods take batches with the one column ``sparse_rows.FEATURES`` in place of texts.
    """

    def matrix_rows(self, matrix: Any) -> SparseRows:
        """Return the rows of a sparse matrix of SciPy's, as scikit-learn loads LIBSVM files."""

    def check_features(self, rows: SparseRows) -> None:
        """Check that rows can be of the features that it learned from.

        Raises:
            InputError: they cannot.
        """


class Classifier(ABC):
    """A classifier of reviews.

    A family declares its settings once, in ``settings_class``, with defaults, limits and meaning;
    they are checked when it is made. ``fit`` learns; what it learned ends in ``_``. A family writes
    ``_fit``, ``decision_scores``, ``_probabilities``, ``save`` and ``load``. What only some
    families can do is a protocol that they satisfy: ``Explains``, ``KnowsWords``,
    ``PartialFits``, ``Embeds``, ``ReadsFeatures``.

    Args:
        settings: the family's own settings, any JSON values; what is not named has its default.

    Raises:
        UsageError: the family has no such setting, or a value is not allowed.
    """

    family: ClassVar[str]
    """The family's name in the catalog."""

    columns: ClassVar[tuple[str, ...]]
    """The text columns that the family can read; it reads those of them that it is fitted on."""

    settings_class: ClassVar[type[Settings]]
    """What can be set; the command line and the documents read it."""

    supports_multilabel: ClassVar[bool] = False
    """Whether a text may have several labels."""

    aliases: ClassVar[Mapping[str, str]] = {}
    """Names that others have for its settings, each with its own name."""

    refits: ClassVar[bool] = True
    """Whether, once measured, it is worth learning anew from all reviews."""

    quick: ClassVar[bool] = False
    """Whether a short text takes microseconds: less than handing it to a thread."""

    labels_: list[str]
    """The k labels, in the order of the probabilities."""

    columns_: tuple[str, ...]
    """The text columns that were there when it was fitted."""

    multilabel_: bool = False
    """Whether a text may have several labels, each with a probability of its own."""

    def __init__(self, **settings: Any) -> None:
        known = [name for name, *_ in self.settings_class.described()]
        for name in settings:
            if name not in known:
                raise UsageError(
                    f"the model {self.family} has no setting {name!r}; it has: {', '.join(known)}"
                )
        # A search over numbers passes NumPy's, which are none of JSON.
        plain = {n: v.item() if isinstance(v, np.generic) else v for n, v in settings.items()}
        self.settings = self.settings_class.from_json(plain)

    def unfitted(self) -> Self:
        """Return a classifier with the same settings that has learnt nothing."""
        return type(self)(**self.settings.to_json())

    def fit(self, train: LabelledReviews, validation: LabelledReviews | None = None) -> Self:
        """Learn from labelled reviews.

        Args:
            train: the reviews. A family may read them as often as it likes; how they are cut into
                batches makes no difference.
            validation: reviews that are not learned from, by which a family may choose when to
                stop; without them a family that needs some sets a share of ``train`` aside.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            MissingColumn: there is no text column that the family can read, or no ``label``.
            UsageError: the family gives each text one label and the rows have several.
        """
        self._begin(train)
        self._fit(train.through(self._checked), validation and validation.through(self._labelled))
        return self

    def refit(self, train: LabelledReviews) -> Self:
        """Learn anew from more reviews, as from those that were held out to be measured on.

        What ``fit`` chose by looking stays, so that what was measured is what is learnt.

        Args:
            train: the reviews of ``fit`` and others, with the same labels.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
        """
        return self.fit(train)

    def _begin(self, train: LabelledReviews) -> None:
        """Forget what was learnt, and take the labels and columns over."""
        if train.multilabel and not self.supports_multilabel:
            raise UsageError(f"{self.family} gives each text one label; linear gives several")
        self.columns_ = self._readable(train.columns)
        self.labels_ = list(train.labels)
        self.multilabel_ = train.multilabel

    @abstractmethod
    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
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

        Raises:
            UsageError: it has not been fitted.
        """
        return self._probabilities(self.decision_scores(batch))

    def reviews(self, batch: pa.RecordBatch | Texts) -> pa.RecordBatch:
        """Return the columns that were fitted on; plain texts are bodies without a headline.

        Raises:
            UsageError: it has not been fitted.
            MissingColumn: the batch lacks one.
        """
        if not hasattr(self, "labels_"):
            raise UsageError(f"this {self.family} classifier has not been fitted yet")
        if not isinstance(batch, pa.RecordBatch):
            return text_batch(text_array(batch), self.columns_)
        require_columns(batch.schema, self.columns_, f"this {self.family} classifier")
        return batch.select(list(self.columns_))

    def _readable(self, names: Sequence[str]) -> tuple[str, ...]:
        readable = tuple(name for name in self.columns if name in names)
        if not readable:
            raise MissingColumn(f"{self.family} needs one of the columns {', '.join(self.columns)}")
        return readable

    def _labelled(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows that have a label."""
        for batch in batches:
            require_columns(batch.schema, (LABEL, *self.columns_), "fitting")
            labelled, numbers = with_label(batch)
            if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(self.labels_)):
                raise InputError(f"a row has a label beyond the {len(self.labels_)} that there are")
            yield labelled

    def _checked(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows that have a label; at the end, check that there were two labels."""
        rows, label_rows = 0, np.zeros(len(self.labels_), np.int64)
        for batch in self._labelled(batches):
            rows += len(batch)
            label_rows += np.bincount(with_label(batch)[1], minlength=len(self.labels_))
            yield batch
        present = (label_rows > 0) & (label_rows < rows) if self.multilabel_ else label_rows > 0
        if present.sum() < (1 if self.multilabel_ else 2):
            raise NotEnoughData(
                f"{self.family} learns from two labels or more; the rows have {present.sum()}: it "
                "cannot learn from one class"
            )

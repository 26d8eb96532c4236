"""Hashed word n-grams, a weight for each and label, and a calibration: what two families share."""

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation
from reviewdesk.models.few_texts import least_frequency
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.choosing import SAMPLE_ROWS, choose
from reviewdesk.models.linear.explain import explain_row
from reviewdesk.models.linear.learning import Learning, LearntWeights
from reviewdesk.models.linear.multilabel import MultilabelCalibrations, MultilabelWeights
from reviewdesk.models.linear.saved import read_saved
from reviewdesk.models.linear.solver import Solver
from reviewdesk.models.linear.texts import field_texts
from reviewdesk.models.linear.validation import Parts
from reviewdesk.models.linear.vocabulary import CHOOSE, Grams, Vocabulary
from reviewdesk.models.linear.weights import Weights
from reviewdesk.settings import Search, Settings, setting
from reviewdesk.storage import write_json

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"

MIB: Final = 1 << 20
PREDICT_ROWS: Final = 8_192
LONGEST: Final = 3


@dataclass(frozen=True, kw_only=True)
class HashedSettings(Settings):
    """What can be set of every family of hashed n-grams."""

    ngrams: int = setting(1, "the longest n-gram in words, 1 to 3", minimum=1, maximum=LONGEST)
    min_df: int = setting(
        2,
        "an n-gram counts when it stands in so many reviews or more; of fewer than 100 reviews 2 "
        "means 1",
        minimum=1,
        maximum=10**6,
        search=Search(1, 5, whole=True),
    )
    memory_mb: int = setting(
        2048,
        "how much memory fitting may take, in MiB; what does not fit goes to disk",
        minimum=16,
        maximum=1 << 20,
    )
    seed: int = setting(
        0,
        "another seed gives another order of learning and other held-out rows",
        minimum=0,
        maximum=2**32 - 1,
    )


class HashedLinear(Classifier):
    """A linear classifier of hashed n-grams; a family says how weights are learnt.

    The fields of a review are kept apart. What is learnt is the same for the same rows, order and
    seed, on any number of cores.
    """

    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    quick: ClassVar[bool] = True
    settings: HashedSettings

    @property
    def characters(self) -> int:
        """The longest run of characters inside a word that counts too; 0 for none."""
        chosen: int = getattr(self, "characters_", 0)
        return chosen

    @property
    def marks(self) -> bool:
        """Whether each mark of punctuation is a word by itself."""
        return False

    @property
    def calibration_folds(self) -> int:
        """How often other rows are held out to calibrate on, at most; 0 as often as needed."""
        return 0

    @abstractmethod
    def _settled(self) -> tuple[Grams, float]:
        """Return the n-grams and the strength, with what is to be chosen as ``choose`` takes it."""

    @abstractmethod
    def _solver(
        self, parts: Parts, features: int, label_rows: NDArray[np.int64], start: Weights | None
    ) -> Solver:
        """Return what learns the weights of rows that have the given number of labels."""

    def _least_frequency(self, label_rows: NDArray[np.int64], start: Weights | None) -> int:
        """Return in how many rows that are learnt from an n-gram must stand to count."""
        min_df = self.settings.min_df
        return min_df if start else least_frequency(min_df, int(label_rows.sum()))

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        self._learn(train, *self._settled())

    def refit(self, train: LabelledReviews) -> Self:
        """Learn anew from more reviews, with the n-grams and the strength that ``fit`` chose."""
        self._begin(train)
        grams = Grams(self.ngrams_, self.characters, self.marks)
        self._learn(train.through(self._checked), grams, self.strength_)
        return self

    def _learn(self, train: LabelledReviews, grams: Grams, strength: float) -> None:
        """Learn with n-grams and a strength; what is to be chosen is chosen first."""
        head, rest = self._head(train.batches())
        learning, everything = self._learning(), itertools.chain(head.batches, rest)
        if not grams.words or not strength or grams.characters == CHOOSE:
            sample = _sample(head.batches, self.settings.seed)
            grams, strength = choose(learning, sample, grams, strength, LONGEST)
        self.ngrams_, self.characters_, self.strength_ = grams.words, grams.characters, strength
        self._keep(learning.learn(everything, head.text_bytes, grams, self.strength_))

    def _keep(self, learnt: LearntWeights) -> None:
        self.vocabulary_, self.weights_ = learnt.vocabulary, learnt.weights
        self.calibration_ = learnt.calibration

    def _learning(self) -> Learning:
        return Learning(
            columns=self.columns_,
            k=len(self.labels_),
            multilabel=self.multilabel_,
            min_df=self.settings.min_df,
            memory=self.settings.memory_mb * MIB,
            seed=self.settings.seed,
            folds=self.calibration_folds,
            solver=self._solver,
        )

    def _head(self, batches: Iterator[pa.RecordBatch]) -> "tuple[_Head, Iterator[pa.RecordBatch]]":
        """Hold the first batches back to see how much text there is."""
        held: list[pa.RecordBatch] = []
        size, limit = 0, self.settings.memory_mb * MIB // 8
        for batch in batches:
            sizes = size + np.cumsum(field_texts(batch, self.columns_).bytes)
            fits = int(np.searchsorted(sizes, limit, side="right"))
            held.append(batch.slice(0, fits))
            if fits < len(batch):
                return _Head(held, 1 << 62), itertools.chain([batch.slice(fits)], batches)
            size = int(sizes[-1]) if len(sizes) else size
        return _Head(held, size), batches

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the score of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        scores = [np.empty((0, len(self.labels_)), np.float32)]
        scores += [self.weights_.scores(*rows) for rows in self._rows(reviews, self.vocabulary_)]
        return np.concatenate(scores)

    def predict_proba(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        weights, shares = self.weights_, [np.empty((0, len(self.labels_)), np.float32)]
        for rows in self._rows(reviews, self.vocabulary_):
            known = weights.known(*rows)
            shares.append(self.calibration_.probabilities(weights.scores(*rows), known))
        return np.concatenate(shares)

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words of each review are known, (n,); see ``KnowsWords``.

        A review that is known by runs of characters alone counts as one word.
        """
        reviews, words = self.reviews(batch), self.vocabulary_.words()
        each = [np.empty(0, np.int64)]
        each += [_weighing(self.weights_, *rows) for rows in self._rows(reviews, words)]
        known = np.concatenate(each)
        if self.characters:
            rest = np.flatnonzero(known == 0)
            some = reviews.take(pa.array(rest))
            for start, rows in enumerate(self._rows(some, self.vocabulary_)):
                told = np.minimum(_weighing(self.weights_, *rows), 1)
                known[rest[start * PREDICT_ROWS :][: len(told)]] = told
        return known

    def _rows(
        self, reviews: pa.RecordBatch, vocabulary: Vocabulary
    ) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the features of reviews part by part: see ``Vocabulary.find``; and all rows."""
        for start in range(0, len(reviews), PREDICT_ROWS):
            part = reviews.slice(start, PREDICT_ROWS)
            yield *vocabulary.find(part), np.arange(len(part), dtype=np.int64)

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.calibration_.probabilities(scores)

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word and n-gram of one review adds; see the contract."""
        return explain_row(texts, self.vocabulary_, self.weights_)

    def save(self, directory: Path) -> None:
        """Write the settings as JSON and vocabulary and weights as arrays of numbers."""
        saved = {
            "family": self.family,
            "settings": self.settings.to_json(),
            "columns": list(self.columns_),
            "labels": self.labels_,
            "several": self.multilabel_,
            "ngrams": self.ngrams_,
            "characters": self.characters_,
            "strength": self.strength_,
            "bits": self.vocabulary_.bits,
        }
        write_json(directory / SETTINGS_FILE, saved)
        arrays = {"slots": self.vocabulary_.slots}
        arrays |= self.weights_.to_arrays() | self.calibration_.to_arrays()
        save_weights(directory / WEIGHTS_FILE, arrays)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the classifier that was saved in a directory; see the contract."""
        saved = read_saved(directory / SETTINGS_FILE, cls)
        classifier = cls(**saved["settings"])
        classifier.columns_, classifier.labels_ = tuple(saved["columns"]), saved["labels"]
        classifier.ngrams_, classifier.strength_ = saved["ngrams"], saved["strength"]
        classifier.multilabel_ = saved["several"]
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(saved["labels"])
        classifier.characters_ = saved["characters"]
        grams = Grams(saved["ngrams"], classifier.characters_, classifier.marks)
        classifier.vocabulary_ = Vocabulary.from_arrays(
            arrays, classifier.columns_, grams, saved["bits"]
        )
        weights = MultilabelWeights if classifier.multilabel_ else Weights
        calibration = MultilabelCalibrations if classifier.multilabel_ else Calibration
        classifier.weights_ = weights.from_arrays(arrays, len(classifier.vocabulary_), k)
        classifier.calibration_ = calibration.from_arrays(arrays, k)
        return classifier


class _Head(NamedTuple):
    """The first batches and the bytes of text in them; very many bytes when they are not all."""

    batches: list[pa.RecordBatch]
    text_bytes: int


def _weighing(
    weights: Weights | MultilabelWeights,
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return how many features of each row weigh anything for any label, (rows,)."""
    heavy = weights.heavy[ids]
    row_of = np.repeat(rows, np.diff(ends))
    return np.bincount(row_of[heavy], minlength=len(rows)).astype(np.int64)


def _sample(batches: list[pa.RecordBatch], seed: int) -> list[pa.RecordBatch]:
    """Return about ``SAMPLE_ROWS`` rows of the batches, drawn at random."""
    total = sum(len(batch) for batch in batches)
    if total <= SAMPLE_ROWS:
        return batches
    random = np.random.default_rng([seed, total])
    return [b.filter(pa.array(random.random(len(b)) < SAMPLE_ROWS / total)) for b in batches]

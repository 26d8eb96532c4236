"""``linear``: hashed word n-grams and a linear classifier, calibrated by itself."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation
from reviewdesk.models.labelled import Texts
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.choosing import SAMPLE_ROWS, choose
from reviewdesk.models.linear.explain import explain_row
from reviewdesk.models.linear.learning import Learning, Learnt
from reviewdesk.models.linear.saved import read_saved
from reviewdesk.models.linear.several import SeveralCalibrations, SeveralWeights
from reviewdesk.models.linear.solver import Solver
from reviewdesk.models.linear.texts import field_texts
from reviewdesk.models.linear.validation import Parts
from reviewdesk.models.linear.vocabulary import CHARACTERS, Grams, Vocabulary
from reviewdesk.models.linear.weights import Weights
from reviewdesk.storage import write_json

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"

MIB: Final = 1 << 20
PREDICT_ROWS: Final = 8_192
LONGEST: Final = 3
HINGE_EPOCHS: Final = 3
SOFTMAX_EPOCHS: Final = 5


class Linear(Classifier):
    """A linear classifier of hashed n-grams with calibrated probabilities.

    The fields of a review are kept apart. Features weigh by how unevenly they stand in the labels;
    two labels are learnt by dual coordinate descent on the squared hinge, more by softmax. What is
    learnt is the same for the same rows, order and seed, on any number of cores.

    Args:
        ngrams: the longest n-gram in words, 1 to 3; 0 chooses it on a share of the rows.
        characters: the longest run of characters inside a word that counts too, 3 to 6; 0 for none.
            Runs join misspelt words and words of scripts without spaces to those that were seen,
            and make learning several times as long.
        min_df: an n-gram counts when it stands in so many reviews or more.
        strength: of two labels what an error costs, of more the rate of learning; 0 chooses it.
        epochs: how often each row is visited; 0 means 3 times for two labels, else 5.
        balanced: whether all labels count the same, however few rows they have.
        calibration_folds: how often other rows are set aside to calibrate on, at most; once makes
            learning three times as fast and probabilities a little less true. 0 for as often as is
            needed.
        free_threads: how many threads learn at the same time without waiting for each other; with
            more than one, learning is faster and its result depends on chance.
        memory_mb: how much memory fitting may take, in MiB; what does not fit goes to disk.
        seed: another seed gives another order of learning and other rows set aside.
    """

    family: ClassVar[str] = "linear"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    takes_several: ClassVar[bool] = True
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "ngrams": (0, LONGEST),
        "characters": (CHARACTERS[0], CHARACTERS[-1]),
        "min_df": (1, 1_000_000),
        "strength": (0, 100),
        "epochs": (0, 100),
        "calibration_folds": (0, 5),
        "free_threads": (1, 64),
        "memory_mb": (16, 1 << 20),
        "seed": (0, 2**32 - 1),
    }

    def __init__(
        self,
        ngrams: int = 0,
        characters: int = 0,
        min_df: int = 2,
        strength: float = 0.0,
        epochs: int = 0,
        balanced: bool = False,
        calibration_folds: int = 0,
        free_threads: int = 1,
        memory_mb: int = 2048,
        seed: int = 0,
    ) -> None:
        self.ngrams = ngrams
        self.characters = characters
        self.min_df = min_df
        self.strength = strength
        self.epochs = epochs
        self.balanced = balanced
        self.calibration_folds = calibration_folds
        self.free_threads = free_threads
        self.memory_mb = memory_mb
        self.seed = seed

    def _fit(self, batches: Iterator[pa.RecordBatch]) -> None:
        if self.characters not in CHARACTERS:
            raise UsageError(f"setting characters of {self.family} must be 0 or from 3 to 6")
        head, rest = self._head(batches)
        learning, everything = self._learning(), itertools.chain(head.batches, rest)
        words, strength = self._settled()
        if not words or not strength:
            sample, grams = _sample(head.batches, self.seed), Grams(words, self.characters)
            words, strength = choose(learning, sample, grams, strength, LONGEST)
        self.ngrams_, self.strength_ = words, strength
        grams = Grams(words, self.characters)
        self._keep(learning.learn(everything, head.text_bytes, grams, self.strength_))

    def partial_fit(
        self,
        batches: pa.RecordBatch | Iterable[pa.RecordBatch] | Texts,
        labels: Sequence[Any] | NDArray[Any] | None = None,
        classes: Sequence[Any] | NDArray[Any] | None = None,
    ) -> Self:
        """Learn on from new reviews, such as those of a new month.

        N-grams that are new become features; what was learnt is changed by the new reviews only.
        The calibration is learnt anew where there are enough of them. What was not fitted yet is
        fitted on them, as ``fit`` does it.

        Args:
            batches: as in ``fit``; their labels are places in ``labels_``, or plain texts.
            labels: as in ``fit``; only for what was not fitted yet and for plain texts.
            classes: for plain texts at the first call, all labels where not all are among theirs.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            InputError: a label that was not there at first, or several instead of one.
            MissingColumn: a text column or ``label`` is missing.
        """
        self._check_settings()
        if not hasattr(self, "vocabulary_"):
            self._begin(self._given(batches, labels, classes))
            return self
        names = self.classes_ if labels is None else labels
        found = self._given(batches, names, self.classes_, self.columns_)
        if found.several != self.several_:
            raise InputError("these rows have one label each and those before several, or reverse")
        start = Learnt(self.vocabulary_, self.weights_, self.calibration_, np.empty(0))
        rows = self._labelled(found.batches)
        self._keep(self._learning().learn(rows, 0, self.vocabulary_.grams, self.strength_, start))
        return self

    def _keep(self, learnt: Learnt) -> None:
        self.vocabulary_, self.weights_ = learnt.vocabulary, learnt.weights
        self.calibration_ = learnt.calibration

    def _learning(self) -> Learning:
        return Learning(
            columns=self.columns_,
            k=len(self.labels_),
            several=self.several_,
            min_df=self.min_df,
            memory=self.memory_mb * MIB,
            seed=self.seed,
            folds=self.calibration_folds,
            solver=self._solver,
        )

    def _settled(self) -> tuple[int, float]:
        """Return the longest n-gram and the strength; 0 where they are to be chosen."""
        return self.ngrams, self.strength

    def _solver(
        self, parts: Parts, features: int, label_rows: NDArray[np.int64], start: Weights | None
    ) -> Solver:
        """Return what learns the weights of rows that have the given number of labels."""
        k = len(label_rows)
        return Solver(
            parts=parts,
            features=features,
            k=k,
            costs=self._costs(label_rows),
            min_df=self.min_df,
            epochs=self.epochs or (HINGE_EPOCHS if k == 2 else SOFTMAX_EPOCHS),
            threads=self.free_threads,
            seed=self.seed,
            start=start,
        )

    def _costs(self, label_rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if not self.balanced:
            return np.ones(len(label_rows), np.float32)
        costs: NDArray[np.float32] = (label_rows.mean() / np.maximum(label_rows, 1)).astype(
            np.float32
        )
        return costs

    def _head(self, batches: Iterator[pa.RecordBatch]) -> "tuple[_Head, Iterator[pa.RecordBatch]]":
        """Hold the first batches back to see how much text there is."""
        held: list[pa.RecordBatch] = []
        size, limit = 0, self.memory_mb * MIB // 8
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
        scores = np.empty((len(reviews), len(self.labels_)), np.float32)
        for start in range(0, len(reviews), PREDICT_ROWS):
            part = reviews.slice(start, PREDICT_ROWS)
            ids, ends = self.vocabulary_.find(part)
            rows = np.arange(len(part), dtype=np.int64)
            scores[start : start + len(part)] = self.weights_.scores(ids, ends, rows)
        return scores

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.calibration_.probabilities(scores)

    def expected(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the mean of labels that are numbers, such as stars, by their probabilities, (n,).

        Raises:
            UsageError: a label is not a number.
        """
        try:
            values = np.array(self.labels_, np.float32)
        except ValueError as error:
            raise UsageError("an expected value needs labels that are numbers") from error
        means: NDArray[np.float32] = (self.predict_proba(batch) * values).sum(axis=1)
        return means

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word and n-gram of one review adds; see the contract."""
        return explain_row(texts, self.vocabulary_, self.weights_)

    def save(self, directory: Path) -> None:
        """Write the settings as JSON and vocabulary and weights as arrays of numbers."""
        saved = {
            "family": self.family,
            "settings": self.get_params(),
            "columns": list(self.columns_),
            "labels": self.labels_,
            "several": self.several_,
            "ngrams": self.ngrams_,
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
        classifier.classes_ = np.array(saved["labels"])
        classifier.ngrams_, classifier.strength_ = saved["ngrams"], saved["strength"]
        classifier.several_ = saved["several"]
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(saved["labels"])
        grams = Grams(saved["ngrams"], classifier.characters)
        classifier.vocabulary_ = Vocabulary.from_arrays(
            arrays, classifier.columns_, grams, saved["bits"]
        )
        weights = SeveralWeights if classifier.several_ else Weights
        calibration = SeveralCalibrations if classifier.several_ else Calibration
        classifier.weights_ = weights.from_arrays(arrays, len(classifier.vocabulary_), k)
        classifier.calibration_ = calibration.from_arrays(arrays, k)
        return classifier


class _Head(NamedTuple):
    """The first batches and the bytes of text in them; very many bytes when they are not all."""

    batches: list[pa.RecordBatch]
    text_bytes: int


def _sample(batches: list[pa.RecordBatch], seed: int) -> list[pa.RecordBatch]:
    """Return about ``SAMPLE_ROWS`` rows of the batches, drawn at random."""
    total = sum(len(batch) for batch in batches)
    if total <= SAMPLE_ROWS:
        return batches
    random = np.random.default_rng([seed, total])
    return [b.filter(pa.array(random.random(len(b)) < SAMPLE_ROWS / total)) for b in batches]

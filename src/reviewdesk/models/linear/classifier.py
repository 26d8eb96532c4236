"""``linear``: hashed word n-grams and a linear classifier, calibrated by itself."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import GROUP, LABEL
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation, Texts
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.explain import explain_row
from reviewdesk.models.linear.saved import read_saved
from reviewdesk.models.linear.solver import Solver
from reviewdesk.models.linear.spill import RowStore
from reviewdesk.models.linear.texts import field_texts
from reviewdesk.models.linear.validation import (
    Parts,
    draw_lots,
    enough_lots,
    fit_calibrated,
    plan_for,
    plan_to_choose,
)
from reviewdesk.models.linear.vocabulary import Counts, Vocabulary, bits_for
from reviewdesk.models.linear.weights import Weights
from reviewdesk.storage import write_json
from reviewdesk.text.hashing import combine64, hash64

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"
ABSENT_SCORE: Final = -100.0

MIB: Final = 1 << 20
PREDICT_ROWS: Final = 8_192
SAMPLE_ROWS: Final = 20_000
LONGEST: Final = 3
ENOUGH_TO_CALIBRATE: Final = 500
WORTH: Final = 0.005
"""A longer n-gram must make the labels of rows set aside so much likelier, as a share."""

HINGE_STRENGTH: Final = (0.7,)
SOFTMAX_STRENGTHS: Final = (0.7, 0.3, 1.0)
HINGE_EPOCHS: Final = 3
SOFTMAX_EPOCHS: Final = 5


class Linear(Classifier):
    """A linear classifier of hashed word n-grams with calibrated probabilities.

    The fields of a review are kept apart. Features weigh by how unevenly they stand in the labels;
    two labels are learnt by dual coordinate descent on the squared hinge, more by softmax. What is
    learnt is the same for the same rows, order and seed, on any number of cores.

    Args:
        ngrams: the longest n-gram in words, 1 to 3; 0 chooses it on a share of the rows.
        min_df: an n-gram counts when it stands in so many reviews or more.
        strength: of two labels what an error costs, of more the rate of learning; 0 chooses it.
        epochs: how often each row is visited; 0 means 3 times for two labels, else 5.
        balanced: whether all labels count the same, however few rows they have.
        free_threads: how many threads learn at the same time without waiting for each other; with
            more than one, learning is faster and its result depends on chance.
        memory_mb: how much memory fitting may take, in MiB; what does not fit goes to disk.
        seed: another seed gives another order of learning and other rows set aside.
    """

    family: ClassVar[str] = "linear"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body")
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "ngrams": (0, LONGEST),
        "min_df": (1, 1_000_000),
        "strength": (0, 100),
        "epochs": (0, 100),
        "free_threads": (1, 64),
        "memory_mb": (16, 1 << 20),
        "seed": (0, 2**32 - 1),
    }

    def __init__(
        self,
        ngrams: int = 0,
        min_df: int = 2,
        strength: float = 0.0,
        epochs: int = 0,
        balanced: bool = False,
        free_threads: int = 1,
        memory_mb: int = 2048,
        seed: int = 0,
    ) -> None:
        self.ngrams = ngrams
        self.min_df = min_df
        self.strength = strength
        self.epochs = epochs
        self.balanced = balanced
        self.free_threads = free_threads
        self.memory_mb = memory_mb
        self.seed = seed

    def _fit(self, batches: Iterator[pa.RecordBatch]) -> None:
        head, rest = self._head(batches)
        self.ngrams_, self.strength_ = self._settled()
        if not self.ngrams_ or not self.strength_:
            self.ngrams_, self.strength_ = self._choose(_sample(head.batches, self.seed))
        learnt = self._learn(
            itertools.chain(head.batches, rest), head.text_bytes, self.ngrams_, self.strength_
        )
        self.vocabulary_ = learnt.vocabulary
        k = len(self.labels_)
        self.weights_ = _spread(learnt.weights, learnt.present, k)
        self.calibration_ = learnt.calibration.spread(learnt.present, k)

    def partial_fit(self, batches: pa.RecordBatch | Iterable[pa.RecordBatch]) -> Self:
        """Learn on from new reviews, such as those of a new month.

        N-grams that are new become features; what was learnt is changed by the new reviews only.
        The calibration is learnt anew where there are enough of them.

        Args:
            batches: record batches as in ``fit``, with the labels of ``fit``.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            MissingColumn: a text column or ``label`` is missing.
        """
        self._check_settings()
        batches = [batches] if isinstance(batches, pa.RecordBatch) else batches
        old = self.vocabulary_, self.weights_
        learnt = self._learn(self._labelled(batches), 0, self.ngrams_, self.strength_, old)
        self.vocabulary_, self.weights_ = learnt.vocabulary, learnt.weights
        if len(learnt.likely) >= ENOUGH_TO_CALIBRATE:
            never = ~np.isfinite(self.calibration_.shift)
            never[learnt.present] = False
            given = np.flatnonzero(~never)
            shift = learnt.calibration.shift[given]
            fresh = Calibration(learnt.calibration.curve, shift)
            self.calibration_ = fresh.spread(given, len(self.labels_))
        return self

    def _learn(
        self,
        batches: Iterable[pa.RecordBatch],
        text_bytes: int,
        longest: int,
        strength: float,
        start: tuple[Vocabulary, Weights] | None = None,
        *,
        choosing: bool = False,
    ) -> "_Learnt":
        """Learn from rows, from the beginning or on from what was learnt before.

        To choose settings, only how likely the rows set aside are is needed.
        """
        memory, k = self.memory_mb * MIB, len(self.labels_)
        bits = start[0].bits if start else bits_for(text_bytes, longest, memory // 4)
        counts = Counts(self.columns_, longest, bits)
        store = RowStore(memory // 4, self.seed)
        try:
            label_rows = np.zeros(k, np.int64)
            for batch in batches:
                self._add(batch, counts, store, label_rows)
            present = np.flatnonzero(label_rows)
            kept = np.arange(k) if start else present
            most = memory // 2 // (12 * len(kept) + 64)
            vocabulary = counts.vocabulary(self.min_df, most)
            del counts
            if start:
                vocabulary = start[0].extended(vocabulary, most)
            label_of = np.searchsorted(kept, np.arange(k)).astype(np.int32)
            store.finish(vocabulary.numbers, len(vocabulary), label_of)
            parts = enough_lots(store.parts, self.seed)
            before = start[1] if start else None
            solver = self._solver(parts, len(vocabulary), label_rows[kept], before)
            plan = plan_to_choose(store.rows) if choosing else plan_for(store.rows)
            weights, calibration, likely = fit_calibrated(solver, plan, strength)
        finally:
            store.close()
        return _Learnt(vocabulary, weights, calibration, present, likely)

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

    def _add(
        self,
        batch: pa.RecordBatch,
        counts: Counts,
        store: RowStore,
        label_rows: NDArray[np.int64],
    ) -> None:
        labels = batch.column(LABEL).to_numpy().astype(np.int32)
        label_rows += np.bincount(labels, minlength=len(label_rows))
        lots = draw_lots(self._groups(batch), self.seed)
        row = 0
        for stream, sizes in counts.add(batch):
            rows = slice(row, row + len(sizes))
            store.add(stream, sizes, labels[rows], lots[rows])
            row += len(sizes)

    def _choose(self, sample: list[pa.RecordBatch]) -> tuple[int, float]:
        """Return the length of n-grams and the strength that do best on rows set aside."""
        text_bytes = sum(int(field_texts(b, self.columns_).bytes.sum()) for b in sample)
        labels = np.unique(np.concatenate([b.column(LABEL).to_numpy() for b in sample]))
        strengths = HINGE_STRENGTH if len(labels) <= 2 else SOFTMAX_STRENGTHS
        longest, strength = self.ngrams or 1, self.strength or strengths[0]
        if len(labels) < 2:
            return longest, strength

        def surprise(longest: int, strength: float) -> float:
            learnt = self._learn(sample, text_bytes, longest, strength, choosing=True)
            return -float(learnt.likely.sum()) / max(len(learnt.likely), 1)

        best = surprise(longest, strength)
        while not self.ngrams and longest < LONGEST:
            found = surprise(longest + 1, strength)
            if found >= best * (1 - WORTH):
                break
            best, longest = found, longest + 1
        for other in () if self.strength else strengths[1:]:
            found = surprise(longest, other)
            if found < best:
                best, strength = found, other
        return longest, strength

    def _costs(self, label_rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if not self.balanced:
            return np.ones(len(label_rows), np.float32)
        costs: NDArray[np.float32] = (label_rows.mean() / np.maximum(label_rows, 1)).astype(
            np.float32
        )
        return costs

    def _groups(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        if GROUP in batch.schema.names:
            return np.asarray(batch.column(GROUP).to_numpy(), np.uint64)
        groups = np.zeros(len(batch), np.uint64)  # no groups: equal texts stay together
        for column in self.columns_:
            groups = combine64(groups, hash64(batch.column(column)))
        return groups

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
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(saved["labels"])
        classifier.vocabulary_ = Vocabulary.from_arrays(
            arrays, classifier.columns_, saved["ngrams"], saved["bits"]
        )
        classifier.weights_ = Weights.from_arrays(arrays, len(classifier.vocabulary_), k)
        classifier.calibration_ = Calibration.from_arrays(arrays, k)
        return classifier


class _Head(NamedTuple):
    """The first batches and the bytes of text in them; very many bytes when they are not all."""

    batches: list[pa.RecordBatch]
    text_bytes: int


class _Learnt(NamedTuple):
    vocabulary: Vocabulary
    weights: Weights
    calibration: Calibration
    present: NDArray[np.int64]
    likely: NDArray[np.float64]


def _sample(batches: list[pa.RecordBatch], seed: int) -> list[pa.RecordBatch]:
    """Return about ``SAMPLE_ROWS`` rows of the batches, drawn at random."""
    total = sum(len(batch) for batch in batches)
    if total <= SAMPLE_ROWS:
        return batches
    random = np.random.default_rng([seed, total])
    return [b.filter(pa.array(random.random(len(b)) < SAMPLE_ROWS / total)) for b in batches]


def _spread(weights: Weights, places: NDArray[np.int64], k: int) -> Weights:
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
    return Weights(table, bias)

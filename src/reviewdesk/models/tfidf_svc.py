"""``tfidf-svc``: TF-IDF of word n-grams, linear support vector machines, calibrated."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.errors import BundleError, InputError, UsageError
from reviewdesk.examples.examples import GROUP, LABEL
from reviewdesk.examples.folds import deal_folds
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation
from reviewdesk.models.labelled import Texts
from reviewdesk.models.linear_margins import LinearMargins
from reviewdesk.models.margin_calibration import MarginCalibration
from reviewdesk.models.ngrams import WordStream
from reviewdesk.models.tfidf import Tfidf
from reviewdesk.storage import read_json, write_json
from reviewdesk.text.hashing import combine64, hash64

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"

ROWS_AT_ONCE: Final = 4_096


class TfidfSVC(Classifier):
    """TF-IDF of word n-grams and linear support vector machines with calibrated probabilities.

    The calibration is fitted on the margins of unseen rows, from folds inside the training rows
    that keep groups whole; the machines that are kept learn from all rows.

    Args:
        ngrams: the longest n-gram, in words.
        min_df: an n-gram counts when it stands in so many texts or more.
        sublinear_tf: whether repeated words count by ``1 + log(count)``.
        idf_power: how much more rare words weigh; 1 is the textbook's TF-IDF, 0 none.
        C: how much errors on the training rows cost against large weights.
        folds: how many folds the calibration uses.
        seed: another seed gives another order of learning and other folds.
    """

    family: ClassVar[str] = "tfidf-svc"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "ngrams": (1, 8),
        "min_df": (1, math.inf),
        "idf_power": (0, 10),
        "C": (1e-6, 1e6),
        "folds": (2, 100),
        "seed": (0, 2**31 - 1),
    }

    def __init__(
        self,
        ngrams: int = 2,
        min_df: int = 2,
        sublinear_tf: bool = True,
        idf_power: float = 1.5,
        C: float = 0.5,  # noqa: N803
        folds: int = 3,
        seed: int = 0,
    ) -> None:
        self.ngrams = ngrams
        self.min_df = min_df
        self.sublinear_tf = sublinear_tf
        self.idf_power = idf_power
        self.C = C
        self.folds = folds
        self.seed = seed

    def _fit(self, batches: Iterator[pa.RecordBatch]) -> None:
        streams = {column: WordStream() for column in self.columns_}
        labels, groups = [], []
        for batch in batches:
            for column, stream in streams.items():
                stream.add(batch.column(column))
            labels.append(batch.column(LABEL).to_numpy().astype(np.int32))
            groups.append(self._groups(batch))
        self.tfidf_, counts = Tfidf.learn(
            streams,
            longest=self.ngrams,
            min_df=self.min_df,
            sublinear=self.sublinear_tf,
            idf_power=self.idf_power,
        )
        present, numbers = np.unique(np.concatenate(labels), return_inverse=True)
        margins = LinearMargins.fit(self.tfidf_.weigh(counts), numbers, self.C, self.seed)
        unseen, known = self._unseen_margins(counts, numbers, np.concatenate(groups))
        calibration = MarginCalibration.fit(unseen[known], numbers[known])
        self.margins_ = margins.spread(present, len(self.labels_))
        self.calibration_ = calibration.spread(present, len(self.labels_))

    def _groups(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        if GROUP in batch.schema.names:
            return np.asarray(batch.column(GROUP).to_numpy(), np.uint64)
        groups = np.zeros(len(batch), np.uint64)  # no groups: equal texts stay together
        for column in self.columns_:
            groups = combine64(groups, hash64(batch.column(column)))
        return groups

    def _unseen_margins(
        self,
        counts: list[sparse.csr_matrix],
        labels: NDArray[np.int64],
        groups: NDArray[np.uint64],
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return margins of rows by machines that had not seen their group, and where there are.

        Words are counted once, for all folds; which of them matter, and how much, is learnt from
        each fold's own rows, as the kept machines learn it from all.
        """
        k = int(labels.max()) + 1
        if len(np.unique(groups)) < self.folds:
            groups = np.arange(len(labels), dtype=np.uint64)
        fold_of = deal_folds(labels.astype(np.int32), groups, self.folds, self.seed)
        margins, known = np.zeros((len(labels), k), np.float32), np.zeros(len(labels), np.bool_)
        for fold in range(self.folds):
            inside, outside = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
            present, numbers = np.unique(labels[outside], return_inverse=True)
            if len(present) < 2 or not len(inside):
                continue  # too few rows: nothing can be learnt without this fold
            seen = [block[outside] for block in counts]
            tfidf = self.tfidf_.relearned(seen, min_df=self.min_df, idf_power=self.idf_power)
            machines = LinearMargins.fit(tfidf.weigh(seen), numbers, self.C, self.seed)
            rows = tfidf.weigh([block[inside] for block in counts])
            margins[inside] = machines.spread(present, k)(rows)
            known[inside] = np.isin(labels[inside], present)  # others could only be missed
        return margins, known

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the margin of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        scores = np.empty((len(reviews), len(self.labels_)), np.float32)
        for start in range(0, len(reviews), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            scores[part] = self.margins_(self.tfidf_.rows(reviews.slice(start, ROWS_AT_ONCE)))
        return scores

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.calibration_.probabilities(scores)

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word and word pair of one review adds; see the contract."""
        values = [pa.array([texts.get(column)], pa.large_string()) for column in self.columns_]
        row = self.tfidf_.rows(pa.record_batch(values, names=list(self.columns_)))
        weights = self.margins_.weights[row.indices].astype(np.float64) * row.data[:, None]
        order = np.argsort(-np.abs(weights).max(axis=1, initial=0), kind="stable")
        names = [self.tfidf_.name(int(feature)) for feature in row.indices[order]]
        return Explanation(
            words=[words for words, _ in names],
            columns=[column for _, column in names],
            weights=weights[order],
            bias=self.margins_.bias.astype(np.float64),
        )

    def save(self, directory: Path) -> None:
        """Write the settings as JSON and vocabulary and weights as arrays of numbers."""
        defaults = type(self)().get_params()
        saved = {
            "family": self.family,
            "settings": {n: type(defaults[n])(value) for n, value in self.get_params().items()},
            "columns": list(self.columns_),
            "labels": self.labels_,
        }
        write_json(directory / SETTINGS_FILE, saved)
        parts = (self.tfidf_, self.margins_, self.calibration_)
        arrays = {name: array for part in parts for name, array in part.to_arrays().items()}
        save_weights(directory / WEIGHTS_FILE, arrays)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the classifier that was saved in a directory; see the contract."""
        saved = _read_settings(directory / SETTINGS_FILE)
        try:
            classifier = cls(**saved["settings"])
            classifier._check_settings()
        except (TypeError, UsageError) as error:
            raise BundleError(f"{SETTINGS_FILE} holds settings that {cls.family} lacks") from error
        classifier.columns_, classifier.labels_ = tuple(saved["columns"]), saved["labels"]
        classifier.classes_ = np.array(saved["labels"])
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(saved["labels"])
        classifier.tfidf_ = Tfidf.from_arrays(
            arrays, classifier.columns_, classifier.ngrams, classifier.sublinear_tf
        )
        classifier.margins_ = LinearMargins.from_arrays(arrays, (len(classifier.tfidf_), k))
        classifier.calibration_ = MarginCalibration.from_arrays(arrays, k)
        return classifier


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        saved = read_json(path)
    except (InputError, RecursionError) as error:
        raise BundleError(f"{path.name} is not JSON") from error
    try:
        columns, labels = saved["columns"], saved["labels"]
        fits = (
            isinstance(saved["settings"], dict)
            and 0 < len(columns) == len(set(columns) & set(TfidfSVC.columns))
            and len(labels) > 1
            and all(isinstance(label, str) for label in labels)
        )
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise BundleError(f"{path.name} does not hold what {TfidfSVC.family} writes")
    return dict(saved)

"""``tfidf-svc``: TF-IDF of word n-grams, linear support vector machines, calibrated."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from reviewdesk.models.few_texts import FEW, least_frequency
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.linear_margins import LinearMargins
from reviewdesk.models.margin_calibration import MarginCalibration
from reviewdesk.models.ngrams import WordStream
from reviewdesk.models.short_texts import MOST_CUT, CutTexts, ShortTexts, cut_rows
from reviewdesk.models.tfidf import Tfidf
from reviewdesk.settings import Search, Settings, setting
from reviewdesk.storage import read_json, write_json
from reviewdesk.text.hashing import combine64, hash64

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"

ROWS_AT_ONCE: Final = 4_096


@dataclass(frozen=True, kw_only=True)
class TfidfSVCSettings(Settings):
    """What can be set of ``tfidf-svc``."""

    ngrams: int = setting(
        2,
        "the longest n-gram, in words",
        minimum=1,
        maximum=8,
        search=Search(1, 3, whole=True),
    )
    min_df: int = setting(
        2,
        "an n-gram counts when it stands in so many texts or more; of fewer than 100 texts 2 means "
        "1",
        minimum=1,
        search=Search(1, 5, whole=True),
    )
    sublinear_tf: bool = setting(True, "whether repeated words count by 1 + log(count)")
    idf_power: float = setting(
        1.5,
        "how much more rare words weigh; 1 is the textbook's TF-IDF, 0 none",
        minimum=0,
        maximum=10,
        search=Search(0.5, 2.5),
    )
    C: float = setting(
        0.5,
        "how much errors on the training rows cost against large weights",
        minimum=1e-6,
        maximum=1e6,
        search=Search(0.05, 10, log=True),
    )
    folds: int = setting(3, "how many folds the calibration uses", minimum=2, maximum=100)
    seed: int = setting(
        0,
        "another seed gives another order of learning and other folds",
        minimum=0,
        maximum=2**31 - 1,
    )


class TfidfSVC(Classifier):
    """TF-IDF of word n-grams and linear support vector machines with calibrated probabilities.

    The calibration is fitted on the margins of unseen rows, from folds inside the training rows
    that keep groups whole; the machines that are kept learn from all rows.
    """

    family: ClassVar[str] = "tfidf-svc"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    settings_class: ClassVar[type[Settings]] = TfidfSVCSettings
    settings: TfidfSVCSettings

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        streams = {column: WordStream() for column in self.columns_}
        labels, groups, texts = [], [], []
        for batch in train.batches():
            for column, stream in streams.items():
                stream.add(batch.column(column))
            labels.append(batch.column(LABEL).to_numpy().astype(np.int32))
            groups.append(self._groups(batch))
            texts.append(self._text_keys(batch))
        copies = _copies(np.concatenate(texts))
        least = least_frequency(self.settings.min_df, len(copies))
        self.tfidf_, counts = Tfidf.learn(
            streams,
            longest=self.settings.ngrams,
            min_df=least,
            sublinear=self.settings.sublinear_tf,
            idf_power=self.settings.idf_power,
        )
        present, numbers = np.unique(np.concatenate(labels), return_inverse=True)
        margins = LinearMargins.fit(
            self.tfidf_.weigh(counts), numbers, self.settings.C, self.settings.seed
        )
        unseen, words, known, cut = self._unseen_margins(
            counts, numbers, np.concatenate(groups), least
        )
        if (1 / copies).sum() < FEW:
            calibration = MarginCalibration.fit_few(unseen[known], numbers[known], copies[known])
        else:
            calibration = MarginCalibration.fit(unseen[known], numbers[known])
        label_rows = np.bincount(numbers)
        if (1 / copies).sum() < FEW:
            short = ShortTexts.level(label_rows)
        else:
            shares = calibration.probabilities(unseen[known])
            ones = np.ones(len(shares))
            cut = cut._replace(shares=calibration.probabilities(cut.shares))
            short = ShortTexts.fit(shares, words[known], numbers[known], ones, label_rows, cut)
        self.short_ = short.spread(present, len(self.labels_))
        self.margins_ = margins.spread(present, len(self.labels_))
        self.calibration_ = calibration.spread(present, len(self.labels_))

    def _machines(self, rows: sparse.csr_matrix, labels: NDArray[np.int64]) -> LinearMargins:
        return LinearMargins.fit(rows, labels, self.settings.C, self.settings.seed)

    def _groups(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        if GROUP in batch.schema.names:
            return np.asarray(batch.column(GROUP).to_numpy(), np.uint64)
        return self._text_keys(batch)  # no groups: equal texts stay together

    def _text_keys(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        """Return a hash of each row's texts, (n,)."""
        keys = np.zeros(len(batch), np.uint64)
        for column in self.columns_:
            keys = combine64(keys, hash64(batch.column(column)))
        return keys

    def _unseen_margins(
        self,
        counts: list[sparse.csr_matrix],
        labels: NDArray[np.int64],
        groups: NDArray[np.uint64],
        least: int,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_], CutTexts]:
        """Return margins of rows by machines that had not seen their group, and where there are.

        Between them stands how many of a row's n-grams these machines knew; behind them, some of
        the rows cut short, with their margins.

        Words are counted once, for all folds; which of them matter, and how much, is learnt from
        each fold's own rows, as the kept machines learn it from all.
        """
        k, settings = int(labels.max()) + 1, self.settings
        if len(np.unique(groups)) < settings.folds:
            groups = np.arange(len(labels), dtype=np.uint64)
        fold_of = deal_folds(labels.astype(np.int32), groups, settings.folds, settings.seed)
        margins, known = np.zeros((len(labels), k), np.float32), np.zeros(len(labels), np.bool_)
        words = np.zeros(len(labels), np.int64)
        cut = [CutTexts(margins[:0], words[:0], labels[:0])]
        for fold in range(settings.folds):
            inside, outside = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
            present, numbers = np.unique(labels[outside], return_inverse=True)
            if len(present) < 2 or not len(inside):
                continue  # too few rows: nothing can be learnt without this fold
            seen = [block[outside] for block in counts]
            tfidf = self.tfidf_.relearned(seen, min_df=least, idf_power=settings.idf_power)
            machines = LinearMargins.fit(tfidf.weigh(seen), numbers, settings.C, settings.seed)
            rows = tfidf.weigh([block[inside] for block in counts])
            margins[inside], words[inside] = machines.spread(present, k)(rows), _known(rows)
            known[inside] = np.isin(labels[inside], present)  # others could only be missed
            some, lengths = cut_rows(len(inside), MOST_CUT // settings.folds)
            few = tfidf.shortened([block[inside] for block in counts], some, lengths, settings.seed)
            weighed = tfidf.weigh(few)
            here = known[inside[some]]
            shares, of_words = machines.spread(present, k)(weighed)[here], _known(weighed)[here]
            cut.append(CutTexts(shares, of_words, labels[inside[some]][here]))
        every = CutTexts(*(np.concatenate(parts) for parts in zip(*cut, strict=True)))
        return margins, words, known, every

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the margin of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        scores = [np.empty((0, len(self.labels_)), np.float32)]
        scores += [self.margins_(rows) for rows in self._rows(reviews)]
        return np.concatenate(scores)

    def predict_proba(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        shares = [np.empty((0, len(self.labels_)), np.float32)]
        for rows in self._rows(reviews):
            shares.append(self._probabilities(self.margins_(rows)))
            shares[-1] = self.short_.corrected(shares[-1], _known(rows))
        return np.concatenate(shares)

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words of each review are known, (n,); see ``KnowsWords``."""
        reviews = self.reviews(batch)
        words = self.tfidf_.words()
        return np.concatenate(
            [np.empty(0, np.int64), *(_known(rows[:, words]) for rows in self._rows(reviews))]
        )

    def _rows(self, reviews: pa.RecordBatch) -> Iterator[sparse.csr_matrix]:
        """Yield rows of features part by part."""
        for start in range(0, len(reviews), ROWS_AT_ONCE):
            yield self.tfidf_.rows(reviews.slice(start, ROWS_AT_ONCE))

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
        saved = {
            "family": self.family,
            "settings": self.settings.to_json(),
            "columns": list(self.columns_),
            "labels": self.labels_,
        }
        write_json(directory / SETTINGS_FILE, saved)
        parts = (self.tfidf_, self.margins_, self.calibration_, self.short_)
        arrays = {name: array for part in parts for name, array in part.to_arrays().items()}
        save_weights(directory / WEIGHTS_FILE, arrays)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the classifier that was saved in a directory; see the contract."""
        saved = _read_settings(directory / SETTINGS_FILE)
        try:
            classifier = cls(**saved["settings"])
        except (TypeError, UsageError) as error:
            raise BundleError(f"{SETTINGS_FILE} holds settings that {cls.family} lacks") from error
        classifier.columns_, classifier.labels_ = tuple(saved["columns"]), saved["labels"]
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(saved["labels"])
        classifier.tfidf_ = Tfidf.from_arrays(
            arrays,
            classifier.columns_,
            classifier.settings.ngrams,
            classifier.settings.sublinear_tf,
        )
        classifier.margins_ = LinearMargins.from_arrays(arrays, (len(classifier.tfidf_), k))
        classifier.calibration_ = MarginCalibration.from_arrays(arrays, k)
        classifier.short_ = ShortTexts.from_arrays(arrays, k)
        return classifier


def _known(rows: sparse.csr_matrix) -> NDArray[np.int64]:
    """Return how many n-grams of each row weigh anything, (n,)."""
    row_of = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    return np.bincount(row_of[rows.data != 0], minlength=rows.shape[0]).astype(np.int64)


def _copies(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how many rows have the same text as each, (n,)."""
    _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(counts[place], np.int64)


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

"""``docvec``: vectors of texts, learnt from unlabelled reviews too, beside weighed n-grams."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, InputError, UsageError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.vectors.document_explain import explain_document
from reviewdesk.models.vectors.document_learning import (
    DocumentRecipe,
    LearntDocuments,
    buckets_for,
    document_index,
    document_rows,
    known_words,
    learn_documents_of,
    learn_margins_again,
    text_bytes,
)
from reviewdesk.models.vectors.document_margins import DocumentMargins, DocumentRows
from reviewdesk.models.vectors.document_vectors import DocumentSchedule, NgramVectors
from reviewdesk.models.vectors.mapping import VectorVocabulary
from reviewdesk.models.vectors.reading import VectorShape
from reviewdesk.models.vectors.supervised import LANES
from reviewdesk.models.vectors.text_rows import TextRows
from reviewdesk.settings import Search, Settings, setting
from reviewdesk.storage import read_json, write_json

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"
ROWS_AT_ONCE: Final = 4_096


@dataclass(frozen=True, kw_only=True)
class DocVecSettings(Settings):
    """What can be set of ``docvec``."""

    dim: int = setting(
        96,
        "numbers a vector, a multiple of 16",
        minimum=16,
        maximum=1024,
        search=Search(values=(48, 96, 192)),
    )
    epoch: int = setting(
        10,
        "how often each text is read, and of few texts until 20,000 were read",
        minimum=1,
        maximum=1000,
        search=Search(5, 60, log=True, whole=True),
    )
    lr: float = setting(
        0.06, "rate of learning at first", minimum=1e-6, maximum=0.2, search=Search(0.03, 0.15)
    )
    word_ngrams: int = setting(
        3, "the longest n-gram, in words", minimum=1, maximum=5, search=Search(1, 3, whole=True)
    )
    unlabelled: bool = setting(True, "whether vectors are learnt from reviews without a label too")
    with_ngrams: bool = setting(
        True, "whether weighed n-grams stand beside vectors in the linear model"
    )
    share: float = setting(
        0.45,
        "of all places of n-grams the share that vectors are learnt from: those that tell the "
        "labels apart best",
        minimum=0.001,
        maximum=1,
        search=Search(0.1, 0.6),
    )
    min_count: int = setting(
        2,
        "how often an n-gram occurs at least; of fewer than 100 texts 2 means 1",
        minimum=1,
        search=Search(1, 5, whole=True),
    )
    vector_count: int = setting(5, "how often at least, for it to have a vector", minimum=1)
    vector_weight: float = setting(
        1.0,
        "what vectors count beside n-grams",
        minimum=0.01,
        maximum=100,
        search=Search(0.3, 5, log=True),
    )
    C: float = setting(
        0.5,
        "how much errors on the training rows cost against large weights",
        minimum=1e-6,
        maximum=1e6,
        search=Search(0.05, 10, log=True),
    )
    bucket: int = setting(
        0,
        "how many buckets n-grams are hashed to, each 8 bytes while it learns; 0 for as many as "
        "the text needs, 67 million at the most",
        minimum=0,
        maximum=(1 << 30) - 1,
    )
    most_ngrams: int = setting(
        4_000_000, "how many words and n-grams are kept at most, the most frequent", minimum=1
    )
    most_texts: int = setting(
        1_000_000, "from how many texts vectors are learnt at most, labelled ones first", minimum=1
    )
    threads: int = setting(
        1,
        "how many threads learn at once; with more than one, the result depends on chance",
        minimum=1,
        maximum=256,
    )
    seed: int = setting(
        0, "another seed gives another order of learning", minimum=0, maximum=2**31 - 1
    )

    def check(self) -> Self:
        """Return self when every value is allowed; vectors are whole cache lines."""
        if super().check().dim % LANES:
            raise UsageError(f"setting dim is {self.dim}; it must be a multiple of {LANES}")
        return self


class DocVec(Classifier):
    """A linear model of vectors of texts and of n-grams weighed as naive Bayes weighs them.

    Vectors are learnt so that the cosine of a text and its own n-grams is high, from labelled and
    unlabelled reviews together; those of new texts are inferred from fixed n-grams, always the
    same. So are those that the linear model learns from, so that new texts are no other kind.

    Source: Thongtan and Phienthrakul 2019, Sentiment classification using document embeddings
    trained with cosine similarity; Bingyu and Arefyev 2022, The document vectors using cosine
    similarity revisited (n-grams chosen by naive Bayes weights, and an error in the evaluation of
    the former: vectors of one text stood beside n-grams of another of the same label).
    """

    family: ClassVar[str] = "docvec"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    settings_class: ClassVar[type[Settings]] = DocVecSettings
    settings: DocVecSettings

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        unlabelled = train.unlabelled if self.settings.unlabelled else tuple
        recipe = self._recipe()
        if not recipe.shape.bucket:
            readings = (train.batches(), unlabelled())
            buckets = buckets_for(sum(text_bytes(each, self.columns_) for each in readings))
            recipe = replace(recipe, shape=replace(recipe.shape, bucket=buckets))
        k = len(self.labels_)
        self._keep(learn_documents_of(train.batches(), unlabelled(), self.columns_, k, recipe))

    def refit(self, train: LabelledReviews) -> Self:
        """Learn the linear model anew; the vectors of n-grams stay what they are."""
        vocabulary, vectors = self.vocabulary_, self.vectors_
        self._begin(train)
        checked = train.through(self._checked)
        learnt = learn_margins_again(
            checked.batches(),
            self.columns_,
            len(self.labels_),
            self._recipe(),
            vocabulary,
            vectors,
        )
        self._keep(learnt)
        return self

    def _keep(self, learnt: LearntDocuments) -> None:
        self.vocabulary_, self.vectors_, self.margins_, self.calibration_ = learnt
        self._index = document_index(self.vocabulary_)

    def _recipe(self) -> DocumentRecipe:
        settings = self.settings
        return DocumentRecipe(
            shape=VectorShape(settings.word_ngrams, 0, 0, settings.bucket, line_ends=False),
            min_count=settings.min_count,
            vector_count=settings.vector_count,
            share=settings.share,
            most_rows=settings.most_ngrams,
            most_texts=settings.most_texts,
            schedule=DocumentSchedule(
                settings.dim, settings.epoch, settings.lr, settings.threads, settings.seed
            ),
            beside=settings.with_ngrams,
            factor=settings.vector_weight,
            cost=settings.C,
        )

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the margin of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        scores = [np.empty((0, len(self.labels_)), np.float32)]
        scores += [self._margins(rows) for rows in self._rows(reviews)]
        return np.concatenate(scores)

    def predict_proba(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        shares = [np.empty((0, len(self.labels_)), np.float32)]
        for rows in self._rows(reviews):
            shares.append(self.calibration_.probabilities(self._margins(rows), self._known(rows)))
        return np.concatenate(shares)

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words of each review are known, (n,); see ``KnowsWords``."""
        reviews = self.reviews(batch)
        known = [np.empty(0, np.int64)]
        known += [self._known(rows) for rows in self._rows(reviews)]
        return np.concatenate(known)

    def _known(self, rows: TextRows) -> NDArray[np.int64]:
        return known_words(rows, self.margins_, self.vectors_, len(self.vocabulary_.keys))

    def embed(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the vector of each text, (n, dim), inferred from those of its n-grams."""
        reviews = self.reviews(batch)
        vectors = [np.empty((0, self.vectors_.dim), np.float32)]
        vectors += [self.vectors_.infer(rows) for rows in self._rows(reviews)]
        return np.concatenate(vectors)

    def _rows(self, reviews: pa.RecordBatch) -> Iterator[TextRows]:
        """Yield reviews as rows, part by part."""
        for start in range(0, len(reviews), ROWS_AT_ONCE):
            yield document_rows(self._index, reviews.slice(start, ROWS_AT_ONCE), self.columns_)

    def _margins(self, rows: TextRows) -> NDArray[np.float32]:
        return self.margins_(DocumentRows(rows.rows, rows.ends, self.vectors_.infer(rows)))

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.calibration_.probabilities(scores)

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word and n-gram of one review adds; see the contract."""
        return explain_document(
            texts, self.columns_, self.vocabulary_, self.vectors_, self.margins_
        )

    def save(self, directory: Path) -> None:
        """Write the settings as JSON, and hashes, vectors and weights as arrays of numbers."""
        saved = {
            "family": self.family,
            "settings": self.settings.to_json(),
            "columns": list(self.columns_),
            "labels": self.labels_,
            "word_ngrams": self.vocabulary_.shape[0],
            "bucket": self.vocabulary_.shape[3],
        }
        write_json(directory / SETTINGS_FILE, saved)
        arrays: dict[str, NDArray[Any]] = {
            "keys": self.vocabulary_.keys,
            "buckets": self.vocabulary_.buckets.astype(np.int32),
        }
        for part in (self.vectors_, self.margins_, self.calibration_):
            arrays |= part.to_arrays()
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
        vocabulary = _vocabulary(arrays, saved["word_ngrams"], saved["bucket"])
        vectors = NgramVectors.from_arrays(arrays, vocabulary.rows)
        classifier._keep(
            LearntDocuments(
                vocabulary,
                vectors,
                DocumentMargins.from_arrays(arrays, vocabulary.rows, vectors.dim, k),
                Calibration.from_arrays(arrays, k),
            )
        )
        return classifier


def _vocabulary(
    arrays: Mapping[str, NDArray[Any]], word_ngrams: int, bucket: int
) -> VectorVocabulary:
    keys, buckets = arrays.get("keys"), arrays.get("buckets")
    if keys is None or keys.dtype != np.uint64 or keys.ndim != 1 or not (keys != 0).all():
        raise BundleError("the weights lack the hashes of words")
    if buckets is None or buckets.dtype != np.int32 or buckets.ndim != 1:
        raise BundleError("the weights lack the buckets of n-grams")
    if len(buckets) and not (buckets.min() >= 0 and buckets.max() < bucket):
        raise BundleError("the weights hold a bucket beyond those that there are")
    counts, spelling = np.zeros(len(keys), np.int64), [b""] * len(keys)
    shape = (word_ngrams, 0, 0, bucket)
    return VectorVocabulary(keys, counts, spelling, buckets.astype(np.int64), shape)


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        saved = read_json(path)
    except (InputError, RecursionError) as error:
        raise BundleError(f"{path.name} is not JSON") from error
    try:
        columns, labels = saved["columns"], saved["labels"]
        fits = (
            isinstance(saved["settings"], dict)
            and 0 < len(columns) == len(set(columns) & set(DocVec.columns))
            and len(labels) > 1
            and all(isinstance(label, str) for label in labels)
            and type(saved["word_ngrams"]) is int
            and 1 <= saved["word_ngrams"] <= 10
            and type(saved["bucket"]) is int
            and 0 <= saved["bucket"] < 1 << 30
        )
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise BundleError(f"{path.name} does not hold what {DocVec.family} writes")
    return dict(saved)

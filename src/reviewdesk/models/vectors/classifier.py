"""``fasttext``: vectors of words and n-grams, a text as their mean, calibrated."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, InputError, UsageError
from reviewdesk.formats.fasttext import LABELS_FILE, label_map, label_words
from reviewdesk.formats.fasttext_model import LOSS_NUMBERS, FastTextModel, write_fasttext
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.running import Run
from reviewdesk.models.scored import calibration_from, probabilities_of
from reviewdesk.models.vectors.epochs import EarlyStopping
from reviewdesk.models.vectors.explain import explain_review
from reviewdesk.models.vectors.label_vectors import LINES_AT_ONCE, LabelVectors
from reviewdesk.models.vectors.learning import LearntVectors, Recipe, learn_reviews
from reviewdesk.models.vectors.pretrained import read_pretrained
from reviewdesk.models.vectors.reading import VectorShape
from reviewdesk.models.vectors.review_lines import review_lines
from reviewdesk.models.vectors.supervised import Schedule
from reviewdesk.models.vectors.text_rows import TextLines, TextRows
from reviewdesk.progress import tell
from reviewdesk.settings import Search, Settings, setting
from reviewdesk.storage import read_json, write_json

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"
BINARY_FILE: Final = "model.bin"
"""What BlazingText calls its model."""
MOST_LABELS: Final = 1 << 20

ALIASES: Final = {
    "epochs": "epoch",
    "learning_rate": "lr",
    "vector_dim": "dim",
    "buckets": "bucket",
    "negative_samples": "neg",
    "min_char": "minn",
    "max_char": "maxn",
    "minCount": "min_count",
    "pretrainedVectors": "pretrained_vectors",
    "wordNgrams": "word_ngrams",
    "one-vs-all": "ova",
}
"""BlazingText's names, and fastText's on its command line, for settings that are named here."""


@dataclass(frozen=True, kw_only=True)
class FastTextSettings(Settings):
    """What can be set of ``fasttext``: fastText's options by their names."""

    dim: int = setting(
        16,
        "numbers a vector",
        minimum=1,
        maximum=1024,
        search=Search(8, 64, log=True, whole=True),
    )
    lr: float = setting(
        0.5,
        "rate of learning at first",
        minimum=1e-6,
        maximum=100,
        search=Search(0.05, 1, log=True),
    )
    epoch: int = setting(
        5,
        "how often each text is read, and of few texts until 4,000 were read",
        minimum=1,
        maximum=1000,
        search=Search(3, 25, log=True, whole=True),
    )
    word_ngrams: int = setting(
        2,
        "the longest n-gram, in words",
        minimum=1,
        maximum=10,
        search=Search(1, 3, whole=True),
    )
    min_count: int = setting(
        1, "how often a word occurs at least", minimum=1, search=Search(1, 5, whole=True)
    )
    min_bucket_count: int = setting(
        2, "how often n-grams of a bucket occur at least; 1 keeps all, as fastText does", minimum=1
    )
    bucket: int = setting(
        2_000_000, "how many rows n-grams are hashed to", minimum=0, maximum=(1 << 30) - 1
    )
    minn: int = setting(0, "the shortest n-gram, in characters", minimum=0, maximum=100)
    maxn: int = setting(0, "the longest n-gram, in characters; 0 for none", minimum=0, maximum=100)
    loss: str = setting(
        "auto",
        "what is minimised: auto is softmax, and ova where a text may have several labels",
        choices=("auto", "softmax", "ns", "hs", "ova"),
    )
    neg: int = setting(5, "drawn labels for each true one, under ns", minimum=1, maximum=1000)
    pretrained_vectors: str = setting(
        "",
        "a file of vectors of words to begin with, .vec, .w2v or .bin; each of its words has a row "
        "then, also those that no review holds",
    )
    clear_words: bool = setting(
        False, "store words of fewer than five customers in clear too, not as hashes only"
    )
    early_stopping: bool = setting(
        False, "end when reviews that are not learnt from say so; they must be given"
    )
    patience: int = setting(
        4, "early stopping: how many epochs in a row may be no better than the best", minimum=1
    )
    min_epochs: int = setting(5, "early stopping: how many epochs there are at least", minimum=1)
    binary: bool = setting(
        False, "keep fastText's own model.bin in the bundle too, for programs that read that"
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


class FastText(Classifier):
    """A text's vector is the mean of those of its words and n-grams; labels are linear in it.

    Learning is fastText's with each text read in a new order in each epoch and steps of bounded
    length, so that no number leaves its range. The probabilities are calibrated on texts that were
    held out; ``raw_probabilities`` are those of fastText.

    Source: Joulin, Grave, Bojanowski and Mikolov 2017, Bag of tricks for efficient text
    classification.
    """

    family: ClassVar[str] = "fasttext"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    settings_class: ClassVar[type[Settings]] = FastTextSettings
    settings: FastTextSettings
    supports_multilabel: ClassVar[bool] = True
    aliases: ClassVar[Mapping[str, str]] = ALIASES

    def __init__(self, **settings: Any) -> None:
        super().__init__(**by_our_names(settings))
        self.watch = Run()

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        if self.settings.early_stopping and validation is None:
            raise UsageError(
                "early_stopping needs reviews that are not learnt from: give a channel validation"
            )
        learnt = learn_reviews(
            train.batches(),
            self.columns_,
            len(self.labels_),
            self._recipe(),
            self.multilabel_,
            validation.batches() if validation else None,
            self.watch,
        )
        self._keep(learnt)

    def _keep(self, learnt: LearntVectors) -> None:
        self.model_, self.calibration_ = learnt.model, learnt.calibration
        if learnt.bounded_steps:
            tell(f"{learnt.bounded_steps:,} steps of learning were cut; a smaller lr learns better")

    def _recipe(self) -> Recipe:
        settings = self.settings
        loss = settings.loss
        if loss == "auto":
            loss = "ova" if self.multilabel_ else "softmax"
        return Recipe(
            shape=VectorShape(settings.word_ngrams, settings.minn, settings.maxn, settings.bucket),
            min_count=settings.min_count,
            min_bucket_count=settings.min_bucket_count,
            clear_words=settings.clear_words,
            dim=settings.dim,
            schedule=Schedule(
                LOSS_NUMBERS[loss],
                settings.epoch,
                settings.lr,
                settings.neg,
                settings.threads,
                settings.seed,
            ),
            stopping=EarlyStopping(settings.early_stopping, settings.patience, settings.min_epochs),
            pretrained=read_pretrained(Path(settings.pretrained_vectors), settings.dim)
            if settings.pretrained_vectors
            else None,
        )

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the score of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        scores = [np.empty((0, len(self.labels_)), np.float32)]
        scores += [self.model_.scores_of(rows) for _, rows in self._rows(reviews)]
        return np.concatenate(scores)

    def predict_proba(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        found = [np.empty((0, len(self.labels_)), np.float32)]
        for lines, rows in self._rows(reviews):
            scores, known = self.model_.scores_of(rows), self._known(lines, rows)
            found.append(probabilities_of(self.calibration_, scores, known))
        return np.concatenate(found)

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words of each review are known, (n,); see ``KnowsWords``.

        A review that is known by runs of characters alone counts as one word.
        """
        known = [self._known(lines, rows) for lines, rows in self._rows(self.reviews(batch))]
        return np.concatenate([np.empty(0, np.int64), *known])

    def _rows(self, reviews: pa.RecordBatch) -> Iterator[tuple[TextLines, TextRows]]:
        """Yield reviews as lines and as rows, part by part."""
        for start in range(0, len(reviews), LINES_AT_ONCE):
            lines = review_lines(reviews.slice(start, LINES_AT_ONCE), self.columns_)
            yield lines, self.model_.index.rows(lines)

    def _known(self, lines: TextLines, rows: TextRows) -> NDArray[np.int64]:
        known = self.model_.known_words(rows)
        if self.settings.maxn:
            known[(known == 0) & self.model_.known_by_characters(lines)] = 1
        return known

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.calibration_.probabilities(scores)

    def raw_probabilities(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return what fastText would give, (n, k): not calibrated, and 1e-5 too much each."""
        return self.model_.raw_probabilities(review_lines(self.reviews(batch), self.columns_))

    def embed(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the vector of each text, (n, dim): the mean of its rows."""
        return self.model_.vectors(review_lines(self.reviews(batch), self.columns_))

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word and n-gram of one review adds; see the contract."""
        return explain_review(texts, self.columns_, self.model_)

    def to_fasttext(self) -> FastTextModel:
        """Return the model as fastText's ``.bin`` files hold it; labels get fastText's prefix.

        Raises:
            UsageError: no word is stored in clear.
        """
        settings = self.settings
        options = self.model_.options(
            epoch=settings.epoch, min_count=settings.min_count, neg=settings.neg
        )
        return self.model_.to_fasttext(label_words(self.labels_), options)

    def save(self, directory: Path) -> None:
        """Write the settings as JSON and vectors and hashes as arrays of numbers."""
        saved = {
            "family": self.family,
            "settings": self.settings.to_json(),
            "columns": list(self.columns_),
            "labels": self.labels_,
            "multilabel": self.multilabel_,
            "loss": self.model_.loss,
            "shape": list(self.model_.vocabulary.shape),
        }
        write_json(directory / SETTINGS_FILE, saved)
        save_weights(
            directory / WEIGHTS_FILE, self.model_.to_arrays() | self.calibration_.to_arrays()
        )
        if self.settings.binary:
            try:
                write_fasttext(directory / BINARY_FILE, self.to_fasttext())
                write_json(directory / LABELS_FILE, label_map(self.labels_))
            except UsageError as error:  # no word in clear: what was learnt is kept all the same
                tell(f"{BINARY_FILE} was not written: {error}")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the classifier that was saved in a directory; see the contract."""
        saved = _read_settings(directory / SETTINGS_FILE)
        try:
            classifier = cls(**saved["settings"])
        except (TypeError, UsageError) as error:
            raise BundleError(f"{SETTINGS_FILE} holds settings that {cls.family} lacks") from error
        classifier.columns_, classifier.labels_ = tuple(saved["columns"]), saved["labels"]
        classifier.multilabel_ = saved["multilabel"]
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(saved["labels"])
        word_ngrams, shortest, longest, bucket = saved["shape"]
        classifier.model_ = LabelVectors.from_arrays(
            arrays, (word_ngrams, shortest, longest, bucket), saved["loss"]
        )
        if len(classifier.model_.outputs) != k:
            raise BundleError("the weights do not fit the labels")
        classifier.calibration_ = calibration_from(arrays, k, multilabel=saved["multilabel"])
        return classifier


def by_our_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under the names that they have here, from BlazingText's or fastText's.

    Raises:
        UsageError: a setting is given twice, under two names.
    """
    ours: dict[str, Any] = {}
    for name, value in settings.items():
        own = ALIASES.get(name, name)
        if own in ours:
            raise UsageError(f"setting {own} is given twice, once as {name}")
        ours[own] = ALIASES.get(value, value) if own == "loss" and isinstance(value, str) else value
    return ours


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        saved = read_json(path)
    except (InputError, RecursionError) as error:
        raise BundleError(f"{path.name} is not JSON") from error
    try:
        columns, labels, shape = saved["columns"], saved["labels"], saved["shape"]
        fits = (
            isinstance(saved["settings"], dict)
            and 0 < len(columns) == len(set(columns) & set(FastText.columns))
            and 1 < len(labels) <= MOST_LABELS
            and all(isinstance(label, str) for label in labels)
            and type(saved["multilabel"]) is bool
            and saved["loss"] in LOSS_NUMBERS
            and len(shape) == 4
            and all(type(number) is int for number in shape)
            and 1 <= shape[0] <= 10
            and 0 <= shape[1] <= 100
            and 0 <= shape[2] <= 100
            and 0 <= shape[3] < 1 << 30
        )
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise BundleError(f"{path.name} does not hold what {FastText.family} writes")
    return dict(saved)

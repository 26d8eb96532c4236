"""For few labels: a linear layer over the vectors of an encoder that is not learnt further.

Source: Tunstall et al. 2022, Efficient few-shot learning without prompts, whose head this is.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from reviewdesk.errors import BundleError, InputError, UsageError
from reviewdesk.examples.examples import LABEL
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.neural.encoders import Encoder, new_encoder, saved_encoder
from reviewdesk.models.neural.explain_texts import explain_text_words
from reviewdesk.models.neural.few_shot_settings import FewShotSettings
from reviewdesk.models.neural.subwords import texts_of
from reviewdesk.models.running import Run
from reviewdesk.models.scored import calibration_from, calibration_of_one, probabilities_of
from reviewdesk.models.short_texts import CutTexts
from reviewdesk.settings import Settings
from reviewdesk.storage import private_directory, read_json, write_json, write_then_rename
from reviewdesk.text.hashing import combine64, hash64
from reviewdesk.text.tokens import tokenize

SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"
VECTORS: Final = "vectors.npz"
AT_ONCE: Final = 64
ABSENT_SCORE: Final = -100.0
COSTS: Final = (0.03, 0.3, 3.0, 30.0)
FOLDS: Final = 5
FEWEST_TO_CHOOSE: Final = 20
DEFAULT_COST: Final = 3.0
LEAST_SPREAD: Final = 0.01
"""Numbers that hardly differ among the vectors, whose length is 1, must not become loud."""


class FewShot(Classifier):
    """A linear layer over a frozen encoder, for 20 to 2,000 labelled reviews in any language."""

    family: ClassVar[str] = "few-shot"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    settings_class: ClassVar[type[Settings]] = FewShotSettings
    settings: FewShotSettings

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.run = Run()
        self._known_vectors: dict[int, NDArray[np.float32]] = {}

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        if self.run.processes > 1 or self.run.time_limit is not None:
            raise UsageError("few-shot learns in one process and without a time limit")
        texts, labels = self._texts(train)
        self.present_ = np.unique(labels)
        places = np.searchsorted(self.present_, labels)
        vectors = self.vectors(texts)
        self.centre_ = vectors.mean(axis=0)
        self.scale_ = np.maximum(vectors.std(axis=0), LEAST_SPREAD).astype(np.float32)
        rows = self._scaled(vectors)
        cost, unseen, true = self._choose(rows, places)
        self.weights_, self.bias_ = self._learn(rows, places, cost)
        label_rows = np.bincount(places, minlength=len(self.present_))
        known = np.ones(len(true), np.int64) * 1_000
        none = CutTexts(unseen[:0], known[:0], true[:0])
        found = calibration_of_one(unseen, true, known, label_rows, none)
        self.calibration_: Calibration = found.spread(self.present_, len(self.labels_))

    def _texts(self, train: LabelledReviews) -> tuple[list[str], NDArray[np.int64]]:
        """Return the different texts that are learnt from, by hash the first, and their labels."""
        texts: list[str] = []
        labels = [np.empty(0, np.int64)]
        for batch in train.batches():
            texts += texts_of(batch, self.columns_)
            labels.append(batch.column(LABEL).to_numpy().astype(np.int64))
        every = np.concatenate(labels)
        keys = combine64(
            hash64(pa.array(texts, pa.large_string())),
            np.full(len(texts), self.settings.seed, np.uint64),
        )
        _, first = np.unique(keys, return_index=True)  # in the order of the hashes: at random
        chosen = np.sort(first[: self.settings.most_reviews])
        if len(np.unique(every[chosen])) < 2:  # equal texts of several labels
            chosen = np.arange(min(len(texts), self.settings.most_reviews))
        return [texts[row] for row in chosen.tolist()], every[chosen]

    def _choose(
        self, rows: NDArray[np.float32], labels: NDArray[np.int64]
    ) -> tuple[float, NDArray[np.float32], NDArray[np.int64]]:
        """Return the best cost of errors, and scores of rows by what had not seen them."""
        counts = np.bincount(labels)
        given = self.settings.C
        if len(labels) < FEWEST_TO_CHOOSE or counts.min() < 2:
            nothing = np.empty((0, len(counts)), np.float32)
            return given or DEFAULT_COST, nothing, np.empty(0, np.int64)
        random = np.random.default_rng(self.settings.seed)
        order = random.permutation(len(labels))
        order = order[np.argsort(labels[order], kind="stable")]  # each label is dealt to all folds
        fold = np.empty(len(labels), np.int64)
        fold[order] = np.arange(len(labels)) % min(FOLDS, int(counts.min()))
        best: tuple[float, float, NDArray[np.float32]] | None = None
        for cost in (given,) if given else COSTS:
            scores = np.empty((len(labels), len(counts)), np.float32)
            for number in range(int(fold.max()) + 1):
                out = fold == number
                weights, bias = self._learn(rows[~out], labels[~out], cost)
                scores[out] = _centred(rows[out] @ weights + bias)
            loss = _log_loss(scores, labels)
            if best is None or loss < best[0]:
                best = loss, cost, scores
        if best is None:
            raise UsageError("there is no cost to choose from")
        return best[1], best[2], labels

    def _learn(
        self, rows: NDArray[np.float32], labels: NDArray[np.int64], cost: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights (d, k) and bias (k,)."""
        machine = LogisticRegression(C=cost / len(rows), max_iter=1_000).fit(rows, labels)
        weights, bias = machine.coef_.T, machine.intercept_
        if len(bias) == 1:
            weights, bias = np.hstack([-weights, weights]) / 2, np.array([-bias[0], bias[0]]) / 2
        return weights.astype(np.float32), bias.astype(np.float32)

    def _scaled(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = (vectors - self.centre_) / self.scale_
        return scaled

    def vectors(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of texts (n, d); those known already are not made again.

        What was made before fitting is known to it, and what fitting made to ``predict_proba``.
        """
        if not hasattr(self, "encoder_"):
            self.encoder_: Encoder = new_encoder(self.settings.encoder)
        keys = hash64(pa.array(texts, pa.large_string())).tolist()
        self._read_vectors()
        new = [place for place, key in enumerate(keys) if key not in self._known_vectors]
        with self.run.progress.task("Encoding", len(new), "reviews") as task:
            for at in range(0, len(new), AT_ONCE):
                part = new[at : at + AT_ONCE]
                found = self.encoder_.embed([texts[place] for place in part])
                self._known_vectors |= {keys[place]: found[row] for row, place in enumerate(part)}
                self._write_vectors()
                task.advance(len(part))
        return np.stack([self._known_vectors[key] for key in keys])

    def _looked_up(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of texts (n, d), those that learning has made as they are there."""
        keys = hash64(pa.array(texts, pa.large_string())).tolist()
        new = [place for place, key in enumerate(keys) if key not in self._known_vectors]
        if len(new) == len(texts):
            return self.encoder_.embed(texts)
        made = self.encoder_.embed([texts[place] for place in new]) if new else ()
        vectors = {keys[place]: vector for place, vector in zip(new, made, strict=True)}
        vectors |= {key: self._known_vectors[key] for key in keys if key not in vectors}
        return np.stack([vectors[key] for key in keys])

    def _read_vectors(self) -> None:
        """Take over the vectors that an interrupted run has made."""
        folder = self.run.folder
        if folder is not None and (folder / VECTORS).exists():
            arrays = load_weights(folder / VECTORS)
            found = zip(arrays["keys"].tolist(), arrays["vectors"], strict=True)
            self._known_vectors = dict(found) | self._known_vectors

    def _write_vectors(self) -> None:
        if self.run.folder is not None:
            keys = np.array(list(self._known_vectors), np.uint64)
            vectors = np.stack(list(self._known_vectors.values()))
            place = private_directory(self.run.folder) / VECTORS
            save_weights(place, {"keys": keys, "vectors": vectors})

    def _parts(
        self, batch: pa.RecordBatch | Texts
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Yield scores (n, k) of reviews, and 0 for those without a word, some at a time."""
        reviews = self.reviews(batch)
        for start in range(0, len(reviews), AT_ONCE):
            texts = texts_of(reviews.slice(start, AT_ONCE), self.columns_)
            rows = self._scaled(self._looked_up(texts))
            own = np.stack([_centred(row @ self.weights_ + self.bias_) for row in rows])
            scores = np.full((len(texts), len(self.labels_)), ABSENT_SCORE, np.float32)
            scores[:, self.present_] = own
            yield scores, np.array([1_000 * bool(tokenize(text)) for text in texts])

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the score of each label, (n, k); see the contract."""
        found = [scores for scores, _ in self._parts(batch)]
        return np.concatenate([np.empty((0, len(self.labels_)), np.float32), *found])

    def predict_proba(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); see the contract."""
        found = [probabilities_of(self.calibration_, *part) for part in self._parts(batch)]
        return np.concatenate([np.empty((0, len(self.labels_)), np.float32), *found])

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.calibration_.probabilities(scores)

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word of one review adds; see ``explain_text_words``."""
        return explain_text_words(texts, self.columns_, self.decision_scores)

    def save(self, directory: Path) -> None:
        """Write settings as JSON, weights as numbers, and the encoder where no package has it."""
        saved = {
            "family": self.family,
            "settings": self.settings.to_json(),
            "columns": list(self.columns_),
            "labels": self.labels_,
        }
        write_json(directory / SETTINGS_FILE, saved)
        arrays = {
            "present": self.present_, "weights": self.weights_, "bias": self.bias_,
            "centre": self.centre_, "scale": self.scale_,
        }  # fmt: skip
        save_weights(directory / WEIGHTS_FILE, arrays | self.calibration_.to_arrays())
        for name, data in self.encoder_.files.items():
            with write_then_rename(directory / name) as file:
                file.write(data)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the classifier that was saved in a directory; see the contract."""
        try:
            saved = read_json(directory / SETTINGS_FILE)
        except InputError as error:
            raise BundleError(f"{SETTINGS_FILE} is not JSON") from error
        classifier = cls(**saved["settings"])
        classifier.columns_, classifier.labels_ = tuple(saved["columns"]), saved["labels"]
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(saved["labels"])
        present, weights = arrays["present"], arrays["weights"]
        shapes = {"bias": (len(present),), "centre": weights.shape[:1], "scale": weights.shape[:1]}
        fits = weights.ndim == 2 and weights.shape[1] == len(present) and present.max() < k
        for name, shape in shapes.items():
            fits = fits and arrays[name].shape == shape and bool(np.isfinite(arrays[name]).all())
        if not fits or not np.isfinite(weights).all() or present.min() < 0:
            raise BundleError("the weights do not fit each other")
        classifier.present_, classifier.weights_ = present, weights
        classifier.bias_, classifier.centre_, classifier.scale_ = (
            arrays[name] for name in ("bias", "centre", "scale")
        )
        found = calibration_from(arrays, k, multilabel=False)
        if not isinstance(found, Calibration):
            raise BundleError("the calibration is of several labels")
        classifier.calibration_ = found
        classifier.encoder_ = saved_encoder(classifier.settings.encoder, directory)
        return classifier


def _centred(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return scores without what all labels have in common."""
    centred: NDArray[np.float32] = scores - scores.mean(axis=-1, keepdims=True)
    return centred


def _log_loss(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    top = scores.max(axis=1, keepdims=True)
    sums = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
    return float((sums - scores[np.arange(len(labels)), labels]).mean())

"""What all families of networks share: from reviews to a graph that scores, and back from disk.

Learning needs torch; a classifier that was saved needs onnxruntime alone.
"""

import contextlib
import importlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, InputError, UsageError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier, Explanation
from reviewdesk.models.curve import Curve
from reviewdesk.models.few_texts import FEW
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.several import SeveralCalibrations
from reviewdesk.models.neural.explain import explain_review
from reviewdesk.models.neural.graph import Graph
from reviewdesk.models.neural.plan import Objective, Plan
from reviewdesk.models.neural.settings import NetworkSettings, chosen, course_of, shape_of
from reviewdesk.models.neural.tokens import Tokens, write_tokens
from reviewdesk.models.neural.word_vectors import first_vectors
from reviewdesk.models.neural.words import Vocabulary, WordCounts, known_words, shortened
from reviewdesk.models.running import Run, stopping
from reviewdesk.models.scored import (
    calibration_from,
    calibration_of_one,
    calibrations_of_several,
    probabilities_of,
)
from reviewdesk.models.short_texts import CutTexts, cut_rows
from reviewdesk.optional import require
from reviewdesk.storage import (
    private_directory,
    read_json,
    storage_errors,
    write_json,
    write_then_rename,
)

EXTRA: Final = "networks"
SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"
GRAPH: Final = "network.onnx"
NETWORK: Final = "network.safetensors"
CURVE: Final = "curve.json"
WORKER: Final = "reviewdesk.models.neural.worker:learn_in"

ABSENT_SCORE: Final = -100.0
PREDICT_ROWS: Final = 8_192
FEWEST_STEPS: Final = 150
"""Few rows, none of which can be set aside, are visited until so many steps were made."""
LARGEST_GRAPH: Final = 2 << 30


class NetworkClassifier(Classifier):
    """A network over words with calibrated probabilities.

    Rows set aside say when to stop and how sure its probabilities may be. Of labels that are
    numbers, such as stars, being far off counts as worse than being next to it.
    """

    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    supports_multilabel: ClassVar[bool] = True
    # A fifth more reviews is worth little beside another hour, and when to stop was measured once.
    refits: ClassVar[bool] = False
    settings: NetworkSettings

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.run = Run()
        values = chosen(self.family, self.settings)
        if values.get("heads") and values["hidden"] % values["heads"]:
            raise UsageError(
                f"setting hidden of {self.family} is {values['hidden']}; "
                f"its {values['heads']} heads must divide it"
            )

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        for package in ("torch", "safetensors", "onnxruntime"):
            require(package, EXTRA)
        module, _, function = WORKER.partition(":")
        learn_in = getattr(importlib.import_module(module), function)
        with self._folder() as folder, stopping(self.run) as run:
            tokens = self._prepare(folder, train, validation)
            learn_in(folder, run)
            self._take(folder / "learnt")
            self._calibrate(tokens)

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """Yield the run's folder, or one that is removed afterwards."""
        if self.run.folder is not None:
            yield private_directory(self.run.folder)
            return
        with storage_errors("the temporary directory"), TemporaryDirectory() as folder:
            yield Path(folder)

    def _prepare(
        self, folder: Path, train: LabelledReviews, validation: LabelledReviews | None
    ) -> Tokens:
        """Write what is learnt, and from what, into a folder."""
        values = chosen(self.family, self.settings)
        counts = WordCounts(self.columns_)
        for batch in train.batches():
            counts.add(batch)
        if counts.rows < FEW and self.settings.min_df is None:
            values["min_df"] = 1
        self.vocabulary_ = counts.vocabulary(
            values["vocabulary"], values["min_df"], values["most_words"],
            stop_words=values["stop_words"] == "yes",
        )  # fmt: skip
        tokens = write_tokens(
            folder / "tokens", self.vocabulary_, train.batches,
            validation.batches if validation else None,
            k=len(self.labels_), share=values["validation_share"], seed=values["seed"],
        )  # fmt: skip
        self.present_ = tokens.present
        if not len(tokens.validation):
            steps_an_epoch = -(-len(tokens.learnt) // values["batch"])
            values["epochs"] = max(values["epochs"], FEWEST_STEPS // steps_an_epoch)
        size, vectors = values["embedding"], folder / "first.npy"
        vectors.unlink(missing_ok=True)
        if values["word_vectors"]:
            path = Path(values["word_vectors"])
            first = first_vectors(path, self.vocabulary_, values["seed"])
            np.save(vectors, first)
            size = first.shape[1]
        shape = shape_of(
            self.family, values, ids=len(self.vocabulary_), k=len(self.present_), embedding=size,
            objective=self._objective(),
        )  # fmt: skip
        with write_then_rename(folder / "plan.json") as file:
            file.write(Plan(shape, course_of(values)).dumps().encode())
        shutil.rmtree(folder / "learnt", ignore_errors=True)
        return tokens

    def _objective(self) -> Objective:
        if self.multilabel_:
            return "several"
        values = _numbers(self.labels_)
        ordered = values is not None and len(values) > 2 and bool((np.diff(values) > 0).all())
        return "ordered" if ordered else "one"

    def _take(self, directory: Path) -> None:
        """Take over what was learnt."""
        with storage_errors(str(directory)):
            self.network_ = (directory / NETWORK).read_bytes()
            self.graph_ = Graph((directory / GRAPH).read_bytes(), len(self.present_))
        try:
            self.curve_ = Curve.from_json(read_json(directory / CURVE))
        except InputError as error:
            raise BundleError(f"{CURVE} is not JSON") from error

    def _calibrate(self, tokens: Tokens) -> None:
        """Learn how sure probabilities may be from the rows that were set aside."""
        rows, first = tokens.validation, self.vocabulary_.first
        ids, ends = tokens.ids_of(rows)
        scores, labels = self.graph_.scores(ids, ends), tokens.labels[rows]
        known, k = known_words(ids, ends, first), len(self.labels_)
        self.calibration_: Calibration | SeveralCalibrations
        if self.multilabel_:
            self.calibration_ = _several(scores, labels, known, tokens, self.present_, k)
            return
        some, most = cut_rows(len(rows))
        few = shortened(ids, ends, some, most, first)
        cut = CutTexts(self.graph_.scores(*few), known_words(*few, first), labels[some])
        label_rows = np.bincount(tokens.labels, minlength=len(self.present_))
        label_rows = label_rows[: len(self.present_)]  # beyond them is who has no label of them
        found = calibration_of_one(scores, labels, known, label_rows, cut)
        self.calibration_ = found.spread(self.present_, k)

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the score of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        found = [np.empty((0, len(self.labels_)), np.float32)]
        found += [self._scores(ids, ends) for ids, ends in self._ids(reviews)]
        return np.concatenate(found)

    def predict_proba(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); see the contract."""
        reviews = self.reviews(batch)
        found = [np.empty((0, len(self.labels_)), np.float32)]
        for ids, ends in self._ids(reviews):
            known = known_words(ids, ends, self.vocabulary_.first)
            found.append(probabilities_of(self.calibration_, self._scores(ids, ends), known))
        return np.concatenate(found)

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words of each review are known, (n,); see ``KnowsWords``."""
        first = self.vocabulary_.first
        known = [known_words(ids, ends, first) for ids, ends in self._ids(self.reviews(batch))]
        return np.concatenate([np.empty(0, np.int64), *known])

    def _ids(
        self, reviews: pa.RecordBatch
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
        """Yield the ids of reviews, and where each ends, part by part."""
        for start in range(0, len(reviews), PREDICT_ROWS):
            yield self.vocabulary_.ids(reviews.slice(start, PREDICT_ROWS))

    def _scores(self, ids: NDArray[np.int32], ends: NDArray[np.int64]) -> NDArray[np.float32]:
        scores = np.full((len(ends) - 1, len(self.labels_)), ABSENT_SCORE, np.float32)
        scores[:, self.present_] = self.graph_.scores(ids, ends)
        return scores

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.calibration_.probabilities(scores)

    def expected(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the mean of labels that are numbers, such as stars, by their probabilities, (n,).

        Raises:
            UsageError: a label is not a number.
        """
        values = _numbers(self.labels_)
        if values is None:
            raise UsageError("an expected value needs labels that are numbers")
        means: NDArray[np.float32] = (self.predict_proba(batch) * values).sum(axis=1)
        return means

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word of one review adds; see the contract.

        A word's weight is by how much the score falls when the network is not told the word. Where
        two words say the same, either can be missed, so that both weigh little.
        """
        columns = [pa.array([texts.get(name)], pa.large_string()) for name in self.columns_]
        review = pa.record_batch(columns, names=list(self.columns_))
        scores = self.decision_scores(review)[0]
        return explain_review(review, self.vocabulary_, self.graph_, self.present_, scores)

    def save(self, directory: Path) -> None:
        """Write settings and curve as JSON, vocabulary as hashes, the network twice.

        ``network.onnx`` is what scores; ``network.safetensors`` holds the same weights by name, for
        those who go on from them.
        """
        saved = {
            "family": self.family,
            "settings": self.settings.to_json(),
            "columns": list(self.columns_),
            "labels": self.labels_,
            "several": self.multilabel_,
        }
        write_json(directory / SETTINGS_FILE, saved)
        write_json(directory / CURVE, self.curve_.to_json())
        arrays = {"vocabulary": self.vocabulary_.hashes, "present": self.present_}
        save_weights(directory / WEIGHTS_FILE, arrays | self.calibration_.to_arrays())
        for name, data in ((GRAPH, self.graph_.data), (NETWORK, self.network_)):
            with write_then_rename(directory / name) as file:
                file.write(data)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the classifier that was saved in a directory; see the contract."""
        saved = _read_saved(directory / SETTINGS_FILE, cls)
        classifier = cls(**saved["settings"])
        classifier.columns_, classifier.labels_ = tuple(saved["columns"]), saved["labels"]
        classifier.multilabel_ = saved["several"]
        arrays, k = load_weights(directory / WEIGHTS_FILE), len(saved["labels"])
        hashes, present = arrays.get("vocabulary"), arrays.get("present")
        if hashes is None or hashes.ndim != 1 or hashes.dtype != np.uint64:
            raise BundleError("the weights lack the vocabulary")
        if present is None or present.dtype != np.int64 or not _places(present, k):
            raise BundleError("the weights lack the labels that are present")
        values = chosen(cls.family, classifier.settings)
        classifier.vocabulary_ = Vocabulary(
            classifier.columns_, hashes, values["most_words"], values["stop_words"] == "yes"
        )
        classifier.present_ = present
        classifier.calibration_ = calibration_from(arrays, k, several=classifier.multilabel_)
        classifier._take(directory)
        return classifier


def _several(
    scores: NDArray[np.float32],
    labels: NDArray[Any],
    known: NDArray[np.int64],
    tokens: Tokens,
    present: NDArray[np.int64],
    k: int,
) -> SeveralCalibrations:
    """Return a calibration for each label; labels not present have the share that they had."""
    rows = tokens.labels.sum(axis=0).astype(int).tolist()
    found = calibrations_of_several(scores, labels, known, len(tokens.labels), rows)
    each: list[Calibration | None] = [None] * k
    shares = np.zeros(k)
    shares[tokens.always] = 1
    for place, label in enumerate(present.tolist()):
        each[label], shares[label] = found.each[place], found.shares[place]
    return SeveralCalibrations(each, shares)


def _numbers(labels: list[str]) -> NDArray[np.float32] | None:
    """Return labels as numbers; None where one is none."""
    try:
        values = np.array(labels, np.float32)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _places(present: NDArray[Any], k: int) -> bool:
    """Say whether an array holds places of labels, ascending."""
    inside = present.ndim == 1 and len(present) and present[0] >= 0 and present[-1] < k
    return bool(inside and (np.diff(present) > 0).all())


def _read_saved(path: Path, family: type[NetworkClassifier]) -> dict[str, Any]:
    try:
        saved = read_json(path)
    except InputError as error:
        raise BundleError(f"{path.name} is not JSON") from error
    try:
        fits = (
            isinstance(saved["settings"], dict)
            and 0 < len(saved["columns"]) == len(set(saved["columns"]) & set(family.columns))
            and len(saved["labels"]) > 1
            and all(isinstance(label, str) for label in saved["labels"])
            and type(saved["several"]) is bool
        )
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise BundleError(f"{path.name} does not hold the settings of {family.family}")
    return dict(saved)

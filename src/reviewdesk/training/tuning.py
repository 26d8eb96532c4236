"""Tuning: which settings of a family are best for these reviews, within trials and time.

Each trial is cross-validated by product inside the training share, and given up early where it
looks bad. Trials stand in a SQLite file as soon as they end: a killed run goes on with all of them.
Only the best is measured on the held-out side, once, beside the family with its own defaults.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.errors import NotEnoughData, ReviewdeskError, StorageError, UsageError
from reviewdesk.optional import require
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import SEVERAL, Search, SplitSettings, TargetSettings, TextSettings
from reviewdesk.storage import private_directory, read_json, storage_errors, write_json
from reviewdesk.training.comparison import BundleComparison, compare
from reviewdesk.training.family import new_classifier
from reviewdesk.training.search import (
    EXTRA,
    PLAN,
    STUDY,
    SearchJob,
    Trial,
    TuneSettings,
    good_elsewhere,
    importance,
    saved_search,
    search,
    search_space,
)
from reviewdesk.training.train import train
from reviewdesk.training.trials import METRICS

BEST: Final = "bundle"
DEFAULTS: Final = "defaults"


@dataclass(frozen=True)
class Tuned:
    """What tuning found.

    Args:
        folder: everything is in here.
        settings: how it was looked for.
        model: name of the family.
        trials: all of them.
        importance: how much of the spread between trials each setting explains; adds up to 1.
        best: the best trial.
        bundle: the family with the best settings, learnt from the whole training share.
        comparison: it beside the family's defaults, on the held-out side; None where the defaults
            are the best or nothing is held out.
    """

    folder: Path
    settings: TuneSettings
    model: str
    trials: list[Trial]
    importance: dict[str, float]
    best: Trial
    bundle: Bundle
    comparison: BundleComparison | None

    def to_json(self) -> dict[str, Any]:
        """Return the same as JSON values."""
        return {
            "folder": str(self.folder),
            "model": self.model,
            "metric": self.settings.metric,
            "trials": [vars(trial) for trial in self.trials],
            "importance": self.importance,
            "best": vars(self.best),
            "bundle": str(self.folder / BEST),
            "held_out": self.bundle.metrics,
            "comparison": self.comparison.to_json() if self.comparison else None,
        }


def tune(
    data: PreparedData,
    out: Path,
    *,
    model: str = "linear",
    target: TargetSettings | None = None,
    text: TextSettings | None = None,
    split: SplitSettings | None = None,
    settings: TuneSettings | None = None,
    fixed: Mapping[str, Any] | None = None,
    space: Mapping[str, Search] | None = None,
    warm_start: Sequence[Path] = (),
    identical: bool = False,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Tuned:
    """Look for good settings of a family, and train it with the best.

    The same command on a finished folder does nothing; a killed one, or one with more trials, goes
    on with the trials that are there.

    Args:
        data: prepared reviews.
        out: the folder to write: trials, the best bundle, and the family with its defaults.
        model: name of the family.
        target: what to predict.
        text: which text to read.
        split: which reviews are held out.
        settings: how good settings are looked for.
        fixed: settings of the family that stay as they are.
        space: where to look; the family's own ranges where it is not given.
        warm_start: folders of earlier tunings whose best settings are tried first.
        identical: whether these must be of the same data, target and family.
        overwrite: forget trials of other data or settings.
        progress: shows how far it has come.

    Raises:
        MissingExtra: optuna is not installed.
        UsageError: a setting is wrong, or ``out`` holds something else.
        NotEnoughData: there is too little to learn from, or no trial came to an end.
    """
    require("optuna", EXTRA)
    settings = (settings or TuneSettings()).check()
    target, text, split = (
        target or TargetSettings(),
        text or TextSettings(),
        split or SplitSettings(),
    )
    if target.target == SEVERAL:
        raise UsageError("reviews with several labels cannot be tuned yet; train them as they are")
    job = search_job(
        data, out, model=model, target=target, text=text, split=split, settings=settings,
        fixed=fixed, space=space,
    )  # fmt: skip
    earlier = [
        one for place in warm_start for one in good_elsewhere(place, job, identical=identical)
    ]
    with locked(out.with_name(f".{out.name}.lock"), str(out)):
        trials = begin_and_search(job, overwrite, progress, earlier)
        best = best_of(trials, settings)
        kept = job.plan["fixed"]
        options = {"model": model, "target": target, "text": text, "split": split}
        bundle = _bundle(data, out / BEST, kept | best.settings, options, progress)
        comparison = None
        if split.test_share and best.settings != trials[0].settings:
            usual = _bundle(data, out / DEFAULTS, kept, options, progress)
            comparison = compare({"defaults": usual, "tuned": bundle}, data, progress=progress)
        return Tuned(out, settings, model, trials, importance(job), best, bundle, comparison)


def search_job(
    data: PreparedData,
    out: Path,
    *,
    model: str,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
    settings: TuneSettings,
    fixed: Mapping[str, Any] | None = None,
    space: Mapping[str, Search] | None = None,
) -> SearchJob:
    """Return what is to be searched; see ``tune``.

    Raises:
        UsageError: a setting is wrong, or there is nothing to tune.
    """
    fixed = dict(fixed or {})
    searched = search_space(model, fixed, space)
    plan = {
        "format": "reviewdesk.tuning",
        "data": data.fingerprint,
        "model": model,
        "target": target.to_json(),
        "text": text.to_json(),
        "split": split.to_json(),
        "metric": settings.metric,
        "folds": settings.folds,
        "seed": settings.search_seed,
        "strategy": settings.strategy,
        "fixed": fixed,
        "space": {name: saved_search(one) for name, one in searched.items()},
    }
    return SearchJob(data.path, out, plan, settings)


def begin_and_search(
    job: SearchJob,
    overwrite: bool,
    progress: Progress,
    warm_start: Sequence[Mapping[str, Any]] = (),
) -> list[Trial]:
    """Make the folder, or take up the trials in it, and search on.

    Raises:
        UsageError: the folder holds trials of other data or settings.
        NotEnoughData: the last trials all came to no end.
    """
    _begin(job.out, job.plan, overwrite)
    return search(job, progress, warm_start)


def best_of(trials: list[Trial], settings: TuneSettings) -> Trial:
    """Return the best trial.

    Raises:
        NotEnoughData: none came to an end.
    """
    ended = [trial for trial in trials if trial.state == "complete"]
    if not ended:
        why = next((trial.why for trial in trials if trial.why), "the time limit was too short")
        raise NotEnoughData(f"no trial came to an end: {why}")
    choose = max if METRICS[settings.metric].maximise else min
    return choose(ended, key=lambda trial: trial.value or 0.0)


def _begin(out: Path, plan: Mapping[str, Any], overwrite: bool) -> None:
    """Make the folder, or check that its trials are of the same plan."""
    private_directory(out)
    with storage_errors(str(out)):
        there = [path for path in out.iterdir() if path.name not in (STUDY, PLAN, BEST, DEFAULTS)]
        if there and not (out / PLAN).is_file():
            raise UsageError(f"{out} holds something else than tuning; name another folder")
        if (out / PLAN).is_file() and read_json(out / PLAN) != json.loads(json.dumps(plan)):
            if not overwrite:
                raise UsageError(
                    f"{out} holds trials of other data or settings; name another folder, or forget "
                    "them with --overwrite"
                )
            (out / STUDY).unlink(missing_ok=True)
    write_json(out / PLAN, plan)


def _bundle(
    data: PreparedData,
    path: Path,
    settings: Mapping[str, Any],
    options: Mapping[str, Any],
    progress: Progress,
) -> Bundle:
    """Train a family once with some settings; what is there already is taken."""
    wanted = new_classifier(options["model"], settings).settings.to_json()
    if path.exists():
        try:
            bundle = load_bundle(path)
        except (ReviewdeskError, StorageError):
            bundle = None
        if bundle and dict(bundle.settings.model) == wanted:
            return bundle
    result = train(
        data, path, model_settings=settings, overwrite=True, progress=progress, **options
    )
    return result.bundle

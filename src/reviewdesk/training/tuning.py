"""Tuning: which settings of a family are best for these reviews, within trials and time.

Each trial is cross-validated by product inside the training share, and given up early where it
looks bad. Trials stand in a SQLite file as soon as they end: a killed run goes on with all of them.
Only the best is measured on the held-out side, once, beside the family with its own defaults.
"""

import json
import multiprocessing
import os
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import numpy as np

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.errors import NotEnoughData, ReviewdeskError, StorageError, UsageError
from reviewdesk.examples.examples import SEVERAL, load_examples
from reviewdesk.models.base import Classifier
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.optional import require
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import (
    Search,
    Settings,
    SplitSettings,
    TargetSettings,
    TextSettings,
    setting,
)
from reviewdesk.storage import private_directory, read_json, storage_errors, write_json
from reviewdesk.training.comparison import Comparison, compare
from reviewdesk.training.family import new_classifier
from reviewdesk.training.time_limits import seconds_of
from reviewdesk.training.train import train
from reviewdesk.training.trials import METRICS, TrainingShare

EXTRA: Final = "tuning"
STUDY: Final = "trials.sqlite"
PLAN: Final = "tuning.json"
BEST: Final = "bundle"
DEFAULTS: Final = "defaults"
LOOK_SECONDS: Final = 0.2
GRID_POINTS: Final = 4
MOST_FAILURES: Final = 10
"""Trials in a row that end without a result, after which something is wrong with all of them."""


@dataclass(frozen=True, kw_only=True)
class TuneSettings(Settings):
    """How good settings are looked for."""

    strategy: str = setting(
        "bayesian",
        "how settings are chosen: by what was good so far, at random, all of a grid, or many of "
        "which most are given up early",
        choices=("bayesian", "random", "grid", "hyperband"),
    )
    trials: int = setting(30, "most trials; the family's defaults are the first", minimum=1)
    time_limit: str = setting("", "most time in all, as in 90s, 30m or 2h; empty means no limit")
    metric: str = setting("accuracy", "what is looked for", choices=tuple(METRICS))
    folds: int = setting(3, "parts of the training share to cross-validate in", minimum=2)
    workers: int = setting(1, "trials at the same time, each in a process of its own", minimum=1)
    memory_mb: int = setting(0, "most memory of each process, in MiB; 0 means no limit", minimum=0)
    search_seed: int = setting(0, "another seed tries other settings", minimum=0, maximum=2**31 - 1)

    def check(self) -> "TuneSettings":
        """Return self when every value is allowed, the time limit a number with s, m or h."""
        super().check()
        seconds_of(self.time_limit)
        return self


@dataclass(frozen=True)
class Trial:
    """One trial.

    Args:
        number: in the order in which they began.
        state: ``complete``, ``pruned`` (given up early), ``fail`` or ``running``.
        settings: what was tried.
        value: the metric's mean over the folds; None where it did not come to an end.
        steps: the metric at the first look and in each fold that was reached.
        seconds: how long it took.
        why: what went wrong, in a sentence; empty where nothing did.
    """

    number: int
    state: str
    settings: dict[str, Any]
    value: float | None
    steps: list[float]
    seconds: float
    why: str = ""


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
    comparison: Comparison | None

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
    fixed = dict(fixed or {})
    searched = _space(model, fixed, space)
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
        "space": {name: _saved(search) for name, search in searched.items()},
    }
    with locked(out.with_name(f".{out.name}.lock"), str(out)):
        _begin(out, plan, overwrite)
        job = _Job(data.path, out, plan, settings)
        _search(job, searched, progress)
        trials = _trials(job)
        ended = [trial for trial in trials if trial.state == "complete"]
        if not ended:
            why = next((trial.why for trial in trials if trial.why), "the time limit was too short")
            raise NotEnoughData(f"no trial came to an end: {why}")
        maximise = METRICS[settings.metric].maximise
        best = (max if maximise else min)(ended, key=lambda trial: trial.value or 0.0)
        options = {"model": model, "target": target, "text": text, "split": split}
        bundle = _bundle(data, out / BEST, fixed | best.settings, options, progress)
        comparison = None
        if split.test_share and best.settings != trials[0].settings:
            usual = _bundle(data, out / DEFAULTS, fixed, options, progress)
            comparison = compare({"defaults": usual, "tuned": bundle}, data, progress=progress)
        return Tuned(out, settings, model, trials, _importance(job), best, bundle, comparison)


@dataclass(frozen=True)
class _Job:
    """What a worker needs to know.

    Args:
        data: the prepared folder.
        out: the folder of the trials.
        plan: what is tuned.
        settings: how.
    """

    data: Path
    out: Path
    plan: dict[str, Any]
    settings: TuneSettings

    def study(self, seed: int = 0) -> Any:
        """Open the trials."""
        optuna = require("optuna", EXTRA)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        place = str(self.out / STUDY).replace("?", "%3f").replace("#", "%23")
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{place}", engine_kwargs={"connect_args": {"timeout": 60}}
        )
        return optuna.create_study(
            storage=storage,
            study_name="reviewdesk",
            direction="maximize" if METRICS[self.settings.metric].maximise else "minimize",
            sampler=self._sampler(optuna, seed),
            pruner=self._pruner(optuna),
            load_if_exists=True,
        )

    def _sampler(self, optuna: Any, seed: int) -> Any:
        seed += self.settings.search_seed
        if self.settings.strategy == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        if self.settings.strategy == "grid":
            grid = {name: _grid(_search_of(one)) for name, one in self.plan["space"].items()}
            return optuna.samplers.GridSampler(grid, seed=self.settings.search_seed)
        return optuna.samplers.TPESampler(seed=seed, constant_liar=self.settings.workers > 1)

    def _pruner(self, optuna: Any) -> Any:
        if self.settings.strategy == "hyperband":
            steps = self.settings.folds + 1
            return optuna.pruners.HyperbandPruner(
                min_resource=1, max_resource=steps, reduction_factor=2
            )
        return optuna.pruners.MedianPruner(n_startup_trials=5)


def _space(
    model: str, fixed: Mapping[str, Any], space: Mapping[str, Search] | None
) -> dict[str, Search]:
    """Return where to look, checked against what the family can be set to."""
    unfitted = new_classifier(model, fixed)
    known = unfitted.settings_class
    searched = dict(space) if space else known.searched()
    names = [name for name, *_ in known.described()]
    for name, search in searched.items():
        if name not in names:
            raise UsageError(
                f"the model {model} has no setting {name!r}; it has: {', '.join(names)}"
            )
        for value in search.values or (search.low, search.high):
            whole = search.whole and not search.values
            new_classifier(model, {**fixed, name: int(value) if whole else value})
    searched = {name: search for name, search in searched.items() if name not in fixed}
    if not searched:
        raise UsageError(f"there is nothing to tune: every setting of {model} is given")
    return searched


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


def _search(job: _Job, searched: Mapping[str, Search], progress: Progress) -> None:
    """Have workers run trials until there are enough, or time is over."""
    optuna = require("optuna", EXTRA)
    study = job.study()
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(_defaults(job.plan, searched))  # so that tuning is never worse
    _take_up(study, optuna)
    deadline = time.monotonic() + seconds_of(job.settings.time_limit)
    total = min(job.settings.trials, _grid_size(job, searched))
    with progress.task("Tuning", total, "trials") as task:
        workers: list[BaseProcess] = []
        shown = 0
        try:
            while (done := _ended(study, optuna)) < total and time.monotonic() < deadline:
                task.advance(done - shown)
                shown = done
                workers = _alive(workers, study, optuna)
                wanted = min(job.settings.workers, total - done)
                workers += [_started(job, total) for _ in range(wanted - len(workers))]
                time.sleep(LOOK_SECONDS)
            task.advance(_ended(study, optuna) - shown)
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
            _take_up(study, optuna)


def _started(job: _Job, total: int) -> BaseProcess:
    worker = multiprocessing.get_context("spawn").Process(target=work, args=(job, total))
    worker.start()
    return worker


def _alive(workers: list[BaseProcess], study: Any, optuna: Any) -> list[BaseProcess]:
    """Return the workers that run; a trial whose worker died, as by want of memory, has failed."""
    dead = [worker for worker in workers if not worker.is_alive()]
    for worker in dead:
        worker.join()
        if worker.exitcode:
            for trial in study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):
                if trial.user_attrs.get("process") == worker.pid:
                    why = "its process ended, perhaps for want of memory"
                    study._storage.set_trial_user_attr(trial._trial_id, "why", why)
                    study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            _stop_when_all_fail(study, optuna)
    return [worker for worker in workers if worker.is_alive()]


def _stop_when_all_fail(study: Any, optuna: Any) -> None:
    last = study.get_trials(deepcopy=False)[-MOST_FAILURES:]
    if len(last) == MOST_FAILURES and all(
        trial.state == optuna.trial.TrialState.FAIL for trial in last
    ):
        why = last[-1].user_attrs.get("why", "nobody knows why")
        raise NotEnoughData(f"the last {MOST_FAILURES} trials came to no end: {why}")


def _take_up(study: Any, optuna: Any) -> None:
    """Have trials that a killed run left be tried again."""
    for trial in study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):
        study._storage.set_trial_user_attr(trial._trial_id, "why", "the run was stopped")
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _ended(study: Any, optuna: Any) -> int:
    """Return how many trials came to a result, good enough to go on or not."""
    states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
    return len(study.get_trials(deepcopy=False, states=states))


def work(job: _Job, total: int) -> None:
    """Run trials in this process until there are enough."""
    optuna = require("optuna", EXTRA)
    study = job.study(seed=1 + len(job.study().get_trials(deepcopy=False)))
    examples = load_examples(
        PreparedData.open(job.data),
        TargetSettings.from_json(job.plan["target"]),
        TextSettings.from_json(job.plan["text"]),
    )
    split = SplitSettings.from_json(job.plan["split"])
    share = TrainingShare.of(examples, split, job.settings.folds, job.settings.search_seed)
    while _ended(study, optuna) < total:
        trial = study.ask()
        trial.set_user_attr("process", os.getpid())
        _run(trial, study, share, job, optuna)


def _run(trial: Any, study: Any, share: TrainingShare, job: _Job, optuna: Any) -> None:
    chosen = {n: _suggest(trial, n, _search_of(one)) for n, one in job.plan["space"].items()}
    metric, begin = METRICS[job.settings.metric], time.monotonic()
    steps: list[float] = []
    state, why = optuna.trial.TrialState.COMPLETE, ""
    try:
        _limit_memory(job.settings.memory_mb)
        for score in share.steps(job.plan["model"], job.plan["fixed"] | chosen, metric):
            steps.append(score)
            trial.report(float(np.mean(steps[1:] or steps)), len(steps))
            if len(steps) <= job.settings.folds and trial.should_prune():
                state = optuna.trial.TrialState.PRUNED
                break
    except MemoryError:
        state, why = optuna.trial.TrialState.FAIL, "it needs more memory than it may take"
    except ReviewdeskError as error:
        state, why = optuna.trial.TrialState.FAIL, str(error)
    finally:
        _limit_memory(0)
    trial.set_user_attr("steps", steps)
    trial.set_user_attr("seconds", time.monotonic() - begin)
    trial.set_user_attr("why", why)
    value = float(np.mean(steps[1:])) if state == optuna.trial.TrialState.COMPLETE else None
    study.tell(trial, value, state=state)
    if why:
        _stop_when_all_fail(study, optuna)


def _limit_memory(mib: int) -> None:
    """Let this process take so much memory and no more; 0 takes the limit away."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (mib << 20 if mib else hard, hard))


def _suggest(trial: Any, name: str, search: Search) -> Any:
    if search.values:
        return trial.suggest_categorical(name, list(search.values))
    if search.whole:
        return trial.suggest_int(name, int(search.low), int(search.high), log=search.log)
    return trial.suggest_float(name, search.low, search.high, log=search.log)


def _saved(search: Search) -> dict[str, Any]:
    return {**vars(search), "values": list(search.values)}


def _search_of(saved: Mapping[str, Any]) -> Search:
    return Search(**{**saved, "values": tuple(saved["values"])})


def _grid(search: Search) -> list[Any]:
    """Return the values of a setting that a grid tries."""
    if search.values:
        return list(search.values)
    if search.whole and search.high - search.low < GRID_POINTS:
        return list(range(int(search.low), int(search.high) + 1))
    space = np.geomspace if search.log else np.linspace
    points = space(search.low, search.high, GRID_POINTS).tolist()
    return sorted({round(point) for point in points}) if search.whole else points


def _grid_size(job: _Job, searched: Mapping[str, Search]) -> int:
    if job.settings.strategy != "grid":
        return job.settings.trials
    return int(np.prod([len(_grid(search)) for search in searched.values()]))


def _defaults(plan: Mapping[str, Any], searched: Mapping[str, Search]) -> dict[str, Any]:
    """Return the family's own settings, as far as the search may try them."""
    family = CLASSIFIERS.load(plan["model"])
    if not issubclass(family, Classifier):
        raise UsageError(f"the model {plan['model']!r} is not a classifier")
    usual = {name: default for name, default, *_ in family.settings_class.described()}
    return {name: usual[name] for name, search in searched.items() if _tries(search, usual[name])}


def _tries(search: Search, value: Any) -> bool:
    return value in search.values if search.values else search.low <= value <= search.high


def _trials(job: _Job) -> list[Trial]:
    return [
        Trial(
            number=trial.number,
            state=trial.state.name.lower(),
            settings=dict(trial.params),
            value=trial.value,
            steps=list(trial.user_attrs.get("steps", [])),
            seconds=round(float(trial.user_attrs.get("seconds", 0.0)), 3),
            why=str(trial.user_attrs.get("why", "")),
        )
        for trial in job.study().get_trials(deepcopy=False)
        if trial.state.name != "WAITING"
    ]


def _importance(job: _Job) -> dict[str, float]:
    """Return how much each setting matters, by fANOVA (Hutter, Hoos and Leyton-Brown 2014)."""
    optuna = require("optuna", EXTRA)
    try:
        found = optuna.importance.get_param_importances(
            job.study(), evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
        )
    except (RuntimeError, ValueError):  # too few trials, or all alike
        return {}
    return {name: round(float(share), 4) for name, share in found.items()}


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

"""The search for good settings: trials in a SQLite file, run by workers until there are enough."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.models.base import Classifier
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.optional import require
from reviewdesk.progress import Progress
from reviewdesk.settings import Search, Settings, setting
from reviewdesk.storage import read_json
from reviewdesk.training.family import new_classifier
from reviewdesk.training.time_limits import seconds_of
from reviewdesk.training.trials import METRICS

EXTRA: Final = "tuning"
STUDY: Final = "trials.sqlite"
PLAN: Final = "tuning.json"
NAME: Final = "reviewdesk"
WORKER: Final = "reviewdesk.training.trial_worker"
LOOK_SECONDS: Final = 0.2
GRID_POINTS: Final = 4
MOST_FAILURES: Final = 10
"""Trials in a row that end without a result, after which something is wrong with all of them."""

MOST_EARLIER: Final = 5
"""Settings of an earlier tuning that one begins with."""

STOPPED: Final = "the run was stopped"
"""Why a trial came to no end that the time or a kill ended; it is tried again later."""

DEFAULTS: Final = "defaults"
"""Marks the trial of the family's own settings, which a range need not hold."""


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


class Trials(NamedTuple):
    """The trials of a job, as they stand in its file.

    Args:
        study: optuna's.
        storage: where it is kept.
        states: optuna's names of states.
    """

    study: Any
    storage: Any
    states: Any

    def of(self, *states: Any) -> list[Any]:
        """Return trials in some states, or all of them."""
        return list(self.study.get_trials(deepcopy=False, states=states or None))

    def ended(self) -> int:
        """Return how many trials came to a result, good enough to go on or not."""
        return len(self.of(self.states.COMPLETE, self.states.PRUNED))

    def fail(self, trial: Any, why: str) -> None:
        """End a trial whose process is no more."""
        study = self.storage.get_study_id_from_name(NAME)
        number = self.storage.get_trial_id_from_study_id_trial_number(study, trial.number)
        self.storage.set_trial_user_attr(number, "why", why)
        self.study.tell(trial.number, state=self.states.FAIL)

    def take_up(self) -> None:
        """Have trials that a killed run left be tried again."""
        for trial in self.of(self.states.RUNNING):
            self.fail(trial, STOPPED)
            kept = {DEFAULTS: True} if trial.user_attrs.get(DEFAULTS) else None
            self.study.enqueue_trial(trial.params, user_attrs=kept)

    def stop_when_all_fail(self) -> None:
        """End the search when something is wrong with all trials.

        Raises:
            NotEnoughData: the last trials all came to no end.
        """
        last = self.of()[-MOST_FAILURES:]
        if len(last) == MOST_FAILURES and all(one.state == self.states.FAIL for one in last):
            why = last[-1].user_attrs.get("why", "nobody knows why")
            raise NotEnoughData(f"the last {MOST_FAILURES} trials came to no end: {why}")


@dataclass(frozen=True)
class SearchJob:
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

    @property
    def space(self) -> dict[str, Search]:
        """Where good values are looked for."""
        saved = self.plan["space"].items()
        return {name: Search(**{**one, "values": tuple(one["values"])}) for name, one in saved}

    def trials(self, seed: int = 0) -> Trials:
        """Open the trials."""
        optuna = require("optuna", EXTRA)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        place = str(self.out / STUDY).replace("?", "%3f").replace("#", "%23")
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{place}", engine_kwargs={"connect_args": {"timeout": 60}}
        )
        study = optuna.create_study(
            storage=storage,
            study_name=NAME,
            direction="maximize" if METRICS[self.settings.metric].maximise else "minimize",
            sampler=self._sampler(optuna, seed),
            pruner=self._pruner(optuna),
            load_if_exists=True,
        )
        return Trials(study, storage, optuna.trial.TrialState)

    def _sampler(self, optuna: Any, seed: int) -> Any:
        seed += self.settings.search_seed
        if self.settings.strategy == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        if self.settings.strategy == "grid":
            grid = {name: grid_of(search) for name, search in self.space.items()}
            return optuna.samplers.GridSampler(grid, seed=self.settings.search_seed)
        return optuna.samplers.TPESampler(seed=seed, constant_liar=self.settings.workers > 1)

    def _pruner(self, optuna: Any) -> Any:
        if self.settings.strategy == "hyperband":
            steps = self.settings.folds + 1
            return optuna.pruners.HyperbandPruner(
                min_resource=1, max_resource=steps, reduction_factor=2
            )
        return optuna.pruners.MedianPruner(n_startup_trials=5)

    def most_trials(self) -> int:
        """Return how many trials there will be: of a grid no more than it and the defaults."""
        if self.settings.strategy != "grid":
            return self.settings.trials
        size = math.prod(len(grid_of(search)) for search in self.space.values())
        return min(self.settings.trials, size + 1)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "data": str(self.data.absolute()),
            "out": str(self.out.absolute()),
            "plan": self.plan,
            "settings": self.settings.to_json(),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "SearchJob":
        """Return what ``to_json`` made JSON values of."""
        settings = TuneSettings.from_json(saved["settings"])
        return cls(Path(saved["data"]), Path(saved["out"]), saved["plan"], settings)


def search_space(
    model: str, fixed: Mapping[str, Any], space: Mapping[str, Search] | None
) -> dict[str, Search]:
    """Return where to look, checked against what the family can be set to.

    Raises:
        UsageError: the family lacks a setting, or a range leaves its limits; or nothing is left.
    """
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


def search(
    job: SearchJob, progress: Progress, warm_start: Sequence[Mapping[str, Any]] = ()
) -> list[Trial]:
    """Have workers run trials until there are enough, or time is over; return all of them.

    The family's defaults are the first trial, so that tuning is never worse; then come settings
    that were good elsewhere. Workers are processes of their own, and are started anew when they
    die.

    Raises:
        NotEnoughData: the last trials all came to no end.
    """
    trials = job.trials()
    if not trials.of():
        trials.study.enqueue_trial({}, user_attrs={DEFAULTS: True})
        for settings in warm_start:
            trials.study.enqueue_trial(_turned(settings, job.space))
    trials.take_up()
    deadline = time.monotonic() + seconds_of(job.settings.time_limit)
    total = job.most_trials()
    with progress.task("Tuning", total, "trials") as task:
        workers: list[subprocess.Popen[bytes]] = []
        shown = 0
        try:
            while (done := trials.ended()) < total and time.monotonic() < deadline:
                task.advance(done - shown)
                shown = done
                workers = _alive(workers, trials)
                wanted = min(job.settings.workers, total - done)
                workers += [_started(job, total) for _ in range(wanted - len(workers))]
                time.sleep(LOOK_SECONDS)
            task.advance(trials.ended() - shown)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
            trials.take_up()
    return trials_of(job)


def _started(job: SearchJob, total: int) -> "subprocess.Popen[bytes]":
    told = json.dumps({"job": job.to_json(), "total": total}).encode()
    worker = subprocess.Popen([sys.executable, "-m", WORKER], stdin=subprocess.PIPE)  # noqa: S603
    if worker.stdin is not None:
        with worker.stdin as stream:
            stream.write(told)
    return worker


def _alive(
    workers: "list[subprocess.Popen[bytes]]", trials: Trials
) -> "list[subprocess.Popen[bytes]]":
    """Return the workers that run; a trial whose worker died, as by want of memory, has failed."""
    running = [worker for worker in workers if worker.poll() is None]
    for worker in workers:
        if worker.returncode:
            for trial in trials.of(trials.states.RUNNING):
                if trial.user_attrs.get("process") == worker.pid:
                    trials.fail(trial, "its process ended, perhaps for want of memory")
            trials.stop_when_all_fail()
    return running


def saved_search(search: Search) -> dict[str, Any]:
    """Return where a setting is looked for as JSON values."""
    return {**vars(search), "values": list(search.values)}


def grid_of(search: Search) -> list[Any]:
    """Return the values of a setting that a grid tries; of a reversed range, what 1 is more."""
    if search.values:
        return list(search.values)
    if search.whole and search.high - search.low < GRID_POINTS:
        return list(range(int(search.low), int(search.high) + 1))
    if search.reverse:
        return list(np.geomspace(1 - search.high, 1 - search.low, GRID_POINTS).tolist())
    space = np.geomspace if search.log else np.linspace
    points = space(search.low, search.high, GRID_POINTS).tolist()
    return sorted({round(point) for point in points}) if search.whole else points


def own_settings(model: str, names: Mapping[str, Search]) -> dict[str, Any]:
    """Return a family's defaults of the settings that are looked at.

    Raises:
        UsageError: there is no such family.
    """
    family = CLASSIFIERS.load(model)
    if not issubclass(family, Classifier):
        raise UsageError(f"the model {model!r} is not a classifier")
    return {
        name: default for name, default, *_ in family.settings_class.described() if name in names
    }


def trials_of(job: SearchJob) -> list[Trial]:
    """Return all trials in the order in which they began."""
    usual = own_settings(job.plan["model"], job.space)
    return [
        Trial(
            number=trial.number,
            state=trial.state.name.lower(),
            settings=usual if trial.user_attrs.get(DEFAULTS) else _turned(trial.params, job.space),
            value=trial.value if trial.state.name == "COMPLETE" else None,
            steps=list(trial.user_attrs.get("steps", [])),
            seconds=round(float(trial.user_attrs.get("seconds", 0.0)), 3),
            why=str(trial.user_attrs.get("why", "")),
        )
        for trial in job.trials().of()
        if trial.state.name != "WAITING"
    ]


def good_elsewhere(
    folder: Path, job: SearchJob, *, identical: bool = False
) -> list[dict[str, Any]]:
    """Return the best settings of an earlier tuning, as far as a search may try them.

    Args:
        folder: of the earlier one.
        job: the one to begin.
        identical: whether it must be of the same data, target and family.

    Raises:
        UsageError: there is none in the folder, or it is not identical.
    """
    if not (folder / PLAN).is_file() or not (folder / STUDY).is_file():
        raise UsageError(f"{folder} holds no tuning to begin with")
    plan = read_json(folder / PLAN)
    if identical and any(plan[name] != job.plan[name] for name in ("data", "target", "model")):
        raise UsageError(f"{folder} tuned other data or another family; it is not identical")
    earlier = SearchJob(job.data, folder, plan, TuneSettings(metric=plan["metric"]))
    done = [trial for trial in trials_of(earlier) if trial.value is not None]
    done.sort(key=lambda one: one.value or 0.0, reverse=METRICS[plan["metric"]].maximise)
    good = []
    for trial in done[:MOST_EARLIER]:
        kept = {n: v for n, v in trial.settings.items() if n in job.space}
        kept = {n: v for n, v in kept.items() if may_try(job.space[n], v)}
        if kept:
            good.append(kept)
    return good


def may_try(search: Search, value: Any) -> bool:
    """Say whether a value is among those that are looked at."""
    if search.values:
        return value in search.values
    return isinstance(value, int | float) and search.low <= value <= search.high


def _turned(settings: Mapping[str, Any], space: Mapping[str, Search]) -> dict[str, Any]:
    """Return settings with those of reversed ranges as what 1 is more, or back."""
    return {
        name: 1 - value if name in space and space[name].reverse else value
        for name, value in settings.items()
    }


def importance(job: SearchJob) -> dict[str, float]:
    """Return how much each setting matters, by fANOVA (Hutter, Hoos and Leyton-Brown 2014)."""
    optuna = require("optuna", EXTRA)
    try:
        shares = optuna.importance.get_param_importances(
            job.trials().study,
            params=list(job.space),
            evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0),
        )
    except (RuntimeError, ValueError):  # too few trials, or all alike
        return {}
    return {name: round(float(share), 4) for name, share in shares.items()}

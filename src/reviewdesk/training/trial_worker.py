"""A worker of a search: ``python -m reviewdesk.training.trial_worker``, its job on stdin."""

import json
import os
import resource
import sys
import time
from typing import Any

import numpy as np

from reviewdesk.errors import ReviewdeskError
from reviewdesk.examples.examples import load_examples
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.process import end_with_parent
from reviewdesk.settings import Search, SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.search import DEFAULTS, SearchJob, Trials
from reviewdesk.training.trials import METRICS, TrainingShare


def work(job: SearchJob, total: int) -> None:
    """Run trials in this process until there are enough."""
    trials = job.trials(seed=1 + len(job.trials().of()))
    examples = load_examples(
        PreparedData.open(job.data),
        TargetSettings.from_json(job.plan["target"]),
        TextSettings.from_json(job.plan["text"]),
    )
    split = SplitSettings.from_json(job.plan["split"])
    share = TrainingShare.of(examples, split, job.settings.folds, job.settings.search_seed)
    while trials.ended() < total:
        trial = trials.study.ask()
        trial.set_user_attr("process", os.getpid())
        _run(trial, trials, share, job)


def _run(trial: Any, trials: Trials, share: TrainingShare, job: SearchJob) -> None:
    chosen = {}
    if not trial.user_attrs.get(DEFAULTS):
        chosen = {name: _suggest(trial, name, search) for name, search in job.space.items()}
    metric, begin = METRICS[job.settings.metric], time.monotonic()
    steps: list[float] = []
    state, why = trials.states.COMPLETE, ""
    try:
        _limit_memory(job.settings.memory_mb)
        for score in share.steps(job.plan["model"], job.plan["fixed"] | chosen, metric):
            steps.append(score)
            trial.report(float(np.mean(steps[1:] or steps)), len(steps))
            if len(steps) <= job.settings.folds and trial.should_prune():
                state = trials.states.PRUNED
                break
    except MemoryError:
        state, why = trials.states.FAIL, "it needs more memory than it may take"
    except ReviewdeskError as error:
        state, why = trials.states.FAIL, str(error)
    finally:
        _limit_memory(0)
    trial.set_user_attr("steps", steps)
    trial.set_user_attr("seconds", time.monotonic() - begin)
    trial.set_user_attr("why", why)
    value = float(np.mean(steps[1:])) if state == trials.states.COMPLETE else None
    trials.study.tell(trial, value, state=state)
    if why:
        trials.stop_when_all_fail()


def _limit_memory(mib: int) -> None:
    """Let this process take so much memory and no more; 0 takes the limit away."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (mib << 20 if mib else hard, hard))


def _suggest(trial: Any, name: str, search: Search) -> Any:
    if search.values:
        return trial.suggest_categorical(name, list(search.values))
    if search.whole:
        return trial.suggest_int(name, int(search.low), int(search.high), log=search.log)
    if search.reverse:
        return 1 - trial.suggest_float(name, 1 - search.high, 1 - search.low, log=True)
    return trial.suggest_float(name, search.low, search.high, log=search.log)


if __name__ == "__main__":
    end_with_parent()
    told = json.load(sys.stdin)
    try:
        work(SearchJob.from_json(told["job"]), told["total"])
    except ReviewdeskError:  # the one that started this says why
        sys.exit(1)

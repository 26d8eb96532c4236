"""The best model within a time: compare families, tune the best of them, blend what helps.

All choices are made out of fold inside the training share. The held-out side is used once, for the
winner beside ``linear``; where nothing beats ``linear`` out of fold, ``linear`` it is.
"""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.optional import is_installed
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import share as percent
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.storage import private_directory, read_json, write_json
from reviewdesk.training.automatic import ENCODER, FEW_SHOT, MOST_FEW
from reviewdesk.training.blending import Weighed, save_blend, weigh
from reviewdesk.training.comparison import BundleComparison, compare
from reviewdesk.training.comparison_page import points
from reviewdesk.training.out_of_fold import Candidate, Cost, Fits, TrainingQuestion, out_of_fold
from reviewdesk.training.search import TuneSettings, own_settings
from reviewdesk.training.selection import CompareSettings, ModelComparison, compared
from reviewdesk.training.selection_page import MEGABYTE, write_selection
from reviewdesk.training.train import train
from reviewdesk.training.trials import TrainingShare
from reviewdesk.training.tuning import begin_and_search, best_of, search_job

FOLDS: Final = 3
COMPARE_SHARE: Final = 0.45
TUNE_SHARE: Final = 0.2
"""Of the time; the rest is for learning from the whole training share and the job's predictions."""

MOST_TRIALS: Final = 100
OWN_FITS: Final = 3
"""A member learns from the training share, from all reviews, and to be measured in a blend."""

SAFETY: Final = 1.3
"""Learning takes so many times what it took without a fold."""

BASELINE: Final = Candidate("linear", "linear", {})
PLAN: Final = "plan.json"
SUMMARY: Final = "best.json"
MEMBERS: Final = "members"
PAGE: Final = "comparison.html"


@dataclass(frozen=True, eq=False)
class Best:
    """What was tried and what won.

    Args:
        bundle: the winner.
        name: what it is called.
        sentences: what was tried, what won by how much, and what it costs to serve.
        already: whether it was there before.
    """

    bundle: Bundle
    name: str
    sentences: tuple[str, ...]
    already: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"bundle": self.bundle.id, "name": self.name, "sentences": list(self.sentences)}


@dataclass(frozen=True, eq=False)
class Choice:
    """One candidate, or a blend of several, with what it is right for out of fold."""

    name: str
    members: tuple[Fits, ...]
    weighed: Weighed | None
    accuracy: float
    cost: Cost


def candidates(rows: int) -> list[Candidate]:
    """Return what is tried, the quickest first; networks where they can be learnt.

    Args:
        rows: how many labelled reviews there are; an encoder reads few of them in the time.
    """
    entrants = [
        BASELINE,
        Candidate("naive-bayes", "naive-bayes", {}),
        Candidate("tfidf-svc", "tfidf-svc", {}),
        Candidate("fasttext", "fasttext", {"epoch": 10}),
        Candidate("linear with characters", "linear", {"characters": 5}),
    ]
    if is_installed("torch") and is_installed("onnxruntime"):
        entrants.append(Candidate("cnn", "cnn", {}))
    if rows <= MOST_FEW and is_installed(ENCODER):
        entrants.append(Candidate(FEW_SHOT, FEW_SHOT, {}))
    return entrants


def train_best(
    data: PreparedData,
    folder: Path,
    out: Path,
    *,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
    seconds: float,
    fits_to_come: int = 0,
    refit: bool = True,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Best:
    """Find and train the best model within a time.

    A killed run goes on with what was finished; the same call on a finished folder does nothing.

    Args:
        data: prepared reviews.
        folder: where trials and members are kept.
        out: the bundle to write.
        target: what to predict.
        text: which text to read.
        split: which reviews are held out; some must be.
        seconds: about how long it may take, with what the caller still has to do.
        fits_to_come: how often the caller will fit the winner on most of the reviews.
        refit: whether the winner learns from all reviews once it was measured.
        overwrite: replace what is at ``out``.
        progress: shows how far it has come.

    Raises:
        UsageError: something else is at ``out``.
        NotEnoughData: there is too little to learn from, or not even ``linear`` was finished.
    """
    begin = time.monotonic()
    question = TrainingQuestion(data.path, data.fingerprint, target, text, split, FOLDS)
    private_directory(folder)
    asked = {**question.to_json(), "seconds": seconds, "refit": refit}
    del asked["data"]
    with locked(folder.with_name(f".{folder.name}.lock"), str(folder)):
        there = None if overwrite else _there(folder, out, asked)
        if there is not None:
            return there
        if not _planned(folder, asked):  # members of other data or settings are of no use
            shutil.rmtree(folder / MEMBERS, ignore_errors=True)
        write_json(folder / PLAN, asked)
        share = question.share(question.examples())
        # The baseline comes without a limit, so that there always is something to fall back on.
        fits = out_of_fold(question, share, [BASELINE], folder / "folds", progress=progress)
        spent = time.monotonic() - begin
        rest = max(seconds * COMPARE_SHARE - spent, 0.0)
        others = candidates(int(share.train.sum()))[1:]
        fits += out_of_fold(
            question, share, others, folder / "folds", seconds=rest, progress=progress
        )
        tuned, trials = _tuned(data, folder / "tuned", question, share, fits, seconds, progress)
        if tuned is not None:
            fits += out_of_fold(question, share, [tuned], folder / "folds", progress=progress)
        write_selection(
            ModelComparison(
                folder, CompareSettings(folds=FOLDS), tuple(fits), compared(question, share, fits)
            ),
            folder / PAGE,
        )
        left = begin + seconds - time.monotonic()
        choice = choose(share, fits, left / (OWN_FITS + fits_to_come) / SAFETY)
        bundle, linear = _trained(data, folder, out, question, share, choice, refit, progress)
        comparison = None
        if choice.name != BASELINE.name:
            comparison = compare({"linear": linear, choice.name: bundle}, data, progress=progress)
        said = sentences(fits, trials, choice, comparison, bundle)
        best = Best(bundle, choice.name, said)
        write_json(folder / SUMMARY, {**best.to_json(), "asked": asked})
        return best


def sentences(
    fits: Sequence[Fits],
    trials: int,
    choice: Choice,
    comparison: BundleComparison | None,
    bundle: Bundle,
) -> tuple[str, ...]:
    """Return what was tried, what won by how much, and what it costs to serve."""
    done = [one.candidate.name for one in fits if one.probabilities is not None]
    not_done = [one.candidate.name for one in fits if one.probabilities is None]
    tried = f"Tried: {', '.join(done)}{', and blends of them' if len(done) > 1 else ''}"
    tried += f"; {trials:,} trials of tuning" if trials else ""
    tried += f"; not finished in the time: {', '.join(not_done)}" if not_done else ""
    return (f"{tried}.", _won(choice, comparison, bundle), _serving(fits, choice))


def _won(choice: Choice, comparison: BundleComparison | None, bundle: Bundle) -> str:
    if comparison is None:
        right = bundle.metrics["figures"]["accuracy"]
        return (
            "Nothing was better than linear out of fold; it is right for "
            f"{percent(right['value'])} of the held-out reviews (95 % interval "
            f"{percent(right['low'])} to {percent(right['high'])})."
        )
    won = comparison.bundles[1]
    value, low, high = won.differences["accuracy"]
    return (
        f"{_described(choice)} won: right for {percent(won.measures.figures['accuracy'].value)} of "
        f"{won.measures.rows:,} held-out reviews, {points(value)} points to linear (95 % interval "
        f"of the paired difference {points(low)} to {points(high)})."
    )


def _described(choice: Choice) -> str:
    if choice.weighed is None:
        return choice.name
    shares = sorted(
        zip(choice.weighed.names, choice.weighed.stack.shares.tolist(), strict=True),
        key=lambda pair: -pair[1],
    )
    told = ", ".join(f"{name} {weight:.0%}" for name, weight in shares if weight)
    return f"The blend of {told}"


def _serving(fits: Sequence[Fits], choice: Choice) -> str:
    cost = choice.cost
    costs = (
        f"To serve it takes {cost.single_seconds * 1000:.1f} ms for one review and "
        f"{cost.size / MEGABYTE:.1f} MiB"
    )
    linear = next(one.cost for one in fits if one.candidate == BASELINE)
    if linear is None or choice.name == BASELINE.name:
        return f"{costs}."
    return (
        f"{costs}; linear alone {linear.single_seconds * 1000:.1f} ms and "
        f"{linear.size / MEGABYTE:.1f} MiB."
    )


def _tuned(
    data: PreparedData,
    folder: Path,
    question: TrainingQuestion,
    share: TrainingShare,
    fits: Sequence[Fits],
    seconds: float,
    progress: Progress,
) -> tuple[Candidate | None, int]:
    """Return the best family with better settings, if there are any, and how many trials ended."""
    if not is_installed("optuna"):
        return None, 0
    best = max(_finished(fits), key=lambda one: _accuracy(share, one.probabilities))
    settings = TuneSettings(
        trials=MOST_TRIALS,
        time_limit=f"{max(seconds * TUNE_SHARE, 1):.0f}s" if seconds < float("inf") else "",
        folds=FOLDS,
        search_seed=question.split.seed,
    )
    job = search_job(
        data, folder, model=best.candidate.model, target=question.target, text=question.text,
        split=question.split, settings=settings,
    )  # fmt: skip
    trials = begin_and_search(job, True, progress)
    ended = sum(trial.state in ("complete", "pruned") for trial in trials)
    try:
        tuned = best_of(trials, settings)
    except NotEnoughData:
        return None, ended
    if tuned.settings == own_settings(best.candidate.model, job.space):
        return None, ended
    name = f"{best.candidate.model}, tuned"
    return Candidate(name, best.candidate.model, tuned.settings), ended


def choose(share: TrainingShare, fits: Sequence[Fits], seconds: float) -> Choice:
    """Return the best single candidate or blend that can be fitted in some seconds.

    Raises:
        NotEnoughData: not even the baseline was finished.
    """
    finished = _finished(fits)
    base = next((one for one in finished if one.candidate == BASELINE), None)
    if base is None:
        why = next((one.why for one in fits if one.why), "the time limit was too short")
        raise NotEnoughData(f"linear was not finished, and nothing can be set beside it: {why}")
    affordable = [
        one for one in finished if one is base or (one.cost and one.cost.fit_seconds <= seconds)
    ]
    choices = [_single(share, one) for one in affordable]
    members = list(affordable)
    while len(members) > 1:
        weighed = weigh(share, members)
        kept = [
            one for one, weight in zip(members, weighed.stack.weights, strict=True) if weight > 0
        ]
        together = _together(kept)
        if len(kept) == len(members) and together.fit_seconds <= seconds:
            accuracy = _accuracy(share, weighed.probabilities)
            choices.append(Choice("the blend", tuple(members), weighed, accuracy, together))
            break
        if len(kept) == len(members):  # too slow: without the slowest
            kept.remove(max(kept, key=lambda one: one.cost.fit_seconds if one.cost else 0.0))
        members = kept
    baseline = choices[affordable.index(base)]
    best = max(choices, key=lambda one: one.accuracy)
    return best if best.accuracy > baseline.accuracy else baseline


def _finished(fits: Sequence[Fits]) -> list[Fits]:
    finished = [one for one in fits if one.probabilities is not None]
    if not finished:
        why = next((one.why for one in fits if one.why), "the time limit was too short")
        raise NotEnoughData(f"no model was finished: {why}")
    return finished


def _single(share: TrainingShare, fits: Fits) -> Choice:
    accuracy = _accuracy(share, fits.probabilities)
    return Choice(fits.candidate.name, (fits,), None, accuracy, _together([fits]))


def _together(fits: Sequence[Fits]) -> Cost:
    costs = [one.cost for one in fits if one.cost]
    return Cost(*(sum(vars(cost)[name] for cost in costs) for name in Cost.__annotations__))


def _accuracy(share: TrainingShare, probabilities: Any) -> float:
    true = share.examples.label[share.train]
    return float(np.mean(probabilities.argmax(axis=1) == true))


def _trained(
    data: PreparedData,
    folder: Path,
    out: Path,
    question: TrainingQuestion,
    share: TrainingShare,
    choice: Choice,
    refit: bool,
    progress: Progress,
) -> tuple[Bundle, Bundle]:
    """Learn from the whole training share; return the winner and the baseline."""

    def learnt(candidate: Candidate, folder: Path | None = None) -> Bundle:
        kept = members / f"{candidate.model}-{candidate.digest}"
        return train(
            data, folder or kept, model=candidate.model, target=question.target,
            text=question.text, split=question.split, model_settings=candidate.settings,
            refit=refit, overwrite=folder is not None, progress=progress,
        ).bundle  # fmt: skip

    members = private_directory(folder / MEMBERS)
    linear = learnt(BASELINE)
    if choice.weighed is None:
        return learnt(choice.members[0].candidate, out), linear
    bundles = {one.candidate.name: learnt(one.candidate) for one in choice.members}
    bundle = save_blend(
        question, share, list(bundles.values()), choice.members,
        choice.weighed, out, asked={"members": {name: one.id for name, one in bundles.items()}},
        cascade=False, overwrite=True, progress=progress,
    )  # fmt: skip
    return bundle, linear


def _planned(folder: Path, asked: dict[str, Any]) -> bool:
    """Say whether what is in a folder was asked for with the same data and settings."""
    plan = folder / PLAN
    return plan.is_file() and bool(read_json(plan) == json.loads(json.dumps(asked)))


def _there(folder: Path, out: Path, asked: dict[str, Any]) -> Best | None:
    """Return what an earlier call ended with, if it was asked the same."""
    if not out.exists():
        return None
    summary = folder / SUMMARY
    if not _planned(folder, asked):
        raise UsageError(
            f"{out} holds a bundle of other data or settings; choose another place or replace it "
            "on purpose"
        )
    bundle = load_bundle(out)
    told = read_json(summary) if summary.is_file() else {}
    if told.get("bundle") != bundle.id:  # a run was killed before it had said what it found
        return None
    return Best(bundle, told["name"], tuple(told["sentences"]), already=True)

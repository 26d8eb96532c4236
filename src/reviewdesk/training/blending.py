"""Blending bundles: weights learnt out of fold, and one bundle of those that earn their place."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle, BundleSettings, bundle_already_at, save_bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.models.base import Classifier
from reviewdesk.models.blend.classifier import Blend
from reviewdesk.models.blend.settings import FAMILY, BlendSettings
from reviewdesk.models.blend.stack import Stack, log_probabilities, sure_enough
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.settings import TextSettings
from reviewdesk.training.comparison import BundleComparison, check_same_question, compare
from reviewdesk.training.fitting import fit_and_measure
from reviewdesk.training.out_of_fold import Candidate, Fits, TrainingQuestion, out_of_fold
from reviewdesk.training.trials import TrainingShare

NAME: Final = "the blend"
"""What the blend is called beside its members."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """What was learnt out of fold of how much each member counts.

    Args:
        names: the m members.
        stack: their weights.
        ranges: (m, 2) the least and the most that each moves the answers, by weights learnt
            without one fold in turns.
        sure: how probable an answer of the first must be to stand alone; above 1 for never.
        alone: share of the reviews that the first would answer alone.
        probabilities: (n, k) of the blend, each fold by weights learnt on the others.
    """

    names: tuple[str, ...]
    stack: Stack
    ranges: NDArray[np.float64]
    sure: float
    alone: float
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Blended:
    """What blending made.

    Args:
        path: the bundle.
        bundle: it.
        shares: of each given bundle how much it moves the answers, of all; 0 is left out.
        ranges: of each the least and the most, by weights learnt without one fold in turns.
        alone: share of the reviews that the first answers alone, of a cascade; else 0.
        comparison: the given bundles and the blend on the held-out side; None without one.
        already: whether the bundle was there before.
    """

    path: Path
    bundle: Bundle
    shares: dict[str, float]
    ranges: dict[str, tuple[float, float]]
    alone: float
    comparison: BundleComparison | None
    already: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "bundle": str(self.path),
            "id": self.bundle.id,
            "shares": self.shares,
            "share_ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "answered_by_the_first_alone": self.alone,
            "metrics": self.bundle.metrics,
            "comparison": self.comparison.to_json() if self.comparison else None,
            "already": self.already,
        }


def blend(
    bundles: Mapping[str, Bundle],
    data: PreparedData,
    out: Path,
    *,
    cascade: bool = False,
    folds: int = 3,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Blended:
    """Make one bundle of several that learnt from the same data with the same split.

    How much each counts is learnt on reviews of the training share that it had not seen: each
    family is fitted again without one fold, in turns. A killed run goes on where it was.

    Args:
        bundles: two or more, by name; the first is the fast one of a cascade.
        data: what they learnt from.
        out: the bundle to write.
        cascade: whether the first answers alone where it is sure.
        folds: how many parts the training share is dealt out to, by product.
        overwrite: replace what is at ``out``.
        progress: shows how far it has come.

    Raises:
        UsageError: the bundles cannot be blended, or something else is at ``out``.
        NotEnoughData: there is too little to learn weights from.
    """
    members = list(bundles.values())
    _check(bundles, data)
    first = members[0].settings
    question = TrainingQuestion(
        data.path, data.fingerprint, first.target, _text(members), first.split, folds
    )
    ids = {name: bundle.id for name, bundle in bundles.items()}
    asked = {"members": ids, "cascade": cascade, "folds": folds}
    aside = out.with_name(f".{out.name}.learning")
    with locked(out.with_name(f".{out.name}.lock"), str(out)):
        there = None if overwrite else _there(out, asked)
        if there is None:
            candidates = [
                Candidate(name, one.family, one.settings.model, one.settings.text)
                for name, one in bundles.items()
            ]
            share = question.share(question.examples())
            fits = out_of_fold(question, share, candidates, aside, progress=progress)
            weighed = weigh(share, fits)
            there = save_blend(
                question, share, members, fits, weighed, out,
                asked=asked, cascade=cascade, overwrite=overwrite, progress=progress,
            )  # fmt: skip
            already = False
        else:
            already = True
        shutil.rmtree(aside, ignore_errors=True)
    comparison = None
    if first.split.test_share:
        comparison = compare({**bundles, NAME: there}, data, progress=progress)
    rows = there.manifest["data"]["rows"]
    alone = rows["answered_by_the_first_alone"]
    ranges = {name: (low, high) for name, (low, high) in rows.get("share_ranges", {}).items()}
    return Blended(out, there, dict(rows["shares"]), ranges, alone, comparison, already)


def weigh(share: TrainingShare, fits: Sequence[Fits]) -> Weighed:
    """Learn how much each of several finished candidates counts, out of fold.

    Raises:
        NotEnoughData: one of them was not finished.
    """
    logs = []
    for one in fits:
        if one.probabilities is None:
            raise NotEnoughData(f"{one.candidate.name} cannot be cross-fitted: {one.why}")
        logs.append(log_probabilities(one.probabilities))
    labels = share.examples.label[share.train]
    folds = share.folds[share.train]
    stack = Stack.fit(logs, labels)
    blended = np.empty(logs[0].shape)
    shares = []
    for fold in np.unique(folds).tolist():
        others = Stack.fit([one[folds != fold] for one in logs], labels[folds != fold])
        shares.append(others.shares)
        blended[folds == fold] = others([one[folds == fold] for one in logs])
    sure = sure_enough(logs[0], blended, labels)
    alone = float((logs[0].max(axis=1) >= np.log(sure)).mean())
    names = tuple(one.candidate.name for one in fits)
    ranges = np.stack([np.min(shares, axis=0), np.max(shares, axis=0)], axis=1)
    return Weighed(names, stack, ranges, sure, alone, np.exp(blended))


def save_blend(
    question: TrainingQuestion,
    share: TrainingShare,
    members: Sequence[Bundle],
    fits: Sequence[Fits],
    weighed: Weighed,
    out: Path,
    *,
    asked: Mapping[str, Any],
    cascade: bool,
    overwrite: bool,
    progress: Progress,
) -> Bundle:
    """Write the members that have a weight as one bundle, measured on the held-out side.

    Args:
        question: what was learnt.
        share: the training share.
        members: learnt from the whole training share; those that have learnt from all reviews since
            are fitted again on that share to be measured.
        fits: what came of each out of fold.
        weighed: their weights.
        out: the bundle to write.
        asked: what was asked for; the manifest keeps it.
        cascade: whether the first answers alone where it is sure.
        overwrite: replace what is at ``out``.
        progress: shows how far it has come.
    """
    stack = weighed.stack
    kept = [n for n, weight in enumerate(stack.weights) if weight or (cascade and n == 0)]
    names = [fits[n].candidate for n in kept]
    settings = BlendSettings(
        members=tuple({"model": one.model, "settings": dict(one.settings)} for one in names),
        weights=tuple(stack.weights[kept].tolist()),
        shifts=tuple(stack.shifts.tolist()),
        cascade=cascade,
        sure=min(weighed.sure, 1.0) if cascade else 0.0,
        folds=question.folds,
        seed=question.split.seed,
    ).check()
    examples = share.examples
    part = Stack(stack.weights[kept], stack.shifts, stack.spreads[kept])

    def blended(classifiers: Sequence[Classifier], rows: NDArray[np.bool_]) -> Classifier:
        label_rows = np.bincount(examples.label[rows], minlength=len(examples.labels))
        return Blend.of_members(settings, classifiers, part, label_rows)

    classifier = blended([_before_refit(members[n], share) for n in kept], share.train)
    whole = BundleSettings(
        target=question.target,
        text=question.text,
        split=question.split,
        clean=PreparedData.open(question.data).clean_settings,
        model=classifier.settings.to_json(),
        refit=any(members[n].held_out is not None for n in kept),
    )
    log = RunLog("blend", whole.to_json(), {"data": question.fingerprint})
    fitted = fit_and_measure(
        lambda _: classifier, examples, question.split, log, progress,
        refit=(lambda _: blended([members[n].classifier for n in kept], examples.labelled))
        if whole.refit else None,
    )  # fmt: skip
    shares = {name: float(value) for name, value in zip(weighed.names, stack.shares, strict=True)}
    rows = {
        **fitted.rows,
        "blend": dict(asked),
        "shares": {name: round(value, 4) for name, value in shares.items()},
        "share_ranges": {
            name: [round(float(end), 4) for end in ends]
            for name, ends in zip(weighed.names, weighed.ranges, strict=True)
        },
        "answered_by_the_first_alone": round(weighed.alone, 4) if cascade else 0.0,
    }
    return save_bundle(
        out,
        fitted.classifier,
        settings=whole,
        metrics=fitted.metrics,
        data_fingerprint=question.fingerprint,
        rows=rows,
        held_out=fitted.held_out,
        log=log,
        overwrite=overwrite,
    )


def _before_refit(bundle: Bundle, share: TrainingShare) -> Classifier:
    """Return a bundle's classifier as it was when it had learnt from the training share only."""
    if bundle.held_out is None:
        return bundle.classifier
    examples = replace(share.examples, text=bundle.settings.text)
    return bundle.classifier.unfitted().fit(LabelledReviews.of_examples(examples, share.train))


def sentences(blended: Blended) -> list[str]:
    """Return what blending found, in plain words."""
    shares = sorted(blended.shares.items(), key=lambda item: -item[1])
    told = ", ".join(
        f"{name} {share:.0%}{_range(blended.ranges.get(name))}" for name, share in shares if share
    )
    left = [name for name, share in shares if not share]
    lines = [f"How much each moves the answers: {told}."]
    if left:
        lines.append(f"Left out, as nothing is gained by asking them: {', '.join(left)}.")
    if blended.bundle.settings.model["cascade"]:
        lines.append(
            f"The first is sure of {blended.alone:.0%} of the reviews and answers them alone."
        )
    return lines


def _range(ends: tuple[float, float] | None) -> str:
    return f" ({100 * ends[0]:.0f} to {ends[1]:.0%} without one fold)" if ends else ""


def _check(bundles: Mapping[str, Bundle], data: PreparedData) -> None:
    """Refuse bundles that do not answer the same question about the same reviews."""
    if len(bundles) < 2:
        raise UsageError("blending needs two bundles or more")
    first = check_same_question(bundles, data)
    for name, bundle in bundles.items():
        if bundle.family == FAMILY:
            raise UsageError(f"{name} is a blend; name the bundles that it was made of")
        if bundle.data_fingerprint != data.fingerprint or bundle.continues:
            raise UsageError(
                f"{name} learned from other data; weights are learnt on the reviews that all of "
                "them learned from"
            )
        if bundle.settings.split != first.settings.split:
            raise UsageError(f"{name} holds other reviews out; train it with the same split")
        if bundle.settings.target != first.settings.target:
            raise UsageError(f"{name} leaves other labels out; train it with the same settings")


def _text(members: Sequence[Bundle]) -> TextSettings:
    """Return the text that all members together read.

    Raises:
        UsageError: some drop default headlines, others do not.
    """
    texts = [one.settings.text for one in members]
    if len({text.drop_default_headlines for text in texts}) > 1:
        raise UsageError("some of the bundles read default headlines, others do not")
    read = dict.fromkeys(name for text in texts for name in text.fields)
    return replace(texts[0], fields=tuple(read))


def _there(out: Path, asked: Mapping[str, Any]) -> Bundle | None:
    """Return the blend that is at ``out`` already, if it is the one that is asked for."""
    bundle = bundle_already_at(out)
    if bundle is None:
        return None
    if bundle.manifest["data"]["rows"].get("blend") == dict(asked):
        return bundle
    raise UsageError(f"{out} holds another bundle; choose another place or replace it on purpose")

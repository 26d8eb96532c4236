"""Training: from prepared data to a bundle that says how right it is."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import Bundle, BundleSettings, bundle_already_at, save_bundle
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import Examples, load_examples
from reviewdesk.models.base import Classifier
from reviewdesk.models.running import Resumes, Run, Watched
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.settings import SEVERAL, SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.automatic import AUTO, Chosen, choose_family
from reviewdesk.training.crossfit import BaseModel, CrossFit, cross_fit, finished_cross_fit
from reviewdesk.training.family import new_classifier
from reviewdesk.training.fitting import fit_and_measure, fit_and_validate

WHOLE: Final = SplitSettings(test_share=0.0)
"""Nothing is held out, as where other reviews are there to validate on."""


@dataclass(frozen=True)
class TrainResult:
    """What training wrote.

    Args:
        path: the bundle's directory or archive.
        bundle: the bundle.
        crossfit: the cross-fitted predictions; None without folds.
        log: what was done when, and how long it took.
        already: whether the bundle was there before.
        chosen: why this family was taken, where that was left to ``auto``.
    """

    path: Path
    bundle: Bundle
    crossfit: CrossFit | None
    log: RunLog
    already: bool
    chosen: Chosen | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return {
            "bundle": str(self.path),
            "id": self.bundle.id,
            "labels": self.bundle.labels,
            "rows": self.bundle.manifest["data"]["rows"],
            "metrics": self.bundle.metrics,
            "crossfit": self.crossfit.to_json() if self.crossfit else None,
            "log": self.log.to_json(),
            "already": self.already,
            "chosen": self.chosen.to_json() if self.chosen else None,
        }


@in_local_copies("out", "oof")
def train(
    data: PreparedData,
    out: Path,
    *,
    model: str = "linear",
    target: TargetSettings | None = None,
    text: TextSettings | None = None,
    split: SplitSettings | None = None,
    model_settings: Mapping[str, Any] | None = None,
    folds: int = 0,
    oof: Path | None = None,
    refit: bool = True,
    overwrite: bool = False,
    processes: int = 1,
    time_limit: float | None = None,
    validation: PreparedData | None = None,
    run: Run | None = None,
    progress: Progress = SILENT,
) -> TrainResult:
    """Train a classifier on one side of prepared data, measure it on the other, and save both.

    Once it is measured, it learns anew from all reviews, but for families that take long to learn
    (networks). With folds, every review also gets a prediction by a classifier that has not seen
    its product. A run that was killed goes on where it was; the same command on finished files
    reads no review and does nothing.

    Args:
        data: prepared reviews.
        out: the bundle: a directory, or an archive when it ends in ``.tar.gz``.
        model: name of the family; ``auto`` chooses one by cross-validation.
        target: what to predict.
        text: which text to read.
        split: which reviews are held out.
        model_settings: the family's own settings.
        folds: into how many parts the products are dealt for cross-fitting; 0 for none.
        oof: the cross-fitted predictions table to write.
        refit: whether it learns from all reviews once it was measured; else what is saved has not
            learnt from the reviews held out.
        overwrite: replace what is at ``out`` and ``oof``.
        processes: how many processes learn together, of families that can.
        time_limit: learning ends after so many seconds with what it has learnt, of families that
            can.
        validation: reviews to measure on, in place of a share of the data; families may choose by
            them when to stop.
        run: how learning runs, in place of ``processes`` and ``time_limit``; its folder is kept.
        progress: shows how far it has come.

    Raises:
        UsageError: a setting is wrong, or something else is at ``out`` or ``oof``.
        NotEnoughData: there are not two labels with reviews, or too few products.
        StorageError: something cannot be read or written.
        Stopped: the process was asked to end; the same call goes on.
    """
    if (oof is None) != (folds == 0):
        raise UsageError("cross-fitting needs both a number of folds and a file to write")
    if folds and target and target.target == SEVERAL:
        raise UsageError("reviews with several labels cannot be cross-fitted; leave the folds out")
    folder = out.with_name(f".{out.name}.learning")
    chosen = None
    if model == AUTO:
        if model_settings:
            raise UsageError("auto chooses a family with its own settings; leave --set out")
        side = WHOLE if validation is not None else split or SplitSettings()
        chosen = _chosen(data, out, folder, target, text, side, overwrite, progress)
        model = chosen.model
    classifier = new_classifier(model, model_settings or {})
    way = run or Run(folder, processes, time_limit, progress=progress)
    if isinstance(classifier, Watched):
        classifier.watch = way
    if isinstance(classifier, Resumes):
        classifier.run = way
    elif way.processes > 1 or way.time_limit is not None:
        raise UsageError(
            f"{model} learns in one process and without a time limit; networks, such as lstm, can"
        )
    settings = BundleSettings(
        target=target or TargetSettings(),
        text=text or TextSettings(),
        split=WHOLE if validation is not None else split or SplitSettings(),
        clean=data.clean_settings,
        model=classifier.settings.to_json(),
        refit=refit,
    )
    log = RunLog("train", settings.to_json(), {"data": data.fingerprint})
    with locked(out.with_name(f".{out.name}.lock"), str(out)):
        finished = None if overwrite else _finished(out, model, settings, data)
        seed, crossfit = settings.split.seed, None
        if finished and oof:
            base_model = BaseModel.of_bundle(finished)
            crossfit = finished_cross_fit(base_model, oof, folds=folds, seed=seed)
        if finished and (crossfit or not oof):  # nothing is to be done, so nothing is read
            return TrainResult(out, finished, crossfit, log, already=True, chosen=chosen)
        with log.timed("label"):
            examples = load_examples(data, settings.target, settings.text, progress=progress)
        bundle = finished or _train(
            classifier, examples, validation, settings, data.fingerprint, out, log, overwrite,
            way.stop, progress, chosen,
        )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
    if oof is not None:
        with log.timed("cross-fit"):
            crossfit = cross_fit(
                examples,
                BaseModel.of_bundle(bundle),
                oof,
                folds=folds,
                seed=seed,
                overwrite=overwrite,
                progress=progress,
            )
    return TrainResult(out, bundle, crossfit, log, already=finished is not None, chosen=chosen)


def _chosen(
    data: PreparedData,
    out: Path,
    folder: Path,
    target: TargetSettings | None,
    text: TextSettings | None,
    split: SplitSettings,
    overwrite: bool,
    progress: Progress,
) -> Chosen:
    """Choose a family, unless one was chosen for these reviews before."""
    there = None if overwrite else bundle_already_at(out)
    if there is not None and there.data_fingerprint == data.fingerprint:
        before = there.manifest["data"]["rows"].get("chosen")
        if before:
            return Chosen.from_json(before)
    target, text = target or TargetSettings(), text or TextSettings()
    if target.target == SEVERAL:
        raise UsageError("auto chooses among families of one label a review; name a family")
    examples = load_examples(data, target, text, progress=progress)
    return choose_family(examples, split, folder, progress=progress)


def _finished(out: Path, model: str, settings: BundleSettings, data: PreparedData) -> Bundle | None:
    """Return the bundle that is at ``out`` already, if it is the one that would be trained."""
    bundle = bundle_already_at(out)
    if bundle is None:
        return None
    wanted = (model, settings.to_json(), data.fingerprint)
    if (bundle.family, bundle.settings.to_json(), bundle.data_fingerprint) == wanted:
        return bundle
    raise UsageError(
        f"{out} holds a bundle of other data or settings; choose another place or replace it on "
        "purpose"
    )


def _train(
    classifier: Classifier,
    examples: Examples,
    validation: PreparedData | None,
    settings: BundleSettings,
    data_fingerprint: str,
    out: Path,
    log: RunLog,
    overwrite: bool,
    stop: Callable[[], bool],
    progress: Progress,
    chosen: Chosen | None,
) -> Bundle:
    """Fit on the training side, measure on the other, fit on both, and save the bundle."""
    if validation is None:
        refit = classifier.refit if settings.refit and classifier.refits else None
        fitted = fit_and_measure(
            classifier.fit, examples, settings.split, log, progress, refit, stop
        )
    else:
        others = load_examples(
            validation, settings.target, settings.text, labels=examples.labels, progress=progress
        )
        fitted = fit_and_validate(classifier, examples, others, log, progress)
    return save_bundle(
        out,
        fitted.classifier,
        settings=settings,
        metrics=fitted.metrics,
        data_fingerprint=data_fingerprint,
        rows={**fitted.rows, **({"chosen": chosen.to_json()} if chosen else {})},
        held_out=fitted.held_out,
        log=log,
        overwrite=overwrite,
    )

"""The main job: from review files to a measured classifier, labels, a report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import InputError, TooManyRejects, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.examples.targets import SENTIMENTS
from reviewdesk.explore.page import EXPLORATION
from reviewdesk.job.audit import allowed_answers, write_audit
from reviewdesk.job.beside import REPORT
from reviewdesk.job.exploration import explore_job
from reviewdesk.job.news import since_last_time, targets_of
from reviewdesk.job.places import BUNDLE, PREDICTIONS, PREPARED, SUMMARY
from reviewdesk.job.predicted_rows import rows_name, write_job_rows
from reviewdesk.job.report import TargetFindings, write_report
from reviewdesk.job.unlabelled import (
    NOTHING_DESCRIBED,
    Described,
    has_no_stars,
    say_without_labels,
)
from reviewdesk.job.unlabelled_page import write_unlabelled_page
from reviewdesk.prepare.corrections import NONE, Corrections
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import (
    OWN,
    SENTIMENT,
    SEVERAL,
    CleanSettings,
    PrepareSettings,
    SourceSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.sources.catalog import Input
from reviewdesk.storage import left_record, private_directory, write_record, write_text
from reviewdesk.training.automatic import AUTO
from reviewdesk.training.best import train_best
from reviewdesk.training.crossfit import BaseModel, cross_fit
from reviewdesk.training.evaluate import Evaluation, evaluate
from reviewdesk.training.evaluation_page import write_evaluation_page
from reviewdesk.training.time_limits import seconds_of
from reviewdesk.training.train import train

BEST: Final = "best"
DEFAULT_MODEL: Final = "linear"
UNFINISHED: Final = ".unfinished"
EVALUATION: Final = "evaluation.html"


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """The settings of all steps.

    Args:
        targets: what to predict, each with a bundle of its own; ``label`` where ``target`` names
            a column of labels.
        model: the family of classifiers.
        model_settings: the family's own settings.
        folds: into how many parts products are dealt for the predictions of every review.
        best: find the best model instead: families compared, tuned and blended.
        time_limit: about how long that may take, as in 30m, for all targets together.
        refit: whether bundles learn from all reviews once they were measured.
        rows: whether the rows of the files are written back with their labels.
        append: whether the files are added to the reviews of the job that is there.
        corrections: what is changed in the reviews.
        described: classes that are described in words, in place of labels.
        audit: where no review has stars or labels, a CSV with questions about fifty of them, which
            is written when it is not there; its answers measure what was said of the reviews.
    """

    targets: tuple[str, ...]
    source: SourceSettings
    clean: CleanSettings
    prepare: PrepareSettings
    target: TargetSettings
    text: TextSettings
    split: SplitSettings
    model: str
    model_settings: dict[str, Any]
    folds: int
    best: bool = False
    time_limit: str = ""
    refit: bool = True
    rows: bool = True
    append: bool = False
    corrections: Corrections = NONE
    described: Described = NOTHING_DESCRIBED
    audit: Path | None = None

    def way(self) -> dict[str, Any]:
        """Return, as JSON values, what bundles and data do not say of how a job is run."""
        way = {name: getattr(self, name) for name in ("folds", "best", "time_limit", "rows")}
        return {**way, **({"described": asdict(self.described)} if self.described else {})}


@dataclass(frozen=True)
class JobResult:
    """What the job wrote.

    Args:
        folder: everything below is in here.
        data: the prepared reviews.
        report: the page with what was found.
        targets: what was found, for each target.
        too_many_rejects: the sentence about unreadable rows, when they were more than allowed.
        new: what is new since the last time, in sentences; empty in a first run.
        way: how it was run, for whoever runs it again with later files.
        asked: how many questions were written to the file for a person's answers.
        answers: what may be answered.
    """

    folder: Path
    data: PreparedData
    report: Path
    targets: tuple[TargetFindings, ...]
    too_many_rejects: str | None
    new: tuple[str, ...] = ()
    way: Mapping[str, Any] = field(default_factory=dict)
    asked: int = 0
    answers: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return where everything is and what was found as JSON values."""
        return {
            "folder": str(self.folder),
            "report": str(self.report),
            "exploration": str(self.folder / EXPLORATION),
            "prepared": str(self.folder / PREPARED),
            "too_many_rejects": self.too_many_rejects,
            "new": list(self.new),
            "way": dict(self.way),
            "reviews": self.data.rows,
            "fingerprint": self.data.fingerprint,
            "categories": sorted(self.data.manifest["categories"]),
            "targets": {one.target: one.to_json() for one in self.targets},
        }


def run_job(
    inputs: Sequence[Input],
    folder: Path,
    settings: JobSettings,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> JobResult:
    """Prepare, train, evaluate, predict and report; what is done already is not done again.

    Unreadable rows above the limit do not stop the job; the result says so.

    Args:
        inputs: the review files.
        folder: where everything goes.
        settings: the settings of all steps.
        overwrite: replace what an earlier job with other files or settings left in the folder.
        progress: shows how far it has come.

    Raises:
        UsageError: a setting is wrong, or another job's results are in the folder.
        InputError: the files cannot be used for a target.
        StorageError: something cannot be read or written.
    """
    settings = _with_described(folder, settings)
    if settings.append and not settings.targets:
        settings = replace(settings, targets=targets_of(left_record(folder / SUMMARY)))
    if not settings.targets or len(set(settings.targets)) != len(settings.targets):
        raise UsageError("name each target once, as in --target sentiment --target category")
    if SEVERAL in settings.targets:
        raise UsageError("the main job gives each review one label; for several use the steps")
    if settings.best and (settings.model != DEFAULT_MODEL or settings.model_settings):
        raise UsageError("--best chooses the model and its settings; leave --model and --set out")
    if settings.time_limit and not settings.best:
        raise UsageError("--time-limit goes with --best")
    seconds_of(settings.time_limit)
    for name in settings.targets:
        _named(settings, name)
    if not settings.split.test_share:
        raise UsageError(
            "the main job measures what it trains, and a test share of 0 holds nothing out for "
            "that; take a share above 0, or the steps prepare, train and predict"
        )
    private_directory(folder)
    before = left_record(folder / SUMMARY)
    overwrite = _may_replace(folder, overwrite) or settings.append
    data, too_many = _prepare(inputs, folder / PREPARED, settings, overwrite, progress)
    if not data.rows:
        raise InputError(
            f"no review is left after preparing; {folder / PREPARED / 'manifest.json'} says why"
        )
    _check_unlabelled(data, settings)
    targets = tuple(
        _target(data, folder / name, name, settings, overwrite, progress)
        for name in settings.targets
    )
    if settings.rows:
        targets = tuple(_with_rows(one, inputs, data, progress) for one in targets)
    report = folder / REPORT
    write_report(data, targets, explore_job(data, folder, progress), report)
    new = since_last_time(before, data, targets)
    asks = settings.audit and not settings.audit.exists()
    asked = write_audit(data, settings.audit) if settings.audit and asks else 0
    labels = [*settings.described.classes] or [*SENTIMENTS]
    result = JobResult(
        folder, data, report, targets, too_many, new, settings.way(), asked, allowed_answers(labels)
    )
    places = [*(before or {}).get("inputs", ())] if settings.append else []
    places = list(dict.fromkeys((*places, *(one.place for one in inputs))))
    write_record(folder / SUMMARY, {"inputs": places, **result.to_json()})
    (folder / UNFINISHED).unlink(missing_ok=True)
    return result


def _may_replace(folder: Path, overwrite: bool) -> bool:
    """Say whether what is in a job's folder may be replaced: on purpose, or as it was never done.

    A job that failed has results that nobody has seen as a whole; they do not stand in the way of
    the corrected command. A folder with prepared data that no job made is left as it is.
    """
    mark = folder / UNFINISHED
    if not (folder / SUMMARY).exists() and not (folder / PREPARED).exists():
        write_text(mark, "A job was begun here and has not come to its end yet.\n")
    return overwrite or (mark.exists() and not (folder / SUMMARY).exists())


def _with_described(folder: Path, settings: JobSettings) -> JobSettings:
    """Return the settings with the classes of the job that is added to, if it has any.

    Raises:
        UsageError: something else is predicted beside described classes.
    """
    if settings.append and not settings.described:
        way = (left_record(folder / SUMMARY) or {}).get("way") or {}
        if way.get("described") and not settings.targets:
            settings = replace(settings, described=Described(**way["described"]))
    if not settings.described:
        return settings
    if settings.target.label or settings.targets not in ((), (OWN,)):
        raise UsageError("--class takes the place of labels; leave --target and --label out")
    return replace(settings, targets=(OWN,))


def _named(settings: JobSettings, name: str) -> TargetSettings:
    """Return the settings of one of the targets; a column of labels is that of ``label`` alone."""
    if settings.described:
        return settings.described.target().check()
    target = settings.target
    return replace(target, target=name, label=target.label if name == OWN else "").check()


def with_label(
    targets: Sequence[str],
    target: TargetSettings,
    source: SourceSettings,
    *,
    append: bool = False,
) -> tuple[tuple[str, ...], SourceSettings]:
    """Return what is predicted and what is read where a column of labels may be named.

    Args:
        targets: what to predict, beside the column's labels; none named means those alone, or else
            sentiment.
        target: names the column.
        source: how files are read.
        append: whether nothing named means what the job in the folder predicts.
    """
    if not target.label:
        return tuple(targets) or (() if append else (SENTIMENT,)), source
    kept = tuple(dict.fromkeys((*source.keep, target.label)))
    return tuple(dict.fromkeys((*targets, OWN))), replace(source, keep=kept)


@in_local_copies("page")
def write_evaluation(evaluation: Evaluation, page: Path) -> None:
    """Write an evaluation's page, and its figures as JSON beside it."""
    write_evaluation_page(evaluation, page)
    write_record(page.with_suffix(".json"), evaluation.to_json())


def _prepare(
    inputs: Sequence[Input],
    out: Path,
    settings: JobSettings,
    overwrite: bool,
    progress: Progress,
) -> tuple[PreparedData, str | None]:
    try:
        data = prepare(
            list(inputs),
            out,
            prepare=settings.prepare,
            clean=settings.clean,
            source=settings.source,
            overwrite=overwrite and not settings.append,
            append=settings.append,
            corrections=settings.corrections,
            progress=progress,
        )
    except TooManyRejects as error:
        return PreparedData.open(out), str(error)
    return data, None


def _target(
    data: PreparedData,
    folder: Path,
    name: str,
    settings: JobSettings,
    overwrite: bool,
    progress: Progress,
) -> TargetFindings:
    private_directory(folder)
    target = _named(settings, name)
    if _unlabelled(data, target, settings):
        return _without_labels(data, folder, target, settings, overwrite, progress)
    said: tuple[str, ...] = ()
    if settings.best:
        bundle, said = _best(data, folder, target, settings, overwrite, progress)
    else:
        trained = train(
            data,
            folder / BUNDLE,
            model=settings.model,
            target=target,
            text=settings.text,
            split=settings.split,
            model_settings=settings.model_settings,
            folds=settings.folds,
            oof=folder / PREDICTIONS,
            refit=settings.refit,
            overwrite=overwrite,
            progress=progress,
        )
        bundle = trained.bundle
        said = (trained.chosen.why,) if trained.chosen else ()
    evaluation = evaluate(bundle, data, progress=progress)
    write_evaluation(evaluation, folder / EVALUATION)
    return TargetFindings(
        name, folder / BUNDLE, folder / PREDICTIONS, folder / EVALUATION, evaluation, said
    )


def _unlabelled(data: PreparedData, target: TargetSettings, settings: JobSettings) -> bool:
    """Say whether nothing tells the label of any review."""
    return bool(settings.described) or (target.target == SENTIMENT and has_no_stars(data))


def _without_labels(
    data: PreparedData,
    folder: Path,
    target: TargetSettings,
    settings: JobSettings,
    overwrite: bool,
    progress: Progress,
) -> TargetFindings:
    answers = settings.audit if settings.audit and settings.audit.exists() else None
    found = say_without_labels(
        data,
        folder,
        target,
        settings.text,
        settings.split,
        described=settings.described,
        audit=answers,
        overwrite=overwrite,
        progress=progress,
    )
    page = folder / EVALUATION
    write_unlabelled_page(found, page)
    write_record(page.with_suffix(".json"), found.to_json())
    return TargetFindings(target.target, folder / BUNDLE, folder / PREDICTIONS, page, found)


def _check_unlabelled(data: PreparedData, settings: JobSettings) -> None:
    """Refuse what goes with labels alone where there are none, and the other way round."""
    without = any(_unlabelled(data, _named(settings, name), settings) for name in settings.targets)
    if settings.audit and not without:
        raise UsageError("--audit asks about reviews without stars or labels, and these have some")
    own = settings.model not in ("linear", AUTO) or settings.model_settings
    if without and (settings.best or own):
        what = (
            "described classes have no labels"
            if settings.described
            else "no review has stars or labels"
        )
        raise UsageError(
            f"{what}, so there is nothing that models could be compared by "
            "or learn from; leave --best, --model and --set out, or name a column with --label"
        )


def _with_rows(
    target: TargetFindings, inputs: Sequence[Input], data: PreparedData, progress: Progress
) -> TargetFindings:
    """Write the rows of the job's files with their labels, unless they are there."""
    rows = target.bundle.parent / rows_name(data)
    bundle = load_bundle(target.bundle)
    write_job_rows(inputs, data, target.predictions, bundle, rows, progress=progress)
    return replace(target, rows=rows)


def _best(
    data: PreparedData,
    folder: Path,
    target: TargetSettings,
    settings: JobSettings,
    overwrite: bool,
    progress: Progress,
) -> tuple[Bundle, tuple[str, ...]]:
    """Find the best model for a target, and predict every review with it."""
    best = train_best(
        data,
        folder / BEST,
        folder / BUNDLE,
        target=target,
        text=settings.text,
        split=settings.split,
        seconds=seconds_of(settings.time_limit) / len(settings.targets),
        fits_to_come=settings.folds,
        refit=settings.refit,
        overwrite=overwrite,
        progress=progress,
    )
    examples = load_examples(data, target, settings.text, progress=progress)
    cross_fit(
        examples,
        BaseModel.of_bundle(best.bundle),
        folder / PREDICTIONS,
        folds=settings.folds,
        seed=settings.split.seed,
        overwrite=overwrite or not best.already,
        progress=progress,
    )
    return best.bundle, best.sentences

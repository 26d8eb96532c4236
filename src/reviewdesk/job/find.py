"""Finding: predictions where they are needed, each finder, its folder and page, the page of all."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from threadpoolctl import threadpool_limits

from reviewdesk import __version__
from reviewdesk.engines.base import Engine
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import (
    BrokenPlugin,
    InputError,
    MissingColumn,
    NotEnoughData,
    ReviewdeskError,
    StorageError,
    UsageError,
)
from reviewdesk.findings.base import Finder, FinderInputs
from reviewdesk.findings.export import check_promise, promised
from reviewdesk.findings.identity import identified
from reviewdesk.findings.page import findings_page, shown_samples
from reviewdesk.findings.store import (
    PAGE,
    StoredFindings,
    check_folder,
    is_findings,
    read_findings,
    remove_left_over,
    write_findings,
)
from reviewdesk.findings.texts import review_texts
from reviewdesk.job.base_models import Predictions
from reviewdesk.job.find_folder import check_predictions_stay, kinds_in
from reviewdesk.job.find_page import write_overview
from reviewdesk.job.find_result import FindResult, Outcome
from reviewdesk.job.finders import (
    ANSWERS,
    VECTORS,
    changed_settings,
    new_finder,
    plugin_errors,
    takes_answers,
)
from reviewdesk.prepare.earlier import history_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import (
    file_sha256,
    private_directory,
    storage_errors,
)

PREDICTIONS: Final = "predictions"
OVERVIEW: Final = "findings.html"
PLACES: Final = "places"
"""Of findings: where the files were that they rest on."""


@dataclass(frozen=True)
class FindSettings:
    """What is looked for, and with what.

    Args:
        finders: their names.
        options: each finder's own settings, by its name.
        predictions: the user's own predictions tables, by target.
        reference: ids of reviews that are known to be filed rightly; None without.
        reference_file: where they were read from, to be read again for later files.
        answers: a person's answers to what a finder asked; None without.
        promise: only findings in lists with this promise or a stricter one are kept; 0: all.
        folds: how many parts the products are dealt into for cross-fitting.
        seed: another seed deals them out in another way.
    """

    finders: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    predictions: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    reference: pa.Array | None = None
    reference_file: Path | None = None
    answers: Path | None = None
    promise: float = 0.0
    folds: int = 5
    seed: int = 0


@in_local_copies("out")
def find(
    data: PreparedData,
    out: Path,
    settings: FindSettings,
    *,
    overwrite: bool = False,
    engine: Engine | None = None,
    progress: Progress = SILENT,
) -> FindResult:
    """Let finders look at reviews, and write what they found with a page each and one of all.

    Predictions are made where a finder needs them and stay in ``out/predictions``; what was found
    before in the same data with the same settings is not looked for again. A finder that the data
    does not suffice for, or another package's that is broken, is left out, and the result says why;
    it is an error when it is so for all.

    Args:
        data: the reviews.
        out: where each finder gets a folder of its own.
        settings: what is looked for.
        overwrite: replace what was found in other data or with other settings.
        engine: a cluster that makes the predictions; None: this machine does.
        progress: shows how far it has come.

    Raises:
        UsageError: a name or a setting is wrong, or predictions are of what no finder needs, or a
            folder holds something else, or other kinds of findings rest on predictions that would
            be replaced, or both a reference and answers are given.
        BrokenPlugin: every finder that is asked for is another package's and broken.
        MissingColumn: the data lacks what every finder needs.
        NotEnoughData: it does not suffice for any.
        InputError: predictions are not about these reviews.
        StorageError: something cannot be read or written.
    """
    check_promise(settings.promise)
    check_one_basis(settings.reference is not None, settings.answers is not None)
    if not data.rows:
        raise NotEnoughData(f"there are no reviews in {data.path}, so there is nothing to find")
    finders, errors = _working(settings)
    predictions = Predictions(
        data,
        out / PREDICTIONS,
        settings.predictions,
        settings.folds,
        settings.seed,
        progress,
        engine,
    )
    predictions.check(sorted({target for finder in finders for target in finder.targets}))
    _check_place(out, data)
    before = {}
    for finder in finders:
        folder = out / finder.name
        check_folder(folder)
        before[finder] = None if overwrite else _found_before(finder, folder, predictions, settings)
    if not overwrite:
        looking = [finder for finder, already in before.items() if already is None]
        check_predictions_stay(out, looking, predictions)
    for finder in finders:
        remove_left_over(out / finder.name)
    private_directory(out)
    outcomes = [Outcome(name, None, str(error)) for name, error in errors.items()]
    why_not = {name: str(error) for name, error in errors.items()}
    for finder, already in before.items():
        try:
            stored = already or _find(finder, out / finder.name, predictions, settings)
            if not (stored.path / PAGE).is_file():  # somebody removed it
                write_with_page(stored.path, stored, data, progress)
            outcomes.append(Outcome(finder.name, stored, already=already is not None))
        except (MissingColumn, NotEnoughData, BrokenPlugin) as error:
            outcomes.append(Outcome(finder.name, None, str(error)))
            errors[finder.name] = error
            why_not[finder.title] = str(error)
    if errors and len(errors) == len(settings.finders):
        raise next(iter(errors.values()))
    page = out / OVERVIEW
    everything, unread = kinds_in(out, data)
    write_overview(page, data, everything, why_not, progress, unread=unread)
    return FindResult(out, data, page, tuple(outcomes), unread)


def check_one_basis(reference: bool, answers: bool) -> None:
    """Refuse a reference and answers together: promises rest on one of them.

    Raises:
        UsageError: both are given.
    """
    if reference and answers:
        raise UsageError(
            "promises rest on reviews known to be right (--reference) or on a person's answers "
            "(--audit), and both are given; leave one of them away"
        )


def _working(settings: FindSettings) -> tuple[list[Finder], dict[str, ReviewdeskError]]:
    """Return the finders that are asked for, and why some of other packages cannot look."""
    finders: list[Finder] = []
    errors: dict[str, ReviewdeskError] = {}
    for name in settings.finders:
        try:
            finders.append(new_finder(name, _options(name, settings)))
        except BrokenPlugin as error:
            errors[name] = error
    if errors and not finders:
        raise next(iter(errors.values()))
    return finders, errors


def _check_place(out: Path, data: PreparedData) -> None:
    """Refuse folders that findings would be lost in.

    Raises:
        UsageError: it is that of one kind, or is or lies in the prepared folder.
    """
    if is_findings(out):
        raise UsageError(f"{out} holds findings of one kind; name the folder that it is in")
    if out.absolute().resolve().is_relative_to(data.path.absolute().resolve()):
        raise UsageError(
            f"{out} is in the data itself, and would go with it; name another folder for findings"
        )


def _options(name: str, settings: FindSettings) -> dict[str, Any]:
    """Return a finder's settings, with the answers if it takes any."""
    options = dict(settings.options.get(name, {}))
    if settings.answers is not None and takes_answers(name):
        options[ANSWERS] = str(settings.answers)
    return options


def _found_before(
    finder: Finder, folder: Path, predictions: Predictions, settings: FindSettings
) -> StoredFindings | None:
    """Return what was found in the same way; None where nothing is, or may be replaced.

    Raises:
        UsageError: it was found in other data or with other settings.
        InputError: it is damaged.
        StorageError: it, or a file that was given, cannot be read.
    """
    if not is_findings(folder):
        return None
    before = read_findings(folder)
    goes_on = before.about.get("data") in history_of(predictions.data)
    if before.about.get("data") != predictions.data.fingerprint and not goes_on:
        raise UsageError(
            f"{folder} holds findings in other data; choose another folder or replace it on "
            "purpose (--overwrite)"
        )
    release = before.about.get("reviewdesk")
    if release != __version__:
        raise UsageError(
            f"{folder} holds findings made by reviewdesk {release}, and this is {__version__}; "
            "choose another folder or replace them on purpose (--overwrite)"
        )
    needed = {*before.about.get("predictions", ()), *predictions.given}
    about = _about(finder, predictions, needed.intersection(finder.targets), settings)
    if _way(before.about) == _way(about):
        return before
    if goes_on:  # files were added since: the same is looked for again, and what is new is told
        same = {name: about[name] for name in ("data", "reviews", "files")}
        before = replace(before, about={**before.about, **same})
        if _way(before.about) == _way(about):
            return None
    _check_replaces(before, about)
    return None


def _find(
    finder: Finder, folder: Path, predictions: Predictions, settings: FindSettings
) -> StoredFindings:
    tables = predictions.of(finder.targets)
    about = _about(finder, predictions, tables, settings)
    inputs = FinderInputs(predictions.data, tables, settings.reference)
    with threadpool_limits(limits=1, user_api="blas"), plugin_errors(finder.name):
        # Finders multiply many small matrices: threads would wait for each other more than they
        # work, and how many there are would be seen in the last digits of what is found.
        found = promised(finder.find(inputs, progress=predictions.progress), settings.promise)
        found = identified(found, _last_run(folder), predictions.data.fingerprint)
    stored = StoredFindings(folder, found, finder.info(), about)
    write_with_page(folder, stored, predictions.data, predictions.progress)
    return read_findings(folder)


def _last_run(folder: Path) -> StoredFindings | None:
    """Return what the last run found, if it can be read."""
    try:
        return read_findings(folder)
    except (InputError, StorageError):
        return None


def _about(
    finder: Finder, predictions: Predictions, targets: Collection[str], settings: FindSettings
) -> dict[str, Any]:
    """Return what something is found in and with, as JSON values; files by their digests.

    All of it is known before any predictions are made, so that what was found before can be told
    from it without work. Where the files were is kept beside, for ``update``.
    """
    data, options = predictions.data, _options(finder.name, settings)
    answers = options.pop(ANSWERS, None)
    options = changed_settings(finder, options)
    places = {"reference": settings.reference_file, ANSWERS: answers, VECTORS: options.get(VECTORS)}
    if VECTORS in options:
        options[VECTORS] = _digest(options[VECTORS])
    return {
        "data": data.fingerprint,
        "reviews": data.rows,
        "files": [one["place"] for one in data.manifest["inputs"]],
        "predictions": {one: predictions.how(one) for one in targets},
        "reference": _reference_json(settings.reference),
        "promise": settings.promise,
        "options": options,
        ANSWERS: _digest(answers) if answers else None,
        "reviewdesk": __version__,
        PLACES: {name: str(Path(place).absolute()) for name, place in places.items() if place},
    }


def _way(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return in what and with what something was found, wherever the files were."""
    return {name: value for name, value in about.items() if name != PLACES}


def _digest(path: str) -> str:
    with storage_errors(path):
        return file_sha256(Path(path))


def _check_replaces(before: StoredFindings, about: Mapping[str, Any]) -> None:
    """Refuse to replace what was found in another way; other answers of a person are none."""
    if {**_way(before.about), ANSWERS: None} != {**_way(about), ANSWERS: None}:
        raise UsageError(
            f"{before.path} holds findings made with other settings; choose another folder or "
            "replace it on purpose (--overwrite)"
        )
    if about[ANSWERS] is None:
        raise UsageError(
            f"{before.path} holds findings made with a person's answers; give these too "
            "(--audit FILE), choose another folder or replace it on purpose (--overwrite)"
        )


def write_with_page(
    folder: Path, stored: StoredFindings, data: PreparedData, progress: Progress = SILENT
) -> None:
    """Write findings with their page, whose texts are looked up in the reviews.

    Raises:
        UsageError: the folder holds something else.
        StorageError: it cannot be written.
    """
    texts = review_texts(data, shown_samples(stored.findings), progress)
    source = ", ".join(stored.about["files"])
    page = findings_page(stored.findings, stored.info, texts, source, data.rows)
    write_findings(folder, stored.findings, stored.info, stored.about, page.render())


def _reference_json(reference: pa.Array | None) -> dict[str, Any] | None:
    if reference is None:
        return None
    digest = hashlib.sha256("\n".join(sorted(reference.to_pylist())).encode()).hexdigest()
    return {"reviews": len(reference), "sha256": digest}

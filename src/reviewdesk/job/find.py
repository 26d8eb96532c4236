"""Finding: predictions where they are needed, each finder, its folder and page, the page of all."""

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from threadpoolctl import threadpool_limits

from reviewdesk import __version__
from reviewdesk.errors import MissingColumn, NotEnoughData, UsageError
from reviewdesk.findings.base import Finder, FinderInputs
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.export import promised
from reviewdesk.findings.page import findings_page, shown_samples
from reviewdesk.findings.store import (
    StoredFindings,
    check_folder,
    folders_in,
    is_findings,
    read_findings,
    remove_left_over,
    write_findings,
)
from reviewdesk.findings.texts import review_texts
from reviewdesk.job.find_page import write_overview
from reviewdesk.job.find_result import FindResult, Outcome
from reviewdesk.job.heads import Predictions
from reviewdesk.job.main_job import PREPARED, SUMMARY
from reviewdesk.prepare.layout import file_sha256
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import private_directory, storage_errors

PREDICTIONS: Final = "predictions"
OVERVIEW: Final = "findings.html"
ANSWERS: Final = "answers"
"""The setting of finders that take a person's answers: a file."""
VECTORS: Final = "vectors"
"""The setting of finders that take the user's vectors of products: a file."""


@dataclass(frozen=True)
class FindSettings:
    """What is looked for, and with what.

    Args:
        finders: their names.
        options: each finder's own settings, by its name.
        predictions: the user's own predictions tables, by target.
        reference: ids of reviews that are known to be filed rightly; None without.
        answers: a person's answers to what a finder asked; None without.
        promise: only findings in lists with this promise or a stricter one are kept; 0: all.
        folds: how many parts the products are dealt into for cross-fitting.
        seed: another seed deals them out in another way.
    """

    finders: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    predictions: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    reference: pa.Array | None = None
    answers: Path | None = None
    promise: float = 0.0
    folds: int = 5
    seed: int = 0


def reviews_of(place: Path) -> PreparedData:
    """Open a prepared folder, or the one within the folder of a job.

    Raises:
        StorageError: it is not there.
        InputError: it is neither.
    """
    if (place / SUMMARY).is_file() and (place / PREPARED).is_dir():
        return PreparedData.open(place / PREPARED)
    return PreparedData.open(place)


def find(
    data: PreparedData,
    out: Path,
    settings: FindSettings,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> FindResult:
    """Let finders look at reviews, and write what they found with a page each and one of all.

    Predictions are made where a finder needs them and stay in ``out/predictions``; what was found
    before in the same data with the same settings is not looked for again. A finder that the data
    does not suffice for is left out, and the result says why; it is an error when it is so for all.

    Args:
        data: the reviews.
        out: where each finder gets a folder of its own.
        settings: what is looked for.
        overwrite: replace what was found in other data or with other settings.
        progress: shows how far it has come.

    Raises:
        UsageError: a name or a setting is wrong, or a folder holds something else.
        MissingColumn: the data lacks what every finder needs.
        NotEnoughData: it does not suffice for any.
        InputError: predictions are not about these reviews.
        StorageError: something cannot be read or written.
    """
    finders = [new_finder(name, _options(name, settings)) for name in settings.finders]
    if is_findings(out):
        raise UsageError(f"{out} holds findings of one kind; name the folder that it is in")
    for finder in finders:
        _check_place(out / finder.name, data, overwrite)
        remove_left_over(out / finder.name)
    private_directory(out)
    predictions = Predictions(
        data, out / PREDICTIONS, settings.predictions, settings.folds, settings.seed, progress
    )
    outcomes, errors, why_not = [], [], {}
    for finder in finders:
        try:
            outcomes.append(_find(finder, out, predictions, settings, overwrite, progress))
        except (MissingColumn, NotEnoughData) as error:
            outcomes.append(Outcome(finder.name, None, str(error)))
            errors.append(error)
            why_not[finder.title] = str(error)
    if errors and len(errors) == len(finders):
        raise errors[0]
    page = out / OVERVIEW
    write_overview(page, data, _all(out, data), why_not, progress)
    return FindResult(out, data, page, tuple(outcomes))


def new_finder(name: str, settings: Mapping[str, Any]) -> Finder:
    """Return a finder with its settings.

    Raises:
        UsageError: no such finder, or it has no such setting, or one of another type.
    """
    kind = FINDERS.load(name)
    if not issubclass(kind, Finder):
        raise UsageError(f"the finder {name!r} is not a finder")
    known = inspect.signature(kind).parameters
    for one, value in settings.items():
        if one not in known:
            has = f"it has: {', '.join(known)}" if known else "it has none"
            raise UsageError(f"the finder {name} has no setting {one!r}; {has}")
        wanted = type(known[one].default)
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise UsageError(
                f"the setting {one} of the finder {name} is of type {wanted.__name__}, as in "
                f"{known[one].default!r}, not {value!r}"
            )
    return kind(**settings)


def _options(name: str, settings: FindSettings) -> dict[str, Any]:
    """Return a finder's settings, with the answers if it takes any."""
    options = dict(settings.options.get(name, {}))
    if settings.answers is not None and _takes_answers(FINDERS.load(name)):
        options[ANSWERS] = str(settings.answers)
    return options


def _takes_answers(finder: type) -> bool:
    return ANSWERS in inspect.signature(finder).parameters


def _unusual(finder: Finder, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are not what everybody gets; of a file its digest."""
    defaults = inspect.signature(type(finder)).parameters
    given = {name: value for name, value in options.items() if value != defaults[name].default}
    if VECTORS in given:
        path = str(given[VECTORS])
        with storage_errors(path):
            given[VECTORS] = file_sha256(Path(path))
    return given


def _check_place(folder: Path, data: PreparedData, overwrite: bool) -> None:
    """Refuse before any work what would be refused after it."""
    check_folder(folder)
    if overwrite or not is_findings(folder):
        return
    if read_findings(folder).about.get("data") != data.fingerprint:
        raise UsageError(
            f"{folder} holds findings in other data; choose another folder or replace it on purpose"
        )


def _find(
    finder: Finder,
    out: Path,
    predictions: Predictions,
    settings: FindSettings,
    overwrite: bool,
    progress: Progress,
) -> Outcome:
    data, folder = predictions.data, out / finder.name
    answers = settings.answers if _takes_answers(type(finder)) else None
    about = {
        "data": data.fingerprint,
        "reviews": data.rows,
        "files": [one["place"] for one in data.manifest["inputs"]],
        "predictions": predictions.digests(finder.targets),
        "reference": _reference_json(settings.reference),
        "promise": settings.promise,
        "options": _unusual(finder, settings.options.get(finder.name, {})),
        ANSWERS: file_sha256(answers) if answers else None,
        "reviewdesk": __version__,
    }
    if not overwrite and is_findings(folder):
        before = read_findings(folder)
        if before.about == about:
            return Outcome(finder.name, before, already=True)
        _check_replaces(before, about)
    inputs = FinderInputs(data, predictions.of(finder.targets), settings.reference)
    with threadpool_limits(limits=1, user_api="blas"):
        # Finders multiply many small matrices: threads would wait for each other more than they
        # work, and how many there are would be seen in the last digits of what is found.
        found = promised(finder.find(inputs, progress=progress), settings.promise)
    write_with_page(folder, StoredFindings(folder, found, finder.manner(), about), data, progress)
    return Outcome(finder.name, read_findings(folder))


def _check_replaces(before: StoredFindings, about: Mapping[str, Any]) -> None:
    """Refuse to replace what was found in another way; other answers of a person are none."""
    if {**before.about, ANSWERS: None} != {**about, ANSWERS: None}:
        raise UsageError(
            f"{before.path} holds findings made with other settings; choose another folder or "
            "replace it on purpose"
        )
    if about[ANSWERS] is None:
        raise UsageError(
            f"{before.path} holds findings made with a person's answers; give these too "
            "(--audit FILE), choose another folder or replace it on purpose"
        )


def write_with_page(
    folder: Path, stored: StoredFindings, data: PreparedData, progress: Progress = SILENT
) -> None:
    """Write findings with their page, whose texts are looked up in the reviews.

    Raises:
        UsageError: the folder holds something else.
        StorageError: it cannot be written.
    """
    texts = review_texts(data, shown_samples(stored.found), progress)
    source = ", ".join(stored.about["files"])
    page = findings_page(stored.found, stored.manner, texts, source)
    write_findings(folder, stored.found, stored.manner, stored.about, page.render())


def _all(out: Path, data: PreparedData) -> list[StoredFindings]:
    """Return all findings in a folder that are about these reviews, in the finders' order."""
    order = FINDERS.names()
    stored = [read_findings(path) for path in folders_in(out)]
    about = [one for one in stored if one.about.get("data") == data.fingerprint]
    known = {name: place for place, name in enumerate(order)}
    return sorted(about, key=lambda one: known.get(one.found.finder, len(order)))


def _reference_json(reference: pa.Array | None) -> dict[str, Any] | None:
    if reference is None:
        return None
    digest = hashlib.sha256("\n".join(sorted(reference.to_pylist())).encode()).hexdigest()
    return {"reviews": len(reference), "sha256": digest}

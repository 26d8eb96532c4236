"""New files month after month: a job with more reviews, found anew, and what is new in it.

The files are added to the job's reviews as ``run --append`` adds them, so that people who were
erased stay away and corrections stay. It is made aside, with the settings that the job has, and
put in the place of the older results at the end: whoever looks at the job meanwhile sees those. The
same call after a kill goes on where it was.
"""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.errors import InputError, UsageError
from reviewdesk.exchange import replace_directory
from reviewdesk.explore.figures import figures_folder
from reviewdesk.explore.page import EXPLORATION
from reviewdesk.findings.reference import read_reference
from reviewdesk.findings.store import StoredFindings, folders_in, read_findings
from reviewdesk.job.beside import REPORT, link_beside
from reviewdesk.job.find import OVERVIEW, PLACES, FindSettings, find
from reviewdesk.job.finders import ANSWERS, VECTORS
from reviewdesk.job.main_job import DEFAULT_MODEL, JobResult, JobSettings, run_job
from reviewdesk.job.places import ASIDE, BUNDLE, PREPARED, SUMMARY
from reviewdesk.job.unlabelled import NOTHING_DESCRIBED, Described
from reviewdesk.prepare.earlier import FOLDER, RECORD, link
from reviewdesk.prepare.layout import MANIFEST
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.storage import (
    file_sha256,
    left_record,
    private_directory,
    read_record,
    storage_errors,
    write_record,
)

PLAN: Final = "plan.json"
FOUND: Final = "What was found: lists that promise how much of them is right"
_DEFAULT_FOLDS: Final = 5


@dataclass(frozen=True)
class Update:
    """What came with new files.

    Args:
        job: the folder of the job.
        added: the new files.
        before: how many reviews there were.
        now: how many there are.
        new: for each kind of findings how many are new.
        notes: what people should know of this.
    """

    job: Path
    added: tuple[str, ...]
    before: int
    now: int
    new: Mapping[str, int]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "job": str(self.job),
            "added": list(self.added),
            "before": self.before,
            "now": self.now,
            "new": dict(self.new),
            "notes": list(self.notes),
        }


def update_job(
    job: Path,
    places: Sequence[str],
    findings: Path | None = None,
    *,
    progress: Progress = SILENT,
) -> Update:
    """Take new review files into a job: prepare, learn, predict, find, and say what is new.

    Args:
        job: the folder that ``run`` wrote.
        places: the new files.
        findings: the folder of its findings; None for none.
        progress: shows how far it has come.

    Raises:
        UsageError: the folder is no job's, or no file is new.
        InputError: the files cannot be used.
        StorageError: something cannot be read or written, or another process is at it.
    """
    if not (job / SUMMARY).is_file():
        raise UsageError(f"{job} is not the folder of a job; make one with: reviewdesk run")
    record = read_record(job / SUMMARY)
    before = [str(place) for place in record["inputs"]]
    known = {_absolute(place) for place in before}
    added = [place for place in dict.fromkeys(places) if _absolute(place) not in known]
    if not added:
        raise UsageError("none of these files is new to the job")
    stored = [] if findings is None else [read_findings(each) for each in folders_in(findings)]
    _check_places(stored)
    with (
        locked(job / f"{ASIDE}.lock", f"the job {job}"),
        locked(job / f".{PREPARED}.lock", f"the reviews of the job {job}"),
    ):
        old = PreparedData.open(job / PREPARED)
        aside, rows = _begun(job, old, added)
        settings = _settings(job, record, old)
        inputs = open_inputs(added, settings.source)
        result = run_job(inputs, aside / "job", settings, progress=progress)
        notes = [result.too_many_rejects] if result.too_many_rejects else []
        new: dict[str, int] = {}
        if findings is not None:
            new, more = _find(result, stored, aside / "findings", progress)
            notes += more
        _exchange(job, aside, result, [*before, *added], findings)
        now = PreparedData.open(job / PREPARED).rows
    return Update(job, tuple(added), rows, now, new, tuple(notes))


def _begun(job: Path, old: PreparedData, added: Sequence[str]) -> tuple[Path, int]:
    """Put the job's reviews aside, to add to; what a killed call left of the same is kept.

    Returns:
        Where everything is made, and how many reviews there were before.

    Raises:
        UsageError: nothing can be added to them.
    """
    if not (old.path / FOLDER / RECORD).is_file():
        raise UsageError(
            f"{job} does not keep what new files are compared with (it was made by an older "
            "release, or with --no-appendable); give run all files and --overwrite"
        )
    aside, now = job / ASIDE, file_sha256(old.path / MANIFEST)
    plan: dict[str, Any] = {"added": list(map(_absolute, added)), "base": now, "rows": old.rows}
    left = left_record(aside / PLAN) or {}
    if left.get("added") == plan["added"] and left.get("made") == now:
        plan["rows"] = left["rows"]  # it was killed while the results took their places
    if {**left, "made": None} != {**plan, "made": None}:
        with storage_errors(str(aside)):
            shutil.rmtree(aside, ignore_errors=True)
            copy = private_directory(private_directory(aside) / "job") / PREPARED
            shutil.copytree(old.path, copy, copy_function=_link)
        write_record(aside / PLAN, plan)
    return aside, plan["rows"]


def _link(file: str, place: str) -> None:
    link(Path(file), Path(place))  # whatever changes is written anew, so that both stay as they are


def _absolute(place: str) -> str:
    return place if "://" in place else str(Path(place).absolute())


def _settings(job: Path, record: Mapping[str, Any], data: PreparedData) -> JobSettings:
    """Return the settings that a job was run with, from what it wrote."""
    targets = list(record["targets"])
    bundles = [load_bundle(job / target / BUNDLE) for target in targets]
    if not bundles:
        raise InputError(f"{job / SUMMARY} names no target; run the job again")
    first: Bundle = bundles[0]
    stored = data.manifest["settings"]
    target = first.settings.target
    for one in bundles[1:]:  # what only some targets take is a default with the others
        if one.settings.target.label:
            target = one.settings.target
    way = record.get("way") or {}
    label = "" if way.get("described") else target.label
    best = bool(way.get("best", False))
    described = Described(**way["described"]) if way.get("described") else NOTHING_DESCRIBED
    return JobSettings(
        targets=tuple(targets),
        source=SourceSettings.from_json(stored["source"]),
        clean=CleanSettings.from_json(stored["clean"]),
        prepare=PrepareSettings.from_json(stored["prepare"]),
        target=replace(target, target=first.settings.target.target, label=label),
        described=described,
        text=first.settings.text,
        split=first.settings.split,
        model=DEFAULT_MODEL if best or first.rests_on else str(first.manifest["family"]),
        model_settings={} if best or first.rests_on else dict(first.settings.model),
        folds=int(way.get("folds", _DEFAULT_FOLDS)),
        best=best,
        time_limit=str(way.get("time_limit", "")),
        rows=bool(way.get("rows", True)),
        refit=first.settings.refit,
        append=True,
    )


def _find(
    result: JobResult,
    stored: Sequence[StoredFindings],
    aside: Path,
    progress: Progress,
) -> tuple[dict[str, int], list[str]]:
    """Find again what was found before, in the same way; return what is new, and notes."""
    if aside.exists():
        shutil.rmtree(aside)
    with storage_errors(str(aside)):
        for one in stored:  # so that what is found keeps its name, and what is new is told
            shutil.copytree(one.path, aside / one.path.name)
    new, notes = {}, _notes(stored)
    for alike in _found_alike(stored):
        settings = _find_settings(alike, result.data)
        done = find(result.data, aside, settings, overwrite=True, progress=progress)
        for outcome in done.outcomes:
            if outcome.stored is None:
                notes.append(f"{outcome.finder}: {outcome.why_not}")
            else:
                rows = outcome.stored.findings.table.column("new").to_pylist()
                new[outcome.finder] = Counter(rows)[True]
    return new, notes


def _found_alike(stored: Sequence[StoredFindings]) -> list[list[StoredFindings]]:
    """Return findings in groups of those that rest on the same files, promises and folds."""
    groups: dict[str, list[StoredFindings]] = {}
    for each in stored:
        places = {name: place for name, place in _places(each).items() if name != VECTORS}
        key = [places, each.about.get("promise", 0), _dealt([each])]
        groups.setdefault(json.dumps(key, sort_keys=True), []).append(each)
    return list(groups.values())


def _find_settings(stored: Sequence[StoredFindings], data: PreparedData) -> FindSettings:
    """Return how some findings were found that were found alike."""
    options = {each.findings.finder: _options(each) for each in stored}
    places = _places(stored[0])
    reference = places.get("reference")
    dealt = _dealt(stored)
    return FindSettings(
        finders=tuple(options),
        options=options,
        reference=read_reference(Path(reference), data) if reference else None,
        reference_file=Path(reference) if reference else None,
        answers=Path(places[ANSWERS]) if ANSWERS in places else None,
        promise=float(stored[0].about.get("promise", 0)),
        folds=int(dealt.get("folds", _DEFAULT_FOLDS)),
        seed=int(dealt.get("seed", 0)),
    )


def _options(stored: StoredFindings) -> dict[str, Any]:
    """Return a finder's settings; a file of vectors by its place, where that is known."""
    options, place = dict(stored.about.get("options", {})), _places(stored).get(VECTORS)
    options.pop(VECTORS, None)  # its digest
    return options | ({VECTORS: place} if place else {})


def _places(stored: StoredFindings) -> dict[str, str]:
    """Return where the files are that findings rest on."""
    return dict(stored.about.get(PLACES) or {})


def _dealt(stored: Sequence[StoredFindings]) -> dict[str, Any]:
    """Return into which folds reviews were dealt for the predictions of some findings."""
    made = [how for one in stored for how in dict(one.about.get("predictions", {})).values()]
    dealt = next((how for how in made if isinstance(how, dict) and "folds" in how), {})
    return {name: dealt[name] for name in ("folds", "seed") if name in dealt}


def _check_places(stored: Sequence[StoredFindings]) -> None:
    """Say now, and not after hours, that a file is gone that findings rest on.

    Raises:
        UsageError: one is.
    """
    for each in stored:
        for place in _places(each).values():
            if not Path(place).is_file():
                raise UsageError(
                    f"{place} is not there any more, and findings of the kind "
                    f"{each.findings.finder} rest on it; put it back, or find them without it: "
                    f"reviewdesk find {each.findings.finder}"
                )


def _notes(stored: Sequence[StoredFindings]) -> list[str]:
    """Return what findings rested on and cannot be had again."""
    notes = []
    for each in stored:
        places, about = _places(each), each.about
        asked = {name: about.get(name) for name in ("reference", ANSWERS)}
        asked[VECTORS] = about.get("options", {}).get(VECTORS)
        gone = [name for name, value in asked.items() if value and name not in places]
        tables = dict(about.get("predictions", {})).values()
        gone += ["predictions"] if any("folds" not in how for how in tables) else []
        notes += [f"{each.findings.finder}: its {name} were not given again" for name in gone]
    return notes


def _exchange(
    job: Path, aside: Path, result: JobResult, inputs: Sequence[str], findings: Path | None
) -> None:
    """Put what is finished in the place of what was there."""
    values = result.to_json()
    text = {name: _moved(value, result.folder, job) for name, value in values.items()}
    made = file_sha256(result.folder / PREPARED / MANIFEST)
    write_record(aside / PLAN, {**read_record(aside / PLAN), "made": made})
    if findings is not None:
        link_beside(result.report, FOUND, findings / OVERVIEW)
    for target in result.targets:
        replace_directory(result.folder / target.target, job / target.target)
    replace_directory(result.folder / PREPARED, job / PREPARED)
    replace_directory(
        figures_folder(result.folder / EXPLORATION), figures_folder(job / EXPLORATION)
    )
    with storage_errors(str(job)):
        (result.folder / EXPLORATION).replace(job / EXPLORATION)
        (result.folder / REPORT).replace(job / REPORT)
    if findings is not None:  # late: what is new is told from what was there
        replace_directory(aside / "findings", findings)
    write_record(job / SUMMARY, {"inputs": list(inputs), **text})
    with storage_errors(str(aside)):
        shutil.rmtree(aside)


def _moved(value: Any, here: Path, there: Path) -> Any:
    """Return JSON values in which paths in one folder are paths in another."""
    if isinstance(value, dict):
        return {name: _moved(one, here, there) for name, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, here, there) for one in value]
    if isinstance(value, str) and (value == str(here) or value.startswith(f"{here}/")):
        return str(there) + value.removeprefix(str(here))
    return value

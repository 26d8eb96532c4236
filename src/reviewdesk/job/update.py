"""New files month after month: a job with more reviews, found anew, and what is new in it.

The files are added to the job's reviews as ``run --append`` adds them, so that people who were
erased stay away and corrections stay. It is made aside, with the settings that the job has, and
put in the place of the older results at the end: whoever looks at the job meanwhile sees those. The
same call after a kill goes on where it was.
"""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.errors import InputError, UsageError
from reviewdesk.exchange import replace_directory
from reviewdesk.findings.store import StoredFindings, folders_in, read_findings
from reviewdesk.job.beside import REPORT, link_beside
from reviewdesk.job.find import OVERVIEW, FindSettings, find
from reviewdesk.job.finders import VECTORS
from reviewdesk.job.main_job import JobResult, JobSettings, run_job
from reviewdesk.job.places import ASIDE, BUNDLE, PREPARED, SUMMARY
from reviewdesk.prepare.earlier import FOLDER, RECORD, link
from reviewdesk.prepare.layout import MANIFEST, file_sha256
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.storage import (
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
    with (
        locked(job / f"{ASIDE}.lock", f"the job {job}"),
        locked(job / f".{PREPARED}.lock", f"the reviews of the job {job}"),
    ):
        old = PreparedData.open(job / PREPARED)
        aside, rows = _begun(job, old, added)
        settings = _settings(job, list(record["targets"]), old)
        inputs = open_inputs(added, settings.source)
        result = run_job(inputs, aside / "job", settings, progress=progress)
        notes = [result.too_many_rejects] if result.too_many_rejects else []
        new: dict[str, int] = {}
        if findings is not None:
            new, more = _find(result, findings, aside / "findings", progress)
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


def _settings(job: Path, targets: Sequence[str], data: PreparedData) -> JobSettings:
    """Return the settings that a job was run with, from what it wrote."""
    bundles = [load_bundle(job / target / BUNDLE) for target in targets]
    if not bundles:
        raise InputError(f"{job / SUMMARY} names no target; run the job again")
    first: Bundle = bundles[0]
    stored = data.manifest["settings"]
    target = first.settings.target
    for one in bundles[1:]:  # what only some targets take is a default with the others
        if one.settings.target.label:
            target = one.settings.target
    return JobSettings(
        targets=tuple(targets),
        source=SourceSettings.from_json(stored["source"]),
        clean=CleanSettings.from_json(stored["clean"]),
        prepare=PrepareSettings.from_json(stored["prepare"]),
        target=replace(target, target=first.settings.target.target),
        text=first.settings.text,
        split=first.settings.split,
        model=str(first.manifest["family"]),
        model_settings=dict(first.settings.model),
        folds=_DEFAULT_FOLDS,
        refit=first.settings.refit,
        append=True,
    )


def _find(
    result: JobResult, findings: Path, aside: Path, progress: Progress
) -> tuple[dict[str, int], list[str]]:
    """Find again what was found before, in the same way; return what is new, and notes."""
    stored = [read_findings(folder) for folder in folders_in(findings)]
    if aside.exists():
        shutil.rmtree(aside)
    with storage_errors(str(aside)):
        for one in stored:  # so that what is found keeps its name, and what is new is told
            shutil.copytree(one.path, aside / one.path.name)
    done = find(result.data, aside, _find_settings(stored), overwrite=True, progress=progress)
    new, notes = {}, []
    for outcome in done.outcomes:
        if outcome.stored is None:
            notes.append(f"{outcome.finder}: {outcome.why_not}")
        else:
            rows = outcome.stored.found.table.column("new").to_pylist()
            new[outcome.finder] = Counter(rows)[True]
    asked = [one for one in stored if one.about.get("reference") or one.about.get("answers")]
    if asked:
        notes.append("the reference and the answers that lists rested on were not given again")
    return new, notes


def _find_settings(stored: Sequence[StoredFindings]) -> FindSettings:
    options = {
        one.found.finder: {
            name: value for name, value in one.about.get("options", {}).items() if name != VECTORS
        }
        for one in stored
    }
    made = [how for one in stored for how in dict(one.about.get("predictions", {})).values()]
    dealt = next((how for how in made if isinstance(how, dict) and "folds" in how), {})
    return FindSettings(
        finders=tuple(options),
        options=options,
        promise=min((float(one.about.get("promise", 0)) for one in stored), default=0.0),
        folds=int(dealt.get("folds", _DEFAULT_FOLDS)),
        seed=int(dealt.get("seed", 0)),
    )


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
    with storage_errors(str(job)):
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

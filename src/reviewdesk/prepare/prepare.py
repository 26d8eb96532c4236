"""Preparing: from raw inputs to one folder of clean reviews, resumable at any moment."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk import __version__
from reviewdesk.engines.base import Engine
from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.errors import (
    DamagedInput,
    InputError,
    LostColumn,
    TooManyRejects,
    UsageError,
)
from reviewdesk.prepare.copies import find_copies
from reviewdesk.prepare.corrections import NONE, Corrections
from reviewdesk.prepare.distributed import Distributed
from reviewdesk.prepare.duplicates import (
    PlacedRun,
    dropped_by_input,
    find_duplicates,
    place_runs,
)
from reviewdesk.prepare.earlier import Earlier, keep
from reviewdesk.prepare.erased import ErasedPeople
from reviewdesk.prepare.layout import FORMAT_VERSION, REJECTS_TABLE
from reviewdesk.prepare.lengths import LengthBounds, derived_bounds, given_bounds
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.manifest import build_manifest, file_notes, settings_json
from reviewdesk.prepare.parts import Found, write_parts
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import write_rejects
from reviewdesk.prepare.staged import (
    REJECTS_FILE,
    InputGroup,
    StagedGroup,
    StagedInput,
    groups_of,
    staged,
)
from reviewdesk.prepare.staging import NO_LETTERS, NO_TEXT, OTHER_MARKETPLACE, stage
from reviewdesk.prepare.workspace import Workspace, state_of
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.runlog import RunLog
from reviewdesk.schema import kept_columns
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import Input
from reviewdesk.sources.catalog import Inputs
from reviewdesk.sources.deciding import Deciding
from reviewdesk.sources.readings import AUTO, Evidence, Reading
from reviewdesk.sources.rejects import DAMAGE
from reviewdesk.storage import private_directory, storage_errors

ALREADY_ADDED: Final = "there is nothing to add: all of it was read before"
ALREADY_DONE: Final = "it was prepared before from the same inputs with the same settings"


def prepare(
    inputs: Sequence[Input],
    out: Path,
    *,
    prepare: PrepareSettings,
    clean: CleanSettings,
    source: SourceSettings,
    overwrite: bool = False,
    append: bool = False,
    corrections: Corrections = NONE,
    engine: Engine | None = None,
    progress: Progress = SILENT,
) -> PreparedData:
    """Read, clean, filter and de-duplicate reviews; write Parquet by month and a manifest.

    With ``append`` the inputs are added to data that is there, and the result is that of one run
    over all files. How they are cleaned and filtered stays as it is there. People who were erased
    from the folder do not come back.

    A run that was interrupted at any moment is taken up by giving the same arguments again, and
    ends in the same bytes. Nothing is done twice: an input that was read to its end is not read
    again, a month that was written is not written again.

    Args:
        inputs: what to read, from ``sources.open_inputs``.
        out: the folder to write.
        prepare: how reviews are filtered and de-duplicated.
        clean: how text is cleaned.
        source: how the inputs were opened; kept in the manifest.
        overwrite: whether a folder that was prepared otherwise may be replaced.
        append: whether the inputs are added to what is in the folder.
        corrections: what is changed in the reviews, beside what was before in what is added to.
        engine: a cluster that reads, compares and writes; None: this machine does. All its machines
            must reach the inputs and the folder under these names.
        progress: is shown how far it has come.

    Returns:
        The prepared data; its ``notes`` say what was taken up or noticed.

    Raises:
        TooManyRejects: all is written, but more rows than allowed could not be read, or all.
        LostColumn: all is written, but no value of a column could be read.
        DamagedInput: all is written, but an input is cut off or damaged.
        UsageError: the folder is something else, or was prepared otherwise.
        InputError: an input changed while it was read, or there is no review in any.
        StorageError: a place cannot be used, the disk is full, or another process is writing.
    """
    if not inputs and not (append and corrections):
        raise UsageError("there is nothing to prepare; name a file or folder of reviews")
    if prepare.stem and not prepare.tokens:
        raise UsageError("--stem is about the column of tokens; ask for it with --tokens")
    settings = settings_json(source.check(), clean.check(), prepare.check())
    if out.parts[:1] == ("s3:",):
        raise UsageError(
            "prepare writes to a folder, and a cluster to one that all its machines share; it "
            "cannot write to s3:// yet: copy the folder there when it is done"
        )
    out = out.absolute().resolve()
    if engine is not None and (append or corrections or ErasedPeople.of(out)):
        raise UsageError(
            "a cluster prepares files from the beginning: --append, --corrections and folders from "
            "which people were erased need the engine duckdb"
        )
    if append and overwrite:
        raise UsageError("--append adds to what is there and --overwrite replaces it; name one")
    with storage_errors(str(out)):
        private_directory(out.parent)
    with locked(out.with_name(f".{out.name}.lock"), f"the folder {out}"):
        earlier = Earlier.open(PreparedData.open(out)) if append else None
        if earlier is not None:
            settings = _settings_that_stay(earlier.data, source, clean, prepare)
            prepare = PrepareSettings.from_json(settings["prepare"])
            clean = CleanSettings.from_json(settings["clean"])
            new = [one for one in inputs if not _is_in(one, earlier.data.manifest)]
            notes = _seen_before(inputs, new)
            before = Corrections.of(out)
            corrections = before.and_later(corrections)
            if not new and corrections == before:  # nothing to do but what a killed run left of it
                Workspace(out).remove()
                data = replace(earlier.data, notes=(*notes, ALREADY_ADDED))
            else:
                data = None
        else:
            new, notes = list(inputs), ()
            data = _finished(out, inputs, settings, overwrite, corrections)
        if data is None:
            job = _Job(
                new,
                out,
                settings=settings,
                prepare=prepare,
                clean=clean,
                progress=progress,
                earlier=earlier,
                corrections=corrections,
            )
            data = job.run() if engine is None else job.run_on(engine)
            data = replace(data, notes=(*notes, *data.notes))
    if isinstance(inputs, Inputs):
        data = replace(data, notes=(*data.notes, *inputs.warnings()))
    _check_rejects(data)
    _check_lost(data)
    return data


def _finished(
    out: Path,
    inputs: Sequence[Input],
    settings: dict[str, Any],
    overwrite: bool,
    corrections: Corrections,
) -> PreparedData | None:
    """Return the data when the folder is already what is asked for, None when it is to be made."""
    data = PreparedData.existing(out, overwrite=overwrite)
    if data is None:
        return None
    difference = _difference(data.manifest, inputs, settings)
    if not difference and Corrections.of(out) != corrections:
        difference = "with other corrections"
    if not difference:
        Workspace(out).remove()
        return replace(data, notes=(ALREADY_DONE, *file_notes(data.manifest)))
    if overwrite:
        return None
    raise UsageError(
        f"{out} was prepared {difference}; name another folder, or replace it with --overwrite"
    )


def source_for(data: PreparedData, source: SourceSettings) -> SourceSettings:
    """Return how files that are added to data are read: as those before, unless it is told.

    Args:
        data: what they are added to.
        source: what was told.
    """
    recorded = SourceSettings.from_json(data.manifest["settings"]["source"])
    told = {
        name: value
        for name, value in source.to_json().items()
        if value != SourceSettings().to_json()[name]
    }
    return SourceSettings.from_json({**recorded.to_json(), **told})


def _settings_that_stay(
    data: PreparedData, source: SourceSettings, clean: CleanSettings, prepare: PrepareSettings
) -> dict[str, Any]:
    """Return the settings that data was prepared with, by which files are added to it.

    Raises:
        UsageError: others were asked for.
    """
    before: dict[str, Any] = data.manifest["settings"]
    for name, given in (("clean", clean), ("prepare", prepare)):
        standard = type(given)().to_json()
        recorded = {**standard, **before[name]}
        for setting, value in given.to_json().items():
            if value not in (standard[setting], recorded[setting]):
                raise UsageError(
                    f"{data.path} was prepared with {setting} {recorded[setting]!r}, which stays "
                    "for what is added; leave the option out, or prepare all files in one run"
                )
    if source.keep and list(source.keep) != before["source"].get("keep", []):
        raise UsageError(
            f"{data.path} was prepared with the columns {list(data.kept)!r} kept beside the "
            "reviews table, which stays for what is added; leave --keep out"
        )
    return before


def _is_in(one: Input, manifest: dict[str, Any]) -> bool:
    """Say whether an input was read before: the same bytes."""
    same_size = [known for known in manifest["inputs"] if known["bytes"] == one.bytes]
    return bool(same_size) and one.sha256() in [known["sha256"] for known in same_size]


def _seen_before(inputs: Sequence[Input], new: Sequence[Input]) -> tuple[str, ...]:
    names = [one.name for one in inputs if one not in new]
    if not names:
        return ()
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return (f"read before, and not added again: {', '.join(names[:3])}{more}",)


def _difference(manifest: dict[str, Any], inputs: Sequence[Input], settings: dict[str, Any]) -> str:
    if manifest["settings"] != settings:
        return "with other settings"
    if manifest["reviewdesk"] != __version__:
        return f"by version {manifest['reviewdesk']} of reviewdesk"
    recorded = [(one["place"], one["bytes"], one["source"]) for one in manifest["inputs"]]
    if recorded != [(one.name, one.bytes, one.source) for one in inputs]:
        return "from other inputs"
    if [one["sha256"] for one in manifest["inputs"]] != [one.sha256() for one in inputs]:
        return "from inputs that have changed since"
    return ""


def _check_rejects(data: PreparedData) -> None:
    rejected, rows = data.manifest["rejected"], data.manifest["rows"]
    limit = data.manifest["settings"]["prepare"]["max_rejects"]
    if limit < 1 and not rejected.keys().isdisjoint(DAMAGE):
        raise DamagedInput(
            f"an input is damaged or cut off, so that reviews are missing in {data.path}; get the "
            "file again, or settle for what could be read with --max-rejects 1"
        )
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in rejected.items())
    if rows["rejected"] == rows["read"]:
        raise TooManyRejects(
            f"no review was read: none of the {rows['read']:,} rows could be ({reasons}); they are "
            f"in {data.path / REJECTS_TABLE}"
        )
    if not data.manifest["too_many_rejects"]:
        return
    raise TooManyRejects(
        f"{rows['rejected']:,} of {rows['read']:,} rows could not be read ({reasons}), more than "
        f"{limit:.3g} of all; the others are in {data.path}, these in "
        f"{data.path / REJECTS_TABLE}"
    )


def _check_lost(data: PreparedData) -> None:
    limit = data.manifest["settings"]["prepare"]["max_rejects"]
    lost = data.manifest["lost_columns"]
    if limit < 1 and lost:
        one = lost[0]
        raise LostColumn(
            f"none of the {one['values']:,} values in {one['from']} could be read as "
            f"{one['column']}; all else is in {data.path}; {_HELP.get(one['column'], _MAP)}, or "
            "settle for what could be read with --max-rejects 1"
        )


_MAP: Final = "say which column it is with --map"
_HELP: Final = {
    "star_rating": f"say what they mean with --stars-scale, {_MAP}",
    "review_date": f"say how they are written with --date-format, {_MAP}",
}


class _Job:
    """One preparation, from opened inputs to the folder in its place."""

    def __init__(
        self,
        inputs: Sequence[Input],
        out: Path,
        *,
        settings: dict[str, Any],
        prepare: PrepareSettings,
        clean: CleanSettings,
        progress: Progress,
        earlier: Earlier | None = None,
        corrections: Corrections = NONE,
    ) -> None:
        self._corrections = corrections
        self._earlier = earlier
        self._erased = ErasedPeople.of(out)
        self._inputs = inputs
        self._out = out
        self._settings = settings
        self._prepare = prepare
        self._clean = clean
        self._progress = progress
        self._workspace = Workspace(out)
        self._log = RunLog("prepare", settings)

    def run_on(self, engine: Engine) -> PreparedData:
        """Do all steps on a cluster; what an interrupted run left is not taken up."""
        self._workspace.remove()
        self._workspace.begin({"engine": engine.name})
        cluster = Distributed(
            self._inputs,
            engine,
            str(self._workspace.path),
            str(self._workspace.result),
            settings=self._settings,
            prepare=self._prepare,
            clean=self._clean,
            progress=self._progress,
        )
        with self._log.timed("read"):
            groups = cluster.stage()
        self._check_something_left(groups)
        with self._log.timed("write"):
            manifest = cluster.write(groups)
        self._finish(manifest)
        return PreparedData(self._out, manifest, file_notes(manifest))

    def _check_something_left(self, groups: Sequence[InputGroup]) -> None:
        try:
            _check_something_left(groups)
        except InputError:
            self._workspace.remove()
            raise

    def run(self) -> PreparedData:
        """Do the steps that are not done yet."""
        note = self._workspace.begin(self._plan())
        as_before = self._earlier is not None and self._earlier.link(
            self._workspace, self._corrections, self._prepare
        )
        with self._log.timed("read"):
            groups = self._stage()
        staged = [group.staged for group in groups]
        self._check_something_left(groups)
        directories = [self._workspace.inputs(number) for number in range(len(groups))]
        runs = place_runs(staged, directories)
        with (
            self._log.timed("duplicates"),
            DuckDBEngine(temp_directory=self._workspace.spill) as engine,
        ):
            found = self._find(staged, runs, engine)
        with self._log.timed("write"):
            if self._earlier is not None and as_before:
                self._earlier.reuse(runs, found, self._workspace)
            kept = kept_columns(self._settings["source"].get("keep", ()))
            contents = write_parts(
                runs, found, self._prepare, self._workspace, self._progress, kept
            )
            by_name = sorted(range(len(groups)), key=lambda number: groups[number].places)
            rejects = _rejects([directories[number] for number in by_name])
            write_rejects(self._workspace.result / REJECTS_TABLE, rejects)
        manifest = build_manifest(
            self._settings,
            groups,
            found.verdicts,
            dropped_by_input(found.verdicts, staged, runs),
            self._bounds(staged),
            contents,
            len(self._corrections.changes),
        )
        if self._prepare.appendable:
            before = self._earlier
            history = () if before is None else (*before.history, before.data.fingerprint)
            keep(self._workspace, groups, contents.files, history)
        self._erased.write(self._workspace.result)
        self._corrections.write(self._workspace.result)
        self._finish(manifest)
        notes = (note, *file_notes(manifest)) if note else file_notes(manifest)
        notes = (*notes, *self._notes_of_lengths(staged))
        return PreparedData(self._out, manifest, notes)

    def _find(
        self, staged: Sequence[StagedGroup], runs: Sequence[PlacedRun], engine: Engine
    ) -> Found:
        """Return what is to become of each row."""
        directory = self._workspace.duplicates
        unknown_before = self._prepare.length == "auto"
        bounds = self._bounds(staged) if unknown_before else None
        verdicts = find_duplicates(runs, directory, engine, bounds)
        return Found(verdicts, find_copies(runs, verdicts, directory, engine))

    def _bounds(self, staged: Sequence[StagedGroup]) -> LengthBounds:
        if self._prepare.length != "auto":
            return given_bounds(self._prepare)
        if self._earlier is not None:
            return LengthBounds.from_json(self._earlier.data.manifest["length"])
        return self._derived(staged)

    def _notes_of_lengths(self, staged: Sequence[StagedGroup]) -> tuple[str, ...]:
        """Return a sentence where all files would have other bounds than those before had."""
        if self._prepare.length != "auto" or self._earlier is None:
            return ()
        stay, derived = self._bounds(staged), self._derived(staged)
        if (stay.min_chars, stay.max_chars) == (derived.min_chars, derived.max_chars):
            return ()
        return (
            f"the lengths that fit stay {stay.min_chars:,} to {stay.max_chars:,}, as they were "
            f"derived before; all files in one run would give {derived.min_chars:,} to "
            f"{derived.max_chars:,}",
        )

    def _derived(self, staged: Sequence[StagedGroup]) -> LengthBounds:
        lengths: Counter[int] = Counter()
        for one in staged:
            lengths.update(one.lengths)
        return derived_bounds(lengths)

    def _plan(self) -> dict[str, Any]:
        """Return all that the result depends on, so that nothing else is taken up."""
        inputs = [[one.place, one.name, one.source, state_of(one)] for one in self._inputs]
        return {
            "format_version": FORMAT_VERSION,
            "reviewdesk": __version__,
            "pyarrow": pa.__version__,
            "settings": self._settings,
            "inputs": inputs,
            "erased": sorted(self._erased.digests),
            "corrections": self._corrections.to_json(),
            "earlier": None if self._earlier is None else self._earlier.data.fingerprint,
        }

    def _stage(self) -> list[InputGroup]:
        """Read the inputs; those again whose ratings or dates a later one tells to read otherwise.

        Raises:
            UsageError: the values of a column can be read in two ways.
        """
        total = sum(one.bytes for one in self._inputs)
        deciding = Deciding()
        before = () if self._earlier is None else self._earlier.groups
        groups = groups_of(self._inputs)
        inputs = [
            *(group.inputs for group in before),
            *(tuple(self._inputs[place] for place in group) for group in groups),
        ]
        places = _places(inputs)
        done = []
        with self._progress.task("Reading", total, "bytes") as task:
            for number, group in enumerate(inputs):
                left = staged(self._workspace.inputs(number))
                if left is None:
                    left = self._staged(group, number, task, deciding)
                elif number >= len(before):
                    task.advance(sum(one.bytes for one in group))
                deciding.add(group[0], _open_evidence(group[0], left.evidence))
                done.append(left)
            decisions = [deciding.decision(group[0]) for group in inputs]
            for number, (group, decision) in enumerate(zip(inputs, decisions, strict=True)):
                reading = decision.reading
                if not reading.reads_as(done[number].reading, done[number].evidence):
                    if number < len(before):
                        raise UsageError(_otherwise(group[0], done[number].reading, reading))
                    task.advance(-sum(one.bytes for one in group))
                    again = [replace(one, reading=reading) for one in group]
                    done[number] = self._staged(again, number, task, deciding)
        if questions := [question for one in decisions for question in one.questions]:
            raise UsageError(questions[0])
        return list(map(InputGroup, places, inputs, done, decisions))

    def _staged(
        self, group: Sequence[Input], number: int, task: Task, deciding: Deciding
    ) -> StagedGroup:
        return stage(
            group,
            number,
            self._workspace.inputs(number),
            prepare=self._prepare,
            clean=self._clean,
            task=task,
            deciding=deciding,
            erased=self._erased,
            corrections=self._corrections,
        )

    def _finish(self, manifest: dict[str, Any]) -> None:
        self._log.rows.update(manifest["rows"])
        self._log.fingerprints["data"] = manifest["fingerprint"]
        self._workspace.publish(self._out, manifest, self._log)


def _places(groups: Sequence[Sequence[Input]]) -> list[tuple[int, ...]]:
    """Return the places of inputs among all, by name, as they stand in one run over all."""
    named = [(one.name, one.place, number, at)
             for number, group in enumerate(groups) for at, one in enumerate(group)]  # fmt: skip
    place = {(number, at): n for n, (_, _, number, at) in enumerate(sorted(named))}
    return [
        tuple(place[number, at] for at in range(len(group))) for number, group in enumerate(groups)
    ]


def _open_evidence(one: Input, evidence: Evidence) -> Evidence:
    """Return what values tell of columns whose reading was not told."""
    settings = one.reader.settings
    told_dates = settings.date_format or settings.date_order != AUTO
    return Evidence(
        Counter() if settings.stars_scale != AUTO else evidence.ratings,
        Counter() if told_dates else evidence.dates,
    )


def _otherwise(one: Input, before: Reading, after: Reading) -> str:
    """Return why files cannot be added: with them, those before would be read in another way."""
    if before.scale != after.scale:
        told = f"ratings as {after.scale} and not as {before.scale}; say --stars-scale"
    else:
        told = "dates in another order; say --date-order"
    return (
        f"with these files, {one.name} and what was read in the same way would have been read with "
        f"{told} for what is added if that is wrong, or prepare all files in one run"
    )


_KEEPS: Final = {
    OTHER_MARKETPLACE: "name the marketplaces that there are with --marketplace",
    NO_TEXT: "say which column is the text with --map, or keep reviews without one: --min-chars 0",
    NO_LETTERS: "say which column is the text with --map, or keep such reviews with --min-chars 0",
    "too_short": "ask for fewer with --min-chars",
    "too_long": "allow more with --max-chars",
}
"""What to do where a rule leaves nothing."""


def _check_something_left(groups: Sequence[InputGroup]) -> None:
    inputs = [one for group in groups for one in group.staged.inputs]
    read, rejected = (sum(counts) for counts in zip(*map(_read_and_rejected, inputs), strict=True))
    dropped = sum((Counter(one.dropped) for one in inputs), Counter[str]())
    if (read and dropped.total() < read - rejected) or read == rejected > 0:
        return  # where all are unreadable, they are written first
    if read:
        reasons = ", ".join(f"{n:,} {rule}" for rule, n in dropped.most_common() if n)
        most = max(dropped, key=dropped.__getitem__)
        unreadable = f"; {rejected:,} could not be read" if rejected else ""
        raise InputError(
            f"no review is left of {read:,} rows: {reasons}{unreadable}; {_KEEPS.get(most, _MAP)}"
        )
    notes = [note for one in inputs for note in one.notes]
    places = groups[0].inputs[0].name + (f" and {len(inputs) - 1:,} others" if inputs[1:] else "")
    why = f": {notes[0]}" if notes else "; a header alone is none"
    raise InputError(f"no review was read from {places}{why}")


def _read_and_rejected(one: StagedInput) -> tuple[int, int]:
    return one.read, sum(one.rejected.values())


def _rejects(directories: Sequence[Path]) -> Iterator[pa.Table]:
    for directory in directories:
        with (directory / REJECTS_FILE).open("rb") as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])

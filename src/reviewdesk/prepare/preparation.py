"""One preparation, from opened inputs to the folder in its place."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from reviewdesk import __version__
from reviewdesk.engines.base import Engine
from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.errors import (
    InputError,
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
from reviewdesk.prepare.manifest import build_manifest, file_notes
from reviewdesk.prepare.outcome import check_something_left
from reviewdesk.prepare.parts import RowDecisions, write_parts
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import write_rejects
from reviewdesk.prepare.shared_workspace import SharedWorkspace, workspace_of
from reviewdesk.prepare.staged import (
    REJECTS_FILE,
    InputGroup,
    StagedGroup,
    groups_of,
    staged,
)
from reviewdesk.prepare.staging import stage
from reviewdesk.prepare.workspace import Workspace, state_of
from reviewdesk.progress import Progress, Task
from reviewdesk.runlog import RunLog
from reviewdesk.schema import kept_columns
from reviewdesk.settings import CleanSettings, PrepareSettings
from reviewdesk.sources import Input
from reviewdesk.sources.deciding import Deciding
from reviewdesk.sources.readings import AUTO, Evidence, Reading


class Preparation:
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
        workspace = workspace_of(self._out)
        workspace.remove()
        workspace.begin({"engine": engine.name})
        cluster = Distributed(
            self._inputs,
            engine,
            str(workspace.path),
            str(workspace.result),
            settings=self._settings,
            prepare=self._prepare,
            clean=self._clean,
            progress=self._progress,
        )
        with self._log.timed("read"):
            groups = cluster.stage()
        _check_something_left(groups, workspace)
        with self._log.timed("write"):
            manifest = cluster.write(groups)
        self._finish(manifest, workspace)
        return PreparedData(self._out, manifest, file_notes(manifest))

    def run(self) -> PreparedData:
        """Do the steps that are not done yet."""
        note = self._workspace.begin(self._plan())
        as_before = self._earlier is not None and self._earlier.link(
            self._workspace, self._corrections, self._prepare
        )
        with self._log.timed("read"):
            groups = self._stage()
        staged = [group.staged for group in groups]
        _check_something_left(groups, self._workspace)
        directories = [self._workspace.inputs(number) for number in range(len(groups))]
        runs = place_runs(staged, directories)
        with (
            self._log.timed("duplicates"),
            DuckDBEngine(temp_directory=self._workspace.spill) as engine,
        ):
            decided = self._find(staged, runs, engine)
        with self._log.timed("write"):
            if self._earlier is not None and as_before:
                self._earlier.reuse(runs, decided, self._workspace)
            kept = kept_columns(self._settings["source"].get("keep", ()))
            contents = write_parts(
                runs, decided, self._prepare, self._workspace, self._progress, kept
            )
            by_name = sorted(range(len(groups)), key=lambda number: groups[number].places)
            rejects = _rejects([directories[number] for number in by_name])
            write_rejects(self._workspace.result / REJECTS_TABLE, rejects)
        manifest = build_manifest(
            self._settings,
            groups,
            decided.verdicts,
            dropped_by_input(decided.verdicts, staged, runs),
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
        self._finish(manifest, self._workspace)
        notes = (note, *file_notes(manifest)) if note else file_notes(manifest)
        notes = (*notes, *self._notes_of_lengths(staged))
        return PreparedData(self._out, manifest, notes)

    def _find(
        self, staged: Sequence[StagedGroup], runs: Sequence[PlacedRun], engine: Engine
    ) -> RowDecisions:
        """Return what is to become of each row."""
        directory = self._workspace.duplicates
        unknown_before = self._prepare.length == "auto"
        bounds = self._bounds(staged) if unknown_before else None
        verdicts = find_duplicates(runs, directory, engine, bounds)
        return RowDecisions(verdicts, find_copies(runs, verdicts, directory, engine))

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
            raise questions[0].error()
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

    def _finish(self, manifest: dict[str, Any], workspace: Workspace | SharedWorkspace) -> None:
        self._log.rows.update(manifest["rows"])
        self._log.fingerprints["data"] = manifest["fingerprint"]
        workspace.publish(self._out, manifest, self._log)


def _check_something_left(
    groups: Sequence[InputGroup], workspace: Workspace | SharedWorkspace
) -> None:
    try:
        check_something_left(groups)
    except InputError:
        workspace.remove()
        raise


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


def _otherwise(input_: Input, before: Reading, after: Reading) -> str:
    """Return why files cannot be added: with them, those before would be read in another way."""
    if before.scale != after.scale:
        otherwise = f"ratings as {after.scale} and not as {before.scale}; say --stars-scale"
    else:
        otherwise = "dates in another order; say --date-order"
    return (
        f"with these files, {input_.name} and what was read in the same way would have been read "
        f"with {otherwise} for what is added if that is wrong, or prepare all files in one run"
    )


def _rejects(directories: Sequence[Path]) -> Iterator[pa.Table]:
    for directory in directories:
        with (directory / REJECTS_FILE).open("rb") as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])

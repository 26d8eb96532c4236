"""Preparing on a cluster: its machines read, compare and write; here it is only decided.

The steps are those of one machine and so are the bytes of the result. What differs is where things
are: runs lie on storage that all machines share, verdicts lie beside their run and not in one
array, and a part is written wherever its pieces are sent. Neither a review nor a verdict comes to
this process; it sees counts, and a few lines about each input, run and part.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow.parquet as pq

from reviewdesk.engines.base import Engine
from reviewdesk.engines.shared import folder
from reviewdesk.prepare.copies import COPIES_QUERY
from reviewdesk.prepare.duplicates import (
    DUPLICATE_RULES,
    LENGTH_RULES,
    VerdictCounts,
    rating_verdicts,
    verdict_steps,
)
from reviewdesk.prepare.layout import RATINGS
from reviewdesk.prepare.lengths import LengthBounds, derived_bounds, given_bounds
from reviewdesk.prepare.manifest import build_manifest
from reviewdesk.prepare.parts import Contents, PartFile
from reviewdesk.prepare.staged import InputGroup, StagedGroup, StagedInput, groups_of
from reviewdesk.prepare.staging import PLACE_ROW_BITS, PLACE_RUN_BITS
from reviewdesk.prepare.tasks import (
    DECIDED,
    PIECES_FILE,
    WriteDecided,
    WritePart,
    decided_name,
    keys_file,
    stage_item,
    write_all_rejects,
)
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import kept_columns
from reviewdesk.settings import CleanSettings, PrepareSettings
from reviewdesk.sources import Input
from reviewdesk.sources.deciding import Deciding
from reviewdesk.sources.descriptions import input_json
from reviewdesk.sources.readings import Evidence
from reviewdesk.sources.splits import splits

_BY_RUN: Final = f"""
SELECT place >> {PLACE_RUN_BITS + PLACE_ROW_BITS} AS item,
    (place >> {PLACE_ROW_BITS}) & {(1 << PLACE_RUN_BITS) - 1} AS run, {{columns}}
FROM ({{query}}) AS found
"""


@dataclass(frozen=True)
class StagedItem:
    """What one task has staged.

    Args:
        directory: where its files are.
        runs: how many runs it wrote.
        rating_runs: those of reviews that have stars and no text.
        staged: what was counted.
    """

    directory: str
    runs: int
    rating_runs: Sequence[int]
    staged: StagedGroup


class Distributed:
    """One preparation on a cluster, from opened inputs to a folder that waits for its manifest.

    Args:
        inputs: what to read.
        engine: runs the tasks and compares the keys.
        workspace: a folder that every machine reaches under this name; it should be empty.
        result: the folder that is to become the prepared one, reached in the same way.
        settings: all settings, as the manifest has them.
        prepare: how reviews are filtered and de-duplicated.
        clean: how text is cleaned.
        progress: is shown how far it has come.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        engine: Engine,
        workspace: str,
        result: str,
        *,
        settings: dict[str, Any],
        prepare: PrepareSettings,
        clean: CleanSettings,
        progress: Progress = SILENT,
    ) -> None:
        self._inputs = inputs
        self._engine = engine
        self._workspace = workspace
        self._result = result
        self._settings = settings
        self._prepare = prepare
        self._clean = clean
        self._progress = progress

    def stage(self) -> list[InputGroup]:
        """Read the inputs; those again whose ratings or dates others tell to read otherwise.

        Raises:
            UsageError: the values of a column can be read in two ways.
        """
        places = groups_of(self._inputs)
        groups = [tuple(self._inputs[place] for place in group) for group in places]
        pieces = [
            (number, piece) for number, group in enumerate(groups) for piece in _pieces(group)
        ]
        self._group_of = [number for number, _ in pieces]
        self._items = self._staged({item: piece for item, (_, piece) in enumerate(pieces)})
        deciding = Deciding()
        for group, item in zip(self._group_of, self._items.values(), strict=True):
            deciding.add(groups[group][0], item.staged.evidence)
        decisions = [deciding.decision(group[0]) for group in groups]
        again = {}
        for number, (group, piece) in enumerate(pieces):
            staged, reading = self._items[number].staged, decisions[group].reading
            if not reading.reads_as(staged.reading, staged.evidence):
                again[number] = tuple(replace(one, reading=reading) for one in piece)
        self._items.update(self._staged(again))
        if questions := [question for one in decisions for question in one.questions]:
            raise questions[0].error()
        parts: list[list[StagedGroup]] = [[] for _ in groups]
        for group, item in zip(self._group_of, self._items.values(), strict=True):
            parts[group].append(item.staged)
        return list(map(InputGroup, places, groups, map(_joined, parts), decisions))

    def _staged(self, groups: dict[int, tuple[Input, ...]]) -> dict[int, StagedItem]:
        """Return what the tasks staged, by item."""
        items = [
            json.dumps(
                {
                    "number": number,
                    "inputs": [input_json(one) for one in group],
                    "workspace": self._workspace,
                    "prepare": self._prepare.to_json(),
                    "clean": self._clean.to_json(),
                }
            )
            for number, group in groups.items()
        ]
        done = self._progress.track(
            self._engine.map_items(items, stage_item), "Reading", len(items), "tasks"
        )
        return {number: _item(json.loads(text)) for number, text in zip(groups, done, strict=True)}

    def bounds(self) -> LengthBounds:
        """Return the lengths of bodies that stay."""
        if self._prepare.length != "auto":
            return given_bounds(self._prepare)
        lengths: Counter[int] = Counter()
        for item in self._items.values():
            lengths.update(item.staged.lengths)
        return derived_bounds(lengths)

    def write(self, groups: Sequence[InputGroup]) -> dict[str, Any]:
        """Compare all rows, write the parts, and return the manifest.

        Args:
            groups: what was read.
        """
        bounds = self.bounds()
        decided, copies = self._decide(bounds if self._prepare.length == "auto" else None)
        parts = self._parts(decided, copies)
        directories = [item.directory for item in self._items.values()]
        task = json.dumps({"result": self._result, "directories": directories})
        list(self._engine.map_items([task], write_all_rejects))
        counts = VerdictCounts(
            {
                rule: sum(sum(one["dropped"][rule]) for one in decided)
                for rule in {**DUPLICATE_RULES, **self._length_rules}.values()
            },
            sum(one["numbered"] for one in decided),
            sum(one["derived"] for one in decided),
        )
        by_input = self._dropped_by_input(groups, decided)
        return build_manifest(self._settings, groups, counts, by_input, bounds, parts)

    @property
    def _length_rules(self) -> dict[int, str]:
        return LENGTH_RULES if self._prepare.length == "auto" else {}

    def _decide(
        self, bounds: LengthBounds | None
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return of which runs some rows are decided, and of which some are copies."""
        texts, ratings = (self._keys(ratings=ratings) for ratings in (False, True))
        if not texts:
            return [], []
        self._engine.add_table("keys", texts)
        with self._progress.task("Comparing", 2, "steps") as task:
            steps, verdicts = verdict_steps(bounds)
            for name, sql in steps.items():
                self._engine.keep(name, sql, f"{self._workspace}/steps")
            if ratings:
                self._engine.add_table("rating_keys", ratings)
                verdicts = (
                    f"{verdicts} UNION ALL SELECT * FROM ({rating_verdicts(bounds)}) AS rated"
                )
            decided = self._written("decided", verdicts, "place, verdict")
            task.advance()
            self._engine.add_table("keys", [*texts, *ratings])
            self._engine.add_table("decided", [self._none(), *self._names("decided", decided)])
            copies = self._written("copies", COPIES_QUERY, "place, original")
            task.advance()
        return decided, copies

    def _keys(self, *, ratings: bool) -> list[str]:
        return [
            keys_file(item.directory, run)
            for item in self._items.values()
            for run in range(item.runs)
            if (run in item.rating_runs) == ratings
        ]

    def _written(self, kind: str, query: str, columns: str) -> list[dict[str, Any]]:
        items = self._items.values()
        write = WriteDecided(
            self._workspace,
            kind,
            [item.directory for item in items],
            [len(item.staged.inputs) for item in items],
        )
        sql = _BY_RUN.format(columns=columns, query=query)
        return list(
            map(json.loads, self._engine.map_groups(sql, ["item", "run"], ["place"], write))
        )

    def _names(self, kind: str, written: Iterable[dict[str, Any]]) -> list[str]:
        names = sorted(decided_name(one["item"], one["run"]) for one in written)
        return [f"{self._workspace}/{kind}/{name}" for name in names]

    def _none(self) -> str:
        """Return an empty table of decided rows: there may be no other."""
        with folder(f"{self._workspace}/nothing") as local:
            pq.write_table(DECIDED.empty_table(), local / "decided.parquet")
        return f"{self._workspace}/nothing/decided.parquet"

    def _parts(
        self, decided: Sequence[dict[str, Any]], copies: Sequence[dict[str, Any]]
    ) -> Contents:
        items = self._items.values()
        files = [f"{item.directory}/{PIECES_FILE}" for item in items]
        self._engine.add_table("pieces", files)
        write = WritePart(
            self._workspace,
            self._result,
            [item.directory for item in items],
            frozenset(decided_name(one["item"], one["run"]) for one in decided),
            frozenset(decided_name(one["item"], one["run"]) for one in copies),
            self._prepare.to_json(),
            kept_columns(self._settings["source"].get("keep", ())),
        )
        done = self._engine.map_groups(
            "SELECT * FROM pieces", ["part"], ["item", "run", "number"], write
        )
        parts = [
            PartFile.from_json(json.loads(text))
            for text in self._progress.track(done, "Writing", None, "parts")
        ]
        return Contents.of(sorted(parts, key=lambda one: (one.part == RATINGS, one.part)))

    def _dropped_by_input(
        self, groups: Sequence[InputGroup], decided: Sequence[dict[str, Any]]
    ) -> list[list[dict[str, int]]]:
        rules = {**DUPLICATE_RULES, **LENGTH_RULES}.values()
        dropped = [[dict.fromkeys(rules, 0) for _ in group.inputs] for group in groups]
        for one in decided:
            for rule, counts in one["dropped"].items():
                for number, count in enumerate(counts):
                    dropped[self._group_of[one["item"]]][number][rule] += count
        return dropped


def _pieces(group: tuple[Input, ...]) -> list[tuple[Input, ...]]:
    """Return what each task reads of a group of inputs."""
    return [group] if len(group) > 1 else [(piece,) for piece in splits(group[0])]


def _joined(pieces: Sequence[StagedGroup]) -> StagedGroup:
    """Return what was counted in all pieces of a group; what several of them note, once."""
    first, *others = pieces
    if not others:
        return first
    evidence = Evidence()
    for piece in pieces:
        evidence.update(piece.evidence)
    inputs = [piece.inputs[0] for piece in pieces]
    whole = StagedInput(
        sha256=inputs[0].sha256,
        read=sum(one.read for one in inputs),
        rejected=_sum(one.rejected for one in inputs),
        dropped=_sum(one.dropped for one in inputs),
        notes=tuple(dict.fromkeys(note for one in inputs for note in one.notes)),
    )
    return replace(
        first,
        inputs=(whole,),
        unreadable=_sum(piece.unreadable for piece in pieces),
        readable=_sum(piece.readable for piece in pieces),
        changed=_sum(piece.changed for piece in pieces),
        evidence=evidence,
    )


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def _item(written: dict[str, Any]) -> StagedItem:
    staged = StagedGroup.from_json(written["staged"])
    return StagedItem(written["directory"], written["runs"], written["rating_runs"], staged)

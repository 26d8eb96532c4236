"""What is known of inputs that are staged: what was counted in each, and where their rows are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from reviewdesk.prepare.layout import are_files
from reviewdesk.prepare.runs import StagedRun
from reviewdesk.sources import Input
from reviewdesk.sources.deciding import Shared, shared
from reviewdesk.sources.readings import Decision, Evidence, Reading
from reviewdesk.storage import left_record, storage_errors

MARKER: Final = "staged.json"
REJECTS_FILE: Final = "rejects.arrow"

SMALL_BYTES: Final = 256 * 1024
"""An input of so many bytes at most is staged together with others."""
GROUP_BYTES: Final = 16 * 1024 * 1024
GROUP_INPUTS: Final = 2_000
"""What one group holds at most: as much is read again after a kill."""


@dataclass(frozen=True)
class StagedInput:
    """What is known of a staged input.

    Args:
        sha256: digest of its bytes.
        read: rows in it, good and bad.
        rejected: rows that could not be read, by reason.
        dropped: reviews that a rule left out, by rule.
        notes: sentences about it that its owner must see.
    """

    sha256: str
    read: int
    rejected: Mapping[str, int]
    dropped: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return it from plain JSON values."""
        return cls(**{**data, "notes": tuple(data["notes"])})


@dataclass(frozen=True)
class StagedGroup:
    """What is known of inputs that were staged together; most groups have one.

    Args:
        inputs: each of them, in order.
        unreadable: optional values that became null, by column.
        readable: values that could be read, by column.
        changed: texts that cleaning changed, by column.
        lengths: reviews by the characters of their body, where bounds are to be derived from them.
        evidence: what their ratings and dates tell of how they are to be read.
        reading: how they were read.
        runs: where their reviews are.
        rejects: digest of the file with the rows that could not be read.
        corrected: rows that each correction changed, by its number.
    """

    inputs: tuple[StagedInput, ...]
    unreadable: Mapping[str, int]
    readable: Mapping[str, int]
    changed: Mapping[str, int]
    lengths: Mapping[int, int]
    evidence: Evidence
    reading: Reading
    runs: tuple[StagedRun, ...]
    rejects: str
    corrected: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            **values,
            "inputs": [vars(one) for one in self.inputs],
            "lengths": sorted(self.lengths.items()),
            "evidence": self.evidence.to_json(),
            "reading": self.reading.to_json(),
            "runs": [run.to_json() for run in self.runs],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return it from plain JSON values."""
        values = {
            "inputs": tuple(StagedInput.from_json(one) for one in data["inputs"]),
            "lengths": dict(data["lengths"]),
            "evidence": Evidence.from_json(data["evidence"]),
            "reading": Reading.from_json(data["reading"]),
            "runs": tuple(StagedRun.from_json(run) for run in data["runs"]),
        }
        return cls(**{**data, **values})


class InputGroup(NamedTuple):
    """Inputs that were staged together.

    Args:
        places: of the inputs among all that were given.
        inputs: each of them.
        staged: what is known of them.
        decision: how their ratings and dates were read, and what has to be said of it.
    """

    places: tuple[int, ...]
    inputs: tuple[Input, ...]
    staged: StagedGroup
    decision: Decision


def staged(directory: Path) -> StagedGroup | None:
    """Return the inputs that an earlier run has staged; None where a file is not as it was written.

    Args:
        directory: the group's own.
    """
    marker = left_record(directory / MARKER)
    if marker is None:
        return None
    group = StagedGroup.from_json(marker)
    with storage_errors(str(directory)):
        whole = are_files(group.rejects, directory / REJECTS_FILE) and all(
            run.is_whole(directory) for run in group.runs
        )
    return group if whole else None


def groups_of(inputs: Sequence[Input]) -> list[tuple[int, ...]]:
    """Return which inputs are staged together, as places in the list.

    Those are small files of one format whose columns have the same names and are read in one way;
    every other input is a group of its own.
    """
    groups: list[list[int]] = []
    open_groups: dict[tuple[Any, ...], tuple[list[int], int]] = {}
    for number, input_ in enumerate(inputs):
        if input_.file.folder or input_.bytes > SMALL_BYTES:
            groups.append([number])
            continue
        kind = _kind(input_)
        group, size = open_groups.get(kind, ([], 0))
        if not group or len(group) >= GROUP_INPUTS or size + input_.bytes > GROUP_BYTES:
            group, size = [], 0
            groups.append(group)
        group.append(number)
        open_groups[kind] = group, size + input_.bytes
    return [tuple(group) for group in groups]


def _kind(one: Input) -> tuple[Any, ...]:
    columns: tuple[Shared, ...] = tuple(shared(one, name) for name in sorted(one.columns.columns))
    return type(one.reader), id(one.reader.settings), one.reading, columns

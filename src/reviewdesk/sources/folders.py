"""What in a folder is read, and what is left alone and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from reviewdesk.schema import REJECTS
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.stream import head

NAMES_SHOWN: Final = 3
REASONS_SHOWN: Final = 12

OWN: Final = "written by reviewdesk"
ASIDE: Final = "hidden, or beside data that a program wrote"
EMPTY: Final = "empty"
UNKNOWN: Final = "in no format that is read"
NO_TEXT: Final = "without a column known to hold the text"
COMPANION: Final = "about the products; read along with the reviews"

_MARKS: Final = (b'"format": "reviewdesk.', b'"reviewdesk":')
_OWN_FILES: Final = {
    **dict.fromkeys(("manifest.json", "findings.json", "log.json", "evaluation.json"), _MARKS),
    "job.json": (b'"digest": "',),
}
"""Files that stand in a folder of ours → what is in them, one of these."""

_OWN_TABLES: Final = (
    frozenset({"review_id", "model_id", "fold", "label", "probability"}),
    frozenset(REJECTS.names),
)
"""Columns of predictions and of rows that could not be read."""


@dataclass(frozen=True)
class LeftAlone:
    """A file that is not read.

    Args:
        name: how it is listed.
        reason: why, as it can follow its name.
    """

    name: str
    reason: str


def warnings(left: Sequence[LeftAlone]) -> list[str]:
    """Return a sentence about tables left alone that may hold reviews all the same."""
    names = [one.name for one in left if one.reason == NO_TEXT]
    if not names:
        return []
    some = ", ".join(names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return [
        f"NOT READ: {some}{more}, as no column there is known to hold the reviews' text; if they "
        "are reviews, prepare them by name with --map review_body=COLUMN"
    ]


def own_outputs(files: Sequence[SourceFile]) -> list[str]:
    """Return the folders, below the one that the user gave, that reviewdesk itself has written.

    Args:
        files: all files of the folder that the user gave.
    """
    return [
        f"{PurePosixPath(file.name).parent}/"
        for file in files
        if "/" in file.name
        and (marks := _OWN_FILES.get(PurePosixPath(file.name).name))
        and any(mark in head(file) for mark in marks)
    ]


def is_own_table(columns: Iterable[str]) -> bool:
    """Say whether a table is one that reviewdesk has written beside a folder of its own."""
    given = frozenset(columns)
    return any(given >= names for names in _OWN_TABLES)


def listing(read: Sequence[tuple[str, str]], left: Sequence[LeftAlone]) -> Iterator[str]:
    """Yield what was read and what was left alone, in a screenful however many files there are.

    Args:
        read: name and format of each file that is read.
        left: the others.
    """
    yield from _lines("read as", [(form, name) for name, form in read])
    yield from _lines("left alone:", [(one.reason, one.name) for one in left])


def _lines(what: str, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    names: dict[str, list[str]] = defaultdict(list)
    for reason, name in pairs:
        names[reason].append(name)
    groups = Counter({reason: len(found) for reason, found in names.items()}).most_common()
    for reason, count in groups[:REASONS_SHOWN]:
        some = ", ".join(names[reason][:NAMES_SHOWN])
        more = f" and {count - NAMES_SHOWN:,} more" if count > NAMES_SHOWN else ""
        yield f"{what} {reason}: {some}{more}"
    if len(groups) > REASONS_SHOWN:
        rest = sum(count for _, count in groups[REASONS_SHOWN:])
        yield f"{what} for other reasons: {rest:,} files"

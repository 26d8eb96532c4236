"""What is done to findings: decisions, assignments, snoozes, comments, and undoing them."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from reviewdesk.errors import UsageError

RIGHT: Final = "right"
WRONG: Final = "wrong"
UNSURE: Final = "unsure"
VERDICTS: Final = (RIGHT, WRONG, UNSURE)

DECIDE: Final = "decide"
ASSIGN: Final = "assign"
SNOOZE: Final = "snooze"
COMMENT: Final = "comment"
UNDO: Final = "undo"
KINDS: Final = (DECIDE, ASSIGN, SNOOZE, COMMENT, UNDO)

LONGEST_TEXT: Final = 2_000
"""Characters of a reason or a comment."""


class Subject(NamedTuple):
    """What a decision is about, kept beside it for when the finding is there no more."""

    finding_id: str
    finder: str
    kind: str
    what: str
    title: str | None
    stands: str | None
    suggested: str | None
    score: float
    promise: float


class Action(NamedTuple):
    """One row: who did what to which finding, and when.

    Args:
        id: in the order in which they were done.
        batch: equal for what was done at once.
        at: when, in UTC, as ISO 8601 has it.
        author: who.
        finding_id: to which finding.
        kind: one of ``KINDS``.
        value: a verdict, an assignee, a day, a comment; of an undo, the batch that it undoes.
        reason: of a verdict; empty without.
        undone: the undo that undid it; None while it stands.
    """

    id: int
    batch: int
    at: str
    author: str
    finding_id: str
    kind: str
    value: str
    reason: str
    undone: int | None


def check_action(kind: str, value: str, author: str, reason: str) -> None:
    """Refuse what cannot be written down.

    Raises:
        UsageError: a kind, a verdict, a day or an author is none, or a text is too long.
    """
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is nothing that is done to findings")
    if kind == DECIDE and value not in VERDICTS:
        raise UsageError(f"a decision is {', '.join(VERDICTS[:-1])} or {UNSURE}, not {value!r}")
    if kind == SNOOZE and value:
        check_day(value)
    if kind == UNDO and not (value.isascii() and value.isdecimal() and len(value) < 16):
        raise UsageError("an undo names the number of what it undoes")
    if kind == COMMENT and not value.strip():
        raise UsageError("the comment is empty")
    if not author.strip() or len(author) > 100:
        raise UsageError("whoever decides needs a name of at most 100 characters")
    if len(value) > LONGEST_TEXT or len(reason) > LONGEST_TEXT:
        raise UsageError(f"a reason or comment may have at most {LONGEST_TEXT:,} characters")
    try:
        text = f"{value}{reason}{author}".encode()
    except UnicodeEncodeError as error:
        raise UsageError("a text holds characters that are none") from error
    if b"\0" in text:
        raise UsageError("a text holds characters that are none")


def check_day(value: str) -> None:
    """Refuse what is no day as in 2026-11-30.

    Raises:
        UsageError: it is none.
    """
    try:
        datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"{value[:20]!r} is no day; write one as in 2026-11-30") from error

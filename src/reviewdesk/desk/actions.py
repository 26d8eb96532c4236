"""What is done to findings: decisions, assignments, snoozes, comments, and undoing them."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from reviewdesk.desk.texts import Texts
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


def check_action(kind: str, value: str, author: str, reason: str, say: Texts | None = None) -> None:
    """Refuse what cannot be written down.

    Args:
        kind: one of ``KINDS``.
        value: as in ``Action``.
        author: who.
        reason: of a verdict.
        say: the desk's sentences; None for English.

    Raises:
        UsageError: a kind, a verdict, a day or an author is none, or a text is too long.
    """
    say = say or Texts.english()
    if kind not in KINDS:
        raise UsageError(say("error.no_action"))
    if kind == DECIDE and value not in VERDICTS:
        raise UsageError(say("error.no_verdict", verdicts=", ".join(VERDICTS)))
    if kind == SNOOZE and value:
        check_day(value, say)
    if kind == UNDO and not (value.isascii() and value.isdecimal() and len(value) < 16):
        raise UsageError(say("error.no_batch"))
    if kind == COMMENT and not value.strip():
        raise UsageError(say("error.no_comment"))
    if not author.strip() or len(author) > 100:
        raise UsageError(say("error.no_author"))
    if len(value) > LONGEST_TEXT or len(reason) > LONGEST_TEXT:
        raise UsageError(say("error.long_text", n=LONGEST_TEXT))
    try:
        text = f"{value}{reason}{author}".encode()
    except UnicodeEncodeError as error:
        raise UsageError(say("error.no_text")) from error
    if b"\0" in text:
        raise UsageError(say("error.no_text"))


def check_day(value: str, say: Texts) -> None:
    """Refuse what is no day as in 2026-11-30.

    Args:
        value: the day.
        say: the desk's sentences.

    Raises:
        UsageError: it is none.
    """
    try:
        datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(say("error.no_day", day=value[:20])) from error

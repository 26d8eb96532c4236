"""Write reviews in a dialect, read them back with nothing told, and compare field by field."""

import contextlib
import gzip
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from bench.dialects.base import Dialect
from bench.dialects.reviews import AMAZON_COLUMNS, Review, Reviews
from reviewdesk.errors import ReviewdeskError
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import open_inputs
from reviewdesk.sources.deciding import Deciding, decided, evidence_of

OUTCOMES: Final = ("right", "refused", "told", "SILENT")
SHOWN: Final = 300
"""Characters of a file or a value that an example shows."""


@dataclass(frozen=True)
class ReadBack:
    """What was read: reviews, how many rows were rejected, values lost by column, and notes."""

    rows: list[Review]
    rejected: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    notes: str = ""


@dataclass(frozen=True)
class Verdict:
    """How a pair came out.

    Args:
        outcome: one of ``OUTCOMES``.
        kind: what went wrong, the same for failures of one kind.
        example: what was right and what was read.
    """

    outcome: str
    kind: str = ""
    example: str = ""


def judged(dialect: Dialect, reviews: Reviews, compressed: bool = False) -> Verdict:
    """Write reviews in a dialect, read them back, and compare."""
    kept = dialect.kept(reviews)
    with written(dialect, kept, compressed) as place:
        try:
            back = read_back(place)
        except ReviewdeskError as error:
            return Verdict("refused", str(error).replace(str(place), place.name))
        except Exception as error:  # whatever it is, it is what this looks for
            return Verdict("SILENT", f"a traceback: {type(error).__name__}", str(error)[:SHOWN])
    return compared(kept, back)


@contextlib.contextmanager
def written(dialect: Dialect, kept: Reviews, compressed: bool) -> Iterator[Path]:
    """Write reviews and yield the file or folder."""
    with tempfile.TemporaryDirectory(prefix="fidelity-") as name:
        place = dialect.write(kept, Path(name))
        if compressed:
            zipped = place.with_name(place.name + ".gz")
            zipped.write_bytes(gzip.compress(place.read_bytes(), 1))
            place.unlink()
            place = zipped
        yield place


def read_back(place: Path) -> ReadBack:
    """Read a file or folder as reviewdesk does when nothing is told.

    Raises:
        ReviewdeskError: it is refused.
    """
    back = ReadBack([])
    notes: list[str] = []
    deciding = Deciding()
    inputs = open_inputs([str(place)], SourceSettings())
    for one in inputs:
        if one.reader.general:
            decision = deciding.decision(one, evidence_of(one))
            notes += decision.sentences
            for question in decision.questions:
                raise question.error()
    for one in decided(inputs):
        for batch in one.read():
            back.rows.extend(batch.reviews.to_pylist())
            back.rejected.update(batch.rejects["reason"].to_pylist())
            back.unreadable.update(batch.unreadable)
            notes.extend(batch.notes)
    return replace(back, notes="\n".join(notes))


def compared(right: Reviews, back: ReadBack) -> Verdict:
    """Compare what was read with what is right."""
    lost = len(right.rows) - len(back.rows)
    if lost < 0 and "quotes do not pair up" in back.notes:
        return Verdict("told", "a field with whole records in it is read as these")
    if lost < 0 or lost > back.rejected.total():
        example = f"{len(right.rows)} rows, {len(back.rows)} read, rejected: {dict(back.rejected)}"
        return Verdict("SILENT", "rows lost or merged" if lost > 0 else "too many rows", example)
    missing: Counter[str] = Counter()
    for wanted, got in _paired(right.rows, back.rows):
        for column, value in _differences(wanted, got):
            if isinstance(got[column], str) and got[column].replace('\\"', '"') == value:
                continue  # cleaning takes away a backslash before a quote
            missing[column] += 1
            silent = got[column] is not None or missing[column] > back.unreadable[column]
            if silent and not _named(column, right, back.notes):
                kind = f"{column} {'lost' if got[column] is None else 'changed'}"
                example = f"right {shown(value)}\nread  {shown(got[column])}"
                return Verdict("SILENT", kind, example)
    told = back.rejected.total() or missing.total()
    return Verdict("told", f"{dict(back.rejected)} {dict(missing)}") if told else Verdict("right")


def _differences(right: Review, read: Review) -> Iterator[tuple[str, Any]]:
    """Yield columns that differ, and what is right; nothing and an empty text are the same."""
    for column in AMAZON_COLUMNS:
        value = right.get(column)
        value = None if value == "" else value
        derived = column == "review_id" and value is None
        if column == "product_id" and value is None:  # titles tell products apart
            title = normalize("NFC", read["product_title"] or "").strip()
            derived = (read[column] or "") in ("", title)
        if read[column] != value and not derived:
            yield column, value


def _named(column: str, right: Reviews, notes: str) -> bool:
    return column in notes or (column in right.names and right.names[column] in notes)


def _paired(right: Sequence[Review], read: Sequence[Review]) -> Iterator[tuple[Review, Review]]:
    """Pair rows in order; those that were rejected are passed over by their text."""
    spare, place = len(right) - len(read), 0
    for row in read:
        for skip in range(spare + 1):
            if right[place + skip]["review_body"] == row["review_body"]:
                spare, place = spare - skip, place + skip
                break
        yield right[place], row
        place += 1


def shown(value: Any) -> str:
    """Return a value as an example shows it."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... of {len(text):,} characters"

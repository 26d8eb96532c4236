r"""Records without quotes, in which special characters stand behind a backslash.

MySQL (``INTO OUTFILE``, ``--batch``), PostgreSQL's ``COPY`` as text and Hive write so: a separator,
a line break or a backslash of a text has a backslash before it, or is a letter behind one (``\t``,
``\n``), and ``\N`` alone is nothing. Sources: MySQL, "LOAD DATA"; PostgreSQL, "COPY, Text Format".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from reviewdesk.sources.base import Tally
from reviewdesk.sources.lines import LineBlock, numbered_lines, records_at_returns
from reviewdesk.sources.raw_rows import RawRows, RowBuilder

MAX_LINES: Final = 10_000
"""Lines that backslashes at their ends may hold together."""

LETTERS: Final = {
    **{b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f", b"b": b"\b", b"0": b"\0"}
}
"""What a letter behind a backslash stands for; any other character stands for itself."""

NOTHING: Final = b"\\N"

_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_DRIVE: Final = re.compile(rb"(?:^|[^A-Za-z])[A-Za-z]:$")
_HIDDEN_SLASH: Final = b"\xff\x00"
_HIDDEN_SEPARATOR: Final = b"\xff\x01"
"""Stand for escaped characters while a record is cut; they are no UTF-8."""


@dataclass
class EscapeFacts:
    """What the backslashes of a file look like when each of them escapes something.

    Args:
        odd_line: the first line with a backslash that escapes nothing; 0 if there is none.
        sure: escaped separators and line breaks, and fields of nothing.
        letters: letters behind a backslash.
        slashes: escaped backslashes.
        slashes_at_quotes: of these, those before a quote: in old files of Amazon's layout two
            backslashes stand there for no reason.
        quotes: all quotes.
        escaped_quotes: those behind a backslash.
        faults: records with another number of fields than the header.
        columns: the places of fields that have backslashes.
    """

    odd_line: int = 0
    sure: int = 0
    letters: int = 0
    slashes: int = 0
    slashes_at_quotes: int = 0
    quotes: int = 0
    escaped_quotes: int = 0
    faults: int = 0
    columns: set[int] = field(default_factory=set)

    @property
    def only_escaped_quotes(self) -> bool:
        """Whether there are quotes, and each has a backslash before it."""
        return self.quotes > 0 and self.quotes == self.escaped_quotes

    @property
    def evidence(self) -> bool:
        """Whether something is escaped that would not be so by chance."""
        return bool(self.sure or self.letters or self.slashes > 2 * self.slashes_at_quotes)


def escaped_rows(
    blocks: Iterator[LineBlock], names: Sequence[str | None], tally: Tally, delimiter: str
) -> Iterator[RawRows]:
    """Yield records below the header.

    Args:
        blocks: the lines of the file.
        names: for each field of a record, the column of the reviews table that it holds, or None.
        tally: where records go that have another number of fields or are not UTF-8.
        delimiter: what separates fields.
    """
    places = [place for place, name in enumerate(names) if name is not None]
    builder = RowBuilder([name for name in names if name is not None])
    changed: set[int] = set()
    for line, raw in _at_returns(joined_lines(blocks), len(names), delimiter.encode()):
        fields = cut_escaped(raw, delimiter.encode())
        if len(fields) == len(names) + 1 and not fields[-1]:
            del fields[-1]
        if len(fields) != len(names):
            tally.rejects.add(line, "wrong_field_count", raw)
            continue
        try:
            builder.add([_text(fields[place]) for place in places], raw, line)
        except UnicodeDecodeError:
            tally.rejects.add(line, "bad_utf8", raw)
        if b"\\" in raw:
            changed.update(place for place in places if b"\\" in fields[place])
        if builder.full:
            yield builder.take()
    if changed:
        where = ", ".join(str(names[place]) for place in sorted(changed))
        tally.notes.append(
            f"{tally.file} has backslashes before line breaks, separators and backslashes, or "
            f"letters such as n behind them, in {where}: they are read as what they stand for; "
            "--quoting none keeps them"
        )
    yield builder.take()


def _at_returns(
    records: Iterator[tuple[int, bytes]], width: int, delimiter: bytes
) -> Iterator[tuple[int, bytes]]:
    r"""Yield records; where lone ``\r`` divide one into several of so many fields, these."""

    def is_record(piece: bytes) -> bool:
        return len(cut_escaped(piece, delimiter)) == width

    for line, raw in records:
        ended = b"\r" in raw and not is_record(raw) and records_at_returns(raw, is_record)
        yield from ((line, piece) for piece in ended or [raw])


def escape_facts(blocks: Iterable[LineBlock], delimiter: str, width: int) -> EscapeFacts:
    """Look at a file's backslashes, up to the first that escapes nothing."""
    facts = EscapeFacts()
    for line, raw in joined_lines(blocks):
        fields = cut_escaped(raw, delimiter.encode())
        fits = len(fields) == width or (len(fields) == width + 1 and not fields[-1])
        facts.faults += not fits
        facts.quotes += raw.count(b'"')
        if b"\\" not in raw:
            continue
        for place, one in enumerate(fields):
            if b"\\" not in one:
                continue
            facts.columns.add(place)
            if not _count(one, delimiter.encode(), facts):
                facts.odd_line = line
                return facts
    return facts


def joined_lines(blocks: Iterable[LineBlock]) -> Iterator[tuple[int, bytes]]:
    """Yield records that are not empty, without their ends, and the line each begins on."""
    first, held = 0, list[bytes]()
    for number, line in numbered_lines(blocks):
        first = first if held else number
        held.append(line)
        if _goes_on(line) and len(held) < MAX_LINES:
            continue
        record = b"\n".join(held)
        held = []
        if record.strip():
            yield first, record.removesuffix(b"\r")
    if held:
        yield first, b"\n".join(held)


def cut_escaped(raw: bytes, delimiter: bytes) -> list[bytes]:
    """Return the fields of a record, their escapes as they stand."""
    if b"\\" not in raw:
        return raw.split(delimiter)
    hidden = raw.replace(b"\\\\", _HIDDEN_SLASH).replace(b"\\" + delimiter, _HIDDEN_SEPARATOR)
    return [
        one.replace(_HIDDEN_SEPARATOR, b"\\" + delimiter).replace(_HIDDEN_SLASH, b"\\\\")
        for one in hidden.split(delimiter)
    ]


def plain_field(value: bytes) -> bytes:
    """Return a field with what its escapes stand for."""
    if b"\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: LETTERS.get(found[1], found[1]), value)


def _text(value: bytes) -> str | None:
    return None if value == NOTHING else plain_field(value).decode()


def _goes_on(line: bytes) -> bool:
    """Say whether a line ends in a backslash that is not itself escaped."""
    return line.endswith(b"\\") and (len(line) - len(line.rstrip(b"\\"))) % 2 == 1


def _count(value: bytes, delimiter: bytes, facts: EscapeFacts) -> bool:
    """Count the escapes of a field; say whether each backslash is one."""
    if value == NOTHING:
        facts.sure += 1
        return True
    end = 0
    for escape in _ESCAPE.finditer(value):
        end = escape.end()
        if escape[1] == b"\\":
            facts.slashes += 1
            facts.slashes_at_quotes += value[end : end + 1] == b'"'
        elif escape[1] in (b"\n", b"\r", delimiter):
            facts.sure += 1
        elif escape[1] in LETTERS and not _DRIVE.search(value, 0, escape.start()):
            facts.letters += 1
        elif escape[1] == b'"':
            facts.escaped_quotes += 1
        else:
            return False
    return b"\\" not in value[end:]

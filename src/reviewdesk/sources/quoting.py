"""How a table's quotes are written, from every quote in the file.

Of the readings that a file allows, the one counts that leaves the fewest records which no writer
leaves. Where both fit, the writers' habits tell: who quotes at all quotes each field that has a
quote in it and doubles that, so a quote amid a bare field proves that quotes are text; and quotes
around a field that needs none, in some rows of its column only, are the author's.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from reviewdesk.sources.base import Tally
from reviewdesk.sources.delimited import Cut, Quoting, cut_of
from reviewdesk.sources.dialect import Dialect
from reviewdesk.sources.encoding import WINDOWS, is_windows_text
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.lines import LineBlock, line_blocks

NEEDS_QUOTES: Final = frozenset(b'",;|')
"""Spreadsheets put quotes around a field with one of these, whatever separates fields."""


@dataclass
class TextFacts:
    """What one pass over a whole text file saw.

    Args:
        quotes: whether it has a ``"``.
        escaped_quotes: whether it has one behind a backslash.
        windows: lines that are not UTF-8, but text in Windows-1252.
        unreadable: lines that are neither.
        utf8: lines with characters beyond ASCII that are UTF-8.
    """

    quotes: bool = False
    escaped_quotes: bool = False
    windows: int = 0
    unreadable: int = 0
    utf8: int = 0

    @property
    def encoding(self) -> str:
        """The encoding of the file, empty for UTF-8."""
        return WINDOWS if self.windows > self.utf8 + self.unreadable else ""


def text_facts(file: SourceFile) -> TextFacts:
    """Return what a pass over a whole file sees."""
    facts = TextFacts()
    for block in line_blocks(file, Tally("")):
        data = block.data
        if not facts.quotes:
            facts.quotes = b'"' in data
        if facts.quotes and not facts.escaped_quotes:
            facts.escaped_quotes = b'\\"' in data
        if not data.isascii():
            _count_encodings(data, facts)
    return facts


def _count_encodings(data: bytes, facts: TextFacts) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        facts.utf8 += 1 + sum(not line.isascii() for line in data.split(b"\n", 1000))
        return
    for line in data.split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError:
            facts.windows += is_windows_text(line)
            facts.unreadable += not is_windows_text(line)
        else:
            facts.utf8 += 1


def quoting_of(file: SourceFile, dialect: Dialect, facts: TextFacts) -> Quoting:
    """Return how the quotes of a table are written.

    Args:
        file: the table.
        dialect: its separator and columns.
        facts: what a pass over it saw.
    """
    tabs = dialect.delimiter in "\t\x1f\x01" and dialect.width > 1
    if not facts.quotes:
        return "none" if tabs else "double"
    if not tabs and not facts.escaped_quotes:
        return "double"
    best, faults = _best_quoted(file, dialect, facts)
    if not tabs or (best == "backslash" and not faults):
        return best
    return best if _is_quoted(file, dialect, faults) else "none"


def _best_quoted(file: SourceFile, dialect: Dialect, facts: TextFacts) -> tuple[Quoting, int]:
    """Return which of the readings with quoted fields leaves the fewest faults, and how many."""
    doubled = _cut(file, dialect, "double").faults
    if not facts.escaped_quotes:
        return "double", doubled
    escaped = _cut(file, dialect, "backslash").faults
    if escaped < doubled or (not escaped and _all_escaped(file, dialect)):
        return "backslash", escaped
    return "double", doubled


def _is_quoted(file: SourceFile, dialect: Dialect, faults: int) -> bool:
    """Say whether fields are quoted where they need not be; quoted, they have so many faults."""
    bare = bare_quotes(below(line_blocks(file, Tally("")), dialect.lines), dialect)
    if bare.odd_lines:
        return faults < bare.odd_lines
    return not bare.inside and not faults and bare.from_writer


def early_quoting(file: SourceFile, dialect: Dialect) -> Quoting:
    """Return how the quotes of a table are written that is nearly always unquoted.

    The first quote that no writer of quoted fields leaves settles it, so that only a file in which
    there is none is read to its end.
    """
    for block in below(line_blocks(file, Tally("")), dialect.lines):
        if b'"' not in block.data:
            continue
        lines = (line + b"\n" for line in block.data.split(b"\n") if b'"' in line)
        for line in lines:
            bare = bare_quotes([LineBlock(line, 0)], dialect)
            if bare.inside:
                return "none"
            if bare.odd_lines:
                return quoting_of(file, dialect, text_facts(file))
    return quoting_of(file, dialect, text_facts(file))


def _all_escaped(file: SourceFile, dialect: Dialect) -> bool:
    """Say whether every quote that neither begins nor ends a field is behind a backslash."""
    edge = re.escape(dialect.delimiter.encode()) + rb"\r\n"
    bare = re.compile(rb"[^\\" + edge + rb']"(?=[^' + edge + rb"])")
    return not any(bare.search(block.data) for block in line_blocks(file, Tally("")))


def _cut(file: SourceFile, dialect: Dialect, quoting: Quoting) -> Cut:
    blocks = below(line_blocks(file, Tally("")), dialect.lines)
    return cut_of(blocks, dialect.width, dialect.delimiter, quoting, dialect.is_record)


@dataclass
class BareQuotes:
    """What the quotes of a file look like when none of them means anything.

    Args:
        odd_lines: lines that have another number of fields than the header.
        inside: fields with a quote that are not quoted as a whole: no writer of quotes leaves one.
        doubled: quoted fields with quotes inside, all of them doubled.
        needed: quoted fields that have to be.
        quoted: by column, fields in quotes.
        filled: by column, fields that are not empty.
    """

    odd_lines: int = 0
    inside: int = 0
    doubled: int = 0
    needed: int = 0
    quoted: Counter[int] = field(default_factory=Counter)
    filled: Counter[int] = field(default_factory=Counter)

    @property
    def from_writer(self) -> bool:
        """Whether a writer of quoted fields set the quotes, not the authors of the texts."""
        whole_column = any(self.quoted[place] == self.filled[place] for place in self.quoted)
        return bool(self.doubled) or whole_column or self.needed == self.quoted.total()


def bare_quotes(blocks: Iterable[LineBlock], dialect: Dialect) -> BareQuotes:
    """Look at the quotes of lines that are cut at every separator."""
    found = BareQuotes()
    delimiter = dialect.delimiter.encode()
    for block in blocks:
        for line in block.data[:-1].split(b"\n"):
            if not line.strip():
                continue
            fields = line.removesuffix(b"\r").split(delimiter)
            if not _fits(fields, dialect.width):
                found.odd_lines += 1
                continue
            for place, one in enumerate(fields):
                if one:
                    found.filled[place] += 1
                    if b'"' in one:
                        _look_at(one, place, found)
    return found


def _fits(fields: list[bytes], width: int) -> bool:
    return len(fields) == width or (len(fields) == width + 1 and not fields[-1])


def _look_at(value: bytes, place: int, found: BareQuotes) -> None:
    inner = value[1:-1]
    if len(value) < 2 or not value.startswith(b'"') or not value.endswith(b'"'):
        found.inside += 1
        return
    if b'"' in inner.replace(b'""', b"").replace(b'\\"', b""):
        found.inside += 1
        return
    found.quoted[place] += 1
    found.doubled += b'"' in inner
    found.needed += bool(NEEDS_QUOTES & set(inner))


def below(blocks: Iterator[LineBlock], lines: int) -> Iterator[LineBlock]:
    """Yield blocks without a file's first lines."""
    for block in blocks:
        data, first = block
        while lines and data:
            data = data.partition(b"\n")[2]
            first += 1
            lines -= 1
        if data:
            yield LineBlock(data, first)

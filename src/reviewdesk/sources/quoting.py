"""How a table's quotes are written, from every quote in the file.

Of the readings that a file allows, the one counts that leaves the fewest records which no writer
leaves. Where both fit, the writers' habits tell: who quotes at all quotes each field that has a
quote in it and doubles that, so a quote amid a bare field proves that quotes are text; and quotes
around a field that needs none, in some rows of its column only, are the author's.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from reviewdesk.sources.base import Tally
from reviewdesk.sources.delimited import Cut, Quoting, cut_of
from reviewdesk.sources.dialect import Dialect
from reviewdesk.sources.encoding import Encodings
from reviewdesk.sources.escaped import escape_facts
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.lines import LineBlock, line_blocks, raw_line_blocks
from reviewdesk.sources.mapping import has_amazon_columns
from reviewdesk.sources.stream import HEAD

_SLASHES: Final = re.compile(rb'\\+[^"\\]')
"""Backslashes that do not stand before a quote: in Amazon's layout those mean nothing."""

NEEDS_QUOTES: Final = frozenset(b'",;|')
"""Spreadsheets put quotes around a field with one of these, whatever separates fields."""

MANY: Final = 5
"""So many fields of a column do not all begin and end with a quote by chance."""


@dataclass
class TextFacts:
    """What one pass over a whole text file saw.

    Args:
        quotes: whether it has a ``"``.
        escaped_quotes: whether it has one behind a backslash.
        backslashes: whether it has a backslash.
        encodings: of its lines.
    """

    quotes: bool = False
    escaped_quotes: bool = False
    backslashes: bool = False
    encodings: Encodings = field(default_factory=Encodings)


def text_facts(file: SourceFile, start: bytes | None = None) -> TextFacts:
    """Return what a pass over a whole file sees.

    Args:
        file: what to read.
        start: its ``head``, where that is known; of a small file it is all there is.
    """
    facts = TextFacts()
    whole = start is not None and len(start) < HEAD
    blocks = (block.data for block in raw_line_blocks(file, Tally("")))
    for data in [start or b""] if whole else blocks:
        if not facts.quotes:
            facts.quotes = b'"' in data
        if not facts.backslashes:
            facts.backslashes = b"\\" in data
        if facts.quotes and facts.backslashes and not facts.escaped_quotes:
            facts.escaped_quotes = b'\\"' in data
        facts.encodings.count(data)
    return facts


def quoting_of(file: SourceFile, dialect: Dialect, facts: TextFacts) -> Quoting:
    """Return how the quotes of a table are written.

    Args:
        file: the table.
        dialect: its separator and columns.
        facts: what a pass over it saw.
    """
    quoting, faults = _with_or_without_quotes(file, dialect, facts)
    if facts.backslashes and _is_escaped(file, dialect, facts, quoting, faults):
        return "escaped"
    return quoting


def doubtful_columns(
    file: SourceFile, dialect: Dialect, facts: TextFacts, quoting: Quoting
) -> tuple[str, ...]:
    """Return the columns whose backslashes stand as they are, though each may escape something.

    Args:
        file: the table.
        dialect: its separator and columns.
        facts: what a pass over it saw.
        quoting: how its quotes are written.
    """
    if not facts.backslashes or quoting not in ("none", "double"):
        return ()
    if has_amazon_columns(dialect.header) and quoting == "none":
        return ()
    seen = escape_facts(
        below(line_blocks(file, Tally("")), dialect.lines), dialect.delimiter, dialect.width
    )
    if seen.odd_line or seen.faults or not seen.evidence:
        return ()
    return tuple(dialect.header[place] for place in sorted(seen.columns) if place < dialect.width)


def doubt(file: SourceFile, columns: Sequence[str]) -> Iterator[str]:
    """Yield a sentence about columns that are doubtful, if there are any."""
    if columns:
        yield (
            f"{file.name} has backslashes in {', '.join(columns)}, which are read as they stand; "
            "--quoting escaped reads each with what follows it as one character"
        )


def faults_of(file: SourceFile, dialect: Dialect, facts: TextFacts) -> int:
    """Return how many records of a file do not fit, read in the way in which most do."""
    faults = [_odd_lines(file, dialect)]
    if facts.quotes:
        faults.append(_cut(file, dialect, "double").faults)
    if facts.escaped_quotes:
        faults.append(_cut(file, dialect, "backslash").faults)
    if facts.backslashes:
        blocks = below(line_blocks(file, Tally("")), dialect.lines)
        seen = escape_facts(blocks, dialect.delimiter, dialect.width)
        faults += [] if seen.odd_line else [seen.faults]
    return min(faults)


def _with_or_without_quotes(
    file: SourceFile, dialect: Dialect, facts: TextFacts
) -> tuple[Quoting, int]:
    """Return how quotes are written where backslashes alone mean nothing, and how many faults."""
    tabs = dialect.delimiter in "\t\x1f\x01" and dialect.width > 1
    if not facts.quotes:
        return ("none" if tabs else "double"), (
            _odd_lines(file, dialect) if facts.backslashes else 0
        )
    if not tabs and not facts.backslashes and dialect.width > 1:
        return "double", 0
    best, faults = _best_quoted(file, dialect, facts)
    if not tabs:
        return ("none" if _are_authors(file, dialect) else best), faults
    bare = bare_quotes(below(line_blocks(file, Tally("")), dialect.lines), dialect)
    if best != "double" and not faults and (bare.odd_lines or bare.surely_from_writer(dialect)):
        return best, faults
    return (best, faults) if _is_quoted(bare, dialect, faults) else ("none", bare.odd_lines)


def _are_authors(file: SourceFile, dialect: Dialect) -> bool:
    """Say whether quotes around whole texts of a table of one column are none of a writer's."""
    if dialect.width > 1:
        return False
    bare = bare_quotes(below(line_blocks(file, Tally("")), dialect.lines), dialect)
    return not (bare.inside or bare.needed or bare.surely_from_writer(dialect))


def _is_escaped(
    file: SourceFile, dialect: Dialect, facts: TextFacts, quoting: Quoting, faults: int
) -> bool:
    """Say whether backslashes escape what follows in fields that are not quoted.

    Args:
        file: the table.
        dialect: its separator and columns.
        facts: what a pass over it saw.
        quoting: how its quotes are written else.
        faults: how many records do not fit then.
    """
    blocks = below(line_blocks(file, Tally("")), dialect.lines)
    seen = escape_facts(blocks, dialect.delimiter, dialect.width)
    if seen.odd_line or seen.faults > faults:
        return False
    if seen.faults < faults:
        return True
    if quoting == "none":
        amazon = has_amazon_columns(dialect.header)
        return seen.evidence or (not amazon and (seen.slashes > 0 or seen.only_escaped_quotes))
    if not seen.sure or not facts.quotes:
        return seen.sure > 0
    bare = bare_quotes(below(line_blocks(file, Tally("")), dialect.lines), dialect)
    return not bare.odd_lines and not bare.surely_from_writer(dialect)


def _odd_lines(file: SourceFile, dialect: Dialect) -> int:
    blocks = below(line_blocks(file, Tally("")), dialect.lines)
    return bare_quotes(blocks, dialect).odd_lines


def _best_quoted(file: SourceFile, dialect: Dialect, facts: TextFacts) -> tuple[Quoting, int]:
    """Return which of the readings with quoted fields leaves the fewest faults, and how many."""
    doubled = _cut(file, dialect, "double").faults
    if not facts.backslashes:
        return "double", doubled
    cut = _cut(file, dialect, "backslash-all")
    escaped: Quoting = "backslash-all" if cut.all_escape(dialect.delimiter) else "backslash"
    in_quotes = not facts.escaped_quotes and cut.escape_in_quotes
    if in_quotes and cut.faults <= doubled:
        return escaped, cut.faults
    if cut.faults < doubled or (not cut.faults and _all_escaped(file, dialect, facts, cut)):
        return escaped, cut.faults
    return "double", doubled


def _is_quoted(bare: "BareQuotes", dialect: Dialect, faults: int) -> bool:
    """Say whether fields are quoted where they need not be; quoted, they have so many faults."""
    if bare.odd_lines:
        return faults < bare.odd_lines
    return not bare.inside and not faults and bare.from_writer(dialect)


def early_quoting(file: SourceFile, dialect: Dialect) -> Quoting:
    """Return how the quotes of a table are written that is nearly always unquoted.

    The first quote that no writer of quoted fields leaves settles it, so that only a file in which
    there is none is read to its end. ``none`` holds as long as no
    lines come that ``may_escape``.
    """
    for block in below(line_blocks(file, Tally("")), dialect.lines):
        if may_escape(block, dialect):
            break
        if b'"' not in block.data:
            continue
        lines = (line + b"\n" for line in block.data.split(b"\n") if b'"' in line)
        for line in lines:
            bare = bare_quotes([LineBlock(line, 0)], dialect)
            if bare.inside and not bare.longer:
                return "none"
            if bare.odd_lines or bare.longer:
                return quoting_of(file, dialect, text_facts(file))
    return quoting_of(file, dialect, text_facts(file))


def may_escape(block: LineBlock, dialect: Dialect) -> bool:
    """Say whether lines have backslashes, each of which may escape what follows."""
    if _SLASHES.search(block.data) is None:
        return False
    seen = escape_facts([block], dialect.delimiter, dialect.width)
    return not seen.odd_line and seen.evidence


def _all_escaped(file: SourceFile, dialect: Dialect, facts: TextFacts, cut: Cut) -> bool:
    """Say whether backslashes escape, where records can be cut as well if they do not."""
    if not facts.escaped_quotes:
        return cut.escapes > 0 and cut.all_escape(dialect.delimiter)
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
        lines: those that are not empty.
        odd_lines: lines that have another number of fields than the header.
        longer: lines with a separator at their end that the header has not.
        inside: fields with a quote that are not quoted as a whole: no writer of quotes leaves one.
        doubled: quoted fields with quotes inside, all of them doubled or behind a backslash.
        escaped: of these, those with all of them behind a backslash.
        needed: quoted fields that have to be.
        quoted: by column, fields in quotes.
        filled: by column, fields that are not empty.
    """

    lines: int = 0
    odd_lines: int = 0
    longer: int = 0
    inside: int = 0
    doubled: int = 0
    escaped: int = 0
    needed: int = 0
    quoted: Counter[int] = field(default_factory=Counter)
    filled: Counter[int] = field(default_factory=Counter)

    def from_writer(self, dialect: Dialect) -> bool:
        """Say whether a writer of quoted fields set the quotes, not the authors of the texts.

        Whoever quotes all fields of a column quotes its name as well; a few may be chance.
        """
        needed = self.needed == self.quoted.total() and self.needed >= MANY
        return self.surely_from_writer(dialect) or needed

    def surely_from_writer(self, dialect: Dialect) -> bool:
        """Say so without the fields that happen to need quotes."""
        whole_column = any(
            self.quoted[place] == self.filled[place]
            and (dialect.quoted_header or self.filled[place] >= MANY)
            for place in self.quoted
        )
        doubled = self.doubled
        if has_amazon_columns(dialect.header) and self.escaped < MANY:
            doubled -= self.escaped  # there a backslash stands before quotes for no reason
        return bool(doubled) or whole_column


def bare_quotes(blocks: Iterable[LineBlock], dialect: Dialect) -> BareQuotes:
    """Look at the quotes of lines that are cut at every separator."""
    counts = BareQuotes()
    delimiter = dialect.delimiter.encode()
    for block in blocks:
        for line in block.data[:-1].split(b"\n"):
            if not line.strip():
                continue
            counts.lines += 1
            fields = line.removesuffix(b"\r").split(delimiter)
            if not _fits(fields, dialect.width):
                counts.odd_lines += 1
                continue
            counts.longer += len(fields) > dialect.width
            for place, one in enumerate(fields):
                if one:
                    counts.filled[place] += 1
                    if b'"' in one:
                        _look_at(one, place, counts)
    if counts.longer < counts.lines:  # a separator at the end is in every line or in none
        counts.odd_lines += counts.longer
    return counts


def _fits(fields: list[bytes], width: int) -> bool:
    return len(fields) == width or (len(fields) == width + 1 and not fields[-1])


def _look_at(value: bytes, column: int, counts: BareQuotes) -> None:
    inner = value[1:-1]
    if len(value) < 2 or not value.startswith(b'"') or not value.endswith(b'"'):
        counts.inside += 1
        return
    if b'"' in inner.replace(b'""', b"").replace(b'\\"', b""):
        counts.inside += 1
        return
    counts.quoted[column] += 1
    counts.doubled += b'"' in inner
    counts.escaped += b'"' in inner and b'""' not in inner
    counts.needed += bool(NEEDS_QUOTES & set(inner))


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

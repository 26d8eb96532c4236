"""Amazon Customer Reviews, the 2015 release: tab separated, with a header, quoting off.

The same columns saved again by other programs may be quoted: then a quote is doubled, or behind a
backslash, and fields hold tabs and line breaks. Source: the data set's ``index.txt`` and README (15
columns, ``amazon_reviews_us_*.tsv.gz``).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import ClassVar, Final

from reviewdesk.errors import InputError, MissingColumn
from reviewdesk.schema import REVIEWS
from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.delimited import QUOTINGS, csv_rows
from reviewdesk.sources.dialect import Dialect, dialect_of
from reviewdesk.sources.escaped import escaped_rows
from reviewdesk.sources.fields import split_block
from reviewdesk.sources.headers import without_headers
from reviewdesk.sources.kept import name_kept, repeat_kept
from reviewdesk.sources.lines import BOM, LineBlock, line_blocks
from reviewdesk.sources.mapping import ColumnMap, has_amazon_columns, shown
from reviewdesk.sources.quoting import (
    bare_quotes,
    below,
    doubt,
    doubtful_columns,
    early_quoting,
    may_escape,
    quoting_of,
    text_facts,
)
from reviewdesk.sources.stream import HEAD, head

DOUBTFUL_SHARE: Final = 0.5
"""Where so many of all quotes stand in pairs, fields may be quoted after all."""


class AmazonReviews(Source):
    """Reads Amazon Customer Reviews TSV, gzip or not."""

    name: ClassVar[str] = "amazon"
    title: ClassVar[str] = "Amazon Customer Reviews (TSV)"
    takes_columns: ClassVar[bool] = True
    description: ClassVar[str] = (
        "tab separated with the 15 columns of the 2015 release, quoting off"
    )

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look for the columns' names in a tab-separated first line."""
        return has_amazon_columns(_header(probe.head))

    def inspect(self, file: SourceFile) -> ColumnMap:
        """Check that there is a column with the text.

        Raises:
            MissingColumn: names it and those that there are.
        """
        header = _header(head(file))
        told = self.settings.columns
        names = _check(header, file, told)
        read = {name: header[place] for place, name in enumerate(names) if name is not None}
        left_over = tuple(column for column in header if column not in read.values())
        return ColumnMap(read, {}, left_over)

    def header(self, file: SourceFile) -> tuple[Sequence[str], str]:
        """Return the columns of a file, in its order, and what separates them."""
        return _header(head(file)), "\t"

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the lines below the header."""
        start = head(file)
        header = _header(start)
        names = _check(header, file, self.settings.columns)
        parts = self._rows(file, start, name_kept(names, header, self.kept), tally)
        parts = without_headers(parts, names, header, tally)
        yield from repeat_kept(parts, names, header, self.kept)

    def _rows(
        self, file: SourceFile, start: bytes, names: Sequence[str | None], tally: Tally
    ) -> Iterator[RawRows]:
        dialect = dialect_of(start, cut_off=len(start) >= HEAD)
        quoting = QUOTINGS.get(self.settings.quoting) or early_quoting(file, dialect)
        blocks = below(line_blocks(file, tally), 1)
        auto = self.settings.quoting == "auto"
        if quoting == "none":
            yield from self._plain_rows(file, blocks, names, tally, dialect if auto else None)
        elif quoting == "escaped":
            yield from escaped_rows(blocks, names, tally, "\t")
        else:
            tally.notes.append(f"{file.name} has quoted fields, as other programs save this format")
            if auto:
                columns = doubtful_columns(file, dialect, text_facts(file), quoting)
                tally.notes.extend(doubt(file, columns))
            check = dialect.is_record if auto and dialect.width == len(names) else None
            yield from csv_rows(
                blocks, names, tally, "\t", header=False, quoting=quoting, check=check
            )

    def _plain_rows(
        self,
        file: SourceFile,
        blocks: Iterator[LineBlock],
        names: Sequence[str | None],
        tally: Tally,
        dialect: Dialect | None,
    ) -> Iterator[RawRows]:
        """Yield lines cut at every tab; look at each quote and backslash unless told not to.

        Raises:
            InputError: quoted fields begin, where there were none.
        """
        settled = dialect is None
        quotes = pairs = 0
        for block in blocks:
            if dialect is not None and b'""' in block.data:
                quotes += block.data.count(b'"')
                pairs += block.data.count(b'""')
                _check_quotes(file, block, dialect)
            if not settled and b"\\" in block.data:
                settled = True
                # Lines before had no backslash, so that they read the same in either way.
                if dialect is not None and may_escape(block, dialect):
                    facts = text_facts(file)
                    if quoting_of(file, dialect, facts) == "escaped":
                        yield from escaped_rows(chain((block,), blocks), names, tally, "\t")
                        return
            yield split_block(block, names, tally.rejects)
        if 2 * pairs > DOUBTFUL_SHARE * quotes:
            tally.notes.append(
                f"{tally.file} has {pairs:,} doubled quotes, which were read as they stand; if its "
                "fields are quoted, say so with --quoting double"
            )


def _check_quotes(file: SourceFile, block: LineBlock, dialect: Dialect) -> None:
    """Stop where most doubled quotes stand in fields that a program has quoted."""
    lines = [line for line in block.data.split(b"\n") if b'""' in line]
    bare = bare_quotes((LineBlock(line + b"\n", 0) for line in lines), dialect)
    if bare.doubled - bare.escaped > bare.inside + bare.odd_lines:
        line = block.first_line + block.data.count(b"\n", 0, block.data.index(lines[0]))
        raise InputError(
            f"{file.name} has fields in quotes at line {line}, though quotes before are not a "
            "program's: it may be joined from two files; say --quoting double if its fields are "
            "quoted, or --quoting none if its quotes are text"
        )


def _header(data: bytes) -> list[str]:
    line = data.removeprefix(BOM).partition(b"\n")[0].rstrip(b"\r")
    names = line.decode(errors="replace").split("\t")
    return [name[1:-1] if name[:1] == name[-1:] == '"' else name for name in names]


def _check(header: Sequence[str], file: SourceFile, named: Mapping[str, str]) -> list[str | None]:
    """Return, for each field, the column that it holds; the first of two with one name counts."""
    for column in named.values():
        if column not in header:
            raise MissingColumn(f"{file.name} has no column {column!r}; it has: {shown(header)}")
    columns = {column: name for name, column in named.items()}
    for name in REVIEWS.names:
        if name not in named:
            columns.setdefault(name, name)
    if "review_body" not in (columns.get(name) for name in header):
        raise MissingColumn(f"{file.name} has no column 'review_body'; it has: {shown(header)}")
    return [
        columns.get(name) if header.index(name) == place else None
        for place, name in enumerate(header)
    ]

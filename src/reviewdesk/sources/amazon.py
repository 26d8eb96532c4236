"""Amazon Customer Reviews, the 2015 release: tab separated, with a header, quoting off.

The same columns saved again by other programs may be quoted: then a quote is doubled, or behind a
backslash, and fields hold tabs and line breaks. Source: the data set's ``index.txt`` and README (15
columns, ``amazon_reviews_us_*.tsv.gz``).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from reviewdesk.errors import MissingColumn
from reviewdesk.schema import REVIEWS
from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.delimited import QUOTINGS, csv_rows
from reviewdesk.sources.dialect import dialect_of
from reviewdesk.sources.fields import split_block
from reviewdesk.sources.lines import BOM, LineBlock, line_blocks
from reviewdesk.sources.mapping import ColumnMap, shown
from reviewdesk.sources.quoting import below, early_quoting
from reviewdesk.sources.stream import HEAD, head

ENOUGH_COLUMNS: Final = 8
"""A header with so many of the 15 names is of this format, even if some are missing."""

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
        return len(set(REVIEWS.names) & set(_header(probe.head))) >= ENOUGH_COLUMNS

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

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the lines below the header."""
        start = head(file)
        names = _check(_header(start), file, self.settings.columns)
        dialect = dialect_of(start, cut_off=len(start) >= HEAD)
        quoting = QUOTINGS.get(self.settings.quoting) or early_quoting(file, dialect)
        blocks = below(line_blocks(file, tally), 1)
        if quoting == "none":
            yield from _plain_rows(blocks, names, tally, check=self.settings.quoting == "auto")
            return
        tally.notes.append(f"{tally.file} has quoted fields, as other programs save this format")
        judged = self.settings.quoting == "auto" and dialect.width == len(names)
        check = dialect.is_record if judged else None
        yield from csv_rows(blocks, names, tally, "\t", header=False, quoting=quoting, check=check)


def _plain_rows(
    blocks: Iterator[LineBlock], names: Sequence[str | None], tally: Tally, *, check: bool
) -> Iterator[RawRows]:
    """Yield lines cut at every tab, and note where their quotes look like those of a writer."""
    quotes = pairs = 0
    for block in blocks:
        if check:
            quotes += block.data.count(b'"')
            pairs += block.data.count(b'""')
        yield split_block(block, names, tally.rejects)
    if 2 * pairs > DOUBTFUL_SHARE * quotes:
        tally.notes.append(
            f"{tally.file} has {pairs:,} doubled quotes, which were read as they stand; if its "
            "fields are quoted, say so with --quoting double"
        )


def _header(data: bytes) -> list[str]:
    line = data.removeprefix(BOM).partition(b"\n")[0].rstrip(b"\r")
    names = line.decode(errors="replace").split("\t")
    return [name[1:-1] if name[:1] == name[-1:] == '"' else name for name in names]


def _check(header: Sequence[str], file: SourceFile, told: Mapping[str, str]) -> list[str | None]:
    """Return, for each field, the column that it holds; the first of two with one name counts."""
    for column in told.values():
        if column not in header:
            raise MissingColumn(f"{file.name} has no column {column!r}; it has: {shown(header)}")
    columns = {column: name for name, column in told.items()}
    for name in REVIEWS.names:
        if name not in told:
            columns.setdefault(name, name)
    if "review_body" not in (columns.get(name) for name in header):
        raise MissingColumn(f"{file.name} has no column 'review_body'; it has: {shown(header)}")
    return [
        columns.get(name) if header.index(name) == place else None
        for place, name in enumerate(header)
    ]

"""Amazon Customer Reviews, the 2015 release: tab separated, with a header, quoting off.

Source: the data set's ``index.txt`` and README (15 columns, ``amazon_reviews_us_*.tsv.gz``).
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from reviewdesk.errors import MissingColumn
from reviewdesk.schema import REVIEWS
from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.fields import split_block
from reviewdesk.sources.lines import BOM, LineBlock, line_blocks
from reviewdesk.sources.mapping import ColumnMap, shown
from reviewdesk.sources.stream import head

ENOUGH_COLUMNS: Final = 8
"""A header with so many of the 15 names is of this format, even if some are missing."""


class AmazonReviews(Source):
    """Reads Amazon Customer Reviews TSV, gzip or not."""

    name: ClassVar[str] = "amazon"
    title: ClassVar[str] = "Amazon Customer Reviews (TSV)"
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
        names = _check(header, file)
        left_over = tuple(name for name in header if name not in names)
        return ColumnMap({name: name for name in names if name is not None}, {}, left_over)

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the lines below the header."""
        names: list[str | None] | None = None
        for block in line_blocks(file, tally):
            data, first_line = block
            if names is None:
                header, _, data = data.partition(b"\n")
                first_line += 1
                names = _check(_header(header), file)
            yield split_block(LineBlock(data, first_line), names, tally.rejects)


def _header(data: bytes) -> list[str]:
    line = data.removeprefix(BOM).partition(b"\n")[0].rstrip(b"\r")
    return line.decode(errors="replace").split("\t")


def _check(header: Sequence[str], file: SourceFile) -> list[str | None]:
    """Return, for each field, the column that it holds; the first of two with one name counts."""
    if "review_body" not in header:
        raise MissingColumn(f"{file.name} has no column 'review_body'; it has: {shown(header)}")
    known = [name if name in REVIEWS.names else None for name in header]
    return [
        name if name is not None and known.index(name) == place else None
        for place, name in enumerate(known)
    ]

"""Amazon reviews of McAuley Lab, 2013 (SNAP): blocks of ``key: value`` lines, an empty one between.

Some texts are Latin-1; a record that is not UTF-8 is read as that. ``unknown`` stands for nothing.
Source: https://snap.stanford.edu/data/web-Amazon.html.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.lines import BOM, line_blocks, numbered_lines
from reviewdesk.sources.mcauley_files import category_of
from reviewdesk.sources.raw_rows import RowBuilder

FIRST_KEY: Final = b"product/productId"
LAST_KEY: Final = "review/text"
KEYS: Final = {
    "product/productId": "product_id",
    "product/title": "product_title",
    "review/userId": "customer_id",
    "review/score": "star_rating",
    "review/time": "review_date",
    "review/summary": "review_headline",
    LAST_KEY: "review_body",
}
_VOTES: Final = ("helpful_votes", "total_votes")
_HELPFULNESS: Final = "review/helpfulness"


class McAuley2013(Source):
    """Reads review files of 2013."""

    name: ClassVar[str] = "mcauley-2013"
    title: ClassVar[str] = "McAuley Lab Amazon reviews, 2013 (SNAP)"
    description: ClassVar[str] = "blocks of lines such as review/score: 5.0"

    columns: ClassVar[Mapping[str, str]] = {
        **{name: key for key, name in KEYS.items()},
        **dict.fromkeys(_VOTES, _HELPFULNESS),
        "product_category": "name of the file, if it is a category's",
    }

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look at the first key."""
        return probe.head.removeprefix(BOM).lstrip().startswith(FIRST_KEY + b":")

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the records."""
        category = "" if self.settings.category else category_of(file.name)
        builder = RowBuilder([*KEYS.values(), *_VOTES])
        for line, lines in _records(numbered_lines(line_blocks(file, tally))):
            raw = b"\n".join(lines)
            values = _values(raw)
            if values is None:
                tally.rejects.add(line, "bad_record", raw)
            else:
                builder.add(values, raw, line)
            if builder.full or len(tally.rejects) > 10_000:
                yield builder.take().with_default("product_category", category)
        yield builder.take().with_default("product_category", category)


def _records(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the number of each record's first line, and its lines."""
    first, record = 0, list[bytes]()
    for number, line in lines:
        if record and (not line.strip() or line.startswith(FIRST_KEY)):
            yield first, record
            record = []
        if line.strip():
            first = first if record else number
            record.append(line)
    if record:
        yield first, record


def _values(raw: bytes) -> list[str | None] | None:
    """Return a record's values in the order of the columns; None when it is no record."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        key, separator, value = line.removesuffix("\r").partition(":")
        if not separator or "/" not in key:
            return None
        fields[key] = value.removeprefix(" ")
    if LAST_KEY not in fields:  # cut off before its text
        return None
    values: list[str | None] = [_known(fields.get(key)) for key in KEYS]
    helpful, slash, total = fields.get(_HELPFULNESS, "").partition("/")
    return [*values, helpful, total] if slash else [*values, None, None]


def _known(value: str | None) -> str | None:
    return None if value == "unknown" else value

"""Amazon reviews of McAuley Lab, 2014 and 2018: one JSON object a line, products apart.

2014 has ``helpful`` as a pair (helpful, all votes), 2018 ``vote`` and ``verified``. Metadata files
(``meta_*.json.gz``; those of 2014 are written as Python literals) give title and category when they
are read along; else the category is the one in the file's name. Source: the data sets' pages at
https://jmcauley.ucsd.edu/data/amazon/ and https://nijianmo.github.io/amazon/.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

import pyarrow.compute as pc

from reviewdesk.sources.base import Probe, RawRows, SourceFile, Tally
from reviewdesk.sources.items import Item, read_items, text_or_none
from reviewdesk.sources.json_formats import JsonFormat
from reviewdesk.sources.jsonlines import first_fields, json_rows, parse_loose
from reviewdesk.sources.kept import with_kept
from reviewdesk.sources.lines import line_blocks
from reviewdesk.sources.mcauley_files import category_of, metadata_of

COLUMNS: Final = {
    "customer_id": "reviewerID",
    "product_id": "asin",
    "star_rating": "overall",
    "helpful_votes": "vote",
    "total_votes": "helpful.1",
    "verified_purchase": "verified",
    "review_headline": "summary",
    "review_body": "reviewText",
    "review_date": "unixReviewTime",
}
WRITTEN_DATE: Final = "reviewTime"
"""The day in words; some files, and some rows of others, have nothing else."""
_REVIEW: Final = {"asin", "overall", "reviewerID"}
_TEXTS: Final = {"text", "reviewText", "review_body"}
_DESCRIPTION: Final = {"title", "categories", "category", "imUrl", "also_buy", "related", "brand"}


class McAuley2018(JsonFormat):
    """Reads review files of 2014 and 2018."""

    name: ClassVar[str] = "mcauley-2018"
    title: ClassVar[str] = "McAuley Lab Amazon reviews, 2014 and 2018"
    description: ClassVar[str] = "JSON lines with reviewerID, asin, overall; meta_* files join in"

    columns: ClassVar[Mapping[str, str]] = COLUMNS
    spellings: ClassVar[Mapping[str, str]] = {"helpful": "vote", WRITTEN_DATE: "unixReviewTime"}

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look at the fields of the first review."""
        return first_fields(probe.head) >= _REVIEW

    @classmethod
    def accompanies(cls, probe: Probe) -> bool:
        """Look at the fields of the first product."""
        fields = first_fields(probe.head)
        described = "asin" in fields and not fields & ({"overall", "rating"} | _TEXTS)
        return described and bool(fields & _DESCRIPTION)

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the reviews, joined with what the metadata tells of their products."""
        items = read_items(metadata_of(file, self.companions), _item, tally)
        columns = with_kept({**self.fields(file), WRITTEN_DATE: WRITTEN_DATE}, self.kept)
        category = "" if self.settings.category else category_of(file.name)
        parts = json_rows(line_blocks(file, tally), columns, tally, _review)
        for rows in self.noting_late(parts, file, tally):
            joined = items.join(_dated(rows), "product_id")
            yield joined.with_default("product_category", category)


def _dated(rows: RawRows) -> RawRows:
    """Return rows with the written day where they have no time."""
    days = pc.coalesce(rows.columns["review_date"], rows.columns[WRITTEN_DATE])
    columns = {name: rows.columns[name] for name in rows.columns if name != WRITTEN_DATE}
    return replace(rows, columns={**columns, "review_date": days})


def _review(raw: bytes) -> dict[str, Any]:
    """Return a review with the votes of 2014, a pair, where 2018 has them."""
    found = parse_loose(raw)
    pair = found.get("helpful")
    if isinstance(pair, list) and pair:
        found.setdefault("vote", pair[0])
    return found


def _item(row: Mapping[str, Any]) -> Item | None:
    identifier = text_or_none(row.get("asin"))
    if identifier is None:
        return None
    # 2014: lists of paths; 2018: one path.
    path = row.get("category") or row.get("categories")
    while isinstance(path, list):
        path = path[0] if path else None
    return identifier, text_or_none(row.get("title")), text_or_none(path)

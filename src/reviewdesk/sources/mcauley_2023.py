"""Amazon reviews of McAuley Lab, 2023: one JSON object a line, products apart.

The data set's page writes two fields in two ways; both are read. ``parent_asin`` is the product
that variants belong to, and the key of the metadata (``meta_*.jsonl.gz``). Source:
https://amazon-reviews-2023.github.io.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from reviewdesk.sources.base import Probe, RawRows, SourceFile, Tally
from reviewdesk.sources.items import Item, read_items, text_or_none
from reviewdesk.sources.json_formats import JsonFormat
from reviewdesk.sources.jsonlines import first_fields, json_rows, parse_object
from reviewdesk.sources.kept import with_kept
from reviewdesk.sources.lines import line_blocks
from reviewdesk.sources.mcauley_files import category_of, metadata_of

COLUMNS: Final = {
    "customer_id": "user_id",
    "product_id": "asin",
    "product_parent": "parent_asin",
    "star_rating": "rating",
    "helpful_votes": "helpful_vote",
    "verified_purchase": "verified_purchase",
    "review_headline": "title",
    "review_body": "text",
    "review_date": "timestamp",
}
OTHER_SPELLINGS: Final = {"helpful_votes": "helpful_vote", "sort_timestamp": "timestamp"}
_REVIEW: Final = {"parent_asin", "rating", "text", "user_id"}
_DESCRIPTION: Final = {"main_category", "features", "store", "details"}


class McAuley2023(JsonFormat):
    """Reads review files of 2023."""

    name: ClassVar[str] = "mcauley-2023"
    title: ClassVar[str] = "McAuley Lab Amazon reviews, 2023"
    description: ClassVar[str] = "JSON lines with parent_asin, rating, text; meta_* files join in"

    columns: ClassVar[Mapping[str, str]] = COLUMNS
    spellings: ClassVar[Mapping[str, str]] = OTHER_SPELLINGS

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look at the fields of the first review."""
        return first_fields(probe.head) >= _REVIEW

    @classmethod
    def accompanies(cls, probe: Probe) -> bool:
        """Look at the fields of the first product."""
        fields = first_fields(probe.head)
        described = "parent_asin" in fields and not fields & {"rating", "text", "review_body"}
        return described and bool(fields & _DESCRIPTION)

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the reviews, joined with what the metadata tells of their products."""
        items = read_items(metadata_of(file, self.companions), _item, tally)
        columns = with_kept(self.fields(file), self.kept)
        category = "" if self.settings.category else category_of(file.name)
        parts = json_rows(line_blocks(file, tally), columns, tally, _review)
        for rows in self.noting_late(parts, file, tally):
            joined = items.join(rows, "product_parent")
            yield joined.with_default("product_category", category)


def _review(raw: bytes) -> dict[str, Any]:
    """Return a review with its fields spelled in one way."""
    found = parse_object(raw)
    for other, field in OTHER_SPELLINGS.items():
        if other in found:
            found.setdefault(field, found[other])
    return found


def _item(found: Mapping[str, Any]) -> Item | None:
    identifier = text_or_none(found.get("parent_asin"))
    if identifier is None:
        return None
    return identifier, text_or_none(found.get("title")), text_or_none(found.get("main_category"))

"""Yelp Open Dataset: reviews as JSON lines, joined with the businesses when their file is given.

A business has many categories in no order; the first that is one of Yelp's 22 top ones counts.
Source: https://www.yelp.com/dataset/documentation/main.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from reviewdesk.sources.base import Probe, RawRows, SourceFile, Tally
from reviewdesk.sources.items import Item, read_items, text_or_none
from reviewdesk.sources.json_formats import JsonFormat
from reviewdesk.sources.jsonlines import first_fields, json_rows
from reviewdesk.sources.kept import with_kept
from reviewdesk.sources.lines import line_blocks

COLUMNS: Final = {
    "customer_id": "user_id",
    "review_id": "review_id",
    "product_id": "business_id",
    "star_rating": "stars",
    "helpful_votes": "useful",
    "review_body": "text",
    "review_date": "date",
}
TOP_CATEGORIES: Final = frozenset(
    (
        *("Active Life", "Arts & Entertainment", "Automotive", "Beauty & Spas", "Education"),
        *("Event Planning & Services", "Financial Services", "Food", "Health & Medical"),
        *("Home Services", "Hotels & Travel", "Local Flavor", "Local Services", "Mass Media"),
        *("Nightlife", "Pets", "Professional Services", "Public Services & Government"),
        *("Real Estate", "Religious Organizations", "Restaurants", "Shopping"),
    )
)
_REVIEW: Final = {"review_id", "business_id", "stars", "text"}
_OTHERS: Final = {
    "Yelp's tips, which are no reviews": {"business_id", "user_id", "text", "compliment_count"},
    "Yelp's users": {"user_id", "yelping_since", "review_count"},
    "Yelp's photos": {"photo_id", "business_id", "label"},
}
_CHECKIN: Final = {"business_id", "date"}
_BUSINESS: Final = {"business_id", "name", "categories"}


class Yelp(JsonFormat):
    """Reads the reviews of the Yelp Open Dataset."""

    name: ClassVar[str] = "yelp"
    title: ClassVar[str] = "Yelp Open Dataset"
    description: ClassVar[str] = "yelp_academic_dataset_review.json; the business file joins in"

    columns: ClassVar[Mapping[str, str]] = COLUMNS

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look at the fields of the first review."""
        return first_fields(probe.head) >= _REVIEW

    @classmethod
    def accompanies(cls, probe: Probe) -> bool:
        """Look at the fields of the first business."""
        return first_fields(probe.head) >= _BUSINESS

    @classmethod
    def leaves_alone(cls, probe: Probe) -> str:
        """Look for the fields of Yelp's tips, check-ins, users and photos."""
        fields = first_fields(probe.head)
        if fields >= _REVIEW or fields >= _BUSINESS:
            return ""
        if fields == _CHECKIN:
            return "Yelp's check-ins"
        return next((why for why, some in _OTHERS.items() if fields >= some), "")

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the reviews, with name and category of the businesses."""
        items = read_items(self.companions, _item, tally)
        columns = with_kept(self.fields(file), self.kept)
        parts = json_rows(line_blocks(file, tally), columns, tally)
        for rows in self.noting_late(parts, file, tally):
            yield items.join(rows, "product_id")


def _item(row: Mapping[str, Any]) -> Item | None:
    identifier = text_or_none(row.get("business_id"))
    if identifier is None:
        return None
    listed = (text_or_none(row.get("categories")) or "").split(", ")
    top = next((one for one in listed if one in TOP_CATEGORIES), listed[0])
    return identifier, text_or_none(row.get("name")), top or None

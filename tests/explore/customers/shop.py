"""Reviews of two products in two categories whose customers say known things."""

from pathlib import Path
from typing import Any

from reviewdesk.prepare.prepared import PreparedData
from tests.explore.corpus import explored

FILLER = (
    "I bought it for my mother. She lives in a small town and walks to the shop every day",
    "We ordered it in spring. The parcel came with the others and my brother opened it",
    "Our old one had to go. The neighbours asked about it when they saw the new one",
    "This was a present. My friend had looked at others and the colour is blue",
)


def rows(count: int = 800) -> list[dict[str, Any]]:
    """Return reviews: lamps with low stars flicker, and cups with high stars are easy to clean.

    The lamp's trouble begins in the second year; unverified customers tell of it more often.
    """
    made = []
    for n in range(count):
        lamp, low = n % 2 == 0, n // 2 % 4 < 2
        late, verified = n >= count // 2, n % 3 != 0
        said = ["The battery is old", "It stands on the table"][n // 8 % 2]
        if lamp and low and late and (n // 8 % 2 == 0 or not verified):
            said = ["The lamp flickers", "A flickering lamp", "Lamp flickered at night"][n % 3]
        if not lamp and not low and n // 8 % 3 == 0:
            said = ["Easy to clean", "It is so easy to clean"][n % 2]
        if not lamp and low and n // 8 % 4 == 0:
            said = "Not easy to clean"
        month = n * 24 // count
        made.append(
            {
                "product_id": "LAMP" if lamp else "CUP",
                "product_title": "Aurora Lamp" if lamp else "Classic Cup",
                "product_category": "Lights" if lamp else "Kitchen",
                "star_rating": (1, 2)[n % 2] if low else (4, 5)[n % 2],
                "verified_purchase": verified,
                "review_headline": "Three Stars" if n % 5 == 0 else None,
                "review_body": f"{FILLER[n % 4]} {n}. {said}. I wrote this on day {n}.",
                "review_date": f"{2013 + month // 12}-{month % 12 + 1:02d}-10",
                "helpful_votes": n % 7,
                "total_votes": 7,
            }
        )
    return made


def prepared_shop(folder: Path) -> PreparedData:
    """Return the reviews, prepared."""
    return explored(folder, rows())

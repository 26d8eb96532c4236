"""A larger shop in which every finder has something to find, with the truth beside it."""

from pathlib import Path
from typing import Any

import numpy as np

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings
from tests.prepare.corpus import prepared, write_lines

from .shop import CATEGORIES, TOPICS

EVIL = "<script>alert('&\"')</script>"
PRODUCTS = 60
REVIEW_CATEGORY = 40
PRODUCT_CATEGORY = 9
DECLINING = 7
FILLER = "plain usual several thing bought present week again quite rather before after".split()


def market_rows(count: int = 3_000) -> list[dict[str, Any]]:
    """Return reviews of sixty products over three years.

    Every ``REVIEW_CATEGORY``-th review speaks of another category; product ``PRODUCT_CATEGORY`` is
    filed under another one; product ``DECLINING`` falls from five stars to one after two years.
    """
    generator = np.random.default_rng(11)
    rows = []
    for number in range(count):
        product = number % PRODUCTS
        about = CATEGORIES[product % 3]
        filed = CATEGORIES[(product + 1) % 3] if product == PRODUCT_CATEGORY else about
        if number % REVIEW_CATEGORY == 0:
            about = CATEGORIES[(product + 2) % 3]
        month = number // PRODUCTS * 36 * PRODUCTS // count
        worse = product == DECLINING and month >= 24
        stars = 1 if worse else int(generator.choice([3, 4, 5, 5, 5]))
        said = generator.choice(TOPICS[about].split(), 7)
        mood = "broken refund" if worse else "lovely"
        rows.append(
            {
                "review_id": f"R{number:05d}",
                "customer_id": f"C{number % 400}",
                "product_id": f"P{product:02d}",
                "product_category": filed,
                "product_title": f"{EVIL} {filed} {product}",
                "star_rating": stars,
                "review_headline": EVIL if number % 9 == 0 else "My view",
                "review_body": f"{' and '.join(said)}. {mood} {EVIL} "
                f"{' '.join(generator.choice(FILLER, 5))} item{number}",
                "review_date": f"{2012 + month // 12}-{month % 12 + 1:02d}-{number % 28 + 1:02d}",
            }
        )
    return rows


def market(folder: Path, rows: list[dict[str, Any]] | None = None) -> PreparedData:
    """Prepare the market's rows; markup stays in the texts, as it can."""
    folder.mkdir(parents=True, exist_ok=True)
    source = write_lines(folder / "reviews.jsonl", market_rows() if rows is None else rows)
    settings = PrepareSettings(duplicates="keep")
    as_it_is = CleanSettings(html=False)
    return prepared(folder / "prepared", source, settings=settings, clean=as_it_is)

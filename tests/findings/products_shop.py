"""Reviews whose words are those of their product, for finders that compare products."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reviewdesk.prepare.prepared import PreparedData
from tests.findings.shop import shop

OWN = "alpha bravo carol delta eagle fancy gamma hotel india julia karat lemon mango nylon".split()
COMMON = "good bad cheap fast slow works fine well done buy again never money".split()
WORDS = 4


def review(number: int, product: str, body: str, **others: Any) -> dict[str, Any]:
    """Return one review as it stands in a file."""
    return {
        "review_id": f"R{number:05d}",
        "customer_id": f"C{number}",
        "product_id": product,
        "product_title": f"The <i>{product}</i>",
        "product_category": "Tools",
        "star_rating": 4,
        "review_headline": "My view",
        "review_body": body,
        "review_date": "2014-05-01",
    } | others


def product_rows(
    products: int = 10, reviews: int = 80, *, wrong_every: int = 0, seed: int = 3
) -> tuple[list[dict[str, Any]], set[str]]:
    """Return reviews of products, and the ids of those that stand under another than their own.

    Args:
        products: how many.
        reviews: of each.
        wrong_every: every review of this many stands under the next product; 0 for none.
        seed: another seed writes other texts.
    """
    random = np.random.default_rng(seed)
    rows, wrong = [], set()
    for number in range(products * reviews):
        about = stands = number % products
        if wrong_every and number % wrong_every == 0:
            stands = (about + 1 + number // wrong_every % (products - 1)) % products
            wrong.add(f"R{number:05d}")
        own = [f"{OWN[about]}{word}" for word in random.integers(0, WORDS, 4)]
        body = " ".join([*own, *random.choice(COMMON, 4)])
        rows.append(review(number, f"P{stands:02d}", f"{body} writer{number}"))
    return rows, wrong


def product_shop(folder: Path, rows: Sequence[dict[str, Any]]) -> PreparedData:
    """Prepare reviews."""
    return shop(folder, rows)

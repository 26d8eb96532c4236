"""Reviews of categories whose words are drawn at random, with what changes in them."""

from collections.abc import Callable
from typing import Any

import numpy as np

WORDS = [f"{first}{second}" for first in "bdfgklmnprst" for second in
         ("ario", "elim", "onup", "usto", "ekar", "imos", "otan", "albe")]  # fmt: skip
Change = Callable[[int, int, int], str]


def nothing(month: int, product: int, star: int) -> str:
    """Say nothing more in any month."""
    return ""


def talk(
    category: str,
    *,
    months: int = 14,
    products: int = 30,
    each: int = 1,
    change: Change = nothing,
    stars: Callable[[int], list[float]] = lambda month: [0.1, 0.1, 0.1, 0.2, 0.5],
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Return reviews of a category, so many of each product in each month.

    Each product has words of its own among those of all; low stars say "refund".
    """
    random = np.random.default_rng(seed)
    weights = 1 / np.arange(1, len(WORDS) + 1)
    own = [random.permutation(len(WORDS))[:5] for _ in range(products)]
    rows = []
    for month in range(months):
        for number in range(products * each):
            product = number % products
            star = int(random.choice(5, p=stars(month))) + 1
            said = [WORDS[one] for one in random.choice(len(WORDS), 6, p=weights / weights.sum())]
            said += [WORDS[one] for one in random.choice(own[product], 2)]
            said += ["refund"] if star <= 2 else []
            day = 28 if number else 31 - (month % 12 in (3, 5, 8, 10)) - 3 * (month % 12 == 1)
            rows.append(
                {
                    "review_id": f"{category}{month:02d}{number:04d}",
                    "customer_id": f"{category}-{month}-{number}",
                    "product_id": f"{category}-{product}",
                    "product_category": category,
                    "star_rating": star,
                    "review_headline": None,
                    "review_body": f"{' '.join(said)} {change(month, product, star)}.",
                    "review_date": f"{2013 + month // 12}-{month % 12 + 1:02d}-{day:02d}",
                }
            )
    return rows

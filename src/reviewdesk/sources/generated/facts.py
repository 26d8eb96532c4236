"""Who reviewed what, when, and with how many stars: everything about reviews but their text."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from reviewdesk.sources.generated import calendar
from reviewdesk.sources.generated.catalogue import QUALITY_LEVELS, Catalogue
from reviewdesk.sources.generated.rolls import Flags, Ints, Rolls, scaled, scrambled, squared

REVIEW_CATEGORY_SHARE: Final = 0.02
COPIED_SHARE: Final = 0.6
"""Of the reviews of a product with variants: how many stand under each of them."""

FLIPPED_SHARE: Final = 0.04
"""Reviews whose stars say the opposite of their text."""

_STARS: Final = np.array(  # in thousandths, for each quality from the worst
    [
        [520, 160, 120, 90, 110],
        [340, 130, 140, 160, 230],
        [220, 100, 130, 190, 360],
        [140, 70, 110, 200, 480],
        [90, 50, 85, 185, 590],
        [60, 40, 70, 180, 650],
        [40, 30, 55, 165, 710],
        [25, 20, 40, 135, 780],
    ]
)


@dataclass(frozen=True)
class Facts:
    """A block of reviews, (n,) each.

    Args:
        family: the family that the text is about.
        shown: the number of the product that the review stands under.
        right: the number of the product that it belongs to.
        customer: the number of the customer.
        mood: random bits of the customer, the same in all of their reviews.
        day: days since `calendar.FIRST_DAY`.
        stars: 1 to 5, as given.
        felt: 1 to 5, as the text says.
        declined: written after the product got worse.
    """

    family: Ints
    shown: Ints
    right: Ints
    customer: Ints
    mood: Ints
    day: Ints
    stars: Ints
    felt: Ints
    declined: Flags

    def __len__(self) -> int:
        return len(self.family)

    def take(self, rows: Ints) -> "Facts":
        """Return some rows."""
        return Facts(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})


def draw_facts(catalogue: Catalogue, customers: int, count: int, rolls: Rolls, seed: int) -> Facts:
    """Draw so many reviews.

    Args:
        catalogue: the products.
        customers: how many customers there are; a few write much, most write once.
        count: how many reviews to draw.
        rolls: the randomness of this block.
        seed: the corpus's, for what a customer has in all blocks.
    """
    family = rolls.weighted(catalogue.popularity, count)
    customer = scaled(squared(rolls.halves(count)), customers)
    mood = (scrambled(customer, seed) >> np.uint64(33)).astype(np.int64)
    end = calendar.days_so_far()[-1]
    launched = catalogue.launched[family]
    day = calendar.day_at(launched + rolls.below(end - launched, count))
    declined = day >= catalogue.declines[family]
    quality = catalogue.quality[family] - np.where(declined, catalogue.quality_lost[family], 0)
    quality += mood % 4 // 3 - (mood >> 2) % 4 // 3  # some are easily pleased, some never
    stars = _draw_stars(np.clip(quality, 0, QUALITY_LEVELS - 1), rolls)
    right = catalogue.first_product[family] + rolls.below(catalogue.variants[family], count)
    return Facts(
        family=family,
        shown=_file(catalogue, family, right, rolls),
        right=right,
        customer=customer,
        mood=mood,
        day=day,
        stars=stars,
        felt=np.where(rolls.chance(FLIPPED_SHARE, count), 6 - stars, stars),
        declined=declined,
    )


def _draw_stars(quality: Ints, rolls: Rolls) -> Ints:
    rolled = rolls.below(1000, len(quality))
    bounds = np.cumsum(_STARS, axis=1)[quality][:, :4]
    return np.asarray(1 + np.sum(rolled[:, None] >= bounds, axis=1), dtype=np.int64)


def _file(catalogue: Catalogue, family: Ints, right: Ints, rolls: Rolls) -> Ints:
    """File reviews under their product, and some under a product of another family."""
    count = len(family)
    other = rolls.weighted(catalogue.popularity, count)
    wrong = catalogue.first_product[other] + rolls.below(catalogue.variants[other], count)
    moved = rolls.chance(REVIEW_CATEGORY_SHARE, count) & (other != family)
    return np.where(moved, wrong, right)


def copy_over_variants(catalogue: Catalogue, facts: Facts, rolls: Rolls) -> tuple[Facts, Ints]:
    """Let many reviews of a product with variants stand under each of them, and mix the rows.

    Returns:
        As many rows as before, and which of the drawn reviews each is; the last drawn fall away.
    """
    count = len(facts)
    variants = catalogue.variants[facts.family]
    copied = (variants > 1) & (facts.shown == facts.right) & rolls.chance(COPIED_SHARE, count)
    copies = np.where(copied, variants, 1)
    origin = np.repeat(np.arange(count), copies)
    place = np.arange(len(origin)) - np.repeat(np.cumsum(copies) - copies, copies)
    mixed = np.argsort(rolls.raw(count), kind="stable")
    origin, place = origin[:count][mixed], place[:count][mixed]
    rows = facts.take(origin)
    product = catalogue.first_product[rows.family] + place
    whole = copied[origin]
    rows.shown[whole] = product[whole]
    rows.right[whole] = product[whole]
    return rows, origin

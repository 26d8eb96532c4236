"""The products of the generated corpus, in families of one to four variants.

What makes a product belongs to its family: category, maker, quality, its strong and its weak
aspect, whether it is filed wrongly, whether and when it declines. Families are ordered by how often
they are reviewed.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.sources.generated import calendar
from reviewdesk.sources.generated.grammar import Grammar
from reviewdesk.sources.generated.handwriting import title_case
from reviewdesk.sources.generated.rolls import Bits, Ints, Rolls, running_sums, scaled, squared
from reviewdesk.sources.generated.writer import Sentences, Writer

PRODUCT_CATEGORY_SHARE: Final = 0.03
DECLINING_SHARE: Final = 0.05
VARIANTS_SHARE: Final = 0.12
ENOUGH_REVIEWS: Final = 40
"""How many reviews a product must be likely to get before it may decline."""

NEVER: Final = calendar.DAYS
QUALITY_LEVELS: Final = 8

_STREAM: Final = 2**63
_FEWEST_FAMILIES: Final = 60
_FLAT_TOP: Final = 15  # the most popular product is not far ahead of the next ones
_QUALITY: Final = running_sums([2, 4, 8, 14, 22, 24, 18, 8])


@dataclass(frozen=True)
class Catalogue:
    """All products. Arrays are by family, (families,), but for those named by product.

    Args:
        popularity: running sums of how often families are reviewed.
        category: the number of the true category.
        shown_category: the number of the category that the family is filed under.
        quality: 0 (worst) to 7 (best), and in the same units what a decline takes away.
        strong, weak: numbers of the aspects that the family is praised and blamed for.
        launched: how much of all writing is done before it is sold (`calendar.share_of_time`).
        declines: the day from which it gets worse; NEVER for most.
        variants: how many products the family has.
        first_product: the number of its first product.
        product_family: the family of each product, (products,).
        product_title: (products,).
        writer: writes with the families' own words.
    """

    popularity: Ints
    category: Ints
    shown_category: Ints
    quality: Ints
    quality_lost: Ints
    strong: Ints
    weak: Ints
    launched: Ints
    declines: Ints
    variants: Ints
    first_product: Ints
    product_family: Ints
    product_title: pa.StringArray
    writer: Writer

    @property
    def grammar(self) -> Grammar:
        """The language that the catalogue is written in."""
        return self.writer.grammar


def make_catalogue(grammar: Grammar, reviews: int, seed: int) -> Catalogue:
    """Make the products of a corpus of so many reviews."""
    rolls = Rolls(seed, _STREAM)
    count = _family_count(reviews)
    popularity = running_sums(10**12 // (np.arange(count, dtype=np.int64) + _FLAT_TOP))
    category = rolls.weighted(running_sums([c.share for c in grammar.categories]), count)
    several = rolls.chance(VARIANTS_SHARE, count)
    variants = np.where(several, 2 + rolls.below(3, count), 1)
    product_family = np.repeat(np.arange(count), variants)
    launched = (calendar.days_so_far()[-1] * scaled(squared(rolls.halves(count)), 900)) // 1000
    expected = np.diff(popularity, prepend=0) / popularity[-1] * reviews / variants
    declining = _some_of(np.flatnonzero(expected >= ENOUGH_REVIEWS), DECLINING_SHARE, rolls)
    quality = rolls.weighted(_QUALITY, count)
    quality[declining] = np.maximum(quality[declining], 5)
    lost = np.zeros(count, dtype=np.int64)
    lost[declining] = 3 + rolls.below(3, len(declining))
    wrong = _some_of(np.arange(count), PRODUCT_CATEGORY_SHARE, rolls)
    writer = _name_families(grammar, category, rolls)
    return Catalogue(
        popularity=popularity,
        category=category,
        shown_category=_shown_categories(grammar, category, wrong, rolls),
        quality=quality,
        quality_lost=lost,
        strong=_aspects(grammar, category, rolls),
        weak=_aspects(grammar, category, rolls),
        launched=launched,
        declines=_declines(launched, declining, rolls),
        variants=variants,
        first_product=np.cumsum(variants) - variants,
        product_family=product_family,
        product_title=_titles(writer, category, product_family, variants, rolls),
        writer=writer,
    )


def _family_count(reviews: int) -> int:
    """Return about the three-quarter power: more reviews mean more products and more of each."""
    return max(_FEWEST_FAMILIES, math.isqrt(reviews) * math.isqrt(math.isqrt(reviews)))


def _some_of(places: Ints, share: float, rolls: Rolls) -> Ints:
    """Return a share of the places, at least one when there are any."""
    wanted = max(1, round(share * len(places))) if len(places) else 0
    order = np.argsort(rolls.raw(len(places)), kind="stable")
    return np.sort(places[order[:wanted]])


def _shown_categories(grammar: Grammar, category: Ints, wrong: Ints, rolls: Rolls) -> Ints:
    """File some families wrongly: half of them where they are easily taken for belonging."""
    names = [c.name for c in grammar.categories]
    partner = np.array([names.index(c.partner) for c in grammar.categories])
    step = 1 + rolls.below(len(names) - 1, len(wrong))
    shown = category.copy()
    anywhere = (category[wrong] + step) % len(names)
    near = rolls.chance(0.5, len(wrong))
    shown[wrong] = np.where(near, partner[category[wrong]], anywhere)
    return shown


def _declines(launched: Ints, declining: Ints, rolls: Rolls) -> Ints:
    """Choose days that leave enough reviews before and after."""
    declines = np.full(len(launched), NEVER)
    left = calendar.days_so_far()[-1] - launched[declining]
    written = launched[declining] + left * (400 + rolls.below(300, len(declining))) // 1000
    declines[declining] = calendar.day_at(written)
    return declines


def _aspects(grammar: Grammar, category: Ints, rolls: Rolls) -> Ints:
    """Choose one aspect of each family's category."""
    return choose_aspects(grammar, category, rolls.halves(len(category)))


def choose_aspects(grammar: Grammar, category: Ints, halves: Bits) -> Ints:
    """Choose aspects by 32 random bits each."""
    counts = np.array([len(c.aspects) for c in grammar.categories])
    table = np.zeros((len(counts), counts.max()), dtype=np.int64)
    for number, one in enumerate(grammar.categories):
        table[number, : len(one.aspects)] = one.aspects
    return table[category, scaled(halves, counts[category])]


def _name_families(grammar: Grammar, category: Ints, rolls: Rolls) -> Writer:
    """Give every family its noun, maker, hero and name."""
    families = np.arange(len(category))
    about = Sentences.about(families, category=category)
    plain = Writer(grammar, [])
    noun = plain.write("noun", about, rolls)
    initial = pc.utf8_slice_codeunits(noun, 0, 1)
    vowel = pc.is_in(initial, value_set=pa.array(list("aeio")))
    article = pc.if_else(vowel, "an ", "a ")
    words = [noun, pc.binary_join_element_wise(article, noun, "")]
    words.append(_makers(grammar, category, plain, rolls))
    words.append(plain.write("hero", about, rolls))
    words.append(title_case(Writer(grammar, words).write("work", about, rolls)))
    return Writer(grammar, words)


def _makers(grammar: Grammar, category: Ints, plain: Writer, rolls: Rolls) -> pa.StringArray:
    """Choose makers out of two pools, persons and coined names, some with many families."""
    size = len(category) // 6 + 40
    person = np.repeat([0, 1], size)
    pool = plain.write("brand", Sentences.about(np.arange(2 * size), maker=person), rolls)
    by_person = np.array([c.person for c in grammar.categories])[category]
    chosen = scaled(squared(rolls.halves(len(category))), size)
    return pool.take(pa.array(chosen + size * by_person))


def _titles(
    writer: Writer, category: Ints, family: Ints, variants: Ints, rolls: Rolls
) -> pa.StringArray:
    """Write the families' titles, and behind them what tells variants apart."""
    families = np.arange(len(category))
    work = np.array([c.work for c in writer.grammar.categories])[category]
    about = Sentences.about(families, category=category, tone=1 + 2 * work)
    titles = writer.write("title", about, rolls).take(pa.array(family))
    about = Sentences.about(family, tone=1 + 2 * work[family])
    difference = writer.write("variant", about, rolls)
    difference = pc.if_else(pa.array(variants[family] > 1), difference, "")
    return title_case(pc.binary_join_element_wise(titles, difference, ""))

"""Which sentences a review has, in which order, and what each of them is about."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reviewdesk.sources.generated import calendar
from reviewdesk.sources.generated.catalogue import Catalogue, choose_aspects
from reviewdesk.sources.generated.facts import Facts
from reviewdesk.sources.generated.grammar import JOINTS, LEAD, NOTHING, Grammar
from reviewdesk.sources.generated.rolls import Bits, Flags, Ints, Rolls, running_sums
from reviewdesk.sources.generated.writer import Sentences, Symbols

VAGUE_SHARE: Final = 0.02
"""Reviews that say nothing of what the product is."""

# How many reviews in a thousand have 0, 1, 2 ... sentences; 0 stands for a few words.
_LENGTHS: Final = running_sums(
    [75, 70, 125, 120, 100, 80, 65, 50, 40, 32, 26, 21, 17, 14, 12, 10, 8, 7, 6, 5, 4, 3, 3]
)
_MIDDLE: Final = ("claim", "opinion", "usage", "story", "service", "comparison", "digression")
_NAMED_MIDDLE: Final = running_sums([30, 10, 22, 5, 4, 5, 24])
_VAGUE_MIDDLE: Final = running_sums([12, 30, 0, 12, 14, 8, 24])
# How many sentences praise, by stars: of those about one thing, and of those about the whole.
_PRAISE_IN_PART: Final = np.array([0.0, 0.16, 0.3, 0.52, 0.68, 0.87])
_PRAISE_IN_ALL: Final = np.array([0.0, 0.05, 0.16, 0.5, 0.85, 0.97])
_VOICES: Final = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2])  # calm, eager, weary
_GOLDEN: Final = np.uint64(2654435769)  # 2**32 over the golden ratio
_WHOLE: Final = ("opinion", "comparison")
_LED: Final = ("claim", "opinion", "comparison", "service")
_LEAD_SHARE: Final = 0.28
_DEFAULT_HEADLINE_SHARE: Final = 0.2


@dataclass(frozen=True)
class BodyPlan:
    """The sentences of a block.

    Args:
        review: the review of each sentence, (s,), not falling.
        symbol: the rule that each is written by, (s,).
        roll: 32 random bits that choose among the rule's alternatives, (s,).
        joint: the piece between each and the one before, (s,); the empty one at the beginning.
        lead: the rule for what leads over to each, or the empty piece, (s,).
        sentences: what each is about.
    """

    review: Ints
    symbol: Symbols
    roll: Bits
    joint: Symbols
    lead: Symbols
    sentences: Sentences


@dataclass(frozen=True)
class Reviewers:
    """How each review is written, (n,): whether it is vague, and its number of sentences."""

    vague: Flags
    length: Ints


def draw_reviewers(facts: Facts, rolls: Rolls) -> Reviewers:
    """Draw how the reviews are written; some customers always write little."""
    count = len(facts)
    length = rolls.weighted(_LENGTHS, count)
    length = np.where((facts.mood >> 4) % 8 == 0, np.minimum(length, 3), length)
    return Reviewers(rolls.chance(VAGUE_SHARE, count), length)


def plan_bodies(catalogue: Catalogue, facts: Facts, reviewers: Reviewers, rolls: Rolls) -> BodyPlan:
    """Plan the sentences of the reviews' bodies."""
    lengths = np.maximum(reviewers.length, 1)
    review = np.repeat(np.arange(len(facts)), lengths)
    sentence = np.arange(len(review)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    symbol, whole = _kinds(catalogue.grammar, facts, reviewers, review, sentence, rolls)
    led = np.isin(symbol, [catalogue.grammar.rules[name] for name in _LED])
    leads = led & (sentence > 0) & rolls.chance(_LEAD_SHARE, len(review))
    praise = np.where(
        whole, _PRAISE_IN_ALL[facts.felt[review]], _PRAISE_IN_PART[facts.felt[review]]
    )
    return BodyPlan(
        review=review,
        symbol=symbol,
        roll=_spread(rolls.halves(len(facts))[review], sentence),
        joint=_joints(lengths, review, sentence, rolls),
        lead=np.where(leads, catalogue.grammar.rules[LEAD], NOTHING).astype(np.int32),
        sentences=_about(
            catalogue, facts, reviewers, review, sentence, rolls.chance(praise, len(review)), rolls
        ),
    )


def plan_headlines(
    catalogue: Catalogue, facts: Facts, reviewers: Reviewers, rolls: Rolls
) -> BodyPlan:
    """Plan the reviews' headlines, a share of which the shop filled in from the stars."""
    grammar, count = catalogue.grammar, len(facts)
    review = np.arange(count)
    mixed = (facts.felt == 3) & rolls.chance(0.6, count)
    symbol = np.where(mixed, grammar.rules["headline_mixed"], grammar.rules["headline"])
    default = rolls.chance(_DEFAULT_HEADLINE_SHARE, count)
    symbol[default] = grammar.rules["default_headline"]
    praise = rolls.chance(_PRAISE_IN_ALL[facts.felt], count)
    return BodyPlan(
        review=review,
        symbol=symbol.astype(np.int32),
        roll=rolls.halves(count),
        joint=np.full(count, NOTHING, dtype=np.int32),
        lead=np.full(count, NOTHING, dtype=np.int32),
        sentences=_about(catalogue, facts, reviewers, review, review * 0, praise, rolls),
    )


def _spread(start: Bits, sentence: Ints) -> Bits:
    """Give a review's sentences choices far apart, so that they do not repeat each other.

    The multiples of the golden ratio fall into the largest gaps between those before.
    """
    return (start + sentence.astype(np.uint64) * _GOLDEN) & np.uint64(0xFFFFFFFF)


def _kinds(
    grammar: Grammar, facts: Facts, reviewers: Reviewers, review: Ints, sentence: Ints, rolls: Rolls
) -> tuple[Symbols, Flags]:
    """Choose the rule that each sentence is written by, and say which judge the whole."""
    count = len(review)
    length = reviewers.length[review]
    rule = grammar.rules
    middle = np.array([rule[name] for name in _MIDDLE])
    named = middle[rolls.weighted(_NAMED_MIDDLE, count)]
    vague = middle[rolls.weighted(_VAGUE_MIDDLE, count)]
    kinds = np.where(reviewers.vague[review], vague, named)
    first = (sentence == 0) & rolls.chance(0.72, count)
    judging = rolls.chance(0.5, count) | (length == 1)
    kinds = np.where(first, np.where(judging, rule["overall"], rule["opening"]), kinds)
    last = (sentence > 1) & (sentence == length - 1) & rolls.chance(0.6, count)
    mild = rolls.chance(0.15, count)
    kinds = np.where(last, np.where(mild, rule["farewell"], rule["closing"]), kinds)
    felt = facts.felt[review]
    worse = facts.declined[review] & (felt <= 3) & (sentence < 2) & rolls.chance(0.45, count)
    kinds = np.where(worse, rule["decline"], kinds)
    mixed = (felt == 3) & rolls.chance(0.7, count)
    kinds = np.where(length == 0, np.where(mixed, rule["tiny_mixed"], rule["tiny"]), kinds)
    whole = np.isin(kinds, [rule[name] for name in _WHOLE])
    return kinds.astype(np.int32), whole | (length == 0) | first | last


def _joints(lengths: Ints, review: Ints, sentence: Ints, rolls: Rolls) -> Symbols:
    """Choose what stands between sentences: a space or two, or in some long reviews a paragraph."""
    nothing, space, two_spaces, paragraph = range(len(JOINTS))
    style = rolls.below(10, len(lengths))[review]
    breaks = (style < 4) & (lengths[review] > 5) & rolls.chance(0.3, len(review))
    joint = np.where(style == 9, two_spaces, space)
    joint[breaks] = paragraph
    joint[sentence == 0] = nothing
    return joint.astype(np.int32)


def _about(
    catalogue: Catalogue,
    facts: Facts,
    reviewers: Reviewers,
    review: Ints,
    sentence: Ints,
    praise: Flags,
    rolls: Rolls,
) -> Sentences:
    """Say what sentences are about: their tone, aspects, and what follows from the review."""
    grammar = catalogue.grammar
    family, mood = facts.family[review], facts.mood[review]
    category = catalogue.category[family]
    vague = reviewers.vague[review]
    aspect, second = _aspects(catalogue, family, vague, praise, review, sentence, rolls)
    work = np.array([c.work for c in grammar.categories])[category]
    return Sentences.about(
        family,
        tone=praise + 2 * work,
        category=category,
        naming=vague,
        household=(mood >> 8) % 3,
        voice=_VOICES[(mood >> 20) % len(_VOICES)],
        era=calendar.eras(facts.day[review]),
        maker=np.array([c.person for c in grammar.categories])[category],
        stars=facts.stars[review] - 1,
        number=grammar.plural_aspects[aspect],
        aspect=aspect,
        verdict=2 * aspect + praise,
        aspect2=second,
        verdict2=2 * second + praise,
    )


def _aspects(
    catalogue: Catalogue,
    family: Ints,
    vague: Flags,
    praise: Flags,
    review: Ints,
    sentence: Ints,
    rolls: Rolls,
) -> tuple[Ints, Ints]:
    """Choose two different aspects for each sentence, early on the family's own ones."""
    grammar, count = catalogue.grammar, len(review)
    category = catalogue.category[family]
    shared = np.array(grammar.shared_aspects)
    start = rolls.halves(int(review[-1]) + 1)[review]
    any_aspect = choose_aspects(grammar, category, _spread(start, sentence))
    own = np.where(praise, catalogue.strong[family], catalogue.weak[family])
    aspect = np.where(rolls.chance(np.where(sentence < 2, 0.65, 0.1), count), own, any_aspect)
    general = vague | rolls.chance(0.06, count)
    aspect = np.where(general, shared[(start.astype(np.int64) + sentence) % len(shared)], aspect)
    other = shared[(aspect + 1 + rolls.below(len(shared) - 1, count)) % len(shared)]
    return aspect, np.where(vague | (any_aspect == aspect), other, any_aspect)

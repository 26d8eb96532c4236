"""The text of reviews: planned sentences, written, and put down in the hand of their customers."""

from typing import Final

import numpy as np
import pyarrow as pa

from reviewdesk.sources.generated import handwriting
from reviewdesk.sources.generated.catalogue import Catalogue
from reviewdesk.sources.generated.facts import Facts
from reviewdesk.sources.generated.plan import BodyPlan, draw_reviewers, plan_bodies, plan_headlines
from reviewdesk.sources.generated.rolls import Flags, Ints, Rolls
from reviewdesk.sources.generated.writer import Text

_TYPING_ERRORS: Final = 0.011  # tried per character by those who make them
_LONG: Final = 300  # nobody shouts for so many bytes


def write_texts(
    catalogue: Catalogue, facts: Facts, rolls: Rolls
) -> tuple[pa.StringArray, pa.StringArray]:
    """Return the headlines and the bodies of a block of reviews."""
    reviewers = draw_reviewers(facts, rolls)
    headlines = plan_headlines(catalogue, facts, reviewers, rolls)
    bodies = plan_bodies(catalogue, facts, reviewers, rolls)
    written = _write(catalogue, facts, headlines, rolls)
    default = headlines.symbol == catalogue.grammar.rules["default_headline"]
    titled = (facts.mood >> 24) % 5 < 2
    _by_hand(*written, facts, ~default, titled, rolls)
    headline_texts = written[0].strings(written[1])
    written = _write(catalogue, facts, bodies, rolls)
    everybody = np.ones(len(facts), dtype=np.bool_)
    _by_hand(*written, facts, everybody, ~everybody, rolls)
    return headline_texts, written[0].strings(written[1])


def _write(catalogue: Catalogue, facts: Facts, plan: BodyPlan, rolls: Rolls) -> tuple[Text, Ints]:
    """Write the planned sentences.

    Returns:
        The text, and the piece with which each review begins (one more bound than reviews).
    """
    count = len(plan.review)
    symbols = np.stack([plan.joint, plan.lead, plan.symbol], axis=1).reshape(-1)
    owner, roll = np.repeat(np.arange(count), 3), np.repeat(plan.roll, 3)
    writer = catalogue.writer
    symbols, owner = writer.expand(symbols, owner, plan.sentences, rolls, roll)
    text = writer.set(symbols, owner, plan.sentences)
    first = np.searchsorted(owner, np.arange(count))  # the joint of each sentence
    bounds = np.append(first[np.searchsorted(plan.review, np.arange(len(facts)))], len(symbols))
    handwriting.capitalise(text.data, text.offsets[first + 1])
    return text, bounds


def _by_hand(
    text: Text, bounds: Ints, facts: Facts, written: Flags, titled: Flags, rolls: Rolls
) -> None:
    """Put text down as its customers do: some never use capitals, some nothing else.

    Args:
        text: all texts on end.
        bounds: the piece with which each begins, (n + 1,).
        facts: the reviews.
        written: the texts that a customer wrote, (n,).
        titled: the customers who begin every word with a capital where that is done, (n,).
        rolls: the randomness.
    """
    starts = text.offsets[bounds]
    lengths = np.diff(starts)
    careless = (facts.mood >> 12) % 4 == 0
    rate = np.where(careless, _TYPING_ERRORS, _TYPING_ERRORS / 8) * written
    tries = (lengths * rate * 2 * 2**16).astype(np.int64)
    errors = (rolls.below(tries + 1, len(lengths)) + 2**15) >> 16
    handwriting.misspell(text.data, starts, errors, rolls)
    hand = (facts.mood >> 16) % 32
    loud = (hand == 31) & (facts.felt != 3) & (lengths < _LONG)
    handwriting.lower(text.data, np.repeat((hand < 3) & written, lengths))
    handwriting.shout(text.data, np.repeat(loud & written, lengths))
    handwriting.begin_words(text.data, np.repeat(titled & written & (hand >= 3), lengths))

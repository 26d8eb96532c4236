"""Declines: when, by how much, and with whose reviews."""

import numpy as np
import pytest

from reviewdesk.sources.truth.declines import FEWEST_AFTER, FEWEST_BEFORE, choose_declines
from reviewdesk.sources.truth.facts import NO_DAY, NO_STARS, ReviewFacts
from reviewdesk.sources.truth.moves import Categories


def facts(reviews: int = 4_000, products: int = 80, **values: int) -> ReviewFacts:
    random = np.random.default_rng(2)
    product = random.integers(products, size=reviews).astype(np.int32)
    return ReviewFacts(
        key=random.integers(2**63, size=reviews).astype(np.uint64),
        product=product,
        product_key=random.integers(2**63, size=products).astype(np.uint64),
        category=(product % 3).astype(np.int32),
        categories=Categories(np.arange(3, dtype=np.uint64), np.zeros((3, 3))),
        day=np.full(reviews, values["day"], np.int32)
        if "day" in values
        else random.integers(15_000, 16_000, size=reviews).astype(np.int32),
        stars=np.full(reviews, values["stars"], np.int8)
        if "stars" in values
        else random.choice([1, 2, 3, 4, 5], reviews, p=[0.1, 0.1, 0.1, 0.2, 0.5]).astype(np.int8),
        copied=random.random(reviews) < 0.05,
    )


@pytest.mark.parametrize("drop", [0.5, 1.0, 2.0])
def test_later_stars_fall_by_the_drop_and_earlier_stay(drop: float) -> None:
    known = facts()
    every = np.ones(len(known), np.bool_)
    found = choose_declines(known, every, share=0.2, drop=drop, seed=0)
    assert len(found.product) + found.not_low_enough == 16 == round(0.2 * found.candidates)
    assert len(found.product) >= 4
    stars = np.where(found.said >= 0, known.stars[found.said], known.stars)
    for product, day in zip(found.product, found.day, strict=True):
        own = known.product == product
        late = own & (known.day >= day)
        assert (own & ~late).sum() >= FEWEST_BEFORE
        assert late.sum() >= FEWEST_AFTER
        assert np.array_equal(stars[own & ~late], known.stars[own & ~late])
        before = stars[own & ~late].mean()
        assert before - stars[late].mean() >= drop - 1e-9
        fell = known.stars[late].mean() - stars[late].mean()
        asked = drop + max(known.stars[late].mean() - before, 0)
        assert asked - 1e-9 <= fell <= asked + 4 / late.sum()


def test_reviews_change_places_within_their_category() -> None:
    known = facts()
    every = np.ones(len(known), np.bool_)
    found = choose_declines(known, every, share=0.3, drop=1.0, seed=0)
    changed = np.flatnonzero(found.said >= 0)
    assert len(changed)
    assert np.array_equal(found.said[found.said[changed]], changed)
    assert np.array_equal(known.category[found.said[changed]], known.category[changed])
    declining = np.isin(known.product[changed], found.product)
    assert declining.sum() * 2 == len(changed)  # one of each pair
    assert not known.copied[changed].any()


def test_what_may_not_change_does_not() -> None:
    known = facts()
    may = np.random.default_rng(0).random(len(known)) < 0.7
    found = choose_declines(known, may, share=0.2, drop=1.0, seed=0)
    changed = np.flatnonzero(found.said >= 0)
    assert len(changed)
    assert may[changed].all()


def test_a_drop_that_cannot_be_is_left() -> None:
    known = facts(stars=2)
    every = np.ones(len(known), np.bool_)
    found = choose_declines(known, every, share=0.5, drop=1.0, seed=0)
    assert len(found.product) == 0
    assert found.not_low_enough == 40
    assert (found.said == -1).all()


@pytest.mark.parametrize(
    "known", [facts(day=NO_DAY), facts(stars=NO_STARS), facts(day=15_000), facts(reviews=100)]
)
def test_without_enough_dated_reviews_there_are_no_candidates(known: ReviewFacts) -> None:
    every = np.ones(len(known), np.bool_)
    found = choose_declines(known, every, share=1.0, drop=1.0, seed=0)
    assert found.candidates == 0
    assert (found.said == -1).all()


def test_all_declining_have_nobody_to_borrow_from() -> None:
    known = facts()
    every = np.ones(len(known), np.bool_)
    found = choose_declines(known, every, share=1.0, drop=1.0, seed=0)
    assert len(found.product) == 0
    assert found.not_low_enough == found.candidates

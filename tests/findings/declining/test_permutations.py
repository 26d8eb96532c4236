"""Chances by drawn orders agree with shuffling, and are the same each time."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.findings.declining.evidence import (
    KINDS,
    Floats,
    Ints,
    candidates,
    follow,
)
from reviewdesk.findings.declining.permutations import (
    PREFERENCES,
    chances_of_records,
    draw,
    tail,
    uniform,
)

GIVEN = candidates()
BASELINE = (np.array([0.7, 0.3]), np.array([[1.0] * 5, [2.0, 1.0, 1.0, 3.0, 9.0]]))
LOOKS = np.array([10, 17, 25, 40, 60], np.int64)
STARS = np.repeat(np.arange(KINDS), (12, 6, 8, 12, 22)).astype(np.int8)


def evidence(stars: NDArray[Any]) -> Floats:
    ratio, process = np.empty(len(LOOKS)), np.empty(len(LOOKS))
    follow(
        stars,
        LOOKS,
        *BASELINE,
        GIVEN.reviews,
        GIVEN.spacing,
        GIVEN.prior,
        GIVEN.tilts,
        ratio,
        process,
    )
    return ratio


def drawn(level: float, orders: int) -> float:
    counts = np.bincount(STARS, minlength=KINDS).astype(np.float64)
    reached, _ = tail(
        counts,
        LOOKS,
        *BASELINE,
        GIVEN.reviews,
        GIVEN.spacing,
        GIVEN.prior,
        GIVEN.tilts,
        np.array(PREFERENCES),
        level,
        orders,
        np.array([12345], np.uint64),
    )
    return reached / orders


@pytest.mark.parametrize(("level", "error"), [(0.5, 0.15), (1.5, 0.25)])
def test_drawn_orders_agree_with_shuffling(level: float, error: float) -> None:
    generator = np.random.default_rng(0)
    shuffled = np.mean([evidence(generator.permutation(STARS)).max() >= level for _ in range(8000)])
    assert shuffled > 0.002
    assert abs(drawn(level, 6000) / shuffled - 1) < error


def test_every_order_reaches_what_is_lower_than_all() -> None:
    assert abs(drawn(-1e9, 3000) - 1) < 0.1


def records(stars: NDArray[Any], looks: Ints, seed: int = 99) -> list[float]:
    ratio, process = np.empty(len(looks)), np.empty(len(looks))
    follow(
        stars,
        looks,
        *BASELINE,
        GIVEN.reviews,
        GIVEN.spacing,
        GIVEN.prior,
        GIVEN.tilts,
        ratio,
        process,
    )
    chances = np.ones(len(looks))
    chances_of_records(
        stars,
        looks,
        np.uint64(seed),
        *BASELINE,
        GIVEN.reviews,
        GIVEN.spacing,
        GIVEN.prior,
        GIVEN.tilts,
        np.array(PREFERENCES),
        np.full(len(looks), 0.05),
        0.5,
        ratio,
        chances,
    )
    return chances.tolist()


def test_a_drop_has_a_small_chance_that_no_later_month_changes() -> None:
    stars = np.array([4, 3, 4, 4, 4] * 8 + [0, 1, 2, 0, 4] * 6, np.int8)
    looks = np.array([20, 40, 50, 60, 70], np.int64)
    chances = records(stars, looks)
    assert chances[:2] == [1, 1]
    assert 0 < chances[-1] < 1e-4
    assert records(stars[:60], looks[:4]) == chances[:4]
    assert records(stars, looks, seed=100) != chances


def test_equal_stars_have_no_record() -> None:
    assert records(np.full(60, 4, np.int8), LOOKS) == [1] * 5


def test_random_numbers_are_even_and_draws_keep_to_what_is_left() -> None:
    state = np.array([7], np.uint64)
    numbers = np.array([uniform(state) for _ in range(4000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.03
    left = np.array([0.0, 3.0, 0.0, 1.0, 0.0])
    kinds = [draw(left, np.ones(KINDS), state) for _ in range(800)]
    assert set(kinds) == {1, 3}
    assert abs(np.mean(np.array(kinds) == 1) - 0.75) < 0.06

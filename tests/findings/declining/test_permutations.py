"""Chances by drawn orders agree with shuffling, and are the same each time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.declining.evidence import (
    KINDS,
    Baseline,
    Baselines,
    Floats,
    Ints,
    candidates,
    follow,
)
from reviewdesk.findings.declining.orders import draw, uniform
from reviewdesk.findings.declining.permutations import (
    Settled,
    p_values_of_records,
    pooled_tail,
    tail,
)

GIVEN = candidates()
WEIGHTS = np.array([0.7, 0.3])
CONCENTRATION = np.array([[1.0] * 5, [2.0, 1.0, 1.0, 3.0, 9.0]])
BASELINE = Baseline(WEIGHTS, CONCENTRATION, CONCENTRATION.sum(axis=1))
LOOKS = np.array([10, 17, 25, 40, 60], np.int64)
STARS = np.repeat(np.arange(KINDS), (12, 6, 8, 12, 22)).astype(np.int8)


def evidence(stars: NDArray[Any], looks: Ints = LOOKS) -> Floats:
    ratio, process = np.empty(len(looks)), np.empty(len(looks))
    follow(stars, looks, BASELINE, GIVEN, ratio, process)
    return ratio


def drawn(levels: list[float], orders: int) -> list[float]:
    counts = np.bincount(STARS, minlength=KINDS).astype(np.float64)
    reached, squares = np.zeros(len(levels)), np.zeros(len(levels))
    state = np.array([12345], np.uint64)
    tail(counts, LOOKS, BASELINE, GIVEN, np.array(levels), orders, state, reached, squares)
    return [float(one) for one in reached / orders]


def test_drawn_orders_agree_with_shuffling() -> None:
    generator = np.random.default_rng(0)
    highest = np.array([evidence(generator.permutation(STARS)).max() for _ in range(8000)])
    for level, p_value in zip((0.5, 1.5), drawn([0.5, 1.5], 6000), strict=True):
        shuffled = float(np.mean(highest >= level))
        assert shuffled > 0.002
        assert abs(p_value / shuffled - 1) < 0.25


def test_pooled_products_add_up() -> None:
    counts = np.bincount(STARS, minlength=KINDS).astype(np.float64)
    baselines = Baselines(WEIGHTS[None], CONCENTRATION[None], np.zeros(2, np.int64))
    looks, offsets = np.tile(LOOKS, 2), np.array([0, len(LOOKS), 2 * len(LOOKS)])
    seeds, sought = np.array([5, 9], np.uint64), np.array([0.5, 1.5, 4.0])
    both, doubt = pooled_tail(
        np.stack([counts, counts]), looks, offsets, seeds, baselines, GIVEN, sought, 2000
    )
    alone = np.array(drawn(sought.tolist(), 6000))
    assert (np.abs(both - 2 * alone) < 5 * np.sqrt(doubt) + 0.1 * alone).all()
    assert (doubt > 0).all()
    assert (np.diff(both) < 0).all()


def test_every_order_reaches_what_is_lower_than_all() -> None:
    assert abs(drawn([-1e9], 3000)[0] - 1) < 0.1


def records(stars: NDArray[Any], looks: Ints, seed: int = 99) -> list[float]:
    p_values = np.ones(len(looks))
    settled = Settled(np.zeros(len(looks)), np.full(len(looks), 0.05))
    ratio = evidence(stars, looks)
    p_values_of_records(
        stars, looks, np.uint64(seed), BASELINE, GIVEN, settled, 0.5, ratio, p_values
    )
    return p_values.tolist()


def test_a_drop_has_a_small_chance_that_no_later_month_changes() -> None:
    stars = np.array([4, 3, 4, 4, 4] * 8 + [0, 1, 2, 0, 4] * 6, np.int8)
    looks = np.array([20, 40, 50, 60, 70], np.int64)
    p_values = records(stars, looks)
    assert p_values[:2] == [1, 1]
    assert 0 < p_values[-1] < 1e-4
    assert records(stars[:60], looks[:4]) == p_values[:4]
    assert records(stars, looks, seed=100) != p_values


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

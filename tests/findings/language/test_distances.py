"""How far a month is, and what chance does."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from reviewdesk.findings.language.distances import (
    ORDERS,
    MonthComparison,
    deal,
    deviances,
    distance,
    expected,
    measure,
    p_value_of,
    said_in,
)


def compared(
    said: list[list[int]], now: list[int], strata: list[int] | None = None
) -> MonthComparison:
    stars = np.array(strata or [5] * len(now), np.int64)
    return MonthComparison(csr_array(np.array(said, np.int32)), np.array(now, np.bool_), stars)


def test_a_deviance_is_the_log_likelihood_ratio_of_a_table() -> None:
    given = compared([[1], [1], [1], [0], [1], [0], [0], [0]], [1, 1, 1, 1, 0, 0, 0, 0])
    by_hand = 2 * (3 * np.log(3 / 2) + np.log(1 / 2) + np.log(1 / 2) + 3 * np.log(3 / 2))
    assert deviances(said_in(given), expected(given)) == pytest.approx([by_hand])


def test_words_that_fall_are_below_zero_and_what_stays_is_nothing() -> None:
    given = compared([[0, 1], [0, 1], [1, 1], [1, 1]], [1, 1, 0, 0])
    found = deviances(said_in(given), expected(given))
    assert found[0] < 0
    assert found[1] == 0
    assert distance(found) == pytest.approx(-found[0])


def test_expectations_are_within_stars() -> None:
    """All that has one star is of the month, so a word of it is no surprise."""
    given = compared([[1], [1], [0], [0], [0], [0]], [1, 1, 1, 0, 0, 0], [1, 1, 5, 5, 5, 5])
    assert expected(given).month == pytest.approx([2])
    assert deviances(said_in(given), expected(given)) == pytest.approx([0])


def test_months_are_dealt_among_units_of_the_same_star() -> None:
    given = compared([[1]] * 6, [1, 1, 0, 1, 0, 0], [1, 1, 1, 5, 5, 5])
    dealt = deal(given, 200, np.random.default_rng(0)).toarray()
    assert set(dealt.ravel().tolist()) == {0, 1}
    assert (dealt[:, :3].sum(axis=1) == 2).all()
    assert (dealt[:, 3:].sum(axis=1) == 1).all()
    assert np.abs(dealt[:, :3].mean(axis=0) - 2 / 3).max() < 0.12
    assert np.abs(dealt[:, 3:].mean(axis=0) - 1 / 3).max() < 0.12


def test_the_chance_of_a_new_word_is_small_and_of_noise_is_not() -> None:
    random = np.random.default_rng(4)
    noise = (random.random((120, 40)) < 0.2).astype(int)
    now = np.repeat([1, 0], 60)
    usual = measure(compared(noise.tolist(), now.tolist()), 1)
    noise[:25, 0], noise[25:, 0] = 1, 0
    new = measure(compared(noise.tolist(), now.tolist()), 1)
    assert usual.p_value > 0.05
    assert new.p_value < 1e-4
    assert new.times_expected > 1.5 > usual.times_expected


def test_chances_of_noise_are_even() -> None:
    random = np.random.default_rng(8)
    p_values = []
    for seed in range(150):
        said = (random.random((50, 25)) < 0.25).astype(int)
        p_values.append(measure(compared(said.tolist(), [1] * 25 + [0] * 25), seed).p_value)
    below = [np.mean(np.array(p_values) <= level) for level in (0.1, 0.3, 0.6)]
    assert np.abs(np.array(below) - (0.1, 0.3, 0.6)).max() < 0.11


def test_chances_beyond_what_orders_count_go_on_falling() -> None:
    drawn = np.random.default_rng(2).exponential(size=ORDERS)
    far = [p_value_of(value, drawn) for value in (5.0, 8.0, 12.0)]
    assert far == sorted(far, reverse=True)
    assert far[1] < 1 / ORDERS
    assert far[2] == pytest.approx(np.exp(-12), rel=20)
    assert far[2] > np.exp(-12) / 20


def test_all_alike_is_no_surprise() -> None:
    assert measure(compared([[1, 1]] * 50, [1] * 25 + [0] * 25), 0).p_value == 1
    assert measure(compared([[]] * 50, [1] * 25 + [0] * 25), 0).p_value == 1

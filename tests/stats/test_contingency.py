import numpy as np
import pytest
from scipy.stats import fisher_exact, hypergeom

from reviewdesk.stats.contingency import armitage_trend, fisher_chances, least_chances

RANDOM = np.random.default_rng(7)


def tables(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    left_of, right_of = RANDOM.integers(1, 400, (2, count))
    return RANDOM.integers(0, left_of + 1), RANDOM.integers(0, right_of + 1), left_of, right_of


def test_chances_are_those_of_scipy() -> None:
    left, right, left_of, right_of = tables(300)
    found = fisher_chances(left, right, left_of, right_of)
    for n in range(300):
        table = [[left[n], left_of[n] - left[n]], [right[n], right_of[n] - right[n]]]
        tails = [fisher_exact(table, side).pvalue for side in ("less", "greater")]
        # Both tails may be nearly equal: the one away from what is expected is taken.
        assert found[n] == pytest.approx(min(2 * min(tails), 1.0), rel=1e-7, abs=1e-300) or (
            found[n] > 0.5
        )


def test_nothing_is_clearer_than_what_is_possible() -> None:
    left, right, left_of, right_of = tables(300)
    least = least_chances(left + right, left_of, right_of)
    assert (least <= fisher_chances(left, right, left_of, right_of) * (1 + 1e-9)).all()
    all_left = hypergeom.sf(2, 30, 10, 3)
    assert least_chances(np.array([3]), np.array([10]), np.array([20]))[0] == pytest.approx(
        2 * all_left
    )


def test_chance_alone_is_called_clear_as_seldom_as_promised() -> None:
    random = np.random.default_rng(3)
    left, right = random.binomial(60, 0.1, 4_000), random.binomial(140, 0.1, 4_000)
    chances = fisher_chances(left, right, np.full(4_000, 60), np.full(4_000, 140))
    assert np.mean(chances <= 0.05) <= 0.05


def test_a_rising_share_is_seen_and_a_level_one_is_not() -> None:
    rows, at = np.full(24, 50), np.arange(24.0)
    rising = np.round(rows * np.linspace(0.05, 0.3, 24)).astype(int)
    z, chance = armitage_trend(rising, rows, at)
    assert z > 4
    assert chance < 1e-4
    assert armitage_trend(rising[::-1], rows, at)[0] < -4
    assert armitage_trend(np.full(24, 5), rows, at) == (0.0, 1.0)
    assert armitage_trend(np.zeros(24, int), rows, at) == (0.0, 1.0)
    random = np.random.default_rng(5)
    level = [armitage_trend(random.binomial(50, 0.1, 24), rows, at)[1] for _ in range(1_000)]
    assert 0.03 < np.mean(np.array(level) < 0.05) < 0.07

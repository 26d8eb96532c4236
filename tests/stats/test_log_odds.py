import math

import numpy as np
import pytest

from reviewdesk.stats.log_odds import PRIOR_STRENGTH, informative_prior, log_odds


def test_the_formula_by_hand() -> None:
    left, right, prior = np.array([30, 70]), np.array([10, 190]), np.array([2.0, 8.0])
    found = log_odds(left, right, prior)
    ratio = math.log(32 / (110 - 32)) - math.log(12 / (210 - 12))
    variance = 1 / 32 + 1 / 78 + 1 / 12 + 1 / 198
    assert found.ratio[0] == pytest.approx(ratio)
    assert found.z[0] == pytest.approx(ratio / math.sqrt(variance))


def test_turning_the_groups_round_turns_the_sign() -> None:
    left, right = np.array([5, 0, 95]), np.array([0, 7, 143])
    prior = informative_prior(left + right)
    there, back = log_odds(left, right, prior), log_odds(right, left, prior)
    assert np.allclose(there.ratio, -back.ratio)
    assert np.allclose(there.z, -back.z)


def test_a_rare_word_is_less_sure_than_a_frequent_one_with_the_same_ratio() -> None:
    left, right = np.array([4, 400, 9_596]), np.array([2, 200, 9_798])
    z = log_odds(left, right, informative_prior(left + right)).z
    assert 0 < z[0] < z[1] / 3


def test_equal_groups_differ_in_nothing() -> None:
    counts = np.array([3, 0, 50])
    found = log_odds(counts, counts, informative_prior(counts))
    assert found.ratio.tolist() == [0, 0, 0]
    assert found.z.tolist() == [0, 0, 0]


def test_of_words_that_did_not_change_few_are_beyond_three() -> None:
    random = np.random.default_rng(5)
    shares = random.dirichlet(np.full(2_000, 0.3))
    left, right = random.multinomial(50_000, shares), random.multinomial(20_000, shares)
    z = log_odds(left, right, informative_prior(left + right)).z
    assert (np.abs(z) > 3).mean() < 0.005
    assert 0.3 < z[left + right > 50].std() < 1.3


@pytest.mark.parametrize(("left", "right"), [([0, 0], [0, 0]), ([], []), ([9], [0]), ([0], [4])])
def test_nothing_to_compare_is_no_error(left: list[int], right: list[int]) -> None:
    counts = np.array(left, np.int64), np.array(right, np.int64)
    found = log_odds(*counts, informative_prior(counts[0] + counts[1]))
    assert np.isfinite(found.z).all()


def test_the_prior_is_spread_as_the_background_is() -> None:
    prior = informative_prior(np.array([1, 3, 0]))
    assert prior.sum() == pytest.approx(PRIOR_STRENGTH)
    assert prior.tolist() == [PRIOR_STRENGTH / 4, PRIOR_STRENGTH * 3 / 4, 0]


def test_counts_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        log_odds(np.ones(2), np.ones(3), np.ones(3))

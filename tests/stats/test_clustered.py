import math

import numpy as np
import pytest
from scipy import stats as reference

from reviewdesk.stats.clustered import slice_shares
from reviewdesk.stats.shares import share_interval


def test_without_groups_rows_count_as_they_are() -> None:
    right = np.array([True] * 60 + [False] * 40 + [True] * 180 + [False] * 20)
    slices = np.array([0] * 100 + [1] * 200)
    found = slice_shares(right, slices, 2, np.arange(300))
    assert found.rows.tolist() == [100, 200]
    assert found.share.tolist() == [0.6, 0.9]
    assert found.rest.tolist() == [0.9, 0.6]
    assert (found.low[0], found.high[0]) == share_interval(60, 100)
    table = [[60, 40], [180, 20]]
    ratio = reference.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert found.p_value[0] == pytest.approx(ratio.pvalue / 2)
    assert found.p_value[1] == pytest.approx(1 - ratio.pvalue / 2)


def test_copies_of_a_row_say_nothing_new() -> None:
    generator = np.random.default_rng(0)
    right, slices = generator.random(400) < 0.8, np.arange(400) % 2
    once = slice_shares(right, slices, 2, np.arange(400))
    ten = np.repeat(np.arange(400), 10)
    tenfold = slice_shares(right[ten], slices[ten], 2, ten)
    assert tenfold.low == pytest.approx(once.low, abs=0.01)
    assert tenfold.p_value == pytest.approx(once.p_value)


@pytest.mark.parametrize(("right", "share"), [(True, 1.0), (False, 0.0)])
def test_all_right_and_all_wrong(right: bool, share: float) -> None:
    found = slice_shares(np.full(6, right), np.array([0, 0, 0, 1, 1, 1]), 3, np.arange(6))
    assert found.share[:2].tolist() == [share, share]
    assert found.p_value[:2].tolist() == [0.5, 0.5]
    assert found.rows[2] == 0
    assert math.isnan(found.share[2])


def test_chance_is_as_rare_as_it_says_in_grouped_rows() -> None:
    generator = np.random.default_rng(1)
    below, held = 0, 0
    for _ in range(400):
        groups = generator.integers(120, size=1200)
        rates = generator.beta(9, 3, size=120)  # correlation 1 / 13 inside a group
        slices = (groups < 12).astype(np.int64)
        found = slice_shares(generator.random(1200) < rates[groups], slices, 2, groups)
        below += found.p_value[1] < 0.05
        held += found.low[1] <= 0.75 <= found.high[1]
    assert 0.02 <= below / 400 <= 0.085
    assert held / 400 >= 0.9


def test_of_fewer_than_five_products_a_slice_is_not_judged() -> None:
    groups = np.r_[np.repeat(np.arange(4), 25), np.arange(4, 204)]
    right = np.r_[np.zeros(100, bool), np.ones(200, bool)]
    found = slice_shares(right, (groups > 3).astype(np.int64), 2, groups)
    assert found.p_value[0] == 1
    assert math.isnan(found.low[0])
    assert found.low[1] > 0.9

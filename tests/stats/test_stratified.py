"""The share of a list from rows drawn in its strata, and how often its interval holds it."""

import math

import numpy as np
import pytest

from reviewdesk.stats.stratified import Stratum, stratified_share


def test_rows_count_by_the_inverse_of_their_chance_to_be_drawn() -> None:
    found = stratified_share([Stratum(900, 10, 10), Stratum(100, 10, 5)])
    assert found.share == pytest.approx(0.95)
    assert found.low < 0.95 < found.high
    assert stratified_share([Stratum(4, 4, 3), Stratum(0, 0, 0)])[:3] == (0.75, 0.75, 0.75)
    unsure = stratified_share([Stratum(4, 4, 2, 1)])
    assert unsure[:3] == (0.625, 0.5, 0.75)


def test_one_stratum_has_the_interval_of_clopper_and_pearson() -> None:
    found = stratified_share([Stratum(10**9, 20, 19)])
    assert (found.low, found.high) == pytest.approx((0.7513, 0.9987), abs=1e-4)  # R: binom.test


def test_of_what_was_not_drawn_nothing_is_said() -> None:
    for strata in ([], [Stratum(10, 0, 0)], [Stratum(10, 5, 5), Stratum(1, 0, 0)]):
        assert math.isnan(stratified_share(strata).share)


@pytest.mark.parametrize("precision", [(0.97, 0.85, 0.6), (1.0, 0.95, 0.9)])
def test_the_interval_holds_the_share_as_often_as_it_says(precision: tuple[float, ...]) -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(600):
        lists = [rng.random(size) < p for size, p in zip((80, 300, 500), precision, strict=True)]
        drawn = [rng.permutation(one)[:n] for one, n in zip(lists, (12, 20, 25), strict=True)]
        found = stratified_share(
            [Stratum(len(one), len(d), int(d.sum())) for one, d in zip(lists, drawn, strict=True)]
        )
        held += found.low <= np.concatenate(lists).mean() <= found.high
    assert held / 600 >= 0.93

"""Exact sequences: whoever bets against the true difference cannot expect to win."""

import itertools

import numpy as np
import pytest

from reviewdesk.experiments import betting

LOOKS = np.arange(1, 7)


def rows(n: int) -> list[tuple[tuple[bool, ...], tuple[int, ...]]]:
    arms = itertools.product((False, True), repeat=n)
    return list(itertools.product(arms, itertools.product((0, 1), repeat=n)))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("share", [0.5, 0.2])
def test_the_expected_wealth_is_1_over_all_that_can_happen(sign: int, share: float) -> None:
    """All 4,096 courses of six observations, each with its chance; rates even change midway."""
    rates = [(0.3, 0.5)] * 3 + [(0.7, 0.9)] * 3  # of the arms; their difference stays
    expected = np.zeros(len(LOOKS))
    for arms, outcomes in rows(6):
        chance = 1.0
        for arm, outcome, rate in zip(arms, outcomes, rates, strict=True):
            chance *= share if arm else 1 - share
            chance *= rate[arm] if outcome else 1 - rate[arm]
        bets = betting.split_bets(np.array(arms), np.array(outcomes, float), share, LOOKS, 50, 0.05)
        expected += chance * np.exp(betting.log_wealth(bets, np.full(len(LOOKS), 0.2), sign))
    assert expected == pytest.approx(1.0, abs=1e-12)


def test_pairs_too() -> None:
    chances = {-1.0: 0.1, 0.0: 0.6, 1.0: 0.3}
    expected = np.zeros(len(LOOKS))
    for course in itertools.product(chances, repeat=6):
        bets = betting.paired_bets(np.array(course), LOOKS, 50, 0.05)
        chance = np.prod([chances[one] for one in course])
        expected += chance * np.exp(betting.log_wealth(bets, np.full(len(LOOKS), 0.2), 1))
    assert expected == pytest.approx(1.0, abs=1e-12)


def test_nobody_loses_more_than_everything() -> None:
    """Wealth stays above 0 for every difference that can be, with the most uneven shares."""
    rng = np.random.default_rng(1)
    arms, outcomes = rng.random(400) < 0.02, (rng.random(400) < 0.5).astype(float)
    bets = betting.split_bets(arms, outcomes, 0.02, np.array([400]), 30, 0.05)
    for difference in (-1.0, -0.5, 0.0, 0.5, 1.0):
        for sign in (1, -1):
            assert np.isfinite(betting.log_wealth(bets, np.array([difference]), sign)).all()


def test_zero_is_outside_exactly_when_evidence_suffices() -> None:
    rng = np.random.default_rng(2)
    arms = rng.random(4_000) < 0.5
    outcomes = (rng.random(4_000) < np.where(arms, 0.6, 0.5)).astype(float)
    bets = betting.split_bets(arms, outcomes, 0.5, np.arange(40, 4_001, 40), 1_000, 0.05)
    low, high = betting.intervals(bets, 0.05)
    evidence = betting.log_e_values(bets) >= np.log(20)
    assert 0 < evidence.sum() < len(evidence)
    assert (((low > 0) | (high < 0)) == evidence).all()
    assert low[-1] < 0.1 < high[-1]


def test_wealth_by_counts_is_wealth_by_walking() -> None:
    """The same as going through the observations one by one, with the rates before each block."""
    rng = np.random.default_rng(3)
    arms, outcomes = rng.random(60) < 0.3, (rng.random(60) < 0.6).astype(float)
    bets = betting.split_bets(arms, outcomes, 0.3, np.array([60]), 100, 0.05)
    sizes, money = betting.bet_sizes(bets.reach, bets.best)
    starts = betting.block_starts(60).tolist()
    for n in range(60):
        first = max(one for one in starts if one <= n)
        before = [outcomes[:first][arms[:first] == arm] for arm in (False, True)]
        rates = [(one.sum() + 0.5) / (len(one) + 1) for one in before]
        arm = int(arms[n])
        moved = (outcomes[n] - rates[arm]) / (0.3 if arm else -0.7)
        money = money * (1 + sizes * (rates[1] - rates[0] + moved - 0.1))
    assert betting.log_wealth(bets, np.array([0.1]), 1)[0] == pytest.approx(np.log(money.sum()))

"""Plans against the textbook and against simulated experiments."""

import numpy as np
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.experiments import planning


def test_a_test_with_one_look_takes_what_the_textbook_says() -> None:
    """Fleiss, Levin and Paik: n an arm = (z_a + z_b)^2 (p1 q1 + p2 q2) / d^2, here 15,972.8."""
    made = planning.plan(planning.rate_variance(0.88, 0.01, 0.5), 0.01)
    by_hand = (1.959964 + 0.841621) ** 2 * (0.88 * 0.12 + 0.89 * 0.11) / 0.01**2
    assert made.fixed == pytest.approx(2 * by_hand, abs=2)


def test_the_sequence_finds_it_within_twice_that_and_sooner_on_average() -> None:
    made = planning.plan(planning.mean_variance(12.0, 0.5), 1.0)
    assert made.fixed < made.units <= 2 * made.fixed
    assert made.median < made.expected < 1.4 * made.fixed


def test_uneven_shares_take_more() -> None:
    even, uneven = (planning.rate_variance(0.8, 0.02, share) for share in (0.5, 0.1))
    assert uneven / even == pytest.approx(0.25 / 0.09, rel=0.05)


def test_pairs_take_fewer() -> None:
    assert planning.paired_variance(0.06, 0.02) < planning.rate_variance(0.8, 0.02, 0.5) / 8


def test_the_smallest_effect_is_the_inverse() -> None:
    variance = planning.mean_variance(1.0, 0.3)
    units = planning.plan(variance, 0.05).units
    assert planning.smallest_effect(variance, units) == pytest.approx(0.05, rel=1e-3)


def test_plans_are_the_same_every_time() -> None:
    assert planning.plan(1.0, 0.1) == planning.plan(1.0, 0.1)


@pytest.mark.parametrize("wrong", [{"effect": 0.0}, {"alpha": 0.7}, {"power": 0.01}])
def test_plans_without_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        planning.plan(1.0, **{"effect": 0.1, **wrong})
    with pytest.raises(UsageError):
        planning.rate_variance(0.99, 0.05, 0.5)


def test_experiments_with_the_planned_effect_end_when_the_plan_says() -> None:
    """200 experiments of normal outcomes, looked at 60 times."""
    from reviewdesk.experiments import mixture

    made = planning.plan(planning.mean_variance(1.0, 0.5), 0.2)
    rng, looks = np.random.default_rng(5), np.linspace(made.units / 60, made.units, 60).astype(int)
    ends = 0
    for _ in range(200):
        pairs = rng.normal(0.2, np.sqrt(2), made.units // 2)  # a treated less a control outcome
        n = looks // 2
        mean = np.cumsum(pairs)[n - 1] / n
        error = np.sqrt(2 / n)
        grown = mixture.growth(2.0 * n, made.fixed, 0.05)
        ends += bool((mixture.log_e_values(mean, error, grown, 2.0 * n) > np.log(20)).any())
    assert 0.7 <= ends / 200 <= 0.9

"""Asymptotic sequences equal savvi's and the papers' closed forms on the same data.

savvi 0.3.1's figures were printed by its ``LinearRegression(0.05, p, phi)``, fed the rows below.
"""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from reviewdesk.experiments import mixture
from reviewdesk.experiments.design import ExperimentSettings, Metric, design
from reviewdesk.experiments.status import status

N = 200
ARM = np.arange(N) % 2
OUTCOME = np.sin(np.arange(N) * 1.7) + 0.35 * ARM

SAVVI_TWO_ARMS = (0.35461943, 50.0, 197, 0.01852483, (0.0317658, 0.67747307))  # phi = 1
SAVVI_ONE_MEAN = (0.17390204, 20.0, 198, 0.02352341, (0.01325499, 0.33454909))  # phi = 10
SAVVI_EXPERIMENT = (0.35461943, 0.01388467, (0.04316562, 0.66607325))  # phi = 100 / (4 * 8.9365)


Case = tuple[float, float, int, float, tuple[float, float]]


def one(value: float) -> NDArray[np.float64]:
    return np.array([value], np.float64)


@pytest.mark.parametrize("case", [SAVVI_TWO_ARMS, SAVVI_ONE_MEAN])
def test_p_values_and_intervals_are_savvis(case: Case) -> None:
    estimate, grown, freedom, p_value, (low, high) = case
    error = OUTCOME.std(ddof=1) / np.sqrt(N)
    if case is SAVVI_TWO_ARMS:
        variances = [OUTCOME[arm == ARM].var(ddof=1) for arm in (0, 1)]
        error = np.sqrt(sum(variances) / 100)
    log_e = mixture.log_e_values(one(estimate), one(error), one(grown), one(freedom))
    radius = mixture.radii(one(error), one(grown), one(freedom), 0.05)
    assert np.exp(-log_e[0]) == pytest.approx(p_value, rel=1e-4)
    assert (estimate - radius[0], estimate + radius[0]) == pytest.approx((low, high), rel=1e-4)


def test_an_experiment_says_what_savvi_says() -> None:
    """From rows to interval: two arms of 100, savvi's prior as wide as ours."""
    table = pa.table({"unit": np.arange(N), "arm": np.array(["A", "B"])[ARM], "value": OUTCOME})
    made = design("A,B", [Metric("value")], ExperimentSettings(horizon=100))
    (goal,) = status(table, made).goals
    estimate, p_value, interval = SAVVI_EXPERIMENT
    assert goal.now == pytest.approx((estimate, *interval), rel=1e-4)
    assert np.exp(-goal.comparison.log_e[-1]) == pytest.approx(p_value, rel=1e-4)


def test_many_units_give_the_closed_form_of_waudby_smith_and_others() -> None:
    n, rho2, deviation, alpha = np.array([500.0, 5_000.0, 50_000.0]), 0.003, 1.7, 0.05
    grown = n * rho2
    expected = deviation * np.sqrt(
        2 * (n * rho2 + 1) / (n**2 * rho2) * np.log(np.sqrt(n * rho2 + 1) / alpha)
    )
    radius = mixture.radii(deviation / np.sqrt(n), grown, np.full(3, 1e8), alpha)
    assert radius == pytest.approx(expected, rel=1e-5)


def test_zero_is_outside_exactly_when_evidence_suffices() -> None:
    rng = np.random.default_rng(0)
    estimate, error = rng.normal(size=500), rng.uniform(0.05, 1, 500)
    grown, freedom = rng.uniform(0.1, 40, 500), rng.integers(3, 400, 500).astype(float)
    outside = np.abs(estimate) > mixture.radii(error, grown, freedom, 0.02)
    assert outside.any()
    assert (outside == (mixture.log_e_values(estimate, error, grown, freedom) > np.log(50))).all()


def test_nothing_is_known_without_an_error() -> None:
    zero = np.zeros(1)
    assert np.isinf(mixture.radii(zero, np.ones(1), np.full(1, 50.0), 0.05)).all()
    assert mixture.log_e_values(np.ones(1), zero, np.ones(1), np.full(1, 50.0))[0] <= 0


def test_intervals_are_narrowest_for_their_look_at_the_horizon() -> None:
    def radius_at_1000(horizon: float) -> float:
        n = np.array([1_000.0])
        return float(mixture.radii(1 / np.sqrt(n), mixture.growth(n, horizon, 0.05), n, 0.05)[0])

    best = radius_at_1000(1_000)
    assert best < radius_at_1000(400)
    assert best < radius_at_1000(2_500)

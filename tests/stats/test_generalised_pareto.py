"""The generalised Pareto is found again in samples of it."""

import numpy as np
import pytest
from scipy.stats import genpareto

from reviewdesk.stats.generalised_pareto import GeneralisedPareto, fit_generalised_pareto


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
@pytest.mark.parametrize("scale", [0.01, 3.0])
def test_known_parameters_are_found(shape: float, scale: float) -> None:
    values = genpareto.rvs(shape, scale=scale, size=20_000, random_state=0)
    found = fit_generalised_pareto(values)
    assert found.shape == pytest.approx(shape, abs=0.04)
    assert found.scale == pytest.approx(scale, rel=0.05)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_the_share_above_is_scipys(shape: float) -> None:
    at = np.linspace(0, 10, 50)
    found = GeneralisedPareto(shape, 2.0).share_above(at)
    np.testing.assert_allclose(found, genpareto.sf(at, shape, scale=2.0), atol=1e-12)


def test_below_zero_is_everything() -> None:
    assert GeneralisedPareto(0.1, 1.0).share_above(np.array([-5.0, 0.0])).tolist() == [1.0, 1.0]


def test_the_tail_of_a_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(size=50_000)
    start = np.quantile(values, 0.9)
    found = fit_generalised_pareto(values[values > start] - start)
    shares = 0.1 * found.share_above(np.array([3.0, 3.5]) - start)
    np.testing.assert_allclose(shares, [0.00135, 0.000233], rtol=0.5)


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [1.0], [1e-300] * 30, [1.0] * 30, [1e9, 1e-9]])
def test_few_or_odd_values(values: list[float]) -> None:
    found = fit_generalised_pareto(np.array(values))
    shares = found.share_above(np.array([0.0, 1.0, 1e6]))
    assert np.isfinite(shares).all()
    assert shares[0] == 1
    assert shares[2] <= shares[1] <= 1

"""Mixtures of Dirichlet-multinomials against their formula and simulated groups."""

import math

import numpy as np
import pytest

from reviewdesk.stats.dirichlet_multinomial import fit_dirichlet_mixture, log_probabilities


def groups(concentration: list[float], count: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    mixes = generator.dirichlet(concentration, count)
    return np.stack([generator.multinomial(60, mix) for mix in mixes])


def test_the_log_probability_is_the_product_of_predictions() -> None:
    concentration = np.array([0.5, 1.0, 2.0])
    counts = np.array([[2, 0, 1]])
    expected = math.log(0.5 / 3.5 * 1.5 / 4.5 * 2.0 / 5.5)
    assert math.isclose(log_probabilities(counts, concentration)[0], expected)
    assert log_probabilities(np.zeros((1, 3)), concentration)[0] == 0


def test_the_concentration_comes_back() -> None:
    true = np.array([3.0, 1.0, 1.5, 2.0, 6.0])
    fitted = fit_dirichlet_mixture(groups(true.tolist(), 1500, 0), 1, rounds=300)
    assert fitted.weights.tolist() == [1]
    assert np.allclose(fitted.means()[0], true / true.sum(), atol=0.01)
    assert abs(fitted.concentrations.sum() / true.sum() - 1) < 0.1


def test_two_kinds_of_groups_are_told_apart() -> None:
    low, high = [12.0, 4.0, 4.0], [1.0, 3.0, 16.0]
    fitted = fit_dirichlet_mixture(np.concatenate([groups(low, 300, 1), groups(high, 100, 2)]), 2)
    assert np.allclose(fitted.weights, [0.75, 0.25], atol=0.03)
    assert np.allclose(fitted.means(), [[0.6, 0.2, 0.2], [0.05, 0.15, 0.8]], atol=0.03)


def test_equal_groups_stay_within_bounds() -> None:
    fitted = fit_dirichlet_mixture(np.tile([0, 0, 10], (20, 1)), 2)
    assert np.isfinite(fitted.concentrations).all()
    assert fitted.means()[0, 2] > 0.99


@pytest.mark.parametrize("counts", [np.zeros((0, 5)), np.array([[1, 2], [0, 0]])])
def test_groups_without_counts_are_refused(counts: np.ndarray) -> None:
    with pytest.raises(ValueError, match="every group needs counts"):
        fit_dirichlet_mixture(counts, 1)

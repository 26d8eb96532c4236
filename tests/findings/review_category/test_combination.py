"""Base models are combined as the labels ask for, also where some labels are wrong."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from reviewdesk.findings.review_category.combination import (
    SMALLEST,
    Combination,
    _Likelihood,
    explained,
    fit_combination,
    log_probabilities,
    log_softmax,
    spread_rows,
)

from .simulated import simulated


@pytest.mark.parametrize("noise", [0.0, 0.03, 0.1, 0.3])
@pytest.mark.parametrize("weights", [(0.8, 0.6), (1.5, 0.2), (1.0,)])
def test_known_weights_and_noise_are_found(noise: float, weights: tuple[float, ...]) -> None:
    given = simulated(noise=noise, weights=weights)
    found = fit_combination(given.base_logs, given.labels)
    np.testing.assert_allclose(found.weights, weights, atol=0.12 + noise / 3)
    assert found.noise == pytest.approx(noise, abs=0.006 + 0.03 * noise)


def test_two_categories() -> None:
    given = simulated(k=2, noise=0.05)
    found = fit_combination(given.base_logs, given.labels)
    assert found.noise == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("growth", [0.0, 0.3])
def test_the_gradient_is_that_of_the_loss(growth: float) -> None:
    given = simulated(n=300)
    longer = np.random.default_rng(1).normal(0, 1, 300)
    problem = _Likelihood(
        [logs.astype(np.float64) for logs in given.base_logs], given.labels, longer
    )
    for start in ([0.3, -0.2, growth, -3.0], [-1.0, 0.5, growth, 0.5]):
        error = check_grad(lambda x: problem(x)[0], lambda x: problem(x)[1], np.array(start))
        assert error < 1e-5


def test_heads_that_are_too_sure_of_short_texts_are_believed_less_there() -> None:
    given = simulated(noise=0.05, weights=(1.0,))
    lengths = np.random.default_rng(1).choice([10, 20, 50, 100, 200, 400], len(given.labels))
    too_sure = given.base_logs[0] * ((lengths / 100) ** -0.4)[:, None].astype(np.float32)
    found = fit_combination([too_sure], given.labels, lengths)
    assert found.growth == pytest.approx(0.4, abs=0.05)
    assert found.noise == pytest.approx(0.05, abs=0.01)
    shares = np.exp(found.logs([too_sure], lengths))
    assert np.abs(shares - np.exp(given.base_logs[0])).mean() < 0.01
    blind = fit_combination([too_sure], given.labels)
    assert blind.growth == 0
    assert np.abs(np.exp(blind.logs([too_sure])) - np.exp(given.base_logs[0])).mean() > 0.02


def test_a_head_that_knows_nothing_counts_for_little() -> None:
    given = simulated(weights=(1.0,))
    nonsense = log_softmax(np.random.default_rng(1).normal(0, 3, given.base_logs[0].shape))
    found = fit_combination([*given.base_logs, nonsense.astype(np.float32)], given.labels)
    assert found.weights[1] < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_heads_that_know_nothing_explain_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    nothing = log_softmax(random.normal(0, 0.1, (600, 3))).astype(np.float32)
    labels = random.integers(0, 3, 600)
    assert abs(explained([nothing], labels, fit_combination([nothing], labels))) < 0.02


def test_what_heads_explain_is_a_share_of_the_entropy() -> None:
    labels = np.repeat(np.arange(3), 100)
    sure = np.full((300, 3), np.log(1e-6), np.float32)
    sure[np.arange(300), labels] = 0
    assert explained([sure], labels, Combination(np.ones(1), 0.0)) == pytest.approx(1, abs=1e-4)
    half = np.log(np.where(sure == 0, 0.5, 0.25)).astype(np.float32)
    by_half = 1 + np.log(0.5) / np.log(3)
    assert explained([half], labels, Combination(np.ones(1), 0.0)) == pytest.approx(by_half)
    assert explained([sure], np.zeros(300, np.int64), Combination(np.ones(1), 0.0)) == 0
    none = Combination(np.ones(1), 0.0)
    assert explained([np.empty((0, 3), np.float32)], np.empty(0, np.int64), none) == 0


def test_no_rows_and_one_row() -> None:
    logs = np.log(np.full((1, 3), 1 / 3, np.float32))
    assert np.isfinite(fit_combination([logs[:0], logs[:0]], np.empty(0, np.int64)).weights).all()
    assert np.isfinite(fit_combination([logs], np.array([1])).weights).all()


def test_what_is_no_probability_counts_as_the_smallest() -> None:
    given = np.array([[np.nan, 0.5, 0.5], [0.0, 1.0, 0.0], [1e-30, np.inf, -1.0]])
    found = log_probabilities(given)
    assert found.dtype == np.float32
    smallest = np.float32(np.log(SMALLEST))
    assert found[0, 0] == found[1, 0] == found[2, 0] == found[2, 2] == smallest
    assert found[1, 1] == found[2, 1] == 0


def test_rows_are_spread_over_all() -> None:
    assert spread_rows(5).tolist() == [0, 1, 2, 3, 4]
    found = spread_rows(1_000_001, 1000)
    assert len(found) == 1000
    assert found[0] == 0
    assert found[-1] == 1_000_000
    assert len(spread_rows(0)) == 0

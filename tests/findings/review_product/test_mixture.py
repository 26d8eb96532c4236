import numpy as np
import pytest

from reviewdesk.findings.review_product.misfit import Fit, MisfitScores
from reviewdesk.findings.review_product.mixture import (
    ODD,
    Mixture,
    _DensityRatio,
    _guess,
    fit_mixture,
)


def fit(scores: np.ndarray, terms: np.ndarray | float = 3.0) -> Fit:
    return Fit(scores, np.zeros(len(scores)) + terms, np.full(len(scores), 4.0))


def drawn(noise: float, n: int = 40_000, seed: int = 0) -> tuple[MisfitScores, np.ndarray]:
    """Return scores of which a share is wrong: null draws are normal, right ones lie lower."""
    random = np.random.default_rng(seed)
    wrong = random.random(n) < noise
    # The ratio of two normal densities of one spread falls exponentially.
    scores = random.normal(np.where(wrong, 0.5, -1.5), 0.7)
    return MisfitScores(fit(scores), fit(random.normal(0.5, 0.7, 4 * n))), wrong


def fitted(of: MisfitScores) -> Mixture:
    curve = fit_mixture(of)
    assert curve is not None
    return curve


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.1])
def test_the_share_of_wrong_reviews_is_found(noise: float) -> None:
    misfit = fitted(drawn(noise)[0])
    assert misfit.noise == pytest.approx(noise, rel=0.15)
    assert misfit.wrong == misfit.noise - ODD


def test_the_posterior_is_how_often_it_is_so() -> None:
    scores, wrong = drawn(0.05, 100_000)
    posterior = fitted(scores).posterior(scores.observed)
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 0.95)):
        inside = (posterior >= low) & (posterior < high)
        assert wrong[inside].mean() == pytest.approx(posterior[inside].mean(), abs=0.06)


def test_short_reviews_that_fit_badly_more_often_are_believed_less() -> None:
    """Each kind has its own curve, and the posterior is how often it is so in each."""
    random = np.random.default_rng(4)
    n = 100_000
    short, wrong = random.random(n) < 0.5, random.random(n) < 0.05
    middle = np.where(wrong, 0.5, np.where(short, -0.5, -1.5))
    terms = np.where(short, 2.0, 4.0)
    null_draws = fit(random.normal(0.5, 0.7, 2 * n), np.tile(terms, 2))
    reviews = fit(random.normal(middle, 0.7), terms)
    posterior = fitted(MisfitScores(reviews, null_draws)).posterior(reviews)
    for kind in (short, ~short):
        inside = kind & (posterior >= 0.5) & (posterior < 0.9)
        assert wrong[inside].mean() == pytest.approx(posterior[inside].mean(), abs=0.06)
    same = (reviews.scores > 0.9) & (reviews.scores < 1.1)
    assert posterior[same & short].mean() < posterior[same & ~short].mean() - 0.1


def test_as_many_as_only_read_so_are_no_findings() -> None:
    """Where hardly more reviews stand wrong, none is likely enough."""
    of, _ = drawn(0.002, 100_000, seed=1)
    curve = fitted(of)
    assert 0.001 < curve.noise < 0.003
    assert curve.posterior(of.observed).max() < 0.8


@pytest.mark.parametrize("seed", range(5))
def test_where_all_stand_right_there_is_no_plateau(seed: int) -> None:
    curve = fitted(drawn(0.0, seed=seed)[0])
    assert curve.noise * 40_000 < 20
    assert curve.posterior(fit(np.array([0.5])))[0] < 0.5


def test_few_decoys_tell_nothing() -> None:
    assert fit_mixture(MisfitScores(fit(np.ones(50)), fit(np.ones(50)))) is None
    assert fit_mixture(MisfitScores(fit(np.empty(0)), fit(np.empty(0)))) is None


def test_where_texts_tell_nothing_nothing_is_wrong() -> None:
    random = np.random.default_rng(1)
    alike = MisfitScores(fit(random.normal(0, 1, 20_000)), fit(random.normal(0, 1, 80_000)))
    assert fitted(alike).noise == 0


def test_where_none_fits_badly_none_is_wrong() -> None:
    low = MisfitScores(fit(np.linspace(-3, -1, 1_000)), fit(np.linspace(-1.6, 2, 4_000)))
    curve = fitted(low)
    assert curve.noise == 0
    assert curve.posterior(fit(np.array([-2.0, 3.0]))).tolist() == [0, 0]


def test_of_many_reviews_some_stand_for_all() -> None:
    of, _ = drawn(0.05)
    whole, some = fitted(of), fit_mixture(of, most=10_000)
    assert some is not None
    assert some.noise != whole.noise
    assert some.noise == pytest.approx(whole.noise, rel=0.1)


@pytest.mark.parametrize("noise", [[], [-3.0]])
def test_the_gradient_is_that_of_the_likelihood(noise: list[float]) -> None:
    random = np.random.default_rng(5)
    designs = [np.concatenate([np.ones((40, 1)), random.normal(size=(40, 4))], axis=1)] * 2
    problem = _DensityRatio(random.random(40), designs[0], random.random(40), designs[1], 0.3)
    logs = np.concatenate([_guess(problem) + 0.1, noise])
    gradient = problem(logs)[1]
    for place in range(len(logs)):
        step = np.zeros(len(logs))
        step[place] = 1e-6
        slope = (problem(logs + step)[0] - problem(logs - step)[0]) / 2e-6
        assert gradient[place] == pytest.approx(slope, rel=1e-4, abs=1e-5)

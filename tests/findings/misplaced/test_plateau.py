import numpy as np
import pytest

from reviewdesk.findings.misplaced.plateau import fit_plateau
from reviewdesk.findings.misplaced.standing import Standing


def drawn(noise: float, n: int = 40_000, seed: int = 0) -> tuple[Standing, np.ndarray]:
    """Return scores of which a share is misplaced: decoys are normal, right ones lie lower."""
    random = np.random.default_rng(seed)
    wrong = random.random(n) < noise
    # The ratio of two normal densities of one spread falls exponentially.
    scores = random.normal(np.where(wrong, 0.5, -1.5), 0.7)
    return Standing(scores, random.normal(0.5, 0.7, 4 * n)), wrong


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.1])
def test_the_share_of_misplaced_reviews_is_found(noise: float) -> None:
    found = fit_plateau(drawn(noise)[0])
    assert found is not None
    assert found.noise == pytest.approx(noise, rel=0.15)


def test_the_posterior_is_how_often_it_is_so() -> None:
    scores, wrong = drawn(0.05, 100_000)
    curve = fit_plateau(scores)
    assert curve is not None
    posterior = curve.posterior(scores.scores)
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 0.95)):
        inside = (posterior >= low) & (posterior < high)
        assert wrong[inside].mean() == pytest.approx(posterior[inside].mean(), abs=0.06)


@pytest.mark.parametrize("seed", range(5))
def test_where_all_stand_right_there_is_no_plateau(seed: int) -> None:
    curve = fit_plateau(drawn(0.0, seed=seed)[0])
    assert curve is not None
    assert curve.noise * 40_000 < 20
    assert curve.posterior(np.array([0.5]))[0] < 0.5


def test_few_decoys_tell_nothing() -> None:
    assert fit_plateau(Standing(np.ones(50), np.ones(50))) is None
    assert fit_plateau(Standing(np.empty(0), np.empty(0))) is None


def test_where_texts_tell_nothing_nothing_is_misplaced() -> None:
    random = np.random.default_rng(1)
    curve = fit_plateau(Standing(random.normal(0, 1, 20_000), random.normal(0, 1, 80_000)))
    assert curve is not None
    assert curve.noise == 0


def test_where_none_fits_badly_none_is_misplaced() -> None:
    curve = fit_plateau(Standing(np.linspace(-3, -1, 1_000), np.linspace(-1.6, 2, 4_000)))
    assert curve is not None
    assert curve.noise == 0
    assert curve.posterior(np.array([-2.0, 3.0])).tolist() == [0, 0]

"""How many labels are wrong is told by reviews that are put elsewhere by way of trial."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import check_grad

from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.review_category.lists import lists_without_reference
from reviewdesk.findings.review_category.mixture import ODD, MixtureFit, _DensityRatio, fit_mixture
from reviewdesk.findings.review_category.null_draws import NullDraws, make_null_draws
from reviewdesk.findings.review_category.products import ProductTopics
from reviewdesk.findings.review_category.ranking import Ranking, rank_by_mixture

from .simulated import Simulated, simulated

SIZES = np.full(20_000, 100)


def ranked(given: Simulated, product: Sequence[int] | None = None) -> Ranking:
    n = len(given.labels)
    under = np.full(n, -1) if product is None else np.asarray(product)
    return rank_by_mixture(given.base_logs, given.labels, under, SIZES[:n])


def mixture_of(given: Simulated) -> MixtureFit:
    found = ranked(given).mixture
    assert found is not None
    return found


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.1])
def test_the_noise_is_found(noise: float) -> None:
    found = mixture_of(simulated(noise=noise))
    assert found.clear
    assert found.wrong == pytest.approx(noise, abs=0.003 + 0.1 * noise)
    assert found.slope == pytest.approx(1, abs=0.15)


def test_where_nothing_is_wrong_there_is_no_plateau() -> None:
    assert not any(mixture_of(simulated(noise=0.0, seed=seed)).clear for seed in range(10))


def test_where_data_show_no_error_the_most_surprising_labels_are_asked_about() -> None:
    given = simulated(noise=0.0)
    found = ranked(given)
    assert found.unaided is not None
    assert found.unaided.max() < 0.01
    assert found.posterior.max() > 20 * np.median(found.posterior)


def test_noise_that_is_different_in_each_category_is_found() -> None:
    given = simulated(noise=0.0)
    random = np.random.default_rng(1)
    into = np.array([0.0, 0.01, 0.02, 0.05, 0.2])
    moved = random.random(len(given.labels)) < 0.05
    labels = np.where(moved, random.choice(5, len(moved), p=into / into.sum()), given.labels)
    wrong = labels != given.labels
    found = mixture_of(given._replace(labels=labels))
    shares = [wrong[labels == one].mean() for one in range(5)]
    np.testing.assert_allclose(found.noise, shares, atol=0.012)
    assert found.noise[4] > 3 * found.noise[1]


def test_lists_keep_their_promise_though_heads_are_too_sure() -> None:
    """Base models say everything twice as surely as it is; odd reviews are one in 1,000."""
    listed, hits = np.zeros(3), np.zeros(3)
    for seed in range(8):
        given = simulated(noise=0.03, seed=seed)
        odd = np.random.default_rng(seed).random(len(given.labels)) < ODD
        labels = np.where(odd, (given.labels + 1) % 5, given.labels)
        twice = [logs * 2 for logs in given.base_logs]
        found = ranked(Simulated(twice, labels, given.wrong))
        lists = lists_without_reference(found, np.ones(len(labels), np.bool_), None)
        for place, one in enumerate(lists.lists):
            listed[place] += one.listed
            hits[place] += given.wrong[lists.rows[: one.listed]].sum()
    delivered = hits / listed
    assert (listed > 500).all()
    assert (delivered > np.array(PROMISES) - 0.02).all(), delivered


def test_how_surely_a_label_is_wrong_is_as_often_right() -> None:
    given = simulated(n=20_000, noise=0.1)
    found = ranked(given)
    for low, high in ((0.05, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.0)):
        some = (found.posterior >= low) & (found.posterior < high)
        assert given.wrong[some].mean() == pytest.approx(found.posterior[some].mean(), abs=0.08)


def test_decoys_stand_in_any_other_category_alike() -> None:
    given = simulated(noise=0.0)
    shares = np.exp(given.base_logs[0])
    product = np.arange(len(given.labels)) % 700
    topics = ProductTopics.of(shares, given.labels, product)
    seem_right = given.labels < 4
    null_draws = make_null_draws(shares, given.labels, product, seem_right, topics)
    counts = np.bincount(null_draws.labels, minlength=5)
    assert counts[4] == pytest.approx(4 * seem_right.sum() / 5, rel=0.05)
    assert counts[:4] == pytest.approx(np.full(4, counts[4] * 3 / 4), rel=0.1)
    assert np.median(null_draws.surprisal) > 2


def test_the_gradient_is_that_of_the_loss() -> None:
    random = np.random.default_rng(0)
    problem = _DensityRatio(
        random.exponential(2, 40), random.integers(0, 3, 40), random.exponential(6, 90),
        random.integers(0, 3, 90), np.array([0.5, 0.4, 0.3]), np.array([0.1, 0.7, 1.5]),
    )  # fmt: skip
    for start in ([0.2, -0.1], [0.2, -0.1, -3.0, 0.3, -0.4, 0.1]):
        error = check_grad(lambda x: problem(x)[0], lambda x: problem(x)[1], np.array(start))
        assert error < 1e-4


@pytest.mark.parametrize("n", [0, 1, 30])
def test_hardly_any_reviews(n: int) -> None:
    none = NullDraws(np.empty(0), np.empty(0, np.int64))
    found = fit_mixture(np.zeros(n), np.zeros(n, np.int64), none, 3)
    assert not found.clear
    assert np.isfinite(found.posterior(np.zeros(n), np.zeros(n, np.int64))).all()


def test_one_category_alone() -> None:
    base_logs = [np.zeros((50, 1), np.float32)]
    found = rank_by_mixture(base_logs, np.zeros(50, np.int64), np.full(50, -1), SIZES[:50])
    assert found.mixture is not None
    assert not found.mixture.clear

"""The model of products: what it finds out, and how well its probabilities hold."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from reviewdesk.findings.product_category.model import PooledModel, _Likelihood, fit_model
from reviewdesk.findings.product_category.pooling import Pooled, pool
from reviewdesk.findings.product_category.transitions import alike, confused, fit_transitions

from .world import World, world


def pooled_of(made: World) -> tuple[Pooled, np.ndarray]:
    pooled = pool(made.base_logs, made.product, len(made.assigned))
    several = np.flatnonzero(pooled.reviews >= 2)
    return pooled.take(several), several


def test_the_gradient_is_that_of_the_likelihood() -> None:
    made = world(products=80)
    pooled, rows = pooled_of(made)
    problem = _Likelihood(pooled, made.assigned[rows])
    start = problem.start() + np.random.default_rng(1).normal(size=len(problem.start())) * 0.3
    by_steps = approx_fprime(start, lambda at: problem(at)[0], 1e-6)
    np.testing.assert_allclose(problem(start)[1], by_steps, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_it_finds_how_many_are_wrong_and_which(noise: float) -> None:
    made = world(products=3_000, noise=noise, alike=0.3)
    pooled, rows = pooled_of(made)
    model = fit_model(pooled, made.assigned[rows])
    share, suggested = model.wrong(pooled, made.assigned[rows])
    wrong = made.wrong[rows]
    assert model.noise == pytest.approx(wrong.mean(), rel=0.3)
    listed = share > 0.9
    assert wrong[listed].mean() > 0.85
    assert wrong[listed].sum() > 0.4 * wrong.sum()
    hits = np.flatnonzero(listed & wrong)
    assert (suggested[hits] == made.right[rows][hits]).mean() > 0.9
    assert abs(share.sum() - wrong.sum()) < 0.3 * wrong.sum()


def test_reviews_that_repeat_each_other_count_less() -> None:
    found = []
    for similar in (0.05, 0.9):
        made = world(products=2_000, sure=1.6, alike=similar)
        pooled, rows = pooled_of(made)
        found.append(fit_model(pooled, made.assigned[rows]).correlation)
    assert found[0] + 0.2 < found[1]


def test_moves_to_one_category_are_learnt() -> None:
    made = world(products=3_000, noise=0.1, to=2)
    pooled, rows = pooled_of(made)
    model = fit_model(pooled, made.assigned[rows])
    others = [label for label in range(5) if label != 2]
    assert model.transitions[others, 2].mean() > 0.4  # of any alike it would be 0.25
    np.testing.assert_allclose(model.transitions.sum(axis=1), 1.0)


def test_a_head_that_says_nothing_counts_little() -> None:
    made = world(products=2_000)
    noise = np.random.default_rng(3).dirichlet(np.ones(5), len(made.product)).astype(np.float32)
    pooled = pool([made.base_logs[0], noise], made.product, len(made.assigned))
    rows = np.flatnonzero(pooled.reviews >= 2)
    weights = fit_model(pooled.take(rows), made.assigned[rows]).weights
    assert abs(weights[1]) < 0.2 * weights[0]


def test_two_categories_one_head_and_one_that_nothing_stands_in() -> None:
    made = world(products=400, k=2)
    pooled = pool(made.base_logs[:1], made.product, 400)
    model = fit_model(pooled, made.assigned)
    share, suggested = model.wrong(pooled, made.assigned)
    assert np.all((share >= 0) & (share <= 1))
    np.testing.assert_array_equal(suggested, 1 - made.assigned)
    three = [np.pad(logs, ((0, 0), (0, 1))) for logs in made.base_logs]
    pooled = pool(three, made.product, 400)
    share, suggested = fit_model(pooled, made.assigned).wrong(pooled, made.assigned)
    assert np.isfinite(share).all()
    assert np.all(suggested != made.assigned)


def test_what_is_no_number_does_no_harm() -> None:
    made = world(products=300)
    made.base_logs[0][::7] = np.nan
    made.base_logs[1][3] = 0.0
    pooled, rows = pooled_of(made)
    share, _ = fit_model(pooled, made.assigned[rows]).wrong(pooled, made.assigned[rows])
    assert np.isfinite(share).all()


def test_the_order_of_products_makes_no_difference() -> None:
    made = world(products=500)
    pooled, rows = pooled_of(made)
    one = fit_model(pooled, made.assigned[rows]).wrong(pooled, made.assigned[rows])[0]
    back = np.arange(len(rows))[::-1].copy()
    other_pooled, assigned = pooled.take(back), made.assigned[rows][back]
    other = fit_model(other_pooled, assigned).wrong(other_pooled, assigned)[0]
    np.testing.assert_allclose(one, other[back], atol=2e-3)


def test_a_model_says_what_its_formula_says() -> None:
    model = PooledModel(
        weights=np.array([1.0]),
        correlation=0.5,
        spread=0.0,
        bias=np.array([0.0, 0.0]),
        noise=0.1,
        transitions=alike(2),
    )
    pooled = Pooled((np.array([[0.0, 3 * np.log(0.25)]]),), np.array([3]))
    right = model.probabilities(pooled)
    expected = 1 / (1 + 0.25**1.5)  # three reviews at a half each
    np.testing.assert_allclose(right[0], [expected, 1 - expected])
    share, suggested = model.wrong(pooled, np.array([1]))
    wrong = 0.1 * expected
    np.testing.assert_allclose(share, wrong / (wrong + 0.9 * (1 - expected)))
    assert suggested.tolist() == [0]


def test_confused_categories_are_those_that_reviews_mistake() -> None:
    predicted = np.array([[0.5, 0.4, 0.1], [0.3, 0.6, 0.1], [0.1, 0.0, 0.9]])
    table = confused(predicted, np.array([0, 1, 2]))
    np.testing.assert_allclose(table.sum(axis=1), 1.0)
    assert table[0, 1] > table[0, 2]
    np.testing.assert_array_equal(np.diag(table), 0.0)
    np.testing.assert_array_equal(confused(np.eye(3), np.arange(3)), alike(3))


def test_transitions_stay_where_nothing_was_moved() -> None:
    table = fit_transitions(np.eye(3)[[0, 1, 2]], np.arange(3), 0.03, alike(3))
    np.testing.assert_allclose(table, alike(3))

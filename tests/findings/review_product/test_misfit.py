import numpy as np

from reviewdesk.findings.review_product.misfit import (
    ANYWHERE,
    ITSELF,
    NULL_DRAWS,
    MisfitScores,
    misfit_scores,
)
from reviewdesk.findings.review_product.posterior import ProductPosterior


def certain(speaks_of: list[int], products: int) -> ProductPosterior:
    """Return reviews that are surely about one product each."""
    n = len(speaks_of)
    posterior = ProductPosterior(
        np.full((n, 2), products, np.int32), np.zeros((n, 2), np.float32), np.zeros(n, np.float32)
    )
    posterior.products[:, 0], posterior.shares[:, 0] = speaks_of, 1
    return posterior


def keys(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def stand(
    posterior: ProductPosterior, product: np.ndarray, products: int, of: np.ndarray
) -> MisfitScores:
    return misfit_scores(posterior, product, products, of, np.full(len(product), 5))


def test_scores_are_those_by_the_book() -> None:
    speaks_of, stands = [0, 0, 0, 1, 1, 1, 1, 0], np.array([0, 0, 0, 0, 1, 1, 1, 1], np.int32)
    posterior = stand(certain(speaks_of, 2), stands, 2, keys(8)).observed.scores
    # The fourth speaks of product 1, of which half of all reviews speak, and stands under 0, where
    # none of the three others does; nor is it surely product 1 that stands there.
    like = (0 + ANYWHERE * 0.5) / (3 + ANYWHERE + ITSELF) / 0.5
    np.testing.assert_allclose(posterior[3], -np.log(like), rtol=1e-6)
    like = (2 + ANYWHERE * 0.5 + ITSELF) / (3 + ANYWHERE + ITSELF) / 0.5
    np.testing.assert_allclose(posterior[0], -np.log(like), rtol=1e-6)


def test_reviews_that_speak_of_a_relative_fit_among_those_that_do_too() -> None:
    speaks_of = [1] * 20 + [1] * 20 + [2] * 20
    stands = np.repeat([0, 1, 2], 20).astype(np.int32)
    posterior = stand(certain(speaks_of, 3), stands, 3, keys(60)).observed.scores
    assert posterior[:40].max() < 0


def test_wrong_reviews_have_the_scores_of_decoys() -> None:
    random = np.random.default_rng(0)
    speaks_of = np.repeat(np.arange(4), 100)
    stands = speaks_of.copy()
    wrong = random.choice(400, 20, replace=False)
    stands[wrong] = (stands[wrong] + 1) % 4
    posterior = stand(certain(speaks_of.tolist(), 4), stands.astype(np.int32), 4, keys(400))
    assert posterior.observed.scores[wrong].min() > 0
    assert np.delete(posterior.observed.scores, wrong).max() < 0
    assert np.mean(posterior.null_draws.scores > 0) > 0.9
    assert len(posterior.null_draws.scores) <= NULL_DRAWS * 400


def test_decoys_do_not_depend_on_the_order_of_reviews() -> None:
    speaks_of = [0, 1, 1, 2, 0, 2, 1, 0, 2, 2]
    stands = np.array([0, 1, 1, 2, 0, 2, 0, 1, 2, 2], np.int32)
    one = stand(certain(speaks_of, 3), stands, 3, keys(10))
    turned = stand(certain(speaks_of[::-1], 3), stands[::-1].copy(), 3, keys(10)[::-1].copy())
    np.testing.assert_allclose(turned.observed.scores[::-1], one.observed.scores)
    np.testing.assert_allclose(np.sort(turned.null_draws.scores), np.sort(one.null_draws.scores))


def test_one_product_has_no_decoys() -> None:
    posterior = stand(certain([0, 0], 1), np.zeros(2, np.int32), 1, keys(2))
    assert len(posterior.null_draws.scores) == 0
    assert np.isfinite(posterior.observed.scores).all()


def test_lengths_and_sizes_come_with_reviews_and_decoys() -> None:
    stands = np.array([0, 0, 0, 1], np.int32)
    posterior = misfit_scores(certain([0, 0, 1, 1], 2), stands, 2, keys(4), np.array([4, 5, 6, 0]))
    sizes = np.log([3 + ANYWHERE + ITSELF, 1 + ANYWHERE + ITSELF])
    np.testing.assert_allclose(posterior.observed.terms, np.log([4, 5, 6, 1]))
    np.testing.assert_allclose(posterior.observed.reviews, sizes[stands])
    # Those of the first product are put under the second and the other way round.
    assert {*posterior.null_draws.reviews[posterior.null_draws.terms > 1].tolist()} == {sizes[1]}
    assert {*posterior.null_draws.reviews[posterior.null_draws.terms == 0].tolist()} == {sizes[0]}

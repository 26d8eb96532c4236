import numpy as np

from reviewdesk.findings.similar import directions
from reviewdesk.findings.similar.directions import nearest_directions


def unit(values: np.ndarray) -> np.ndarray:
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


def test_rankings_are_those_by_the_book() -> None:
    values = unit(np.random.default_rng(0).normal(size=(50, 8)))
    found = nearest_directions(values, np.arange(50), 5, variant=np.arange(50))
    cosines = values.astype(np.float64) @ values.T
    np.fill_diagonal(cosines, -1)
    order = np.argsort(-cosines, axis=1)[:, :5]
    np.testing.assert_array_equal(found.products, order)
    expected = np.take_along_axis(cosines, order, axis=1)
    np.testing.assert_allclose(found.similarity, expected, atol=1e-6)


def test_of_variants_the_most_alike_comes_and_never_ones_own() -> None:
    values = unit(np.array([[1, 0], [1, 0.1], [1, 0.3], [1, 0.2], [1, 0.5]]))
    found = nearest_directions(values, np.array([0]), 4, variant=np.array([0, 0, 1, 1, 2]))
    assert found.products.tolist() == [[3, 4, -1, -1]]


def test_what_points_elsewhere_or_nowhere_is_not_alike() -> None:
    values = np.array([[1, 0], [-1, 0], [0, 1], [0, 0], [0.6, 0.8]], np.float32)
    found = nearest_directions(values, np.array([3, 0]), 4, variant=np.arange(5))
    assert found.products.tolist() == [[-1] * 4, [4, -1, -1, -1]]
    assert found.similarity[0].tolist() == [0] * 4


def test_of_two_as_alike_the_first_comes_first_in_any_block() -> None:
    random = np.random.default_rng(1)
    values = unit(np.repeat(random.normal(size=(3, 64)), 40, axis=0))
    found = nearest_directions(values, np.arange(120), 10, variant=np.arange(120))
    for row in range(120):
        same = [one for one in range(row // 40 * 40, row // 40 * 40 + 40) if one != row]
        assert found.products[row].tolist() == same[:10]


def test_blocks_make_no_difference() -> None:
    values = unit(np.random.default_rng(2).normal(size=(30, 4)))
    whole = nearest_directions(values, np.arange(30), 3, variant=np.arange(30))
    ones = [nearest_directions(values, np.array([n]), 3, variant=np.arange(30)) for n in range(30)]
    np.testing.assert_array_equal(whole.products, np.concatenate([one.products for one in ones]))
    np.testing.assert_array_equal(whole.similarity, np.concatenate([one[1] for one in ones]))
    assert directions.BLOCK_VALUES // 30 > 30

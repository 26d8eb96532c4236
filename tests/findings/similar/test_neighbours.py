import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.findings.similar.neighbours import OTHER_CATEGORY, Neighbours, heaviest, nearest


def found(
    weights: NDArray[np.float32],
    k: int = 3,
    category: list[int] | None = None,
    variant: list[int] | None = None,
    asked: list[int] | None = None,
) -> Neighbours:
    p = len(weights)
    return nearest(
        sparse.csr_array(weights),
        np.array(asked if asked is not None else range(p), np.int64),
        k,
        category=np.array(category or [0] * p, np.int32),
        variant=np.array(variant or range(p), np.int64),
    )


def random_vectors(p: int = 60, terms: int = 40) -> NDArray[np.float32]:
    random = np.random.default_rng(1)
    dense = random.random((p, terms)) * (random.random((p, terms)) < 0.2)
    return dense.astype(np.float32)


def test_neighbours_are_those_of_the_plain_product() -> None:
    vectors = random_vectors()
    plain = vectors @ vectors.T
    np.fill_diagonal(plain, -1)
    one = found(vectors, k=5)
    expected = np.sort(plain, axis=1)[:, ::-1][:, :5]
    np.testing.assert_allclose(one.similarity, expected, rtol=1e-5)
    np.testing.assert_allclose(
        np.take_along_axis(plain, one.products.astype(np.int64), axis=1), expected, rtol=1e-5
    )


def test_of_two_as_alike_the_first_comes_first() -> None:
    vectors = np.ones((4, 2), np.float32)
    assert found(vectors).products.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_where_there_are_fewer_the_rest_is_nobody() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], np.float32)
    one = found(vectors)
    assert one.products.tolist() == [[1, -1, -1], [0, -1, -1], [-1, -1, -1], [-1, -1, -1]]
    assert one.similarity[0].tolist() == [1, 0, 0]


def test_one_product_has_no_neighbour() -> None:
    assert found(np.ones((1, 3), np.float32)).products.tolist() == [[-1, -1, -1]]


def test_of_the_variants_of_a_product_the_most_alike_comes() -> None:
    vectors = np.array([[1, 0], [0.9, 0], [0.5, 0], [0.7, 0], [0.1, 0]], np.float32)
    one = found(vectors, variant=[0, 0, 1, 1, 2])
    assert one.products[0].tolist() == [3, 4, -1]
    assert one.products[2].tolist() == [0, 4, -1]


def test_other_categories_count_for_less() -> None:
    vectors = np.array([[1.0], [1.0], [0.9]], np.float32)
    one = found(vectors, k=2, category=[0, 1, 0])
    assert one.products[0].tolist() == [2, 1]
    assert one.similarity[0, 1] == pytest.approx(OTHER_CATEGORY)


def test_one_product_is_ranked_as_among_all() -> None:
    vectors = random_vectors()
    every, one = found(vectors), found(vectors, asked=[17])
    assert one.products[0].tolist() == every.products[17].tolist()


def test_the_heaviest_of_equal_ones_is_the_first() -> None:
    matrix = sparse.csr_array(np.array([[1, 2, 2, 2], [0, 0, 0, 3]], np.float32))
    assert heaviest(matrix, 2).toarray().tolist() == [[0, 2, 2, 0], [0, 0, 0, 3]]

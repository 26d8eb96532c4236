import numpy as np
from scipy import sparse

from reviewdesk.findings.similar.vectors import rarity, weigh


def weights(counts: list[list[float]], titles: list[list[float]] | None = None) -> sparse.csr_array:
    matrix = sparse.csr_array(np.array(counts, np.float32))
    given = np.zeros(matrix.shape) if titles is None else np.array(titles)
    return weigh(matrix, sparse.csr_array(given.astype(np.float32)), rarity(matrix))


def test_rare_terms_count_more() -> None:
    found = weights([[4, 4], [4, 0], [4, 0]]).toarray()
    assert found[0, 1] > found[0, 0]


def test_little_said_is_little_alike() -> None:
    found = weights([[100, 100], [100, 100], [1, 1]]).toarray()
    lengths = np.linalg.norm(found, axis=1)
    assert lengths[2] < lengths[0] < 1


def test_words_of_the_title_count() -> None:
    without, with_title = weights([[4, 0]]), weights([[4, 0]], [[0, 1]])
    assert without.toarray()[0, 1] == 0
    assert with_title.toarray()[0, 1] > 0


def test_nothing_said_is_nothing() -> None:
    assert weights([[0, 0], [0, 0]]).toarray().tolist() == [[0, 0], [0, 0]]

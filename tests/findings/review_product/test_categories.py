import numpy as np
import pytest
from scipy import sparse

from reviewdesk.findings.review_product.categories import PRIOR, own_shares
from reviewdesk.findings.review_product.profiles import EVIDENCE


def shop(n: int = 240) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """Return reviews of twelve products, six a category, whose words are their category's."""
    random = np.random.default_rng(0)
    product = np.arange(n) % 12
    category = product % 2
    rows = np.zeros((n, 60), np.int8)
    for row in range(n):
        rows[row, 30 * category[row] + random.choice(20, 6, replace=False)] = 1
    return sparse.csr_array(rows), product, category


def plain(predicted: np.ndarray, product: np.ndarray, category: np.ndarray) -> np.ndarray:
    """Return the shares by the book."""
    rows, kinds = predicted.astype(float), int(category.max()) + 1
    everything = rows.sum(axis=0) + 0.5
    prior = PRIOR * everything / everything.sum()
    shares = []
    for row in range(len(rows)):
        scores = []
        for kind in range(kinds):
            there = (category == kind) & (product != product[row])
            counts = rows[there].sum(axis=0)
            words = np.log((counts + prior) / (counts.sum() + PRIOR))
            scores.append(EVIDENCE * rows[row] @ words + np.log((category == kind).sum()))
        shares.append(1 / np.exp(np.array(scores) - scores[category[row]]).sum())
    return np.array(shares)


def test_shares_are_those_by_the_book() -> None:
    predicted, product, category = shop()
    category = np.where(product == 4, 2, category)
    expected = plain(predicted.toarray(), product, category)
    np.testing.assert_allclose(own_shares(predicted, product, category), expected, rtol=1e-4)


def test_what_speaks_of_another_category_is_told() -> None:
    predicted, product, _ = shop()
    wrong = np.zeros(len(product), bool)
    wrong[[0, 7, 33]] = True
    product = np.where(wrong, (product + 1) % 12, product)
    shares = own_shares(predicted, product, product % 2)
    assert shares[wrong].max() < 0.5 < shares[~wrong].min()


def test_a_product_does_not_speak_for_itself() -> None:
    """All its reviews are of the other category, and there is no product like it in its own."""
    predicted, product, category = shop()
    shares = own_shares(predicted, product, np.where(product == 3, 0, category))
    assert shares[product == 3].max() < 0.5
    assert shares[product != 3].min() > 0.5


@pytest.mark.parametrize("rows", [0, 5])
def test_of_one_category_all_speak(rows: int) -> None:
    predicted, product, _ = shop()
    shares = own_shares(predicted[:rows], product[:rows], np.zeros(rows, np.int64))
    assert shares.tolist() == [1.0] * rows

import numpy as np
from scipy import sparse

from reviewdesk.findings.similar.champions import champions
from reviewdesk.findings.similar.neighbours import plain


def test_a_list_holds_the_products_that_weigh_it_most_and_of_equal_ones_the_first() -> None:
    random = np.random.default_rng(3)
    dense = random.integers(0, 6, (200, 7)).astype(np.float32)
    lists = champions(plain(sparse.csr_array(dense)), 7, 20)
    for term in range(7):
        held = slice(lists.ends[term], lists.ends[term + 1])
        order = np.argsort(-dense[:, term], kind="stable")[:20]
        assert sorted(lists.columns[held].tolist()) == sorted(order.tolist())
        assert np.array_equal(lists.values[held], dense[lists.columns[held], term])

from pathlib import Path

import numpy as np
import pytest

from reviewdesk.findings.review_terms import ReviewTerms
from tests.findings.products_shop import product_shop, review

ROWS = [
    review(0, "A", "TurboTax 2013 crashed twice", review_headline="Five Stars"),
    review(1, "A", "the TurboTax 2013", review_headline="crashed"),
    review(2, "B", "Quicken crashed", review_headline=None),
]


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_terms_are_those_of_headline_and_body(tmp_path: Path, batch_rows: int) -> None:
    terms = ReviewTerms(product_shop(tmp_path, ROWS), fewest=2, batch_rows=batch_rows)
    sizes = np.concatenate([np.diff(rows.ends) for _, rows in terms.batches("Reading")])
    assert terms.names == ["turbotax", "2013", "turbotax 2013", "crashed"]
    assert sizes.tolist() == [4, 4, 1]


def test_other_texts_have_the_terms_that_reviews_have(tmp_path: Path) -> None:
    terms = ReviewTerms(product_shop(tmp_path, ROWS), fewest=2)
    list(terms.batches("Reading"))
    rows = terms.of(["TurboTax for <b>2013</b>", None, "Photoshop"])
    assert [terms.names[column] for column in rows.columns] == ["turbotax", "2013"]
    assert rows.ends.tolist() == [0, 2, 2, 2]


def test_parts_are_the_words_of_pairs(tmp_path: Path) -> None:
    terms = ReviewTerms(product_shop(tmp_path, ROWS), fewest=2)
    list(terms.batches("Reading"))
    assert terms.parts().tolist() == [[0, -1], [1, -1], [0, 1], [3, -1]]

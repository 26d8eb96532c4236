from pathlib import Path

import pytest

from reviewdesk.errors import MissingColumn
from reviewdesk.findings.products import Products, read_products
from tests.findings.products_shop import product_shop, review
from tests.findings.shop import no_reviews


def read(folder: Path, rows: list[dict[str, object]]) -> Products:
    return read_products(product_shop(folder, rows))


def test_products_stand_in_the_order_of_their_ids(tmp_path: Path) -> None:
    rows = [review(n, product, f"it is number {n}") for n, product in enumerate("BACAB")]
    found = read(tmp_path, rows)
    assert found.ids == ["A", "B", "C"]
    assert found.reviews.tolist() == [2, 2, 1]
    assert found.titles == ["The A", "The B", "The C"]
    assert [found.ids[one] for one in found.of_review] == list("BACAB")


def test_a_product_is_in_the_category_of_most_of_its_reviews(tmp_path: Path) -> None:
    rows = [
        review(n, "A", f"it is number {n}", product_category=category)
        for n, category in enumerate(["Toys", "Tools", "Toys", None])
    ]
    rows.append(review(9, "B", "of no category at all", product_category=None))
    found = read(tmp_path, rows)
    assert found.category_name(0) == "Toys"
    assert found.category_name(1) is None


def test_products_of_one_parent_are_variants(tmp_path: Path) -> None:
    parents = {"A": "one", "B": None, "C": "one", "D": None}
    rows = [
        review(n, product, f"it is number {n}", product_parent=parent)
        for n, (product, parent) in enumerate(parents.items())
    ]
    variant = read(tmp_path, rows).variant
    assert variant[0] == variant[2]
    assert len({int(one) for one in variant}) == 3


@pytest.mark.parametrize(("copied", "folded"), [(5, True), (1, False)])
def test_products_that_share_their_reviews_are_variants(
    tmp_path: Path, copied: int, folded: bool
) -> None:
    text = "a long text that nobody else would write about number"
    rows = [review(n, "A", f"{text} {n} of many, many words indeed") for n in range(6)]
    for number in range(6):
        source = rows[number] if number < copied else review(50 + number, "B", f"new {number}")
        rows.append(source | {"review_id": f"S{number}", "product_id": "B"})
    variant = read(tmp_path, rows).variant
    assert (variant[0] == variant[1]) == folded


def test_reviews_without_a_product_have_none(tmp_path: Path) -> None:
    rows = [review(0, "A", "it is about A"), review(1, "", "about none", product_id=None)]
    assert read(tmp_path, rows).of_review.tolist() == [0, -1]


def test_data_without_products_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn, match="product_id"):
        read(tmp_path, [review(0, "", "about nothing", product_id=None)])


def test_data_without_reviews_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn, match="product_id"):
        read_products(no_reviews(tmp_path))

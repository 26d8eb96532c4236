import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import InputError
from reviewdesk.examples.examples import load_examples
from reviewdesk.settings import TargetSettings, TextSettings

from .shop import Shop, loaded, shop

STARS = [5, 1, 4, 2, None, 5, 5, 1, 3]
HEADLINES = ["Five Stars", "Bad", None, "two stars.", "x", "FIVE STARS", "y", "z", ""]
REVIEWS = shop(9, 4, star_rating=STARS, review_headline=HEADLINES)


def test_batches_hold_what_a_classifier_reads() -> None:
    examples = loaded(REVIEWS)
    table = pa.Table.from_batches(examples.batches())
    assert table.schema.names == [
        "review_id",
        "review_headline",
        "review_body",
        "label",
        "group",
        "customer",
    ]
    assert table.schema.field("label").type == pa.int32()
    assert table.schema.field("group").type == pa.uint64()
    assert table.column("review_id").to_pylist() == [f"R{row}" for row in range(9)]
    assert table.column("label").to_pylist() == examples.label.tolist()
    assert table.column("group").to_pylist() == examples.groups.tolist()
    assert table.column("review_headline").to_pylist() == HEADLINES
    assert examples.table() == table


def test_some_rows() -> None:
    examples = loaded(REVIEWS)
    rows = np.array([False] * 4 + [True, False, True, False, False])
    assert examples.table(rows).column("review_id").to_pylist() == ["R4", "R6"]
    assert [len(batch) for batch in examples.batches(rows)] == [2]
    assert examples.table(~examples.labelled).column("review_id").to_pylist() == ["R4"]
    assert len(examples.table(np.zeros(9, np.bool_))) == 0
    assert examples.counts(rows) == {"negative": 0, "positive": 1}


def test_default_headlines_are_counted_and_can_be_dropped() -> None:
    assert loaded(REVIEWS).default_headlines == 3
    dropping = load_examples(REVIEWS, TargetSettings(), TextSettings(drop_default_headlines=True))
    assert dropping.default_headlines == 3
    headlines = dropping.table().column("review_headline").to_pylist()
    assert headlines == [None, "Bad", None, None, "x", None, "y", "z", ""]


def test_only_the_fields_that_are_asked_for() -> None:
    text = TextSettings(fields=("review_body",), drop_default_headlines=True)
    names = load_examples(REVIEWS, TargetSettings(), text).table().schema.names
    assert names == ["review_id", "review_body", "label", "group", "customer"]


def test_products_are_parent_else_product_else_review() -> None:
    parents = ["P", "P", None, None, None, None, "", None]
    products = ["1", "2", "3", "3", None, None, "3", "P"]
    groups = loaded(
        shop(8, 3, star_rating=[5] * 8, product_parent=parents, product_id=products)
    ).groups
    assert groups[0] == groups[1] == groups[7]
    assert groups[2] == groups[3] == groups[6]
    assert len({*groups.tolist()}) == 4


def test_texts_have_the_same_key_whatever_their_case_and_punctuation() -> None:
    bodies = ["Great phone!", "great  phone", "GREAT PHONE...", "great phones", "..."]
    keys = loaded(shop(5, star_rating=[5] * 5, review_body=bodies)).text_keys
    assert keys[0] == keys[1] == keys[2]
    assert len({*keys.tolist()}) == 3


def test_how_the_reviews_are_cut_makes_no_difference() -> None:
    columns = {"star_rating": STARS, "review_headline": HEADLINES, "product_id": list("aabbccdde")}
    one, other = (loaded(shop(9, rows, **columns)) for rows in (1, 9))
    for name in ("label", "groups", "text_keys"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("rows", [5, 12])
def test_reviews_that_change_while_they_are_read_are_an_error(rows: int) -> None:
    reviews = Shop(REVIEWS.content)
    examples = loaded(reviews)
    reviews.content = shop(rows, star_rating=[5] * rows).content
    with pytest.raises(InputError, match="changed"):
        list(examples.batches())


def test_columns() -> None:
    examples = loaded(REVIEWS)
    assert examples.column("star_rating").to_pylist() == STARS
    assert len(examples) == 9

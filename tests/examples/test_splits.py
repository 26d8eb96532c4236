import datetime

import numpy as np
import pytest

from reviewdesk.errors import MissingColumn, NotEnoughData
from reviewdesk.examples.splits import split
from reviewdesk.settings import SplitSettings

from .shop import corpus, day, loaded, shop


@pytest.mark.parametrize("by", ["review", "product", "customer", "time"])
def test_sides_are_apart_and_share_no_text(by: str) -> None:
    bodies = [f"text {row % 690}" for row in range(1_000)]
    examples = corpus(review_body=bodies)
    found = split(examples, SplitSettings(by=by))
    assert not (found.train & found.test).any()
    assert found.train.any()
    assert found.test.any()
    assert not set(examples.text_keys[found.train]) & set(examples.text_keys[found.test])
    assert found.dropped_texts > 0
    assert found.dropped_texts + int((found.train | found.test).sum()) == 1_000


@pytest.mark.parametrize("by", ["review", "product"])
def test_each_label_has_its_share_of_the_test_side(by: str) -> None:
    examples = corpus()
    found = split(examples, SplitSettings(by=by, test_share=0.2))
    assert found.dropped_texts == 0
    assert int(found.test.sum()) == 200
    counts = examples.counts(found.test)
    if by == "review":
        assert counts == {"negative": 50, "positive": 150}
    assert abs(counts["negative"] - 50) <= 10


def test_what_belongs_together_stays_on_one_side() -> None:
    examples = corpus()
    for by, column in (("product", "product_id"), ("customer", "customer_id")):
        found = split(examples, SplitSettings(by=by))
        keys = np.array(examples.column(column).to_pylist())
        assert not set(keys[found.train]) & set(keys[found.test])


def test_texts_do_not_join_products() -> None:
    """One text that all products share would otherwise put them all on one side."""
    bodies = ["good" if row % 5 == 0 else f"text {row}" for row in range(1_000)]
    found = split(corpus(review_body=bodies), SplitSettings(by="product"))
    assert int(found.test.sum()) == 200
    assert found.dropped_texts == 160


def test_a_split_does_not_depend_on_the_other_reviews_order() -> None:
    n = 400
    stars = [1 if row % 4 == 0 else 5 for row in range(n)]
    ids = [f"R{row}" for row in range(n)]
    straight = loaded(shop(n, 64, star_rating=stars, review_id=ids))
    back = loaded(shop(n, 31, star_rating=stars[::-1], review_id=ids[::-1]))
    one, other = (split(each, SplitSettings(by="review")) for each in (straight, back))
    np.testing.assert_array_equal(one.test, other.test[::-1])


def test_seeds() -> None:
    examples = corpus()
    first, same, other = (split(examples, SplitSettings(seed=seed)).test for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_by_time_the_newest_days_are_tested_on() -> None:
    examples = corpus()
    found = split(examples, SplitSettings(by="time", test_share=0.25))
    days = np.array(examples.column("review_date").to_pylist())
    assert found.cut_date == day(75)
    assert days[found.train].max() < found.cut_date
    assert days[found.test].min() == found.cut_date
    assert int(found.test.sum()) == 250


def test_by_time_one_day_is_never_cut() -> None:
    dates = [day(0)] * 300 + [day(1)] * 600 + [day(2)] * 100
    found = split(corpus(review_date=dates), SplitSettings(by="time", test_share=0.2))
    assert found.cut_date == day(2)
    assert int(found.test.sum()) == 100


def test_by_time_undated_reviews_are_on_no_side() -> None:
    dates: list[datetime.date | None] = [day(row % 100) for row in range(1_000)]
    dates[::10] = [None] * 100
    found = split(corpus(review_date=dates), SplitSettings(by="time"))
    assert found.undated == 100
    assert not found.train[::10].any()
    assert not found.test[::10].any()


def test_reviews_without_a_label_are_on_no_side() -> None:
    stars = [None if row % 3 == 0 else 1 + row % 5 for row in range(1_000)]
    for by in ("review", "product", "customer", "time"):
        found = split(corpus(star_rating=stars), SplitSettings(by=by))
        assert not (found.train | found.test)[::3].any()
        assert found.undated == 0


def test_customers_without_a_name_stay_for_themselves() -> None:
    found = split(
        corpus(customer_id=[None if row % 2 else "one" for row in range(1_000)]),
        SplitSettings(by="customer", test_share=0.2),
    )
    assert int(found.test.sum()) == 100  # a fifth of those without a name
    assert not found.test[::2].any()


@pytest.mark.parametrize(("by", "column"), [("customer", "customer_id"), ("time", "review_date")])
def test_a_missing_column_is_named(by: str, column: str) -> None:
    with pytest.raises(MissingColumn, match=f"by {by} needs {column}"):
        split(corpus(1_000, **{column: [None] * 1_000}), SplitSettings(by=by))


def test_no_test_side_when_none_is_wanted() -> None:
    for by in ("review", "product", "customer", "time"):
        found = split(corpus(), SplitSettings(by=by, test_share=0.0))
        assert found.train.all()
        assert not found.test.any()


def test_too_little_to_split() -> None:
    with pytest.raises(NotEnoughData, match="all 1,000 are 'positive'"):
        split(corpus(star_rating=[5] * 1_000), SplitSettings())
    with pytest.raises(NotEnoughData, match="no review can be put on a test side of 20%"):
        split(corpus(product_id=["one"] * 1_000), SplitSettings(by="product"))
    with pytest.raises(NotEnoughData, match="no review can be put on a test side"):
        split(corpus(review_date=[day(1)] * 1_000), SplitSettings(by="time"))


def test_a_training_side_of_one_label_is_an_error() -> None:
    bodies = ["bad" if row % 4 == 0 else f"text {row}" for row in range(1_000)]
    with pytest.raises(NotEnoughData, match="training side"):
        split(corpus(review_body=bodies), SplitSettings(by="review"))


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_every_label_is_left_to_learn_from(share: float) -> None:
    stars = [1] * 2 + [2] * 3 + [5] * 995
    examples = loaded(shop(1_000, star_rating=stars), "stars")
    found = split(examples, SplitSettings(by="review", test_share=share))
    assert min(examples.counts(found.train).values()) >= 1
    assert abs(int(found.test.sum()) - round(1_000 * share)) <= 2

import datetime
from typing import Any

import pytest

from reviewdesk.errors import MissingColumn, NotEnoughData
from reviewdesk.examples.examples import Examples, load_examples, require_classes
from reviewdesk.examples.targets import label_parts
from reviewdesk.settings import TargetSettings, TextSettings

from .shop import loaded, shop

STARS = [1, 2, 3, 4, 5, None, 3, 5]


def of_stars(**settings: Any) -> Examples:
    return loaded(shop(8, 3, star_rating=STARS), **settings)


def test_sentiment() -> None:
    found = of_stars()
    assert found.labels == ["negative", "positive"]
    assert found.label.tolist() == [0, 0, 0, 1, 1, -1, 0, 1]
    assert found.left_out == {"no_star_rating": 1}
    assert found.counts() == {"negative": 4, "positive": 3}


def test_sentiment_without_three_stars() -> None:
    found = of_stars(drop_three=True)
    assert found.label.tolist() == [0, 0, -1, 1, 1, -1, -1, 1]
    assert found.left_out == {"no_star_rating": 1, "three_stars": 2}


def test_sentiment_positive_from_five() -> None:
    assert of_stars(positive_from=5).label.tolist() == [0, 0, 0, 0, 1, -1, 0, 1]
    assert of_stars(positive_from=2).label.tolist() == [0, 1, 1, 1, 1, -1, 1, 1]


def test_stars_that_are_no_stars_have_no_label() -> None:
    found = loaded(shop(4, star_rating=[0, 6, -1, 5]))
    assert found.label.tolist() == [-1, -1, -1, 1]
    assert found.left_out == {"no_star_rating": 3}


def test_stars_are_the_ratings_that_occur() -> None:
    found = of_stars(target="stars")
    assert found.labels == ["1", "2", "3", "4", "5"]
    assert found.label.tolist() == [0, 1, 2, 3, 4, -1, 2, 4]
    some = loaded(shop(4, star_rating=[5, 1, None, 4]), "stars")
    assert some.labels == ["1", "4", "5"]
    assert some.label.tolist() == [2, 0, -1, 1]


def test_categories_are_sorted_and_small_ones_named() -> None:
    categories = ["b", "a", "b", "tiny", None, "", "a", "b"]
    found = loaded(shop(8, 3, product_category=categories), "category", min_reviews=2)
    assert found.labels == ["a", "b"]
    assert found.label.tolist() == [1, 0, 1, -1, -1, -1, 0, 1]
    assert found.left_out == {"no_product_category": 2, "small_category": 1}
    assert found.small_categories == {"tiny": 1}


CATEGORIES = ["Books", "Books", "Books", None, "", "A · b", "A · b", "Books"]
STARS_OF_THEM = [5, 5, 1, 5, None, 1, 1, 9]
DAYS = [datetime.date(1999, 12, 31), datetime.date(2014, 1, 1)]


def test_categories_with_stars() -> None:
    reviews = shop(8, 3, product_category=CATEGORIES, star_rating=STARS_OF_THEM)
    found = loaded(reviews, "category-stars", min_reviews=2)
    assert found.labels == ["A · b · 1", "Books · 5"]
    assert found.label.tolist() == [1, 1, -1, -1, -1, 0, 0, -1]
    assert found.left_out == {
        "no_product_category": 2,
        "no_star_rating": 1,
        "small_category_stars": 1,
    }
    assert found.small_categories == {"Books · 1": 1}


def test_categories_with_years() -> None:
    days = [DAYS[0], DAYS[1], None, DAYS[1], DAYS[0], DAYS[1], DAYS[0], DAYS[0]]
    found = loaded(
        shop(8, 3, product_category=CATEGORIES, review_date=days), "category-year", min_reviews=1
    )
    assert found.labels == ["A · b · 1999", "A · b · 2014", "Books · 1999", "Books · 2014"]
    assert found.label.tolist() == [2, 3, -1, -1, -1, 1, 0, 2]
    assert found.left_out == {"no_product_category": 2, "no_review_date": 1}


def test_a_label_of_two_parts_is_divided_at_its_last_dot() -> None:
    assert label_parts("A · b · 1") == ("A · b", "1")
    assert label_parts("1") == ("", "1")


@pytest.mark.parametrize(
    ("target", "column"),
    [
        ("sentiment", "star_rating"),
        ("stars", "star_rating"),
        ("category", "product_category"),
        ("category-year", "product_category"),
    ],
)
def test_an_empty_column_is_named(target: str, column: str) -> None:
    with pytest.raises(MissingColumn, match=f"{target} needs {column}, which this data does not"):
        loaded(shop(3), target)


def test_the_column_that_is_missing_of_two_is_named() -> None:
    with pytest.raises(MissingColumn, match="category-year needs review_date, which this data"):
        loaded(shop(2, product_category=["a", "b"]), "category-year")


@pytest.mark.parametrize("target", ["sentiment", "stars", "category", "category-stars"])
def test_no_reviews(target: str) -> None:
    with pytest.raises(NotEnoughData, match="no reviews"):
        loaded(shop(0), target)


def test_given_labels_keep_their_order_and_others_are_left_out() -> None:
    reviews = shop(5, product_category=["a", "b", "c", "c", None])
    target = TargetSettings(target="category")
    found = load_examples(reviews, target, TextSettings(), labels=["c", "zebra", "a"])
    assert found.labels == ["c", "zebra", "a"]
    assert found.label.tolist() == [2, -1, 0, 0, -1]
    assert found.left_out == {"no_product_category": 1, "unknown_label": 1}
    assert found.small_categories == {}


def test_given_labels_of_stars() -> None:
    found = load_examples(
        shop(3, star_rating=[5, 4, 1]),
        TargetSettings(target="stars"),
        TextSettings(),
        labels=["1", "2", "5"],
    )
    assert found.label.tolist() == [2, -1, 0]


def test_require_classes() -> None:
    require_classes({"a": 1, "b": 1, "c": 0}, "training")
    with pytest.raises(NotEnoughData, match="training needs .* all 1,200 are 'a'"):
        require_classes({"a": 1200, "b": 0}, "training")
    with pytest.raises(NotEnoughData, match="there are none"):
        require_classes({"a": 0}, "training")
    with pytest.raises(NotEnoughData, match=r"there are none \(left out: small_category 320\)"):
        require_classes({}, "training", {"small_category": 320})

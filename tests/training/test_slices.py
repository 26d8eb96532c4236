import datetime
import json

import numpy as np
import pytest

from reviewdesk.training.slices import (
    FEWEST_ROWS,
    MOST_SLICES,
    SliceKeys,
    Slicing,
    slice_accuracy,
    slice_keys,
)
from tests.examples.shop import loaded, shop


def keys(by: str, counts: list[int]) -> SliceKeys:
    rows = np.repeat(np.arange(len(counts)), counts)
    return SliceKeys(by, rows, [f"{by} {n}" for n in range(len(counts))])


def measured(correct: np.ndarray, *of: SliceKeys) -> tuple[Slicing, ...]:
    return slice_accuracy(correct, np.arange(len(correct)), of)


def test_rows_are_cut_by_category_month_and_length() -> None:
    day = datetime.date(2014, 3, 31)
    reviews = shop(
        6,
        2,
        product_category=["b", None, "b", "", "a", "b"],
        review_date=[day, day, None, datetime.date(1999, 12, 1), day, day],
        review_body=["x" * n for n in (1, 50, 51, 100, 2001, 2000)],
        star_rating=[5] * 6,
    )
    chosen = np.array([True, True, True, True, True, False])
    category, month, length = slice_keys(loaded(reviews), chosen)
    assert [category.names[row] for row in category.rows] == [
        *("b", "no category", "b", "no category", "a"),
    ]
    assert [month.names[row] for row in month.rows] == [
        *("2014-03", "2014-03", "unknown", "1999-12", "2014-03"),
    ]
    assert month.names == ["unknown", "1999-12", "2014-03"]
    assert [length.names[row] for row in length.rows] == [
        *("up to 50", "up to 50", "51 to 100", "51 to 100", "over 2,000"),
    ]
    assert length.names[-2] == "1,001 to 2,000"


def test_a_slice_that_is_really_worse_is_found_and_others_are_not() -> None:
    generator = np.random.default_rng(0)
    correct = generator.random(2000) < np.repeat([0.9, 0.6, 0.9, 0.9], 500)
    (found,) = measured(correct, keys("category", [500] * 4))
    assert [one.worse for one in found.slices] == [False, True, False, False]
    worse = found.slices[1]
    assert worse.accuracy.value == pytest.approx(correct[500:1000].mean())
    assert worse.rest == pytest.approx(np.delete(correct, slice(500, 1000)).mean())
    assert worse.accuracy.low < worse.accuracy.value < worse.accuracy.high < worse.rest
    assert worse.name == "category 1"


def test_chance_alone_makes_no_slice_worse_but_rarely() -> None:
    generator = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        (found,) = measured(generator.random(3000) < 0.9, keys("month", [100] * 30))
        alarms += any(one.worse for one in found.slices)
    assert alarms / 200 <= 0.1


def test_small_slices_are_put_together() -> None:
    (found,) = measured(np.ones(181, np.bool_), keys("month", [100, FEWEST_ROWS, 1, 30, 0]))
    assert [one.rows for one in found.slices] == [100, FEWEST_ROWS]
    assert found.few == (2, 31)
    assert not any(one.worse for one in found.slices)
    json.dumps(found.to_json(), allow_nan=False)


def test_only_the_largest_of_very_many_are_kept() -> None:
    counts = [FEWEST_ROWS] * MOST_SLICES + [FEWEST_ROWS + 1]
    (found,) = measured(np.ones(sum(counts), np.bool_), keys("category", counts))
    assert len(found.slices) == MOST_SLICES
    assert found.slices[-1].rows == FEWEST_ROWS + 1
    assert found.few == (1, FEWEST_ROWS)


def test_one_slice_is_no_division() -> None:
    assert measured(np.ones(100, np.bool_), keys("category", [100]), keys("month", [9, 91])) == ()

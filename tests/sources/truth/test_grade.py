"""Grades: what was listed, what of it is right, and what was found of all there was."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from reviewdesk.schema import FINDINGS
from reviewdesk.sources.truth import DECLINING, PRODUCT_CATEGORY, REVIEW_CATEGORY, VARIANTS, Truth
from reviewdesk.sources.truth.grade import grade
from reviewdesk.sources.truth.grades import FinderGrade, ListGrade, pooled

PROMISES = (0.95, 0.9, 0.8)


def findings(*rows: dict[str, Any]) -> pa.Table:
    filled = [
        {
            "finder": "review-category",
            "kind": "review",
            "reviews": 1,
            "score": 0.99,
            "promise": 0.95,
            "action": "Look.",
            **row,
        }
        for row in rows
    ]
    return pa.Table.from_pylist(filled, FINDINGS)


TRUTH = Truth(
    review_category=pa.Table.from_pylist(
        [
            {
                "review_id": f"R{number}",
                "product_id": "P1",
                "product_category": "Toys",
                "right_product_id": "P2",
                "right_category": "Toys" if number == 4 else "Books",
            }
            for number in range(5)
        ],
        REVIEW_CATEGORY,
    ),
    product_category=pa.Table.from_pylist(
        [
            {
                "product_id": "P5",
                "product_category": "Toys",
                "right_category": "Books",
                "reviews": 3,
            },
            {
                "product_id": "P6",
                "product_category": "Toys",
                "right_category": "Books",
                "reviews": 1,
            },
            {
                "product_id": "P7",
                "product_category": "Toys",
                "right_category": "Music",
                "reviews": 50,
            },
        ],
        PRODUCT_CATEGORY,
    ),
    declining=pa.Table.from_pylist(
        [
            {
                "product_id": "P8",
                "declines_from": date(2015, 1, 10),
                "reviews_before": 20,
                "reviews_after": 12,
                "stars_before": 4.5,
                "stars_after": 3.1,
            }
        ],
        DECLINING,
    ),
    variants=VARIANTS.empty_table(),
)
NOTHING = Truth(*(table.schema.empty_table() for table in TRUTH.tables().values()))


def one(found: pa.Table, name: str, truth: Truth = TRUTH, **more: Any) -> FinderGrade:
    return next(
        each for each in grade(found, truth, PROMISES, **more).finders if each.finder == name
    )


def test_lists_are_nested_and_hits_counted() -> None:
    found = findings(
        {"what": "R0", "suggested": "Books"},
        {"what": "R1", "suggested": "Music"},
        {"what": "R2", "suggested": "Books", "promise": 0.9},
        {"what": "R99", "suggested": "Books", "promise": 0.8},
    )
    strict, middle, wide = one(found, "review-category").lists
    assert strict == ListGrade(0.95, 2, 2, 1, 0, 2, 5, 1.0)
    assert middle == ListGrade(0.9, 3, 3, 2, 0, 3, 5, 1.0)
    assert wide == ListGrade(0.8, 4, 3, 2, 0, 3, 5, 0.75)
    assert wide.precision == 0.75
    assert wide.recall == 0.6
    assert wide.interval is not None
    assert wide.interval[0] < 0.75 < wide.interval[1]
    assert wide.kept


def test_a_broken_promise_is_said() -> None:
    wrong = [{"what": f"X{number}"} for number in range(20)]
    listed = one(findings({"what": "R0"}, *wrong), "review-category").lists[0]
    assert not listed.kept
    assert listed.to_json()["kept"] is False


def test_nothing_found_and_nothing_wrong() -> None:
    assert grade(findings(), TRUTH, PROMISES).finders == ()
    empty = one(findings(), "review-category", finders=["review-category"]).lists[0]
    assert (empty.precision, empty.interval, empty.recall, empty.worst) == (None, None, 0.0, None)
    assert empty.kept
    clean = one(findings({"what": "R0"}), "review-category", NOTHING).lists[0]
    assert (clean.precision, clean.recall) == (0.0, None)


def test_reviews_of_a_product_in_the_wrong_category_are_excused() -> None:
    found = findings(
        {"what": "R0", "suggested": "Books"},
        {"what": "R50", "suggested": "Books"},
        {"what": "R51", "suggested": "Music"},
    )
    reviews = pa.table({"review_id": ["R50", "R51", "R60"], "product_id": ["P5", "P5", None]})
    assert one(found, "review-category").lists[0].listed == 3
    listed = one(found, "review-category", reviews=reviews).lists[0]
    assert (listed.listed, listed.hits, listed.excused) == (2, 1, 1)


def test_products_by_their_reviews() -> None:
    found = findings(
        {"finder": "product-category", "what": "P5", "suggested": "Books", "reviews": 3},
        {"finder": "product-category", "what": "P9", "suggested": "Books", "reviews": 2},
        {"finder": "product-category", "what": "P7", "suggested": "Books", "promise": 0.8}
        | {"reviews": 50},
    )
    graded = one(found, "product-category")
    wide = [each for each in graded.sizes if each.promise == 0.8]
    assert [(size.reviews, size.hits, size.listed, size.found, size.planted) for size in wide] == [
        ((1, 1), 0, 0, 0, 1),
        ((2, 3), 1, 2, 1, 1),
        ((4, 9), 0, 0, 0, 0),
        ((10, 49), 0, 0, 0, 0),
        ((50, None), 1, 1, 1, 1),
    ]
    assert (wide[1].precision, wide[1].recall) == (0.5, 1.0)
    assert (wide[0].precision, wide[0].recall, wide[2].recall) == (None, 0.0, None)
    strict = [each.listed for each in graded.sizes if each.promise == 0.95]
    assert strict == [0, 2, 0, 0, 0]
    assert [each.named for each in graded.lists] == [1, 1, 1]
    assert [each.hits for each in graded.lists] == [1, 1, 2]


def test_sizes_of_declines_are_of_what_was_planted() -> None:
    """Findings count all reviews of a product, the known errors those after it began."""
    graded = one(findings({"finder": "declining", "what": "P8", "reviews": 70}), "declining")
    ten = next(each for each in graded.sizes if each.reviews == (10, 49))
    assert (ten.listed, ten.hits, ten.precision, ten.found, ten.planted) == (None, None, None, 1, 1)


def test_declines_and_their_day() -> None:
    found = findings(
        {"finder": "declining", "what": "P8", "since": date(2015, 1, 15)},
        {"finder": "declining", "what": "P1", "since": date(2015, 1, 15)},
        {"finder": "declining", "what": "P8", "since": None},
    )
    graded = one(found, "declining")
    assert graded.days_off == (5,)
    assert graded.lists[0].found == 1
    assert graded.lists[0].hits == 2
    assert graded.to_json()["median_days_off"] == 5


def test_declines_that_were_called_before_they_began_are_false_alarms() -> None:
    since = TRUTH.declining["declines_from"][0].as_py()
    early = findings({"finder": "declining", "what": "P8", "noticed": since - timedelta(days=1)})
    assert one(early, "declining").lists[0].hits == 0
    assert one(early, "declining").delay_days == ()


def test_delays_are_counted_in_days_and_in_reviews() -> None:
    since = TRUTH.declining["declines_from"][0].as_py()
    days = [since + timedelta(days=day) for day in (-1, 0, 20, 21, 40)]
    reviews = pa.table(
        {"review_id": ["a", "b", "c", "d", "e", "f"], "product_id": ["P8"] * 5 + ["P1"]}
        | {"review_date": pa.array([*days, since], pa.date32())}
    )
    found = findings({"finder": "declining", "what": "P8", "noticed": since + timedelta(days=21)})
    (graded,) = grade(found, TRUTH, PROMISES, reviews=reviews).finders
    assert graded.delay_days == (21,)
    assert graded.delay_reviews == (3,)


def test_reviews_under_the_wrong_product_are_those_of_the_same_category() -> None:
    graded = one(
        findings({"finder": "review-product", "what": "R4", "suggested": "P2"}), "review-product"
    )
    assert graded.lists[0] == ListGrade(0.95, 1, 1, 1, 0, 1, 1, 1.0)


def test_what_cannot_be_graded_is_passed_over() -> None:
    assert grade(findings({"finder": "similar", "what": "P1"}), TRUTH, PROMISES).finders == ()


def test_several_seeds_are_pooled() -> None:
    good = grade(findings({"what": "R0"}, {"what": "R1"}), TRUTH, PROMISES)
    bad = grade(findings({"what": "R0"}, {"what": "X"}, {"what": "Y"}), TRUTH, PROMISES)
    none = grade(findings(), TRUTH, PROMISES, finders=["review-category"])
    together = pooled([good, bad, none])
    assert together.sets == 3
    listed = together.finders[0].lists[0]
    assert (listed.listed, listed.hits, listed.planted) == (5, 3, 15)
    assert listed.precision == 0.6
    assert listed.worst == pytest.approx(1 / 3)
    assert pooled([together]).finders == together.finders


def test_sizes_are_pooled() -> None:
    rows = [{"finder": "product-category", "what": what, "reviews": 3} for what in ("P5", "X")]
    graded = grade(findings(*rows), TRUTH, PROMISES)
    two = next(one for one in pooled([graded] * 3).finders[0].sizes if one.reviews == (2, 3))
    assert (two.listed, two.hits, two.found, two.planted) == (6, 3, 3, 3)
    assert pooled([pooled([graded])]) == pooled([graded])


def test_sets_differ_in_what_is_planted_and_promised() -> None:
    """A set without planted products has no sizes; another may have other promises."""
    names = ["product-category"]
    some = grade(findings(), TRUTH, PROMISES, finders=names)
    none = grade(findings({"finder": names[0], "what": "X"}), NOTHING, (0.95, 0.5))
    together = pooled([none, some]).finders[0]
    assert [one.promise for one in together.lists] == [0.95, 0.9, 0.8, 0.5]
    assert [(one.listed, one.planted, one.worst) for one in together.lists] == [
        (1, 3, 0.0),
        (0, 3, None),
        (0, 3, None),
        (1, 0, 0.0),
    ]
    assert len(together.sizes) == 15

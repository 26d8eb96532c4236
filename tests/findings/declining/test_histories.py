"""Histories are in order of time whatever order the reviews come in, and end with whole months."""

import numpy as np

from reviewdesk.findings.declining.histories import NO_DAY, first_products, histories

JANUARY = 16_071  # 2014-01-01
END_OF_MARCH = JANUARY + 31 + 28 + 30


def test_each_month_with_reviews_is_one_look() -> None:
    days = np.array([0, 5, 40, 41, 70, END_OF_MARCH - JANUARY], np.int32) + JANUARY
    keys = np.array([7, 7, 7, 3, 7, 3], np.uint64)
    found = histories(keys, np.array([4, 3, 2, 0, 1, 4]), days, np.arange(6, dtype=np.uint64))
    assert found.keys.tolist() == [3, 7]
    assert found.looks.tolist() == [1, 2, 2, 3, 4]
    assert found.look_offsets.tolist() == [0, 2, 5]
    assert found.stars.tolist() == [0, 4, 4, 3, 2, 1]
    assert (found.look_months - 44 * 12).tolist() == [1, 2, 0, 1, 2]
    assert found.counts().tolist() == [[1, 0, 0, 0, 1], [0, 1, 1, 1, 1]]


def test_the_order_of_rows_and_ties_of_days_change_nothing() -> None:
    generator = np.random.default_rng(0)
    days = generator.integers(JANUARY, JANUARY + 9, 300).astype(np.int32)
    days[0] = END_OF_MARCH
    keys = generator.integers(1, 4, 300).astype(np.uint64)
    stars, ties = generator.integers(0, 5, 300), generator.permutation(300).astype(np.uint64)
    one = histories(keys, stars, days, ties)
    order = generator.permutation(300)
    other = histories(keys[order], stars[order], days[order], ties[order])
    assert one.stars.tolist() == other.stars.tolist()
    assert one.rows.tolist() == order[other.rows].tolist()


def test_reviews_without_star_or_day_or_of_a_running_month_are_left_out() -> None:
    days = np.array([JANUARY, NO_DAY, JANUARY + 2, JANUARY + 31], np.int32)
    keys, ties = np.ones(4, np.uint64), np.arange(4, dtype=np.uint64)
    found = histories(keys, np.array([1, 2, -1, 3]), days, ties)
    assert found.rows.tolist() == [0]
    assert found.running == 1


def test_nothing_gives_no_histories() -> None:
    nothing = histories(
        np.empty(0, np.uint64), np.empty(0), np.empty(0, np.int32), np.empty(0, np.uint64)
    )
    assert nothing.products == 0
    assert nothing.counts().shape == (0, 5)


def test_products_as_they_were_before_a_month() -> None:
    days = np.array([0, 1, 2, 40, 0, 40, END_OF_MARCH - JANUARY], np.int32) + JANUARY
    keys = np.array([9, 9, 9, 9, 2, 2, 2], np.uint64)
    ties = np.arange(7, dtype=np.uint64)
    found = histories(keys, np.array([0, 1, 2, 3, 4, 4, 4]), days, ties)
    february = 44 * 12 + 1
    past, chosen = first_products(found, february, 2, 10)
    assert chosen.tolist() == [1]
    assert past.stars.tolist() == [0, 1, 2]
    assert past.looks.tolist() == [3]
    assert past.look_offsets.tolist() == [0, 1]
    later, both = first_products(found, february + 1, 2, 10)
    assert both.tolist() == [0, 1]
    assert later.reviews.tolist() == [2, 4]
    assert len(first_products(found, february + 1, 2, 1)[1]) == 1

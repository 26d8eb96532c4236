"""Few of those called are called wrongly, planted drops are found, and calls never change."""

import numpy as np

from reviewdesk.findings.declining.alarms import (
    FIRST_CALL,
    HEAD_START,
    PATIENCE,
    SPENT,
    exposure,
    raise_alarms,
)
from reviewdesk.findings.declining.histories import histories
from tests.findings.declining.simulated import END, Shop, alarms_of, called, shop

SEEDS = 6


def test_of_products_without_a_change_few_shops_call_any() -> None:
    with_calls = sum(bool(len(alarms_of(shop(seed).histories()).products)) for seed in range(SEEDS))
    # one in ten is promised: of six shops, three or more with calls have a chance of 1.6 %
    assert with_calls <= 2


def test_planted_drops_are_found_and_few_others() -> None:
    right = wrong = planted = 0
    for seed in range(3):
        made = shop(100 + seed, 40, share=0.3)
        found = made.histories()
        keys = {int(made.keys[row]): int(made.product[row]) for row in range(len(made.keys))}
        for key, (_, reviews) in called(found, alarms_of(found)).items():
            product = keys[key]
            before = int(
                ((made.product == product) & (made.days < made.changed.get(product, 10**6))).sum()
            )
            right += reviews > before
            wrong += reviews <= before
        planted += len(made.changed)
    assert right >= 0.5 * planted
    # ten in a hundred are promised; as many again is three standard deviations away
    assert wrong <= 0.1 * (right + wrong) + 3 * np.sqrt(0.09 * (right + wrong))


def test_a_further_month_changes_no_earlier_call() -> None:
    made = shop(1, 30, share=0.4, drop=1.5)
    whole = called(found := made.histories(), alarms_of(found))
    assert whole
    for until in (END - 92, END - 365):  # 2015-09-30 and 2014-12-31
        # a review of the last day, so that its month is over
        cut = Shop(
            np.append(made.product, 10**6),
            np.append(made.stars, 4),
            np.append(made.days, until).astype(np.int32),
            made.changed,
        ).histories(until)
        month = int(cut.look_months.max())
        assert called(cut, alarms_of(cut)) == {
            key: one for key, one in whole.items() if one[0] <= month
        }


def test_thresholds_follow_the_exposure_of_all_products() -> None:
    days = np.repeat(np.array([16_100, 16_200], np.int32), 40)
    days = np.concatenate([days, [16_435]]).astype(np.int32)  # 2014-12-31
    keys = np.concatenate([np.tile([1, 2], 40), [3]]).astype(np.uint64)
    found = histories(keys, np.full(81, 4), days, np.arange(81, dtype=np.uint64))
    total = 2 * float(exposure(np.array([40]))[0])
    levels = np.full(len(found.looks), np.inf)
    alone = FIRST_CALL * PATIENCE / (PATIENCE + total) ** 2
    levels[1] = alone * 0.999
    assert raise_alarms(found, levels, 0.1).products.tolist() == [0]
    levels[1] = alone * 1.001
    assert not len(raise_alarms(found, levels, 0.1).products)
    levels[[1, 3]] = SPENT * 0.1 * 2 / (HEAD_START + total) * 0.999
    both = raise_alarms(found, levels, 0.1)
    assert both.products.tolist() == [0, 1]
    assert both.expected_errors <= 0.2


def test_exposure_begins_with_enough_reviews_and_grows() -> None:
    used = exposure(np.array([0, 9, 10, 100, 1000]))
    assert used[:2].tolist() == [0, 0]
    assert (np.diff(used[1:]) > 0).all()


def test_no_products_no_alarms() -> None:
    nothing = histories(
        np.empty(0, np.uint64), np.empty(0), np.empty(0, np.int32), np.empty(0, np.uint64)
    )
    assert not len(alarms_of(nothing).products)


def test_one_review_and_equal_stars_raise_none() -> None:
    days = np.concatenate([np.arange(16_000, 16_400), [16_435]]).astype(np.int32)
    keys = np.concatenate([np.full(400, 5), [6]]).astype(np.uint64)
    found = histories(keys, np.full(401, 4), days, np.arange(401, dtype=np.uint64))
    assert not len(alarms_of(found).products)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.examples.strata import OrderedGroups, ordered_groups, take_share


def groups_of(sizes: list[list[int]]) -> OrderedGroups:
    """Return groups by stratum from their sizes in order."""
    flat = np.array([size for stratum in sizes for size in stratum], np.int64)
    strata = np.repeat(np.arange(len(sizes)), [len(stratum) for stratum in sizes])
    return OrderedGroups(np.repeat(np.arange(len(flat)), flat), flat, strata)


def taken_rows(groups: OrderedGroups, share: float) -> list[int]:
    taken = take_share(groups, share)
    return [
        int(groups.sizes[taken & (groups.strata == s)].sum()) for s in range(groups.strata[-1] + 1)
    ]


def test_single_rows_give_exact_shares() -> None:
    assert taken_rows(groups_of([[1] * 100, [1] * 50, [1] * 10]), 0.2) == [20, 10, 2]
    assert sum(taken_rows(groups_of([[1] * 33, [1] * 33, [1] * 34]), 0.5)) == 50


@pytest.mark.parametrize(
    ("sizes", "share", "wanted"),
    [
        ([30, 3, 2, 1, 1], 0.2, 7),  # the large group is passed over
        ([5, 5, 5, 5], 0.25, 5),
        ([5, 5, 5, 5], 0.2, 5),  # 5 is nearer to 4 than 0 is
        ([5, 5, 5, 5], 0.1, 0),
        ([10], 0.9, 0),  # a stratum is never taken whole
        ([5, 5], 0.9, 5),
        ([1, 1], 0.9, 1),
    ],
)
def test_groups_come_as_near_as_their_sizes_allow(
    sizes: list[int], share: float, wanted: int
) -> None:
    assert taken_rows(groups_of([sizes]), share) == [wanted]


@given(
    st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=60), min_size=1, max_size=4),
    st.floats(0, 0.9),
)
def test_shares_are_off_by_less_than_the_smallest_group_left(
    sizes: list[list[int]], share: float
) -> None:
    groups = groups_of(sizes)
    taken = take_share(groups, share)
    for stratum, rows in enumerate(taken_rows(groups, share)):
        left = groups.sizes[(groups.strata == stratum) & ~taken]
        assert len(left)
        missing = share * sum(sizes[stratum]) - rows
        assert missing <= left.min() + 1 or len(left) == 1
        assert -missing < 41


def test_a_group_belongs_to_its_most_frequent_label() -> None:
    labels = np.array([1, 1, 0, 2, 2, 0, 0], np.int32)
    keys = np.array([7, 7, 7, 8, 8, 8, 8], np.uint64)  # the second: twice 0, twice 2
    found = ordered_groups(labels, keys, 0, "test")
    assert found.strata.tolist() == [0, 1]
    assert found.sizes.tolist() == [4, 3]
    assert found.of_row.tolist() == [1, 1, 1, 0, 0, 0, 0]


def test_the_order_depends_on_keys_seed_and_purpose_only() -> None:
    keys = np.random.default_rng(0).integers(0, 2**63, 200).astype(np.uint64)
    labels = np.zeros(200, np.int32)

    def order(
        rows: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int, purpose: str
    ) -> list[int]:
        places = ordered_groups(labels, keys[rows], seed, purpose).of_row
        return [int(key) for key in keys[rows][np.argsort(places)]]

    straight, back = np.arange(200), np.arange(200)[::-1]
    assert order(straight, 0, "split") == order(back, 0, "split")
    assert order(straight, 0, "split") != order(straight, 1, "split")
    assert order(straight, 0, "split") != order(straight, 0, "folds")

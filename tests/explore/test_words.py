import numpy as np
import pytest

from reviewdesk.explore.terms import Groups
from reviewdesk.explore.words import changes, distinctive, overlaps, telling_terms

NAMES = [f"term{n}" for n in range(300)]


def drawn(seed: int, reviews: list[int], shares: np.ndarray) -> Groups:
    """Return groups whose reviews have each term with its share."""
    random = np.random.default_rng(seed)
    counts = np.stack([random.binomial(n, shares) for n in reviews])
    return Groups(np.array(reviews), counts)


STEADY = [200] * 50

SHARES = np.random.default_rng(0).beta(0.3, 6, 300)


def test_the_most_telling_terms_are_frequent_here_and_rare_elsewhere() -> None:
    terms = np.array([[150, 150, 1, 0], [20, 150, 150, 0]])
    first, second = telling_terms(Groups(np.array([200, 200]), terms), ["a", "both", "c", "none"])
    assert first[0].term == "a"
    assert first[0].reviews == 150
    assert first[0].score == pytest.approx(0.75 * np.log(400 / 170))
    assert second[0].term == "c"
    assert "none" not in [one.term for one in first + second]


def test_a_term_in_every_review_tells_nothing() -> None:
    groups = Groups(np.array([100, 100]), np.array([[100], [100]]))
    assert telling_terms(groups, ["always"]) == [[], []]


def test_small_groups_are_not_compared() -> None:
    groups = drawn(1, [99, 500, 500], SHARES)
    assert telling_terms(groups, NAMES)[0] == []
    assert [(one.left, one.right) for one in overlaps(groups, [(0, 1), (1, 2)])] == [(1, 2)]


@pytest.mark.parametrize("reviews", [[120, 120], [150, 4_000], [20_000, 20_000]])
def test_groups_that_do_not_differ_overlap_as_by_chance(reviews: list[int]) -> None:
    found = [one for seed in range(12) for one in overlaps(drawn(seed, reviews, SHARES), [(0, 1)])]
    gap = np.mean([one.shared - one.by_chance for one in found])
    assert abs(gap) < 0.04
    assert all(0 < one.by_chance <= 1 for one in found)


def test_groups_of_other_words_overlap_less_than_by_chance() -> None:
    left = drawn(1, [1_000], SHARES)
    right = drawn(2, [1_000], np.roll(SHARES, 150))
    both = Groups(np.array([1_000, 1_000]), np.concatenate([left.terms, right.terms]))
    (found,) = overlaps(both, [(0, 1)])
    assert found.shared < found.by_chance - 0.2


def test_changes_go_both_ways_the_clearest_first() -> None:
    before = np.array([500, 10, 60, 300, 0, *STEADY])
    recent = np.array([100, 200, 120, 300, 0, *STEADY])
    window = Groups(np.array([1_000, 1_000]), np.stack([before, recent]))
    found = changes(window, ["fell", "rose", "climbed", "same", "nowhere", *NAMES])
    assert [(one.term, one.z > 0) for one in found] == [
        *(("rose", True), ("climbed", True)),
        ("fell", False),
    ]
    assert (found[0].before, found[0].recent, found[0].recent_share) == (10, 200, 0.2)


def test_a_term_in_fewer_reviews_did_not_rise_though_reviews_got_shorter() -> None:
    before, recent = np.array([200, 2_000, 2_000]), np.array([190, 200, 200])
    window = Groups(np.array([2_500, 2_500]), np.stack([before, recent]))
    assert "steady" not in [one.term for one in changes(window, ["steady", "x", "y"])]


def test_a_pair_that_says_no_more_than_its_word_is_left_out() -> None:
    before, recent = np.array([10, 10, 900]), np.array([300, 290, 900])
    window = Groups(np.array([1_000, 1_000]), np.stack([before, recent]))
    assert [one.term for one in changes(window, ["turbo", "turbo tax", "same"])] == ["turbo"]


def test_too_few_reviews_have_no_changes() -> None:
    assert changes(Groups(np.array([99, 500]), np.ones((2, 1), np.int64)), ["x"]) == []


def test_words_that_set_a_group_apart() -> None:
    groups = Groups(np.array([200, 200, 50]), np.array([[150, 5, 90], [5, 150, 90], [9, 9, 9]]))
    assert distinctive(groups, ["left", "right", "both"]) == [["left"], ["right"], []]
    assert distinctive(Groups(np.array([200]), np.array([[100]])), ["x"]) == [[]]

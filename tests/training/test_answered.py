"""What leaving out the least sure reviews brings, beside plain counting."""

import numpy as np
import pytest

from reviewdesk.stats.shares import share_interval
from reviewdesk.training.answered import AtLevel, answered_at, by_share_answered
from reviewdesk.training.measures import evaluate_probabilities
from reviewdesk.training.summary import answered_sentence


def drawn(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return how sure a calibrated classifier is, rounded so that rows tie, and where right."""
    random = np.random.default_rng(seed)
    confidence = np.round(random.uniform(0.5, 1, rows), 2)
    return confidence, random.random(rows) < confidence


@pytest.mark.parametrize("seed", range(5))
def test_levels_are_the_largest_shares_that_keep_them(seed: int) -> None:
    confidence, correct = drawn(400, seed)
    for found in answered_at(confidence, correct):
        kept = {
            float(least): float(correct[confidence >= least].mean())
            for least in np.unique(confidence)
        }
        enough = [least for least, right in kept.items() if right >= found.level]
        assert found.least == min(enough)
        assert found.answered == (confidence >= found.least).mean()


def test_levels_that_are_never_and_always_reached() -> None:
    sure = np.array([0.9, 0.8, 0.7, 0.6])
    never, always = np.zeros(4, np.bool_), np.ones(4, np.bool_)
    assert [one.answered for one in answered_at(sure, never)] == [0, 0]
    assert [one.answered for one in answered_at(sure, always)] == [1, 1]
    assert answered_sentence(AtLevel(0.8, 0.0, 1.0)).startswith("at no share")
    assert answered_sentence(AtLevel(0.8, 1.0, 0.5)).endswith("when it answers all")
    assert "surest 40.0" in answered_sentence(AtLevel(0.8, 0.4, 0.7))


def test_shares_count_ties_together_and_have_intervals() -> None:
    confidence, correct = drawn(1_000)
    found = by_share_answered(confidence, correct, None)
    assert [one.rows for one in found] == sorted({one.rows for one in found})
    assert found[-1].rows == 1_000
    for one in found:
        taken = confidence >= one.least
        assert one.rows == taken.sum()
        assert one.accuracy.value == pytest.approx(correct[taken].mean())
        low, high = share_interval(int(correct[taken].sum()), one.rows)
        assert (one.accuracy.low, one.accuracy.high) == pytest.approx((low, high))


def test_a_row_of_one_review_is_said_once() -> None:
    found = by_share_answered(np.array([0.7]), np.array([True]), None)
    assert [(one.share, one.rows) for one in found] == [(1.0, 1)]


def test_measures_tell_them_as_json() -> None:
    confidence, correct = drawn(300)
    true = np.where(correct, 1, 0)
    probabilities = np.column_stack([1 - confidence, confidence])
    groups = np.arange(300) // 10
    told = evaluate_probabilities(true, probabilities, ["no", "yes"], groups=groups).to_json()
    surest = told["answering_the_surest"]
    assert [one["right"] for one in surest["at"]] == [0.8, 0.95]
    assert surest["by_share"][-1]["accuracy"] == told["figures"]["accuracy"]

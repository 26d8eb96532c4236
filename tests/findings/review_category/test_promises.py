"""Lists keep what they promise, also where scores tie or errors are few."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.review_category.promises import (
    ReferenceTail,
    cut_lists,
    false_by_posterior,
    false_by_reference,
)


def scored(n: int, noise: float, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return scores and which are of wrong labels: those are higher on the whole."""
    random = np.random.default_rng(seed)
    wrong = random.random(n) < noise
    return random.exponential(1.0, n) + wrong * random.normal(6, 2, n), wrong


@pytest.mark.parametrize("noise", [0.03, 0.1])
def test_what_is_promised_with_a_reference_is_delivered(noise: float) -> None:
    listed = np.zeros(3)
    hits = np.zeros(3)
    for seed in range(30):
        score, wrong = scored(30_000, noise, seed)
        reference, _ = scored(5_000, 0.0, 1000 + seed)
        order = np.argsort(-score)
        ranked = score[order]
        cuts = cut_lists(false_by_reference(ranked, ReferenceTail(reference)), ranked, PROMISES)
        for place, cut in enumerate(cuts):
            listed[place] += cut.listed
            hits[place] += wrong[order][: cut.listed].sum()
    delivered = hits / listed
    assert (delivered > np.array(PROMISES) - 0.02).all(), delivered
    assert (delivered < np.array(PROMISES) + 0.04).all(), delivered


def test_lists_are_nested_and_the_strictest_is_the_shortest() -> None:
    score, _ = scored(20_000, 0.05, 0)
    reference, _ = scored(5_000, 0.0, 1)
    ranked = np.sort(score)[::-1]
    cuts = cut_lists(false_by_reference(ranked, ReferenceTail(reference)), ranked, PROMISES)
    assert 0 < cuts[0].listed < cuts[1].listed < cuts[2].listed
    for cut, promise in zip(cuts, PROMISES, strict=True):
        assert cut.false <= (1 - promise) * cut.listed


def test_without_errors_hardly_anything_is_listed() -> None:
    lengths = []
    for seed in range(20):
        score, _ = scored(20_000, 0.0, seed)
        reference, _ = scored(5_000, 0.0, 100 + seed)
        ranked = np.sort(score)[::-1]
        cuts = cut_lists(false_by_reference(ranked, ReferenceTail(reference)), ranked, PROMISES)
        lengths.append(cuts[-1].listed)
    assert np.mean(np.array(lengths) > 0) <= 0.1


def test_ties_are_listed_together_or_not_at_all() -> None:
    ranked = np.array([9.0] * 8 + [5.0] * 100 + [1.0] * 1000)
    cuts = cut_lists(np.linspace(0.1, 110.8, 1108), ranked, PROMISES)
    assert {cut.listed for cut in cuts} <= {0, 8, 108, 1108}
    reference = np.append(np.full(4_990, 1.0), np.full(10, 5.0))
    false = false_by_reference(ranked, ReferenceTail(reference))
    assert len(np.unique(false[:8])) == 1
    assert len(np.unique(false[8:108])) == 1


@pytest.mark.parametrize("reference", [np.zeros(5000), np.arange(3_000.0), np.array([3.0])])
def test_any_reference_has_a_tail(reference: NDArray[Any]) -> None:
    shares = ReferenceTail(reference).share_above(np.linspace(-5, 100, 50))
    assert np.isfinite(shares).all()
    assert (shares >= 0).all()
    assert (shares <= 1).all()
    assert (np.diff(shares) <= 1e-9).all()


def test_believed_posteriors_deliver_what_they_promise() -> None:
    random = np.random.default_rng(0)
    posterior = np.sort(random.beta(0.3, 1.0, 100_000))[::-1]
    wrong = random.random(100_000) < posterior
    cuts = cut_lists(false_by_posterior(posterior), posterior, PROMISES)
    for cut, promise in zip(cuts, PROMISES, strict=True):
        assert cut.listed > 100
        assert wrong[: cut.listed].mean() > promise - 0.02


def test_a_reference_with_oddities_at_the_very_end_is_counted() -> None:
    """Where 20 of 5,000 right reviews look as wrong as can be, no smooth tail shows it."""
    random = np.random.default_rng(3)
    listed, hits = 0, 0
    for _ in range(20):
        wrong = np.arange(30_000) < 1_800
        odd = random.random(30_000) < 0.004
        score = np.minimum(random.exponential(1.0, 30_000) + 6.5 * wrong + 20 * odd, 9.0)
        reference = random.exponential(1.0, 5_000) + 20 * (random.random(5_000) < 0.004)
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        tail = ReferenceTail(np.minimum(reference, 9.0))
        cut = cut_lists(false_by_reference(ranked, tail), ranked, (0.8,))[0]
        listed, hits = listed + cut.listed, hits + int(wrong[order][: cut.listed].sum())
    assert listed > 5_000
    assert hits / listed > 0.78


def test_nothing_to_list() -> None:
    cuts = cut_lists(np.empty(0), np.empty(0), PROMISES)
    assert [cut.listed for cut in cuts] == [0, 0, 0]
    few = np.array([9.0, 8.0, 7.0])
    assert cut_lists(np.zeros(3), few, PROMISES)[0].listed == 0

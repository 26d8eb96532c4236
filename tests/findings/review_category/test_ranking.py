"""Ranking: alone, and with reviews known to be right."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.findings.review_category.combination import fit_combination
from reviewdesk.findings.review_category.ranking import (
    Ranking,
    _Way,
    _ways,
    rank_by_mixture,
    rank_with_reference,
)
from reviewdesk.findings.review_category.transitions import alike, fit_transitions
from reviewdesk.findings.review_category.trusted import FOLDS, cross_fitted, fit_clean

from .simulated import Simulated, simulated


def precision(score: NDArray[np.float64], wrong: NDArray[np.bool_], share: float = 0.5) -> float:
    """Return how many are wrong among the first, half as many as are wrong in all."""
    first = np.argsort(-score, kind="stable")[: int(share * wrong.sum())]
    return float(wrong[first].mean())


def reference_of(given: Simulated, size: int = 5_000) -> NDArray[np.bool_]:
    trusted = np.zeros(len(given.labels), np.bool_)
    trusted[np.flatnonzero(~given.wrong)[:size]] = True
    return trusted


def biased(given: Simulated) -> Simulated:
    """Return base models that have learnt that labels often move to the next category."""
    k = given.base_logs[0].shape[1]
    mixing = 0.92 * np.eye(k) + 0.08 * np.roll(np.eye(k), 1, axis=1)
    base_logs = [
        np.log(np.exp(logs) @ mixing + 1e-9).astype(np.float32) for logs in given.base_logs
    ]
    return Simulated(base_logs, given.labels, given.wrong)


def by_mixture(given: Simulated) -> Ranking:
    """Rank reviews of no known product and of one length."""
    n = len(given.labels)
    return rank_by_mixture(given.base_logs, given.labels, np.full(n, -1), np.full(n, 100))


def test_the_ranking_by_decoys_finds_wrong_labels() -> None:
    given = simulated()
    found = by_mixture(given)
    assert found.way == "null draws"
    assert precision(found.score, given.wrong) > 0.9
    assert (np.diff(found.posterior[np.argsort(found.score)]) >= -1e-9).all()


def test_a_reference_shows_what_heads_have_wrongly_learnt() -> None:
    given = biased(simulated(15_000, noise=0.05, together=True))
    trusted = reference_of(given, 3_000)
    plain = by_mixture(given)
    found = rank_with_reference(given.base_logs, given.labels, trusted)
    rest = ~trusted
    assert found.way.startswith("transitions")
    before = precision(plain.score[rest], given.wrong[rest])
    assert precision(found.score[rest], given.wrong[rest]) > before + 0.1


def test_transitions_are_found() -> None:
    given = simulated(20_000, noise=0.08, together=True)
    k = given.base_logs[0].shape[1]
    base = fit_combination(given.base_logs, given.labels)
    found = fit_transitions(np.exp(base.logs(given.base_logs)), given.labels, prior=20.0)
    assert found.noise == pytest.approx(0.08, abs=0.02)
    assert (found.table.argmax(axis=1) == (np.arange(k) + 1) % k).all()
    assert (np.diag(found.table) == 0).all()
    np.testing.assert_allclose(found.table.sum(axis=1), 1)


def test_transitions_to_all_alike_are_found_to_be_so() -> None:
    given = simulated(20_000, noise=0.08)
    base = fit_combination(given.base_logs, given.labels)
    found = fit_transitions(np.exp(base.logs(given.base_logs)), given.labels, prior=20.0)
    np.testing.assert_allclose(found.table, alike(5, 0.08).table, atol=0.1)


def test_the_clean_model_stays_near_where_there_is_nothing_to_learn() -> None:
    given = simulated(5_000, noise=0.0)
    base = fit_combination(given.base_logs, given.labels)
    found = fit_clean(given.base_logs, given.labels, base)
    np.testing.assert_allclose(found.probabilities(given.base_logs).sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(
        found.probabilities(given.base_logs), np.exp(base.logs(given.base_logs)), atol=0.2
    )


def test_each_part_of_the_reference_is_judged_by_a_model_that_has_not_seen_it() -> None:
    given = simulated(600, noise=0.0)
    base = fit_combination(given.base_logs, given.labels)
    models = cross_fitted(given.base_logs, given.labels, base)
    assert len(models) == FOLDS
    assert sum(aside.sum() for aside, _ in models) == 600
    changed = given.labels.copy()
    aside, before = models[0]
    changed[aside] = (changed[aside] + 1) % 5
    _, after = cross_fitted(given.base_logs, changed, base)[0]
    np.testing.assert_array_equal(before.pairs, after.pairs)


def test_nothing_that_judges_a_part_of_the_reference_has_seen_it() -> None:
    given = simulated(3_000, noise=0.05)
    trusted = reference_of(given, 1_000)
    known, own = [logs[trusted] for logs in given.base_logs], given.labels[trusted]
    base = fit_combination(given.base_logs, given.labels)
    aside = cross_fitted(known, own, base)[0][0]
    changed = np.where(aside, (own + 1) % 5, own)

    def ways(labels: NDArray[np.int64]) -> _Way:
        clean, models = fit_clean(known, labels, base), cross_fitted(known, labels, base)
        found = _ways(given.base_logs, given.labels, trusted, clean, models, base.noise)
        return found["transitions-20"]

    before, after = ways(own), ways(changed)
    assert len(before.reference) == FOLDS
    np.testing.assert_array_equal(before.reference[0].table, after.reference[0].table)
    assert np.abs(before.reference[1].table - after.reference[1].table).max() > 1e-3
    assert np.abs(before.candidates[0].table - after.candidates[0].table).max() > 1e-3


@pytest.mark.parametrize("k", [2, 3])
def test_few_categories_and_one_that_nothing_stands_in(k: int) -> None:
    given = simulated(4_000, k=k)
    base_logs = [
        np.hstack([logs, np.full((4_000, 1), -20, np.float32)]) for logs in given.base_logs
    ]
    trusted = reference_of(given, 1_500)
    found = rank_with_reference(base_logs, given.labels, trusted)
    assert np.isfinite(found.score).all()
    assert (found.posterior >= 0).all()
    assert (found.posterior <= 1).all()
    assert np.isfinite(found.probabilities(base_logs, np.full(4_000, 100))).all()

"""Lists: nested, sure in their order, and empty with a reason."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.review_category.audit import fit_correction
from reviewdesk.findings.review_category.combination import Combination
from reviewdesk.findings.review_category.lists import (
    lists_with_reference,
    lists_without_reference,
    surenesses,
)
from reviewdesk.findings.review_category.mixture import MixtureFit
from reviewdesk.findings.review_category.ranking import Ranking

ALL = np.ones(2_000, np.bool_)


def ranking(posterior: NDArray[np.float64]) -> Ranking:
    inside = np.clip(posterior, 1e-9, 1 - 1e-9)
    return Ranking(np.log(inside / (1 - inside)), posterior, Combination(np.ones(1), 0.03))


def test_lists_are_nested_and_sorted() -> None:
    posterior = np.random.default_rng(0).permutation(np.linspace(0, 1, 2_000) ** 4)
    found = lists_without_reference(ranking(posterior), ALL, None)
    assert [one.promise for one in found.lists] == list(PROMISES)
    lengths = [one.listed for one in found.lists]
    assert 0 < lengths[0] < lengths[1] < lengths[2] == len(found.rows)
    assert (np.diff(found.score) <= 0).all()
    assert (np.diff(found.promise) <= 0).all()
    for one in found.lists:
        assert (found.promise >= one.promise).sum() == one.listed
        assert one.expected_errors == pytest.approx(
            (1 - posterior[found.rows[: one.listed]]).sum(), rel=1e-6
        )


def test_no_list_says_why() -> None:
    found = lists_without_reference(ranking(np.full(2_000, 0.1)), ALL, None)
    assert [one.listed for one in found.lists] == [0, 0, 0]
    assert all("times in 100" in (one.why_empty or "") for one in found.lists)
    nothing = lists_without_reference(ranking(np.full(2_000, 0.99)), ~ALL, None)
    assert all("no review" in (one.why_empty or "") for one in nothing.lists)


def test_no_list_where_classifiers_do_not_tell_categories_apart() -> None:
    usual = ranking(np.linspace(0, 1, 2_000) ** 4)
    half_wrong = replace(usual, combination=Combination(np.ones(1), 0.6))
    asked = fit_correction(np.full(80, 0.9), np.arange(80) % 3 > 0)
    for unsure in (replace(usual, explained=0.05), half_wrong):
        found = lists_without_reference(unsure, ALL, None)
        assert not len(found.rows)
        assert all("hardly tell the categories" in (one.why_empty or "") for one in found.lists)
        assert lists_without_reference(unsure, ALL, asked).lists[2].listed


def test_answers_shorten_lists_and_give_intervals() -> None:
    posterior = np.linspace(0, 1, 2_000) ** 4
    before = lists_without_reference(ranking(posterior), ALL, None)
    correction = fit_correction(np.full(80, 0.9), np.arange(80) % 3 > 0)
    after = lists_without_reference(ranking(posterior), ALL, correction)
    assert 0 < after.lists[2].listed < before.lists[2].listed
    assert before.intervals == ()
    assert len(after.intervals) == len(after.lists)
    for one, (low, high) in zip(after.lists, after.intervals, strict=True):
        if one.listed:
            assert low < 1 - one.expected_errors / one.listed < high <= 1
            assert high - low < 0.5
        else:
            assert (low, high) == (0.0, 1.0)


def test_no_list_reaches_beyond_what_was_asked_about() -> None:
    posterior = np.linspace(0, 1, 2_000) ** 0.2
    correction = fit_correction(np.linspace(0.9, 0.999, 80), np.ones(80, np.bool_))
    found = lists_without_reference(ranking(posterior), ALL, correction)
    assert found.lists[2].listed == (posterior >= 0.9).sum()


def test_the_reference_is_never_listed() -> None:
    random = np.random.default_rng(0)
    posterior = random.beta(0.2, 5, 20_000)
    trusted = random.random(20_000) < 0.3
    posterior[~trusted & (random.random(20_000) < 0.05)] = 0.9999
    found = lists_with_reference(ranking(posterior), ~trusted, trusted)
    assert len(found.rows) > 100
    assert not trusted[found.rows].any()


def test_how_sure_each_is_never_rises_and_adds_up() -> None:
    false = np.cumsum(np.random.default_rng(0).random(333) * np.linspace(0, 0.9, 333))
    found = surenesses(false)
    assert (np.diff(found) <= 1e-12).all()
    assert (1 - found).sum() == pytest.approx(false[-1])
    assert surenesses(np.empty(0)).tolist() == []
    assert surenesses(np.array([0.0, 0.1])).tolist() == [0.95, 0.95]


def test_where_no_more_labels_look_wrong_than_right_ones_do_there_is_no_list_without_answers() -> (
    None
):
    nothing = MixtureFit(0.0, 1.0, np.zeros(2), np.zeros(2), np.full(2, 0.5))
    posterior = np.append(np.full(40, 0.99), np.full(1_960, 1e-3))
    flat = replace(ranking(posterior), mixture=nothing)
    found = lists_without_reference(flat, ALL, None)
    assert [one.listed for one in found.lists] == [0, 0, 0]
    why = found.lists[0].why_empty
    assert why is not None
    assert "no more reviews look wrong" in why
    assert "--audit" in why
    answered = fit_correction(np.full(80, 0.99), np.ones(80, np.bool_))
    assert lists_without_reference(flat, ALL, answered).lists[0].listed == 40
    seen = replace(flat, mixture=replace(nothing, noise=np.full(2, 0.02)))
    assert lists_without_reference(seen, ALL, None).lists[0].listed == 40


def test_classifiers_that_met_few_products_make_no_list_alone() -> None:
    posterior = np.full(2_000, 0.99)
    nothing = lists_without_reference(ranking(posterior), ALL, None, "met too few products")
    assert not len(nothing.rows)
    assert all((one.why_empty or "").startswith("met too few products.") for one in nothing.lists)

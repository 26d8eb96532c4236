import math
from dataclasses import replace

import pytest

from reviewdesk.findings.base import PromisedList
from reviewdesk.findings.sentences import (
    figure,
    figures_with_intervals,
    lead,
    left_out,
    promise,
    promises,
    sure,
)

from .test_store import findings


def test_a_list_is_promised_in_words() -> None:
    assert promise(PromisedList(0.95, 1_200, 48.2)) == (
        "Promised to be right in 95\N{NO-BREAK SPACE}% of the cases: 1,200 findings, of which "
        "about 48 are expected to be wrong."
    )
    assert promise(PromisedList(0.9, 1, 0.7)).endswith(
        "1 finding, of which about 1 is expected to be wrong."
    )
    assert promise(PromisedList(0.9, 0, 0.0, "too few reviews to tell")).endswith(
        ": no list. Too few reviews to tell."
    )
    assert promise(PromisedList(0.9, 0, 0.0)).endswith("no list. Nothing was sure enough.")


def test_lists_that_are_empty_for_one_reason_have_one_sentence() -> None:
    lists = tuple(PromisedList(one, 0, 0.0, "too few reviews") for one in (0.95, 0.9, 0.8))
    assert promises(replace(findings(0), lists=lists)) == [
        "Promised to be right in 95, 90 or 80\N{NO-BREAK SPACE}% of the cases: no list. Too few "
        "reviews."
    ]
    assert len(promises(findings(3))) == 3


def test_the_lead_and_what_was_left_out() -> None:
    assert lead(findings(30)) == (
        "30 findings among 90 that were looked at; less than one of them expected to be wrong."
    )
    assert lead(findings(0)) == "Nothing among 90 that were looked at."
    assert list(left_out(findings())) == [
        "Not judged: 4 (4.3\N{NO-BREAK SPACE}%), too short to tell."  # of 94
    ]


def test_what_was_left_out_is_a_share_of_its_kind() -> None:
    reasons = {"products with one review": 30, "new products": 60, "reviews without a date": 5}
    found = replace(findings(), left_out={**reasons, "reviews that say nothing": 0})
    assert [one.replace("\N{NO-BREAK SPACE}", " ") for one in left_out(found, 20_000)] == [
        "Not judged: 30 (16.7 %), products with one review.",  # of 180
        "Not judged: 60 (33.3 %), new products.",
        "Not judged: 5 (under 0.1 %), reviews without a date.",
    ]
    assert list(left_out(found))[-1] == "Not judged: 5, reviews without a date."
    nothing = replace(found, left_out={"products with one review": 7}, looked_at=0)
    assert "7 (100.0" in next(left_out(nothing))


@pytest.mark.parametrize(
    ("score", "said"),
    [(0.973, "about 97"), (0.9999, "more than 99"), (0.5, "about 50"), (0.0, "about 1")],
)
def test_how_sure(score: float, said: str) -> None:
    sentence = sure(score, 0.9, similarity=False)
    assert f"{said} are right" in sentence
    assert "promised at 90" in sentence
    assert "promised" not in sure(score, 0, similarity=False)


def test_how_alike() -> None:
    assert sure(0.834, 0, similarity=True) == "How alike they are, from 0 to 1: 0.83."


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("probability of Books", 0.974, "97.4\N{NO-BREAK SPACE}%"),
        ("probability of Books", 0.99996, "over 99.9\N{NO-BREAK SPACE}%"),
        ("probability of Books", 0.00004, "under 0.1\N{NO-BREAK SPACE}%"),
        ("share of it", 1.0, "100.0\N{NO-BREAK SPACE}%"),
        ("reviews after", 1234.0, "1,234"),
        ("mean stars", 3.14159, "3.14"),
        ("p", 0.00012, "0.00012"),
        ("anything", math.nan, "–"),
        ("anything", None, "–"),
        ("log probability", -7.5, "-7.50"),
    ],
)
def test_figures(name: str, value: float | None, text: str) -> None:
    assert figure(name, value) == text


def test_intervals_stand_behind_their_figure() -> None:
    numbers = [
        {"name": "stars before", "value": 4.0},
        {"name": "stars before, low", "value": 3.75},
        {"name": "stars before, high", "value": 4.25},
        {"name": "stars after, low", "value": 1.5},
    ]
    assert figures_with_intervals(numbers) == [
        ("stars before", "4 (3.75 to 4.25)"),
        ("stars after, low", "1.50"),
    ]

"""The finder from prepared reviews to findings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reviewdesk.findings.base import CHANGED_AGAIN, GOING_ON, NO_REVIEWS, FinderInputs, Findings
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.language.finder import LanguageShiftFinder
from tests.findings.language.talk import Change, talk
from tests.findings.shop import shop

PRODUCTS = 60


def entering(month: int, product: int, star: int) -> str:
    """From the eleventh month on, half of the products are said to zorbify."""
    return "zorbify" if month >= 10 and (product + month) % 2 else ""


def found_in(folder: Path, *categories: list[dict[str, Any]]) -> Findings:
    return LanguageShiftFinder().find(
        FinderInputs(shop(folder, [r for c in categories for r in c]))
    )


def market(months: int = 14, change: Change = entering) -> list[dict[str, Any]]:
    rows = talk("Kitchen", months=months, products=PRODUCTS, change=change)
    return rows + talk("Garden", months=months, products=PRODUCTS, seed=1)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return found_in(tmp_path_factory.mktemp("language"), market())


def test_a_word_that_enters_is_found_with_when_and_evidence(found: Findings) -> None:
    (row,) = found.table.to_pylist()
    assert (row["kind"], row["what"], str(row["since"])) == ("category", "Kitchen", "2013-11-01")
    assert row["words"][0]["word"] == "zorbify"
    assert row["words"][0]["weight"] > 2
    assert "“zorbify”" in row["action"]
    assert row["state"] == GOING_ON
    assert row["score"] > 0.9
    assert row["promise"] >= 0.9
    numbers = {one["name"]: one["value"] for one in row["numbers"]}
    assert numbers["share that says “zorbify” before"] == 0
    assert 0.4 < numbers["share that says “zorbify” in the month"] < 0.6
    assert row["chart"][-1]["name"] == "2013-11"
    assert row["chart"][-1]["value"] == max(one["value"] for one in row["chart"])


def test_words_that_are_no_longer_said_are_told(tmp_path: Path) -> None:
    def leaving(month: int, product: int, star: int) -> str:
        return "zorbify" if month < 10 and (product + month) % 2 else ""

    (row,) = found_in(tmp_path, market(14, leaving)).table.to_pylist()
    fell = {one["word"]: one["weight"] for one in row["words"] if one["weight"] < 0}
    assert fell["zorbify"] < -3
    assert "reviews in Kitchen say “zorbify” less." in row["action"]
    numbers = {one["name"]: one["value"] for one in row["numbers"]}
    assert (
        numbers["frequent words a review in the month"] < numbers["frequent words a review before"]
    )


def test_a_shift_that_another_one_follows_is_over(tmp_path: Path) -> None:
    def again(month: int, product: int, star: int) -> str:
        word = "zorbify" if month < 18 else "flumox quibber"
        return word if month >= 10 and (product + month) % 2 else ""

    found = found_in(tmp_path, market(21, again)).table.to_pylist()
    first, *_, last = sorted(found, key=lambda row: row["since"])
    assert first["state"] == CHANGED_AGAIN
    assert "spoke more of “zorbify”" in first["action"]
    assert f"in {last['since']:%B %Y} their words changed again" in first["action"]
    assert last["state"] == GOING_ON
    assert "flumox" in {one["word"] for one in last["words"]}


def test_a_category_that_nobody_reviews_any_more_has_no_state_of_now(tmp_path: Path) -> None:
    rows = talk("Kitchen", months=14, products=PRODUCTS, change=entering)
    garden = talk("Garden", months=30, products=PRODUCTS, seed=1)
    row = next(
        r for r in found_in(tmp_path, rows, garden).table.to_pylist() if r["what"] == "Kitchen"
    )
    assert row["state"] == NO_REVIEWS
    assert "Nobody has reviewed" in row["action"]


def test_samples_say_the_word(found: Findings, tmp_path: Path) -> None:
    text = {row["review_id"]: row["review_body"] for row in market()}
    (row,) = found.table.to_pylist()
    assert len(row["samples"]) == 3
    assert all("zorbify" in text[one] for one in row["samples"])


def test_past_alarms_never_change_when_months_are_added(tmp_path: Path) -> None:
    def change(month: int, product: int, star: int) -> str:
        if month >= 20 and product % 2:
            return "wobble"
        return entering(month, product, star)

    rows = market(24, change)
    before: list[dict[str, Any]] = []
    counts = []
    for until in ("2013-12", "2014-01", "2014-02", "2014-10", "2015-01"):
        some = [row for row in rows if row["review_date"] < until]
        # Later months may change how an alarm stands, and so what is to be done, and nothing else.
        now = found_in(tmp_path / until, some).table.drop_columns(["state", "action"]).to_pylist()
        assert [one for one in now if one in before] == before
        before = now
        counts.append(len(now))
    assert counts == [1, 1, 1, 2, 2]


def test_one_product_alone_is_no_shift(tmp_path: Path) -> None:
    def one(month: int, product: int, star: int) -> str:
        return "wobble" if month >= 10 and product == 3 else ""

    rows = market(14, one)
    more = [
        {**row, "review_id": f"{row['review_id']}-{n}", "customer_id": f"{row['customer_id']}-{n}"}
        for row in rows
        if "wobble" in row["review_body"]
        for n in range(40)
    ]
    assert len(more) == 160
    assert found_in(tmp_path, rows, more).table.num_rows == 0


def test_one_writer_alone_is_no_shift(tmp_path: Path) -> None:
    rows = market(14)
    for row in rows:
        if "zorbify" in row["review_body"]:
            row["customer_id"] = "she"
    assert found_in(tmp_path, rows).table.num_rows == 0


def test_a_month_of_low_stars_is_no_shift_of_language(tmp_path: Path) -> None:
    def stars(month: int) -> list[float]:
        return [0.5, 0.2, 0.1, 0.1, 0.1] if month >= 10 else [0.05, 0.05, 0.1, 0.2, 0.6]

    rows = talk("Kitchen", products=PRODUCTS, stars=stars)
    assert found_in(tmp_path / "stars", rows).table.num_rows == 0
    bare = [{**row, "star_rating": None} for row in rows]
    (row,) = found_in(tmp_path / "bare", bare).table.to_pylist()  # and the test can fail
    assert row["words"][0]["word"] == "refund"


def test_a_month_has_more_of_popular_products_and_that_is_no_shift(tmp_path: Path) -> None:
    """In the history each product stands once; most of them were spoken of in one month only."""
    popular = talk("Kitchen", products=30, change=lambda month, product, star: "zorbify")
    rare = [
        {**row, "product_id": f"once-{row['review_id']}", "review_id": f"once-{row['review_id']}",
         "customer_id": f"once-{row['review_id']}"}
        for row in talk("Kitchen", products=30, seed=1)
    ]  # fmt: skip
    found = found_in(tmp_path, popular, rare)
    assert found.looked_at == 1
    assert found.tables["months"].num_rows >= 7
    assert found.table.num_rows == 0


def test_many_words_that_each_move_a_little_are_a_shift(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    others = [f"{first}{second}" for first in "vwxz" for second in ("iro", "ule", "ost", "ana",
              "ebu", "olk", "upi", "erm", "icka", "odd")]  # fmt: skip

    def mixed(month: int, product: int, star: int) -> str:
        often = 0.35 if month >= 10 else 0.15
        return " ".join(random.choice(others, 8)) if random.random() < often else ""

    rows = talk("Kitchen", months=16, products=150, change=mixed)
    (row,) = found_in(tmp_path, rows).table.to_pylist()
    assert row["what"] == "Kitchen"
    assert "2013-09-01" <= str(row["since"]) <= "2014-01-01"
    assert {one["word"] for one in row["words"]} & set(others)


def test_shuffled_months_give_few_alarms(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    rows = [
        row
        for number in range(6)
        for row in talk(f"Shop {number}", months=18, products=40, change=entering, seed=number)
    ]
    for name in {row["product_category"] for row in rows}:
        some = [row for row in rows if row["product_category"] == name]
        dates = random.permutation([row["review_date"] for row in some])
        for row, date in zip(some, dates, strict=True):
            row["review_date"] = str(date)
    found = found_in(tmp_path, rows)
    assert found.looked_at == 6
    looks = found.tables["months"]
    assert looks.num_rows >= 60
    assert found.table.num_rows <= 1
    assert 0.02 < np.mean(looks["p_value"].to_numpy() <= 0.1) < 0.2


def test_words_of_a_season_are_known_from_the_second_year_on(tmp_path: Path) -> None:
    def season(month: int, product: int, star: int) -> str:
        return "mistletoe" if month in (11, 23) and product % 2 else ""

    rows = talk("Kitchen", months=25, products=PRODUCTS, change=season)
    said = [str(row["since"]) for row in found_in(tmp_path, rows).table.to_pylist()]
    assert "2013-12-01" in said
    assert "2014-12-01" not in said


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda rows: rows[:1], "too few reviews to tell"),
        (lambda rows: [{**row, "review_date": None} for row in rows], "a date"),
        (lambda rows: [{**row, "product_category": None} for row in rows], "a category"),
        (lambda rows: [{**row, "product_id": None} for row in rows], "a product"),
        (lambda rows: [{**row, "review_date": "2013-01-31"} for row in rows], "20 products"),
        (lambda rows: [row for row in rows if row["product_id"] < "Kitchen-2"], "20 products"),
    ],
)
def test_lists_that_cannot_be_made_say_why(
    tmp_path: Path, spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], why: str
) -> None:
    found = found_in(tmp_path, spoil(talk("Kitchen", products=25)))
    assert found.table.num_rows == found.looked_at == 0
    assert all(why in str(one.why_empty) for one in found.lists)


def test_one_category_alone_is_judged(tmp_path: Path) -> None:
    found = found_in(tmp_path, talk("Kitchen", products=PRODUCTS))
    assert found.looked_at == 1
    assert "no category's words changed" in str(found.lists[0].why_empty)


def test_it_is_in_the_catalog(found: Findings) -> None:
    assert FINDERS.load("language-shift") is LanguageShiftFinder
    assert found.finder == "language-shift"

from pathlib import Path
from typing import Any

import pytest

from reviewdesk.errors import MissingColumn
from reviewdesk.findings.base import FinderInputs, Findings
from reviewdesk.findings.review_product.finder import NO_MIXTURE, TOO_FEW, ReviewProductFinder
from reviewdesk.prepare.prepare import prepare
from reviewdesk.settings import CleanSettings, DemoSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs
from reviewdesk.sources.generated import generate
from tests.findings.products_shop import product_rows, product_shop, review


def find(folder: Path, rows: list[dict[str, Any]], **settings: Any) -> Findings:
    return ReviewProductFinder(**settings).find(FinderInputs(product_shop(folder, rows)))


def test_wrong_reviews_are_listed(tmp_path: Path) -> None:
    rows, wrong = product_rows(wrong_every=21)
    found = find(tmp_path, rows)
    listed = set(found.table.column("what").to_pylist())
    assert len(listed & wrong) >= 0.8 * len(wrong)
    assert len(listed - wrong) <= 0.2 * len(listed)
    assert [one.listed for one in found.lists] == sorted(one.listed for one in found.lists)
    predicted = float(
        found.notes[0].removeprefix("About ").split()[0].split("\N{NO-BREAK SPACE}")[0]
    )
    assert predicted == pytest.approx(100 / 21, rel=0.3)


def test_findings_say_where_reviews_belong_and_why(tmp_path: Path) -> None:
    rows, wrong = product_rows(wrong_every=21)
    by_id = {row["review_id"]: row for row in rows}
    table = find(tmp_path, rows).table.to_pylist()
    right = 0
    for one in table:
        if one["what"] not in wrong:
            continue
        assert one["where"] == by_id[one["what"]]["product_id"]
        assert one["title"] == f"The {one['where']}"
        assert one["samples"][0] == one["what"]
        assert one["where"] != one["suggested"]
        right += one["suggested"] == f"P{int(one['what'][1:]) % 10:02d}"
    assert right >= 0.9 * len(set(wrong) & {one["what"] for one in table})
    assert any(word["weight"] > 0 for one in table for word in one["words"])


def test_where_all_stand_right_nothing_is_listed_and_said_why(tmp_path: Path) -> None:
    found = find(tmp_path, product_rows()[0])
    assert found.table.num_rows == 0
    assert {one.why_empty for one in found.lists} == {NO_MIXTURE}


def test_few_reviews_make_no_list(tmp_path: Path) -> None:
    found = find(tmp_path, product_rows(2, 12, wrong_every=5)[0])
    assert found.table.num_rows == 0
    assert {one.why_empty for one in found.lists} == {TOO_FEW}


def test_what_cannot_be_told_is_counted(tmp_path: Path) -> None:
    rows, _ = product_rows(3, 20)
    text = "alpha0 alpha1 alpha2 good cheap"
    rows += [
        review(900, "", f"{text} of none", product_id=None),
        review(901, "P00", "ok then", review_headline=None),
        review(902, "rare", f"{text} of a rare one"),
        *(
            review(910 + n, "lone", "chess dice kite doll", product_category="Toys")
            for n in range(12)
        ),
    ]
    found = find(tmp_path, rows)
    assert list(found.left_out.values()) == [1, 0, 1, 0, 0, 1, 12]
    assert found.looked_at == 60


def test_what_speaks_of_another_category_is_left_to_others(tmp_path: Path) -> None:
    """Neither a review nor a product of another category belongs under one of those here."""
    rows, _ = product_rows(10, 80)
    toys = [
        review(
            2_000 + n, f"T{n % 4}", f"chess{n % 5} dice{n % 3} kite{n % 4} doll{n % 2} toy{n % 4}"
        )
        | {"product_category": "Toys"}
        for n in range(200)
    ]
    tools = product_rows(3, 10, seed=4)[0]
    single = [one | {"review_id": f"S{n}"} for n, one in enumerate(tools[:6])]
    whole = [one | {"review_id": f"W{n}"} for n, one in enumerate(tools[6:])]
    there = {"product_category": "Toys"}
    rows += [*toys, *(one | there | {"product_id": "T1"} for one in single)]
    rows += [one | there | {"product_id": "a tool"} for one in whole]
    found = find(tmp_path, rows)
    assert found.left_out["reviews of products that seem to be of another category"] == 24
    assert 0 < found.left_out["reviews that speak of another category"] <= 6


def test_variants_are_one_product(tmp_path: Path) -> None:
    """Reviews that stand under another variant are not under the wrong product."""
    rows, wrong = product_rows(wrong_every=21)
    parents = [
        one | {"product_parent": "all of them"} if int(one["product_id"][1:]) < 9 else one
        for one in rows
    ]
    found = find(tmp_path, parents)
    inside = {one["review_id"] for one in parents if "product_parent" in one}
    listed = set(found.table.column("what").to_pylist())
    between = {one for one in wrong if one in inside and int(one[1:]) % 10 < 9}
    assert not listed & between


def test_the_order_of_rows_makes_no_difference(tmp_path: Path) -> None:
    rows, _ = product_rows(wrong_every=21)
    one, other = find(tmp_path / "one", rows), find(tmp_path / "other", rows[::-1])
    assert one.table.equals(other.table)


def test_more_reviews_of_a_product_may_be_asked_for(tmp_path: Path) -> None:
    found = find(tmp_path, product_rows(3, 20)[0], fewest=21)
    assert found.looked_at == 0
    assert "reviews of products with fewer than 21 of them" in found.left_out


def test_with_short_lists_of_products_wrong_reviews_are_found(tmp_path: Path) -> None:
    rows, wrong = product_rows(wrong_every=21)
    found = find(tmp_path, rows, longest=3)
    listed = set(found.table.column("what").to_pylist())
    assert len(listed & wrong) >= 0.8 * len(wrong)
    assert len(listed - wrong) <= 0.2 * len(listed)
    assert found.settings["longest"] == 3


def test_data_without_products_is_refused(tmp_path: Path) -> None:
    rows = [one | {"product_id": None} for one in product_rows(2, 10)[0]]
    with pytest.raises(MissingColumn, match="product_id"):
        find(tmp_path, rows)


def test_reviews_without_words_are_not_judged(tmp_path: Path) -> None:
    silent = [review(n, f"P{n % 2}", "it is", review_headline=None) for n in range(40)]
    found = find(tmp_path, silent)
    assert found.looked_at == 0
    assert found.left_out["reviews with too few words to tell a product by"] == 40


def test_a_customer_who_pastes_one_text_everywhere_is_not_listed(tmp_path: Path) -> None:
    """It would seem to speak of any of the other products where the same text stands."""
    rows, _ = product_rows(wrong_every=21)
    text = "alpha0 alpha1 alpha2 bravo0 bravo1 carol2 never buy this from anybody at all"
    pasted = [review(2_000 + n, f"P{n:02d}", text, customer_id="spam") for n in range(10)]
    found = find(tmp_path, [*rows, *pasted])
    listed = set(
        found.table.filter(found.table["score"].to_numpy() > 0.9).column("what").to_pylist()
    )
    assert not {one["review_id"] for one in pasted} & listed


def test_generated_reviews_whose_products_sound_alike_make_no_list(tmp_path: Path) -> None:
    generate(tmp_path / "reviews.tsv", DemoSettings(reviews=5_000, seed=0))
    data = prepare(
        open_inputs([str(tmp_path / "reviews.tsv")], SourceSettings()),
        tmp_path / "prepared",
        prepare=PrepareSettings(),
        clean=CleanSettings(),
        source=SourceSettings(),
    )
    found = ReviewProductFinder().find(FinderInputs(data))
    assert found.table.num_rows == 0  # thirteen, none of them right, when chance was believed
    assert not any("stand under the wrong product" in one for one in found.notes)
    assert any("words of their own" in (one.why_empty or "") for one in found.lists)

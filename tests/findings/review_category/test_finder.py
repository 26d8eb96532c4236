"""The finder on a small shop: what it lists, what it leaves out, what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import InputError, MissingColumn, NotEnoughData
from reviewdesk.findings.base import FinderInputs, Findings
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.review_category.eligible import COPY, UNKNOWN
from reviewdesk.findings.review_category.finder import ReviewCategoryFinder
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS
from tests.findings import shop as small_shop
from tests.findings.shop import (
    CATEGORIES,
    TOPICS,
    ids_of,
    probabilities_of,
    shop,
    write_predictions,
)

PRODUCTS = 111


def rows_of(count: int, *, wrong_every: int = 20) -> list[dict[str, Any]]:
    """Return the shop's reviews, the wrong ones among them spread over all products."""
    rows = small_shop.rows_of(count, wrong_every=wrong_every)
    for number, row in enumerate(rows):
        row["product_id"] = f"{row['product_category']}-{number % PRODUCTS}"
    return rows


def look(
    folder: Path, rows: list[dict[str, Any]], reference: pa.Array | None = None, **settings: Any
) -> tuple[Findings, PreparedData]:
    data = shop(folder, rows)
    table = write_predictions(folder / "category.parquet", ids_of(data), probabilities_of(data))
    inputs = FinderInputs(data, {"category": (table, table)}, reference)
    return ReviewCategoryFinder(**settings).find(inputs), data


def wrong_ids(rows: list[dict[str, Any]]) -> set[str]:
    """Return the reviews whose words are not those of their category."""
    return {
        row["review_id"]
        for row in rows
        if not any(word in row["review_body"] for word in TOPICS[row["product_category"]].split())
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return look(tmp_path_factory.mktemp("shop"), rows_of(1_200))[0]


def test_it_is_in_the_catalog() -> None:
    assert FINDERS.load("review-category") is ReviewCategoryFinder


def test_what_is_wrong_is_listed(found: Findings) -> None:
    assert set(found.table.column("what").to_pylist()) == wrong_ids(rows_of(1_200))
    assert found.looked_at == 1_200


def test_rows_hold_the_evidence(found: Findings) -> None:
    assert found.table.schema.equals(FINDINGS)
    for row in found.table.to_pylist():
        assert row["where"] != row["suggested"]
        about = TOPICS[row["suggested"]].split()
        assert row["words"][0]["word"] in about
        assert row["words"][0]["weight"] > 0
        values = {one["name"]: one["value"] for one in row["numbers"]}
        assert values[f"probability of {row['suggested']}"] > 0.9
        assert values[f"probability of {row['where']}, where it stands"] < 0.1
        assert {one["name"] for one in row["chart"]} == set(CATEGORIES)
        assert len(row["samples"]) == 3
        assert row["samples"][0] == row["what"]
        assert row["suggested"] in row["action"]


def test_promises_without_a_reference_are_said_to_rest_on_classifiers(found: Findings) -> None:
    assert any("classifiers say alone" in note for note in found.notes)
    questions = found.tables["questions"]
    assert 0 < len(questions) <= 80
    assert questions.column("answer").null_count == len(questions)


def test_with_a_reference(tmp_path: Path) -> None:
    rows = rows_of(9_000)
    wrong = wrong_ids(rows)
    right = [row["review_id"] for row in rows if row["review_id"] not in wrong]
    given, _ = look(tmp_path, rows, pa.array(right[:6_000]))
    assert given.settings["reference"] == 6_000
    assert given.left_out["which are known to be filed rightly"] == 6_000
    assert set(given.table.column("what").to_pylist()) == wrong
    assert "questions" not in given.tables
    assert any("6,000 reviews known" in note for note in given.notes)


def test_a_small_reference_is_not_believed(tmp_path: Path) -> None:
    rows = rows_of(600)
    wrong = wrong_ids(rows)
    right = [row["review_id"] for row in rows if row["review_id"] not in wrong]
    given, _ = look(tmp_path, rows, pa.array(right[:100]))
    assert given.settings["reference"] == 0
    assert any("5,000" in note for note in given.notes)
    assert set(given.table.column("what").to_pylist()).isdisjoint(right[:100])


def test_answers_change_what_is_promised(tmp_path: Path, found: Findings) -> None:
    rows = rows_of(1_200)
    asked = found.tables["questions"].column("review_id").to_pylist()
    (tmp_path / "no.csv").write_text("review_id,answer\n" + "".join(f"{x},right\n" for x in asked))
    given, _ = look(tmp_path, rows, answers=str(tmp_path / "no.csv"))
    assert given.settings["answers"] == len(asked)
    assert given.table.num_rows < found.table.num_rows
    (tmp_path / "yes.csv").write_text("review_id,answer\nunknown,wrong\n")
    with pytest.raises(InputError, match="no answer"):
        look(tmp_path / "again", rows, answers=str(tmp_path / "yes.csv"))


def test_where_nothing_is_wrong_there_is_an_empty_list_with_a_reason(tmp_path: Path) -> None:
    given, _ = look(tmp_path, rows_of(600, wrong_every=0))
    assert given.table.num_rows == 0
    assert all(one.listed == 0 and one.why_empty for one in given.lists)


def test_texts_in_two_categories_are_no_errors(tmp_path: Path) -> None:
    rows = rows_of(600)
    long = " ".join(f"word{number} about the shovel" for number in range(12))
    for number in range(6):
        rows[number]["review_body"] = long
    given, _ = look(tmp_path, rows)
    shared = given.tables["shared_texts"]
    assert set(shared.column("review_id").to_pylist()) == {f"R{n:05d}" for n in range(6)}
    assert set(shared.column("categories").to_pylist()) == {", ".join(CATEGORIES)}
    assert set(given.table.column("what").to_pylist()).isdisjoint(f"R{n:05d}" for n in range(6))
    assert given.left_out["whose text stands in several categories"] == 6


def test_reviews_without_a_category_or_in_a_tiny_one_are_left_out(tmp_path: Path) -> None:
    rows = rows_of(600)
    rows[0]["product_category"] = None
    rows[1]["product_category"] = "Unheard of"
    given, _ = look(tmp_path, rows)
    assert given.left_out["which stand in no category that the predictions know"] == 2
    assert given.looked_at == 598


def test_categories_that_overlap_are_named(tmp_path: Path) -> None:
    rows = rows_of(600, wrong_every=0)
    for number, row in enumerate(rows):
        if row["product_category"] == "Garden" and number % 2:
            row["review_body"] = (
                row["review_body"].replace("shovel", "novel").replace("hose", "plot")
            )
    data = shop(tmp_path, rows)
    shares = probabilities_of(data)
    categories = data.table(["product_category"]).column(0).to_pylist()
    garden = np.array([one == "Garden" for one in categories])
    shares[np.flatnonzero(garden)[::4]] = [0.6, 0.4, 0.0]
    table = write_predictions(tmp_path / "p.parquet", ids_of(data), shares)
    given = ReviewCategoryFinder().find(FinderInputs(data, {"category": (table,)}))
    pair = given.tables["overlaps"].to_pylist()[0]
    assert {pair["category"], pair["other"]} == {"Books", "Garden"}
    assert any("overlap" in note and "no error" in note for note in given.notes)


def test_too_few_reviews(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match="too few reviews"):
        look(tmp_path, rows_of(60))


def test_no_categories(tmp_path: Path) -> None:
    rows = [{**row, "product_category": None} for row in rows_of(200)]
    with pytest.raises(MissingColumn, match="product_category"):
        look(tmp_path, rows)


def test_no_predictions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="predictions of the category"):
        ReviewCategoryFinder().find(FinderInputs(shop(tmp_path)))


def test_certain_predictions_with_zeros(tmp_path: Path) -> None:
    data = shop(tmp_path, rows_of(600))
    certain = (probabilities_of(data) > 0.5).astype(np.float32)
    certain[certain.sum(axis=1) == 0, 0] = 1
    table = write_predictions(tmp_path / "p.parquet", ids_of(data), certain)
    given = ReviewCategoryFinder().find(FinderInputs(data, {"category": (table,)}))
    scores = given.table.column("score").to_numpy()
    assert np.isfinite(scores).all()
    assert set(given.table.column("what").to_pylist()) == wrong_ids(rows_of(600))


def test_categories_that_reviews_say_nothing_of_are_refused(tmp_path: Path) -> None:
    rows = rows_of(600)
    for number, row in enumerate(rows):
        row["product_category"] = CATEGORIES[(number // 2) % len(CATEGORIES)]
        row["product_id"] = row["product_parent"] = f"P{number % 40}"
        row["review_body"] = f"{TOPICS[CATEGORIES[number % 40 % len(CATEGORIES)]]} {number}"
    with pytest.raises(NotEnoughData, match="does not tell their categories apart"):
        look(tmp_path / "shop", rows)


def test_reviews_of_a_category_that_hardly_any_speaks_of_are_not_listed(tmp_path: Path) -> None:
    rows = rows_of(1_200)
    other = next(one for one in CATEGORIES if one != rows[0]["product_category"])
    known = [row for row in rows if row["product_category"] == other]
    for number in range(30):
        body = known[number]["review_body"]
        rows.append({**rows[0], "review_id": f"X{number:04d}", "product_id": f"X{number % 6}",
                     "product_category": "Odds", "review_body": body})  # fmt: skip
    data = shop(tmp_path, rows)
    shares = probabilities_of(data)
    labels = [*CATEGORIES, "Odds"]
    shares = np.column_stack([shares, np.full(len(shares), 1e-4)])
    table = write_predictions(tmp_path / "category.parquet", ids_of(data), shares, labels=labels)
    found = ReviewCategoryFinder().find(FinderInputs(data, {"category": (table, table)}))
    assert not any(what.startswith("X") for what in found.table.column("what").to_pylist())
    assert found.left_out[UNKNOWN] > 20
    assert any("Too little is known of Odds" in one for one in found.notes)


def test_one_text_over_many_variants_is_one_finding(tmp_path: Path) -> None:
    rows = rows_of(1_200)
    wrong = wrong_ids(rows)
    row = next(row for row in rows if row["review_id"] in wrong)
    row.update(product_parent="PARENT", customer_id="C1", review_date="2014-05-01")
    for number in range(5):
        rows.append({**row, "review_id": f"V{number}", "product_id": f"V{number}"})
    found, data = look(tmp_path, rows)
    copies = data.table(["copy_of"]).column(0)
    assert len(copies) - copies.null_count == 5
    assert found.left_out[COPY] == 5
    listed = found.table.column("what").to_pylist()
    assert len(wrong & set(listed)) + len([one for one in listed if one.startswith("V")]) <= len(
        wrong
    )

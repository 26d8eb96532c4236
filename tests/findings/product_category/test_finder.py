"""The finder: the planted products come back, with reasons; and what it cannot tell it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import InputError, MissingColumn
from reviewdesk.findings.base import FinderInputs, Findings
from reviewdesk.findings.product_category.eligible import (
    NO_CATEGORY,
    NO_PRODUCT,
    ONE_REVIEW,
    EligibleProducts,
)
from reviewdesk.findings.product_category.finder import ProductCategoryFinder
from reviewdesk.findings.product_category.judgement import UNKNOWN, judge_products
from reviewdesk.findings.product_category.lists import list_products
from reviewdesk.findings.product_category.pooling import pool
from reviewdesk.findings.review_category.finder import ReviewCategoryFinder
from reviewdesk.prepare.plant import plant
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import PlantSettings
from reviewdesk.sources.truth import read_truth
from reviewdesk.sources.truth.grade import grade
from tests.findings.shop import (
    CATEGORIES,
    TOPICS,
    ids_of,
    probabilities_of,
    shop,
    write_predictions,
)

from .world import world


def rows_of(products: int = 240, **values: Any) -> list[dict[str, Any]]:
    """Return reviews of products of one to six reviews; every third word is of another category."""
    random = np.random.default_rng(5)
    rows: list[dict[str, Any]] = []
    for product in range(products):
        filed = CATEGORIES[product % 3]
        for _ in range(1 + product % 6):
            other = CATEGORIES[int(random.integers(3))]
            words = [*random.choice(TOPICS[filed].split(), 4), random.choice(TOPICS[other].split())]
            number = len(rows)
            rows.append(
                {
                    "review_id": f"R{number:05d}",
                    "customer_id": f"C{number}",
                    "product_id": f"P{product}",
                    "product_category": filed,
                    "product_title": f"<b>Thing</b> {product}",
                    "star_rating": number % 5 + 1,
                    "review_headline": "My view",
                    "review_body": f"About it: {' and '.join(words)}, says writer{number}.",
                    "review_date": f"2014-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
                    **values,
                }
            )
    return rows


def found_in(data: PreparedData, folder: Path) -> Findings:
    paths = tuple(
        write_predictions(folder / f"{number}.parquet", ids_of(data), probabilities_of(data))
        for number in range(2)
    )
    return ProductCategoryFinder().find(FinderInputs(data, {"category": paths}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("found")


@pytest.fixture(scope="module")
def found(folder: Path) -> Findings:
    settings = PlantSettings(review_category=0, product_category=0.08, declining=0)
    planted = plant(shop(folder / "right", rows_of()), folder / "planted", settings)
    return found_in(planted.data, folder)


def test_planted_products_come_back_with_their_category(found: Findings, folder: Path) -> None:
    truth = read_truth(folder / "planted.truth")
    graded = grade(found.table, truth, (0.95, 0.9, 0.8)).finders[0].lists[-1]
    several = sum(reviews > 1 for reviews in truth.product_category["reviews"].to_pylist())
    assert graded.hits >= 0.8 * several
    assert graded.precision is not None
    assert graded.precision > 0.85
    assert graded.named == graded.hits


def test_the_evidence_is_about_the_product(found: Findings, folder: Path) -> None:
    data = PreparedData.open(folder / "planted")
    product_of = {row["review_id"]: row["product_id"] for row in data.table().to_pylist()}
    for row in found.table.to_pylist():
        assert {product_of[one] for one in row["samples"]} == {row["what"]}
        assert row["reviews"] == list(product_of.values()).count(row["what"])
        assert row["where"] != row["suggested"]
        assert row["title"].startswith("Thing ")
        assert row["suggested"] in row["action"]
        shares = {one["name"]: one["value"] for one in row["chart"]}
        assert shares[row["suggested"]] > shares[row["where"]]
        telling = {one["word"] for one in row["words"] if one["weight"] > 0}
        predicted = " ".join(telling)
        assert not telling or any(word in predicted for word in TOPICS[row["suggested"]].split())


def test_what_was_not_judged_is_counted(found: Findings) -> None:
    assert found.left_out[ONE_REVIEW] == 40
    assert found.left_out[NO_PRODUCT] == found.left_out[NO_CATEGORY] == 0
    assert found.looked_at == 200
    assert sum(found.tables["sizes"]["products"].to_pylist()) <= 3 * 200
    assert "seem to stand in a wrong category" in found.notes[0]
    assert found.left_out[UNKNOWN] == 0
    assert not any("Too little is known" in note for note in found.notes)
    assert 0 < found.settings["noise"] < 0.3


def test_a_kind_of_product_that_was_not_met_is_not_listed(tmp_path: Path) -> None:
    """Products of a rare category, of which reviews speak as of any other, do not stand wrong."""
    rows = rows_of(300)
    unmet, met = ["P3", "P9", "P15", "P21"], [f"P{3 + 6 * one}" for one in range(10, 15)]
    for row in rows:
        if row["product_id"] in unmet:
            row["product_category"] = "Rare"
        if row["product_id"] in met:
            row["product_category"] = "Met"
    data = shop(tmp_path, rows)
    predicted = probabilities_of(data)
    of_met = np.isin(data.table(["product_id"])["product_id"].to_pylist(), met)
    predicted = np.concatenate(
        [predicted * ~of_met[:, np.newaxis], of_met[:, np.newaxis] * 0.99], axis=1
    )
    predicted = np.concatenate([predicted, np.full((len(predicted), 1), 1e-3)], axis=1).astype(
        np.float32
    )
    labels = [*CATEGORIES, "Met", "Rare"]
    path = write_predictions(tmp_path / "0.parquet", ids_of(data), predicted, labels)
    found = ProductCategoryFinder().find(FinderInputs(data, {"category": (path,)}))
    assert found.left_out[UNKNOWN] == len(unmet)
    assert found.looked_at == 250 - len(unmet)
    assert not set(unmet) & set(found.table["what"].to_pylist())
    assert "Too little is known of Rare: " in found.notes[1]


def test_categories_that_reviews_do_not_tell_make_no_list(tmp_path: Path) -> None:
    data = shop(tmp_path, rows_of())
    predicted = np.roll(probabilities_of(data), 1, axis=1)
    path = write_predictions(tmp_path / "0.parquet", ids_of(data), predicted)
    found = ProductCategoryFinder().find(FinderInputs(data, {"category": (path,)}))
    assert found.table.num_rows == 0
    assert all("0 in categories that reviews tell" in (one.why_empty or "") for one in found.lists)
    assert found.left_out[UNKNOWN] == 200


def test_products_with_one_review_go_to_the_list_of_reviews(tmp_path: Path) -> None:
    settings = PlantSettings(review_category=0.04, product_category=0.08, declining=0)
    planted = plant(shop(tmp_path / "right", rows_of(720)), tmp_path / "planted", settings)
    wrong = read_truth(planted.truth).product_category.to_pylist()
    alone = {row["product_id"] for row in wrong if row["reviews"] == 1}
    product_of = {row["review_id"]: row["product_id"] for row in planted.data.table().to_pylist()}
    found = found_in(planted.data, tmp_path)
    assert not alone & set(found.table["what"].to_pylist())
    assert found.left_out[ONE_REVIEW] == 120
    assert "list of reviews in the wrong category" in ONE_REVIEW
    paths = tuple(tmp_path / f"{number}.parquet" for number in range(2))
    reviews = ReviewCategoryFinder().find(FinderInputs(planted.data, {"category": paths}))
    listed = {product_of[one] for one in reviews.table["what"].to_pylist()}
    assert len(alone & listed) >= 0.7 * len(alone) > 0


def test_too_few_products_make_no_list(tmp_path: Path) -> None:
    few = found_in(shop(tmp_path, rows_of(40)), tmp_path)
    assert few.table.num_rows == 0
    assert all("too few products" in (one.why_empty or "") for one in few.lists)


def test_one_category_makes_no_list(tmp_path: Path) -> None:
    one = found_in(shop(tmp_path, rows_of(product_category="Books")), tmp_path)
    assert one.table.num_rows == 0
    assert all("one category" in (each.why_empty or "") for each in one.lists)


def test_categories_that_predictions_do_not_know_are_left_out(tmp_path: Path) -> None:
    rows = rows_of()
    for row in rows:
        if row["product_id"] in ("P1", "P4"):
            row["product_category"] = "Rare"
        if row["product_id"] == "P2":
            row["product_id"] = None
    found = found_in(shop(tmp_path, rows), tmp_path)
    assert found.left_out[NO_CATEGORY] == 2
    assert found.left_out[NO_PRODUCT] == 3


@pytest.mark.parametrize("column", ["product_id", "product_category"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    with pytest.raises(MissingColumn, match=column):
        found_in(shop(tmp_path, rows_of(30, **{column: None})), tmp_path)


def test_without_predictions_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="predictions of the category"):
        ProductCategoryFinder().find(FinderInputs(shop(tmp_path, rows_of(10))))


def test_categories_that_overlap_are_told_and_not_listed() -> None:
    made = world(products=1_500, k=3, overlap=True)
    ids = pa.array([f"P{number}" for number in range(1_500)])
    pooled = pool(made.base_logs, made.product, 1_500)
    label = made.assigned[made.product].astype(np.int32)
    titles = pa.chunked_array([pa.nulls(len(label), pa.string())])
    eligible = EligibleProducts(
        CATEGORIES,
        label,
        made.product.astype(np.int32),
        ids,
        titles,
        made.assigned,
        pooled,
        np.flatnonzero(pooled.reviews >= 2),
        {},
    )
    found = judge_products(eligible)
    pairs = found.overlaps.to_pylist()
    assert {(one["category"], one["other"]) for one in pairs} == {("Books", "Garden")}
    assert pairs[0]["products"] + pairs[0]["other_products"] >= 10
    between = (made.assigned[eligible.products] < 2) & (found.suggested < 2)
    assert not found.candidates[between].any()
    assert found.candidates[~between].all()
    lists = list_products(pooled.reviews[eligible.products], found.wrong, found.candidates)
    listed = eligible.products[lists.products]
    assert (made.assigned[listed] == 2).any()
    assert made.wrong[listed].mean() > 0.8

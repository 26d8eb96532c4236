from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import MissingColumn, UsageError
from reviewdesk.findings.base import FinderInputs, Findings
from reviewdesk.findings.similar.finder import SIMILAR, SimilarFinder
from tests.findings.products_shop import product_shop, review

ABOUT = {
    "A1": "battery screen charger",
    "A2": "battery screen signal",
    "B1": "chapter author plot",
    "B2": "chapter author novel",
    "C1": "tomato seed lawn",
}


def rows(about: dict[str, str] = ABOUT, each: int = 6) -> list[dict[str, Any]]:
    numbers = range(each * len(about))
    products = list(about)
    return [
        review(
            n,
            products[n % len(products)],
            f"{about[products[n % len(products)]]} as i say",
            product_title=f"<b>{products[n % len(products)]}</b> &amp; more",
        )
        for n in numbers
    ]


def find(folder: Path, given: list[dict[str, Any]], **settings: Any) -> Findings:
    return SimilarFinder(**settings).find(FinderInputs(product_shop(folder, given)))


def test_the_most_alike_products_are_found_with_the_words_they_share(tmp_path: Path) -> None:
    found = find(tmp_path, rows())
    pairs = found.table.slice(0, 2).to_pylist()
    assert {one["what"] for one in pairs} == {"A1", "B1"}
    first = next(one for one in pairs if one["what"] == "A1")
    assert "(A2)" in first["suggested"]
    assert first["title"] == "A1 & more"
    said = {word for one in first["words"] for word in one["word"].split()}
    assert said & {"battery", "screen"}
    assert "charger" not in said
    assert len(first["samples"]) == len(set(first["samples"])) > 1


def test_the_catalogue_is_ranked_in_a_table(tmp_path: Path) -> None:
    table = find(tmp_path, rows(), k=2).tables["similar"]
    assert table.schema.equals(SIMILAR)
    best = [row for row in table.to_pylist() if row["rank"] == 1]
    others = {row["product"]: row["other"] for row in best}
    assert others["A1"] == "A2"
    assert others["A2"] == "A1"
    assert others["B2"] == "B1"
    assert max(row["rank"] for row in table.to_pylist()) <= 2


def test_no_room_is_kept_for_more_neighbours_than_there_are_products(tmp_path: Path) -> None:
    data = product_shop(tmp_path, rows())
    all_of_them, more = (
        SimilarFinder(k=k).find(FinderInputs(data)) for k in (len(ABOUT) - 1, 10**15)
    )
    assert more.tables["similar"] == all_of_them.tables["similar"]
    assert f"up to {len(ABOUT) - 1} others" in more.notes[-1]


def test_one_product_is_ranked(tmp_path: Path) -> None:
    found = find(tmp_path, rows(), product="B2", k=1)
    assert found.table.column("what").to_pylist() == ["B1"]
    assert set(found.tables["similar"].column("product").to_pylist()) == {"B2"}


def test_variants_count_as_one_unless_they_are_wanted(tmp_path: Path) -> None:
    given = [one | {"product_parent": one["product_id"][0]} for one in rows()]
    folded = find(tmp_path / "folded", given, product="A1")
    assert "A2" not in folded.table.column("what").to_pylist()
    assert "2 products are variants of another" in folded.notes[0]
    wanted = find(tmp_path / "wanted", given, product="A1", variants=True)
    assert wanted.table.column("what").to_pylist()[0] == "A2"


def test_a_product_with_one_review_is_ranked_and_is_no_double(tmp_path: Path) -> None:
    given = [*rows(), review(900, "A3", "battery screen charger as i say")]
    found = find(tmp_path, given)
    assert "A3" in found.tables["similar"].column("product").to_pylist()
    assert "A3" not in found.table.column("what").to_pylist()


def test_texts_without_words_are_counted(tmp_path: Path) -> None:
    given = [*rows(), *(review(900 + n, "Z", "it is", review_headline="") for n in range(3))]
    found = find(tmp_path, [one | {"product_title": None} for one in given])
    assert found.left_out["products of whose reviews no word could be used"] == 1
    assert found.looked_at == len({one["product_id"] for one in given}) - 1


def test_one_product_alone_is_like_none(tmp_path: Path) -> None:
    found = find(tmp_path, [review(n, "A", "battery screen") for n in range(4)])
    assert found.table.num_rows == 0
    assert found.looked_at == 1
    assert found.notes == (
        "No pair is listed: no two products with 2 reviews or more are alike in what is said of "
        "them.",
    )


def test_the_order_of_rows_makes_no_difference(tmp_path: Path) -> None:
    one, other = find(tmp_path / "one", rows()), find(tmp_path / "other", rows()[::-1])
    assert one.tables["similar"].equals(other.tables["similar"])


def test_an_unknown_product_and_no_neighbours_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no product with this id"):
        find(tmp_path / "unknown", rows(), product="nothing")
    with pytest.raises(UsageError, match="1 or more"):
        find(tmp_path / "none", rows(), k=0)


def test_data_without_products_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn, match="product_id"):
        find(tmp_path, [one | {"product_id": None} for one in rows()])


def test_without_any_words_nothing_is_alike(tmp_path: Path) -> None:
    silent = [
        review(n, f"P{n % 3}", "it is", review_headline=None, product_title=None) for n in range(9)
    ]
    found = find(tmp_path, silent)
    assert found.table.num_rows == found.tables["similar"].num_rows == 0
    assert found.left_out["products of whose reviews no word could be used"] == 3


def vectors(folder: Path, values: dict[str, list[float]]) -> str:
    path = folder / "vectors.parquet"
    pq.write_table(pa.table({"product_id": list(values), "v": list(values.values())}), path)
    return str(path)


def test_given_vectors_say_what_is_alike_and_reviews_the_words(tmp_path: Path) -> None:
    file = vectors(
        tmp_path,
        {"A1": [1.0, 0.0], "B1": [0.9, 0.1], "A2": [0.0, 1.0], "B2": [0.1, 1.0], "gone": [1, 1]},
    )
    found = find(tmp_path, rows(), vectors=file, k=1)
    table = found.tables["similar"].to_pylist()
    assert {row["product"]: row["other"] for row in table} == {
        "A1": "B1",
        "B1": "A1",
        "A2": "B2",
        "B2": "A2",
    }
    assert table[0]["similarity"] == pytest.approx(0.9 / 0.82**0.5, abs=1e-5)
    said = {word for row in table for one in row["words"] for word in one.split()}
    assert said <= {"say", "view", "more"}
    assert found.left_out["products of which the file has no vector, or only zeros"] == 1
    assert any("1 vector is of products that no review" in note for note in found.notes)
    assert found.settings["vectors"] == "vectors.parquet"


def test_a_product_without_a_vector_cannot_be_asked_about(tmp_path: Path) -> None:
    file = vectors(tmp_path, {"A1": [1.0, 0.0], "B1": [0.9, 0.1], "A2": [0.0, 0.0]})
    assert find(tmp_path / "one", rows(), vectors=file, product="A1").table.num_rows == 1
    with pytest.raises(UsageError, match="is all zeros"):
        find(tmp_path / "zero", rows(), vectors=file, product="A2")
    with pytest.raises(UsageError, match="has none for this product"):
        find(tmp_path / "other", rows(), vectors=file, product="C1")


def test_a_quick_search_finds_the_same_and_is_said_to_be_one(tmp_path: Path) -> None:
    exact = find(tmp_path / "exact", rows())
    quick = find(tmp_path / "quick", rows(), exact_up_to=4)
    assert quick.tables["similar"].equals(exact.tables["similar"])
    assert quick.table.equals(exact.table)
    said = [note for note in quick.notes if "approximate" in note]
    assert "100.0\N{NO-BREAK SPACE}% are found, measured on 5 products" in said[0]
    assert "exact_up_to=5 finds all" in said[0]
    assert not any("approximate" in note for note in exact.notes)


def test_the_ranking_of_one_product_is_always_exact(tmp_path: Path) -> None:
    found = find(tmp_path, rows(), exact_up_to=0, product="B2")
    assert not any("approximate" in note for note in found.notes)

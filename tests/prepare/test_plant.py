"""Copies with planted errors: what is wrong is what the truth says, and nothing else."""

import json
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.prepare.plant import PLANT, PlantedData, plant
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import PlantSettings, PrepareSettings

from .corpus import Interrupting, contents, prepared, write_lines

CATEGORIES = ("Books", "Garden & Home", "Music", "Toys")
ROWS = 1_200


def shop_review(number: int, **values: Any) -> dict[str, Any]:
    random = np.random.default_rng([number, 3])
    product = int(random.integers(60) ** 2 / 60)
    stars = int(random.choice([1, 2, 3, 4, 5], p=[0.1, 0.1, 0.15, 0.25, 0.4]))
    category = CATEGORIES[product % 4]
    return {
        "review_id": f"R{number:06d}",
        "customer_id": f"C{number}",
        "product_id": f"P{product}",
        "product_parent": f"F{product}",
        "product_title": f"Thing {product}",
        "product_category": category,
        "star_rating": stars,
        "review_headline": f"Headline {number} {stars}",
        "review_body": f"Review {number} of {category.lower()} with {stars} stars.",
        "review_date": f"20{10 + number % 3}-{number % 4 + 1:02d}-{number % 28 + 1:02d}",
        **values,
    }


def shop(folder: Path, settings: PrepareSettings | None = None, **values: Any) -> PreparedData:
    rows = [shop_review(number, **values) for number in range(ROWS)]
    return prepared(folder / "data", write_lines(folder / "a.jsonl", rows), settings=settings)


def planted(data: PreparedData, out: Path, **settings: Any) -> PlantedData:
    return plant(data, out, PlantSettings(**settings))


def truth(found: PlantedData, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(found.truth / f"{name}.parquet").to_pylist()
    return rows


def by_id(data: PreparedData) -> dict[str, dict[str, Any]]:
    return {row["review_id"]: row for row in data.table().to_pylist()}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return shop(tmp_path_factory.mktemp("shop"))


def test_moved_reviews_stand_under_a_product_of_another_category(
    data: PreparedData, tmp_path: Path
) -> None:
    found = planted(data, tmp_path / "p", review_category=0.05, product_category=0, declining=0)
    before, after = by_id(data), by_id(found.data)
    wrong = {row["review_id"]: row for row in truth(found, "review_category")}
    assert len(wrong) == 60
    assert before.keys() == after.keys()
    titles = {row["product_id"]: row["product_title"] for row in before.values()}
    place = ("product_id", "product_parent", "product_title", "product_category")
    for name, was in before.items():
        now = after[name]
        if name not in wrong:
            assert now == was
            continue
        assert wrong[name]["product_category"] == now["product_category"] != was["product_category"]
        assert wrong[name]["right_category"] == was["product_category"]
        assert wrong[name]["product_id"] == now["product_id"] != was["product_id"]
        assert wrong[name]["right_product_id"] == was["product_id"]
        assert now["product_title"] == titles[now["product_id"]]
        assert {**now, **{key: was[key] for key in place}} == was


def test_all_reviews_of_a_product_that_moves_get_its_category(
    data: PreparedData, tmp_path: Path
) -> None:
    found = planted(data, tmp_path / "p", review_category=0, product_category=0.2, declining=0)
    wrong = {row["product_id"]: row for row in truth(found, "product_category")}
    before, after = by_id(data), by_id(found.data)
    sizes = Counter(row["product_id"] for row in before.values())
    assert len(wrong) == round(0.2 * len(sizes))
    for name, was in before.items():
        row = wrong.get(was["product_id"])
        if row is None:
            assert after[name] == was
            continue
        assert after[name] == {**was, "product_category": row["product_category"]}
        assert row["product_category"] != row["right_category"] == was["product_category"]
        assert row["reviews"] == sizes[was["product_id"]]
    assert found.data.manifest["categories"] != data.manifest["categories"]


def test_later_reviews_of_a_declining_product_are_worse_in_stars_and_words(
    data: PreparedData, tmp_path: Path
) -> None:
    found = planted(data, tmp_path / "p", review_category=0, product_category=0, declining=0.3)
    wrong = {row["product_id"]: row for row in truth(found, "declining")}
    assert wrong
    before, after = by_id(data), by_id(found.data)
    said = Counter((row["star_rating"], row["review_body"]) for row in before.values())
    assert said == Counter((row["star_rating"], row["review_body"]) for row in after.values())
    stays = ("review_id", "product_id", "product_category", "review_date", "customer_id")
    for name, was in before.items():
        now = after[name]
        assert all(now[column] == was[column] for column in stays)
        assert f"{now['star_rating']} stars" in now["review_body"]
        assert was["product_category"].lower() in now["review_body"]
    for product, row in wrong.items():
        reviews = [one for one in after.values() if one["product_id"] == product]
        old = [one for one in reviews if one["review_date"] < row["declines_from"]]
        new = [one for one in reviews if one["review_date"] >= row["declines_from"]]
        assert (row["reviews_before"], row["reviews_after"]) == (len(old), len(new))
        assert len(old) >= 8
        assert len(new) >= 5
        assert row["stars_before"] == pytest.approx(np.mean([one["star_rating"] for one in old]))
        assert row["stars_after"] == pytest.approx(np.mean([one["star_rating"] for one in new]))
        were = np.mean([before[one["review_id"]]["star_rating"] for one in new])
        assert were - row["stars_after"] >= 1 - 1e-9
        assert all(one == before[one["review_id"]] for one in old)


def test_a_larger_drop_is_larger(data: PreparedData, tmp_path: Path) -> None:
    drops = []
    for drop in (0.5, 1.5):
        found = planted(
            data,
            tmp_path / str(drop),
            review_category=0,
            product_category=0,
            declining=0.3,
            drop=drop,
        )
        rows = truth(found, "declining")
        drops.append(np.mean([row["stars_before"] - row["stars_after"] for row in rows]))
    assert drops[0] + 0.5 < drops[1]


def test_each_review_has_one_error(data: PreparedData, tmp_path: Path) -> None:
    found = planted(data, tmp_path / "p", review_category=0.2, product_category=0.2, declining=0.4)
    before, after = by_id(data), by_id(found.data)
    review_category = {row["review_id"] for row in truth(found, "review_category")}
    products = {row["product_id"] for row in truth(found, "product_category")}
    declining = {row["product_id"] for row in truth(found, "declining")}
    assert review_category
    assert products
    assert declining
    assert not products & declining
    for name in review_category:
        assert before[name]["review_body"] == after[name]["review_body"]
        assert after[name]["product_id"] not in products
        assert before[name]["product_id"] not in products


def test_it_is_prepared_data_that_says_it_is_planted(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "p"
    found = planted(data, out, review_category=0.1, declining=0.2)
    opened = PreparedData.open(out)
    opened.verify()
    assert opened.manifest == found.data.manifest
    errors = opened.manifest["planted"]["errors"]
    assert errors == {
        name: len(truth(found, name))
        for name in ("review_category", "product_category", "declining", "variants")
    }
    assert opened.rows == data.rows
    dates = pc.sort_indices(
        opened.table(), sort_keys=[("review_date", "ascending"), ("review_id", "ascending")]
    )
    assert dates.to_pylist() == list(range(opened.rows))
    stars = Counter(str(one) for one in opened.table(["star_rating"])["star_rating"].to_pylist())
    assert opened.manifest["stars"] == dict(stars)
    head = json.loads((found.truth / "truth.json").read_text())
    assert head["data"] == opened.fingerprint
    assert head["settings"]["review_category"] == 0.1
    assert all(
        stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
        for path in [out, *out.rglob("*"), found.truth, *found.truth.rglob("*")]
    )


@pytest.mark.parametrize("partition", ["category", "both"])
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_parts_of_categories_lose_and_gain_reviews(
    tmp_path: Path, partition: str, file_format: str
) -> None:
    settings = PrepareSettings(partition_by=partition, format=file_format, tokens=True)
    divided = shop(tmp_path, settings)
    month = prepared(tmp_path / "m", tmp_path / "a.jsonl", settings=PrepareSettings(tokens=True))
    wanted = {"review_category": 0.1, "product_category": 0.1, "declining": 0.3}
    found = planted(divided, tmp_path / "p1", **wanted)
    same = planted(month, tmp_path / "p2", **wanted)
    assert by_id(found.data) == by_id(same.data)
    for name in ("review_category", "product_category", "declining"):
        one, other = (pq.read_table(each.truth / f"{name}.parquet") for each in (found, same))
        keys = [(one.column_names[0], "ascending")]
        assert one.sort_by(keys).equals(other.sort_by(keys))
    found.data.verify()
    for part in found.data.manifest["partitions"]:
        rows = pa.Table.from_batches(found.data.part_batches(part))
        assert set(rows["product_category"].to_pylist()) == {part["category"]}
        keys = list(
            zip(rows["review_date"].to_pylist(), rows["review_id"].to_pylist(), strict=True)
        )
        assert keys == sorted(keys)
        assert len(rows) == part["rows"]


def test_a_whole_category_can_go(tmp_path: Path) -> None:
    """All of one small category moves: its part goes too."""
    rows = [shop_review(number) for number in range(200)]
    rows += [shop_review(200, product_id="X", product_category="Rare")]
    settings = PrepareSettings(partition_by="category")
    data = prepared(tmp_path / "data", write_lines(tmp_path / "a.jsonl", rows), settings=settings)
    found = planted(data, tmp_path / "p", review_category=0, product_category=1.0, declining=0)
    moved = {row["product_id"]: row for row in truth(found, "product_category")}
    assert moved["X"]["right_category"] == "Rare"
    PreparedData.open(tmp_path / "p").verify()
    assert all(row["product_category"] != row["right_category"] for row in moved.values())


def test_the_ids_alone_decide(tmp_path: Path) -> None:
    """Neither the order of files and rows nor the division makes a difference."""
    rows = [shop_review(number) for number in range(ROWS)]
    write_lines(tmp_path / "a.jsonl", rows)
    write_lines(tmp_path / "b.jsonl", rows[::-2])
    write_lines(tmp_path / "c.jsonl", rows[::2])
    one = prepared(tmp_path / "one", tmp_path / "a.jsonl")
    other = prepared(tmp_path / "other", tmp_path / "c.jsonl", tmp_path / "b.jsonl")
    found = [
        planted(each, tmp_path / f"p-{each.path.name}", moves="confusable") for each in (one, other)
    ]
    assert contents(found[0].truth) != {}
    assert found[0].data.table().equals(found[1].data.table())
    different = planted(one, tmp_path / "seed", moves="confusable", seed=1)
    ids = [
        {row["review_id"] for row in truth(each, "review_category")}
        for each in (found[0], different)
    ]
    assert len(ids[0]) == len(ids[1])
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({"product_category": "Toys"}, "no two categories"),
        ({"product_category": None}, "no two categories"),
        ({"product_id": None, "product_parent": None}, "no products"),
        ({"review_date": None}, "dates and stars"),
        ({"star_rating": None}, "dates and stars"),
        ({"star_rating": 1}, "too low"),
    ],
)
def test_what_cannot_be_planted_is_said(tmp_path: Path, values: dict[str, Any], note: str) -> None:
    data = shop(tmp_path, **values)
    found = planted(data, tmp_path / "p", review_category=0.1, product_category=0.1, declining=0.5)
    assert any(note in one for one in found.notes)
    assert PreparedData.open(tmp_path / "p").manifest["planted"]["notes"] == list(found.notes)
    assert found.data.rows == data.rows


def test_without_products_only_the_category_changes(tmp_path: Path) -> None:
    nothing = {"product_id": None, "product_parent": None, "product_title": None}
    data = shop(tmp_path, **nothing)
    found = planted(data, tmp_path / "p", review_category=0.1)
    wrong = truth(found, "review_category")
    assert len(wrong) == ROWS // 10
    assert all(row["product_id"] is row["right_product_id"] is None for row in wrong)
    after = by_id(found.data)
    assert all(
        after[row["review_id"]]["product_category"] == row["product_category"] for row in wrong
    )


def test_nothing_asked_is_an_exact_copy(data: PreparedData, tmp_path: Path) -> None:
    found = planted(data, tmp_path / "p", review_category=0, product_category=0, declining=0)
    assert found.data.table().equals(data.table())
    assert found.data.fingerprint == data.fingerprint
    assert found.notes == ("nothing was planted: all three shares are 0",)


def test_a_share_of_nothing_or_of_all_is_said(data: PreparedData, tmp_path: Path) -> None:
    some = {"review_category": 0.1, "product_category": 0.1, "declining": 0.1}
    said = {
        name: planted(data, tmp_path / name, **{**some, name: 0}).notes
        for name in ("review_category", "product_category", "declining")
    }
    assert said == {
        "review_category": ("no review was moved: the share is 0",),
        "product_category": ("no product changes category: the share is 0",),
        "declining": ("no product declines: the share is 0",),
    }
    left = "so nothing is left that shows where they belong; take a smaller share"
    all_reviews = planted(
        data, tmp_path / "r", review_category=1, product_category=0.1, declining=0.1
    )
    assert all_reviews.notes == (
        f"all {len(truth(all_reviews, 'review_category'))} reviews that can be moved are, {left}",
    )
    most = planted(data, tmp_path / "m", review_category=0.9, product_category=0.1, declining=0.1)
    (note,) = most.notes
    assert note.startswith(f"{len(truth(most, 'review_category'))} of the ")
    assert "more than stand right" in note
    all_products = planted(
        data, tmp_path / "p", review_category=0.1, product_category=1, declining=0.1
    )
    assert all_products.notes == (
        "no review was moved: all of them have another error, or are copies over variants",
        f"all {len(truth(all_products, 'product_category'))} products change category, {left}",
        "no product declines: all of them change category, and each has one error at most",
    )
    declining = planted(
        data, tmp_path / "d", review_category=0.1, product_category=0.1, declining=1
    )
    assert len(truth(declining, "declining")) == 1  # the others could lend it their reviews only
    assert "1 product declines, all that can" in declining.notes[-1]


def test_everything_asked(data: PreparedData, tmp_path: Path) -> None:
    found = planted(data, tmp_path / "r", review_category=1, product_category=0, declining=0)
    assert len(truth(found, "review_category")) == ROWS
    before, after = by_id(data), by_id(found.data)
    assert all(
        after[name]["product_category"] != row["product_category"] for name, row in before.items()
    )
    products = planted(data, tmp_path / "p", review_category=1, product_category=1, declining=1)
    assert truth(products, "review_category") == []
    assert len(truth(products, "product_category")) == len(
        {r["product_id"] for r in before.values()}
    )


def test_one_product(tmp_path: Path) -> None:
    data = shop(tmp_path, product_id="P", product_category="Toys")
    found = planted(data, tmp_path / "p", review_category=0.5, product_category=1, declining=1)
    assert found.data.table().equals(data.table())  # nobody lends worse reviews
    assert len(found.notes) == 3


def test_copies_over_variants_stay(tmp_path: Path) -> None:
    """A copied review stands under several products as it is; moving one would prove nothing."""
    text = "Long enough that two people would hardly write it in just these very words at all."
    rows = [shop_review(number) for number in range(400)]
    rows += [
        shop_review(
            1000 + number,
            customer_id="C",
            product_id=f"V{number}",
            product_parent="V",
            review_headline="Same",
            review_body=text,
            star_rating=4,
            product_category="Toys",
            review_date="2011-01-01",
        )
        for number in range(3)
    ]
    data = prepared(tmp_path / "data", write_lines(tmp_path / "a.jsonl", rows))
    assert data.manifest["copies"] == 2
    found = planted(data, tmp_path / "p", review_category=1, product_category=0, declining=0)
    moved = {row["review_id"] for row in truth(found, "review_category")}
    assert len(moved) == 400
    assert found.data.manifest["copies"] == 2


def test_what_is_there_already(data: PreparedData, tmp_path: Path) -> None:
    first = planted(data, tmp_path / "p")
    assert planted(data, tmp_path / "p").data.notes == (PLANT.already_done,)
    with pytest.raises(UsageError, match="other data"):
        planted(data, tmp_path / "p", seed=5)
    with pytest.raises(UsageError, match="the data itself"):
        planted(data, data.path)
    with pytest.raises(UsageError, match="planted errors already"):
        planted(first.data, tmp_path / "q")
    (tmp_path / "q.truth").mkdir()
    (tmp_path / "q.truth" / "mine").touch()
    with pytest.raises(UsageError, match=r"q\.truth, where known errors would go"):
        planted(data, tmp_path / "q")
    assert not (tmp_path / "q").exists()
    assert (tmp_path / "q.truth" / "mine").exists()
    with pytest.raises(UsageError, match="moves"):
        planted(data, tmp_path / "q", moves="sideways")
    again = plant(data, tmp_path / "p", PlantSettings(seed=5), overwrite=True)
    assert again.data.manifest["planted"]["plan"]["settings"]["seed"] == 5


@pytest.mark.parametrize("after", [1, 4, 9])
def test_an_interrupted_run_is_taken_up(data: PreparedData, tmp_path: Path, after: int) -> None:
    settings = PlantSettings(review_category=0.1, declining=0.3)
    with pytest.raises(KeyboardInterrupt):
        plant(data, tmp_path / "p", settings, progress=Interrupting("Writing", after))
    assert not (tmp_path / "p").exists()
    plant(data, tmp_path / "p", settings)
    plant(data, tmp_path / "q", settings)
    assert contents(tmp_path / "p") == contents(tmp_path / "q")
    assert contents(tmp_path / "p.truth") == contents(tmp_path / "q.truth")
    assert not (tmp_path / ".p.partial").exists()

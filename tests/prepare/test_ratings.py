"""Reviews without a text: dropped by rule, never among the reviews, and their stars still count."""

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from reviewdesk.errors import InputError
from reviewdesk.explore.counts import ALL, count_reviews
from reviewdesk.prepare.erase import erase
from reviewdesk.prepare.plant import plant
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.sample import sample
from reviewdesk.settings import PlantSettings, PrepareSettings, SampleSettings
from tests.prepare.corpus import contents, prepared, review, write_lines
from tests.prepare.test_conserved import check_sums
from tests.sources.samples import SAMPLES, Sample

BLANKS = ("", "  \n ", "\u200b", "<br />", "!!!", "10/10")


def blank(number: int, body: str = "", **values: Any) -> dict[str, Any]:
    """Return a review that has stars and no letter in its text."""
    return review(number, review_body=body, **values)


def shop(folder: Path, rows: list[dict[str, Any]], **settings: Any) -> PreparedData:
    """Prepare rows."""
    path = write_lines(folder / "rows.jsonl", rows)
    return prepared(folder / "out", path, settings=PrepareSettings(**settings))


def ratings(data: PreparedData) -> list[dict[str, Any]]:
    """Return the reviews without a text, as another reader finds them on disk."""
    if data.manifest["ratings"] is None:
        return []
    path = data.path / data.manifest["ratings"]["file"]
    table = pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)
    return table.to_dicts()


@pytest.mark.parametrize("sample_", SAMPLES, ids=[one.file for one in SAMPLES])
def test_no_format_takes_a_blank_text_for_an_unreadable_row(
    sample_: Sample, tmp_path: Path
) -> None:
    blanks = {"libsvm": ("", ""), "imdb": (" ", "!!!")}.get(sample_.source, ("", "!!!"))
    bodies = [*(f"Review number {n} of a plain kettle" for n in range(5)), *blanks]
    data = prepared(tmp_path / "out", sample_.write(tmp_path, bodies))
    assert data.manifest["rejected"] == {}
    assert data.rows == 5
    dropped = data.manifest["dropped"]
    assert dropped.get("no_text", 0) + dropped.get("no_letters", 0) == 2
    check_sums(data, 7)
    rated = data.manifest["stars"].get("none", 0) == 0
    assert data.ratings == (2 if rated else 0)


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_blank_texts_keep_their_stars_and_are_no_reviews(tmp_path: Path, file_format: str) -> None:
    rows = [review(n) for n in range(20)]
    rows += [blank(100 + n, body) for n, body in enumerate(BLANKS)]
    rows += [blank(200, star_rating=None)]
    data = shop(tmp_path, rows, format=file_format)
    assert data.rows == 20
    assert data.manifest["dropped"] == {
        "no_letters": 2, "no_text": 5, "duplicate_id": 0, "duplicate_content": 0,
        "too_short": 0, "too_long": 0,
    }  # fmt: skip
    kept = sorted(ratings(data), key=lambda one: one["review_id"])
    assert [one["review_id"] for one in kept] == [f"R{n:06d}" for n in range(100, 106)]
    assert [one["star_rating"] for one in kept] == [n % 5 + 1 for n in range(100, 106)]
    assert "review_body" not in kept[0]
    assert not any(row["review_id"] >= "R000100" for row in data.table().to_pylist())
    stars = [
        row["star_rating"] for row in data.star_batches(["star_rating"]) for row in row.to_pylist()
    ]
    assert len(stars) == 26


def test_one_good_word_is_a_review(tmp_path: Path) -> None:
    bodies = ["Good", "好", "ok", "é", "A", "👍", "5"]
    data = shop(tmp_path, [blank(n, body) for n, body in enumerate(bodies)])
    assert {row["review_body"] for row in data.table().to_pylist()} == {
        "Good",
        "好",
        "ok",
        "é",
        "A",
    }
    assert data.ratings == 2


def test_blank_texts_are_reviews_on_request(tmp_path: Path) -> None:
    data = shop(tmp_path, [review(1), blank(2), blank(3, "!!")], min_chars=0)
    assert (data.rows, data.ratings) == (3, 0)
    assert data.manifest["dropped"].get("no_text", 0) == 0


@pytest.mark.parametrize(
    "more",
    [
        [blank(50), blank(50)],  # the same row twice
        [blank(50), blank(50, review_date="2012-01-02", star_rating=2)],  # as it was, as it is
        [blank(50), blank(50, review_id="another")],  # equal in all but the id
        [blank(50), blank(1)],  # the review has a text elsewhere
        [{**blank(50), "review_id": None}, {**blank(50), "review_id": None}],
    ],
)
def test_a_rating_counts_once(tmp_path: Path, more: list[dict[str, Any]]) -> None:
    data = shop(tmp_path, [review(1), review(2), *more])
    assert (data.rows, data.ratings) == (2, 1)
    assert data.manifest["dropped"]["no_text"] == 2
    check_sums(data, 4)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # nobody is known, so that equal rows are different people
        ([{"text": "", "stars": 5}] * 4, 4),
        # a stand-in for ids: many texts stand at it
        ([{"id": "0", "text": "", "stars": n, "user": f"u{n}"} for n in (1, 2, 3)], 3),
        ([{"review_id": "0", "text": "", "stars": n} for n in (1, 2, 3)], 3),
    ],
)
def test_ratings_of_several_people_all_count(
    tmp_path: Path, rows: list[dict[str, Any]], expected: int
) -> None:
    texts = [
        {"review_id": "0", "text": f"A kettle that leaks at place {n}", "stars": 1, "user": f"v{n}"}
        for n in range(3)
    ]
    data = shop(tmp_path, [*texts, *rows])
    assert (data.rows, data.ratings) == (3, expected)


def test_duplicates_may_be_kept(tmp_path: Path) -> None:
    data = shop(tmp_path, [review(1), blank(2), blank(2)], duplicates="keep")
    assert data.ratings == 2


def test_explore_counts_the_stars_of_blank_texts(tmp_path: Path) -> None:
    rows = [review(n, star_rating=5, product_category="Toys") for n in range(10)]
    rows += [blank(100 + n, star_rating=1, product_category="Toys") for n in range(30)]
    rows += [blank(200, star_rating=1, product_category="Games", review_date="2020-02-02")]
    counts = count_reviews(shop(tmp_path, rows)).to_pylist()
    total = {row["category"]: row for row in counts if row["grain"] == "all"}
    toys = total["Toys"]
    assert (toys["reviews"], toys["without_text"]) == (10, 30)
    assert (toys["stars_5"], toys["stars_1"], toys["mean_stars"]) == (10, 30, 2.0)
    assert (total["Games"]["reviews"], total["Games"]["stars_1"]) == (0, 1)
    assert total["Games"]["length_median"] is None
    assert total[ALL]["without_text"] == 31


def test_what_is_made_from_prepared_data_keeps_or_loses_them_knowingly(tmp_path: Path) -> None:
    rows = [review(n) for n in range(60)] + [blank(100 + n, customer_id=f"C{n}") for n in range(60)]
    data = shop(tmp_path, rows)
    assert data.ratings == 60
    half = sample(data, tmp_path / "half", SampleSettings(fraction=0.5))
    assert 15 < half.ratings < 45
    half.verify()
    more = sample(data, tmp_path / "more", SampleSettings(fraction=0.8))
    assert {one["review_id"] for one in ratings(half)} < {one["review_id"] for one in ratings(more)}
    assert plant(data, tmp_path / "planted", PlantSettings()).data.ratings == 0
    gone = erase(data.path, "C7")
    assert gone.reviews == 2  # one with a text and one without
    assert (gone.data.rows, gone.data.ratings) == (59, 59)
    assert b"C7\0" not in (data.path / "ratings.parquet").read_bytes()
    assert all(one["customer_id"] != "C7" for one in ratings(gone.data))
    gone.data.verify()


def test_somebody_who_gave_stars_only_is_erased(tmp_path: Path) -> None:
    data = shop(tmp_path, [review(1), blank(2)])
    assert erase(data.path, "C2").reviews == 1
    assert PreparedData.open(data.path).ratings == 0
    assert not (data.path / "ratings.parquet").exists()


def test_a_changed_rating_is_another_fingerprint_and_damage_is_noticed(tmp_path: Path) -> None:
    first = shop(tmp_path, [review(1), blank(2, star_rating=4)])
    other = tmp_path / "other"
    other.mkdir()
    assert shop(other, [review(1), blank(2, star_rating=3)]).fingerprint != first.fingerprint
    path = first.path / "ratings.parquet"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"ratings\.parquet is damaged"):
        list(PreparedData.open(first.path).star_batches(["star_rating"]))
    path.unlink()
    with pytest.raises(InputError, match=r"ratings\.parquet is missing"):
        PreparedData.open(first.path)


def test_the_order_of_files_changes_nothing(tmp_path: Path) -> None:
    one = write_lines(tmp_path / "one.jsonl", [review(1), blank(2), blank(3, product_id="X")])
    two = write_lines(tmp_path / "two.jsonl", [blank(3), review(4), blank(5)])
    there, back = prepared(tmp_path / "ab", one, two), prepared(tmp_path / "ba", two, one)
    assert there.fingerprint == back.fingerprint
    assert there.ratings == 4
    assert contents(tmp_path / "ab").keys() == contents(tmp_path / "ba").keys()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"marketplace": ("DE",)}, r"no review is left of 2 rows: 2 other_marketplace; name the"),
        ({"min_chars": 4000}, r"2 too_short; ask for fewer with --min-chars"),
        ({"max_chars": 3}, r"2 too_long; allow more with --max-chars"),
    ],
)
def test_rules_that_leave_nothing_are_an_error_with_a_reason(
    tmp_path: Path, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        shop(tmp_path, [review(1), review(2)], **settings)
    assert not (tmp_path / "out").exists()
    assert shop(tmp_path, [review(1), review(2)]).rows == 2


def test_a_column_of_blank_texts_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "stars"], ["", 5], [" ", 4], ["...", 3]])
    with pytest.raises(InputError, match=r"of 3 rows: 2 no_text, 1 no_letters; say which column"):
        prepared(tmp_path / "out", path)

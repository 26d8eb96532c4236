"""The real files, where the environment names their folder: what is in them is known."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.sources.samples import opened

DATA = os.environ.get("REVIEWDESK_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="REVIEWDESK_DATA does not name the data folder")


def counted(place: str) -> tuple[int, Counter[str], Counter[int | None]]:
    """Return rows, rejects by reason, and rows by stars."""
    rows, rejects, stars = 0, Counter[str](), Counter[int | None]()
    for batch in opened(Path(DATA or "") / place).read():
        rows += len(batch.reviews)
        rejects.update(batch.rejects["reason"].to_pylist())
        stars.update(batch.reviews["star_rating"].to_pylist())
        assert not any(batch.unreadable.values())
    return rows, rejects, stars


def test_digital_software() -> None:
    rows, rejects, stars = counted("amazon_us/amazon_reviews_us_Digital_Software_v1_00.tsv.gz")
    assert (rows, rejects) == (74_434, {})
    assert stars == {1: 18_845, 2: 5_464, 3: 6_590, 4: 12_339, 5: 31_196}


def test_imdb() -> None:
    rows, rejects, stars = counted("imdb/aclImdb_train.tar.gz")
    assert (rows, rejects) == (75_000, {})
    assert stars[None] == 50_000
    assert (stars[1] + stars[2], stars[4] + stars[5]) == (12_500, 12_500)


def test_mcauley_2018() -> None:
    rows, rejects, stars = counted("mcauley_2018/AMAZON_FASHION_5.json.gz")
    assert (rows, rejects) == (2_422, {})
    assert stars[5] == 1_645


def test_a_map_leaves_a_recognised_format_what_it_is() -> None:
    told = {"review_body": "reviewText", "star_rating": "overall", "review_date": "reviewTime"}
    found = opened(Path(DATA or "") / "mcauley_2018/Gift_Cards_5.json.gz", columns=told)
    rows = [row for batch in found.read() for row in batch.reviews.to_pylist()]
    assert found.source == "mcauley-2018"
    assert len(rows) == 2_351
    assert all(row["review_date"] for row in rows)


def test_categories() -> None:
    rows, rejects, _ = counted("categories/categories14.jsonl.gz")
    assert (rows, rejects) == (43_484, {})

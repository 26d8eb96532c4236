from pathlib import Path
from typing import Any

import pytest

from reviewdesk.formats.fasttext import fasttext_lines, label_words
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import open_inputs

from .samples import bodies_of, opened, read, rejects_of, reviews_of


def rows(path: Path, text: str | bytes) -> list[dict[str, Any]]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    assert opened(path).source == "fasttext"
    return reviews_of(read(path))


@pytest.mark.parametrize(
    ("labels", "column", "expected"),
    [
        ("1 3 5", "star_rating", [1, 3, 5]),
        ("five one", "star_rating", [5, 1]),
        ("1 2", "star_rating", [1, 5]),
        ("2 2", "star_rating", [5, 5]),
        ("negative Positive neutral", "star_rating", [1, 5, 3]),
        ("pos neg", "star_rating", [5, 1]),
        ("Toys Lawn_and_Garden", "product_category", ["Toys", "Lawn_and_Garden"]),
        ("1 7", "product_category", ["1", "7"]),
    ],
)
def test_what_labels_mean(tmp_path: Path, labels: str, column: str, expected: list[Any]) -> None:
    text = "".join(f"__label__{label} some words\n" for label in labels.split())
    found = rows(tmp_path / "train.txt", text)
    assert [row[column] for row in found] == expected
    other = {"star_rating", "product_category"} - {column}
    assert {row[name] for row in found for name in other} == {None}


def test_the_name_tells_stars_from_polarity(tmp_path: Path) -> None:
    text = "__label__1 bad\n__label__2 less bad\n"
    assert [row["star_rating"] for row in rows(tmp_path / "x_full.train", text)] == [1, 2]
    text = "__label__2 good\n__label__3 odd\n"
    assert [row["star_rating"] for row in rows(tmp_path / "x_polarity.train", text)] == [5, None]


def test_labels_stand_anywhere_and_the_first_counts(tmp_path: Path) -> None:
    text = "__label__Toys __label__Books\tgood thing\ngood __label__Music song\nno label\n"
    path = tmp_path / "train.txt"
    found = rows(path, text)
    assert [row["product_category"] for row in found] == ["Toys", "Music", None]
    assert [row["review_body"] for row in found] == ["good thing", "good song", "no label"]
    notes = [note for batch in read(path) for note in batch.notes]
    (note,) = notes
    assert note.startswith("1 lines of train.txt have several labels; the first of each counts")


def test_only_whole_words_are_labels(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "x", "__label__Toys see my__label__x and __Label__y\n")
    assert row["review_body"] == "see my__label__x and __Label__y"


def test_bad_lines(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_bytes(b"__label__4 good\n__label__4\n__label__5 odd\n__label__5 \xff\n\n")
    assert [(one["line"], one["reason"]) for one in rejects_of(read(path))] == [
        (4, "bad_utf8"),
    ]
    assert bodies_of(read(path)) == ["good", "", "odd"]


def test_what_is_exported_can_be_read(tmp_path: Path) -> None:
    words = label_words(["Toys", "Lawn and Garden"])
    path = tmp_path / "train.txt"
    path.write_bytes(fasttext_lines(words, [["good", "toy"], ["green"]]))
    found = read(path)
    assert bodies_of(found) == ["good toy", "green"]
    assert [row["product_category"] for row in reviews_of(found)] == ["Toys", "Lawn_and_Garden"]


def test_all_labels_are_kept_on_request(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("__label__5 __label__Toys good thing\n__label__5 song\nno label\n")
    settings = SourceSettings(several_labels="all")
    (one,) = open_inputs([str(path)], settings)
    batches = list(one.read())
    found = [row for batch in batches for row in batch.reviews.to_pylist()]
    assert [row["product_category"] for row in found] == ["5|Toys", "5", None]
    assert [row["review_body"] for row in found] == ["good thing", "song", "no label"]
    assert not [note for batch in batches for note in batch.notes]

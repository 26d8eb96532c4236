from pathlib import Path

import pytest

from tests.sources.samples import bodies_of, opened, read, reviews_of


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_texts_are_unescaped(tmp_path: Path) -> None:
    path = written(
        tmp_path / "train.csv", '"3","A ""big"" one","two\\nlines, ""so"""\n"5","","b"\n'
    )
    found = opened(path)
    first, second = reviews_of(list(found.read()))
    assert found.source == "zhang"
    assert first["review_headline"] == 'A "big" one'
    assert first["review_body"] == 'two\nlines, "so"'
    assert (first["star_rating"], second["star_rating"]) == (3, 5)
    assert second["review_headline"] is None


@pytest.mark.parametrize(
    ("place", "stars"),
    [
        ("x/train.csv", [1, 5]),
        ("amazon_review_polarity_csv/train.csv", [1, 5]),
        ("yelp_review_full_csv/train.csv", [1, 2]),
    ],
)
def test_polarity_is_known_by_folder_or_classes(
    tmp_path: Path, place: str, stars: list[int]
) -> None:
    path = written(tmp_path / place, '"1","bad"\n"2","good"\n')
    assert [row["star_rating"] for row in reviews_of(read(path))] == stars


def test_a_class_that_polarity_does_not_have_is_no_rating(tmp_path: Path) -> None:
    path = written(tmp_path / "polarity.csv", '"1","bad"\n"5","what"\n"x","y"\n"2","good"\n')
    batches = read(path)
    assert bodies_of(batches) == ["bad", "what", "y", "good"]
    assert [row["star_rating"] for row in reviews_of(batches)] == [1, None, None, 5]
    assert [batch.unreadable for batch in batches if len(batch.reviews)] == [{"star_rating": 2}]


def test_a_csv_with_a_header_is_not_of_this_format(tmp_path: Path) -> None:
    assert opened(written(tmp_path / "x.csv", '"stars","text"\n"1","bad"\n')).source == "table"

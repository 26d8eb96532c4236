from datetime import date
from pathlib import Path

import pytest

from reviewdesk.errors import MissingColumn
from reviewdesk.schema import REVIEWS
from tests.sources.samples import amazon_line, bodies_of, opened, read, rejects_of, reviews_of

HEADER = "\t".join(REVIEWS.names)


def written(folder: Path, *lines: str | bytes, end: bytes = b"\n") -> Path:
    path = folder / "reviews.tsv"
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    path.write_bytes(b"".join(line + end for line in raw))
    return path


def test_every_column(tmp_path: Path) -> None:
    (row,) = reviews_of(read(written(tmp_path, HEADER, amazon_line('"Just" fine', 7))))
    assert row == {
        "marketplace": "US",
        "customer_id": "7",
        "review_id": "R7",
        "product_id": "B0001",
        "product_parent": "77",
        "product_title": 'A 5" thing',
        "product_category": "Toys",
        "star_rating": 4,
        "helpful_votes": 2,
        "total_votes": 3,
        "vine": False,
        "verified_purchase": True,
        "review_headline": "Good",
        "review_body": '"Just" fine',
        "review_date": date(2015, 8, 31),
    }


def test_bad_lines_are_rejected_with_their_line_numbers(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEADER,
        amazon_line("one", 1),
        "",
        "too\tshort",
        amazon_line("two", 2).encode() + b"\xff",
        amazon_line("nul \0 byte", 3),
        amazon_line("", 4),
        amazon_line("five", 5, star_rating="seven"),
        amazon_line("tab\tin body", 6),
        amazon_line("seven", 7, review_date="2015-99-99"),
    )
    batches = read(path)
    assert bodies_of(batches) == ["one", "nul \0 byte", "", "five", "seven"]
    assert [(one["line"], one["reason"]) for one in rejects_of(batches)] == [
        (4, "wrong_field_count"),
        (5, "bad_utf8"),
        (9, "wrong_field_count"),
    ]
    assert [row["star_rating"] for row in reviews_of(batches)][3] is None
    assert reviews_of(batches)[4]["review_date"] is None
    for column in ("review_date", "star_rating"):
        assert sum(batch.unreadable.get(column, 0) for batch in batches) == 1


def test_windows_line_ends_a_mark_at_the_start_and_no_end(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + HEADER, amazon_line("a"), amazon_line("b"), end=b"\r\n")
    path.write_bytes(path.read_bytes().removesuffix(b"\r\n"))
    batches = read(path)
    assert bodies_of(batches) == ["a", "b"]
    assert {row["review_date"] for row in reviews_of(batches)} == {date(2015, 8, 31)}


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_header_alone_has_no_reviews(tmp_path: Path, end: bytes) -> None:
    found = opened(written(tmp_path, HEADER, end=end))
    assert found.source == "amazon"
    assert reviews_of(list(found.read())) == []


def test_columns_may_be_moved_missing_or_more(tmp_path: Path) -> None:
    names = [name for name in reversed(REVIEWS.names) if name != "vine"] + ["extra"]
    values = dict(zip(REVIEWS.names, amazon_line("fine", 3).split("\t"), strict=True))
    line = "\t".join(values.get(name, "more") for name in names)
    (row,) = reviews_of(read(written(tmp_path, "\t".join(names), line)))
    assert (row["review_id"], row["review_body"], row["vine"]) == ("R3", "fine", None)


def test_a_missing_id_is_derived(tmp_path: Path) -> None:
    (row,) = reviews_of(read(written(tmp_path, HEADER, amazon_line("a", review_id=""))))
    assert len(row["review_id"]) == 32


def test_a_missing_body_column_names_what_there_is(tmp_path: Path) -> None:
    names = [name for name in REVIEWS.names if name != "review_body"]
    path = written(tmp_path, "\t".join(names), "x")
    with pytest.raises(MissingColumn, match=r"no column 'review_body'; it has: 'marketplace'"):
        opened(path)


def test_of_two_columns_with_one_name_the_first_counts(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "\treview_body", amazon_line("first") + "\tsecond")
    assert bodies_of(read(path)) == ["first"]

"""What the first 64 KiB of a file seem to say and the rest of it contradicts."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from reviewdesk.errors import InputError, MissingColumn
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import open_inputs
from tests.sources.samples import amazon, bodies_of, opened, read, rejects_of, reviews_of
from tests.sources.test_dialects import notes_of, written

MANY = 4000
"""Rows that are more than 64 KiB."""


def test_a_separator_that_fits_the_start_only_is_not_taken(tmp_path: Path) -> None:
    early = [f"Review {number}, as it is;{number % 5 + 1}" for number in range(MANY)]
    late = [f"Short {number};{number % 5 + 1}" for number in range(MANY)]
    batches = read(written(tmp_path / "r.csv", "\n".join(early + late) + "\n"))
    assert len(bodies_of(batches)) == 2 * MANY
    assert bodies_of(batches)[0] == "Review 0, as it is"
    assert not rejects_of(batches)


def test_another_separator_from_a_line_on_stops_the_file(tmp_path: Path) -> None:
    early = "".join(f"{number % 5 + 1},A plain lamp of tin\n" for number in range(MANY))
    late = "".join(f"{number % 5 + 1};Another lamp\n" for number in range(MANY))
    path = written(tmp_path / "r.csv", f"rating,text\n{early}{late}")
    with pytest.raises(InputError, match=f"line {MANY + 2} .*--separator semicolon"):
        read(path)


def test_a_separator_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "r.csv", "text;a|stars;b\nGood;x|5;y\n")
    assert bodies_of(read(path, separator="bar", columns={"review_body": "text;a"})) == ["Good;x"]


def test_numbers_that_are_ids_in_the_end_are_no_ratings(tmp_path: Path) -> None:
    rows = "".join(f"{number // 60},A lamp that I bought {number}\n" for number in range(9000))
    inputs = opened(written(tmp_path / "r.csv", rows))
    assert inputs.columns.columns == {"review_body": "2"}


def test_labels_are_no_header(tmp_path: Path) -> None:
    content = (
        "positive,A lamp\nnegative,A broken lamp which I gave back\npositive,Works well here\n"
    )
    assert len(bodies_of(read(written(tmp_path / "r.csv", content)))) == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_returns_with_another_end_behind_the_last_line(tmp_path: Path, end: str) -> None:
    batches = read(written(tmp_path / "r.csv", "rating,text\r5,Good lamp\r1,Bad lamp" + end))
    assert bodies_of(batches) == ["Good lamp", "Bad lamp"]


def test_a_return_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    batches = read(written(tmp_path / "r.csv", "rating,text\n5,Good\rlamp\n1,Bad lamp\n"))
    assert bodies_of(batches) == ["Good\rlamp", "Bad lamp"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_whose_texts_have_no_ascii(tmp_path: Path, encoding: str) -> None:
    text = "这个水壶烧水很快而且非常安静我很喜欢" * 12
    content = "review,rating\n" + "".join(f"{text},{number % 5 + 1}\n" for number in range(40))
    assert bodies_of(read(written(tmp_path / "r.csv", content.encode(encoding)))) == [text] * 40


def test_a_byte_too_few_in_utf_16_is_no_other_text(tmp_path: Path) -> None:
    lines = "".join(f"{number % 5 + 1}\tA lamp {number}\n" for number in range(MANY))
    raw = ("rating\ttext\n" + lines).encode("utf-16")
    half = len(raw) // 4 * 2
    batches = read(written(tmp_path / "r.tsv", raw[:half] + raw[half + 1 :]))
    right = {f"A lamp {number}" for number in range(MANY)}
    assert set(bodies_of(batches)) <= right
    assert rejects_of(batches)


def test_labels_of_fasttext_are_judged_by_all(tmp_path: Path) -> None:
    early = "".join(f"__label__{number % 5 + 1} some words here\n" for number in range(MANY))
    late = "".join(f"__label__{number % 14 + 1} other words\n" for number in range(MANY))
    rows = reviews_of(read(written(tmp_path / "train.txt", early + late)))
    assert {row["product_category"] for row in rows} == {str(one) for one in range(1, 15)}
    assert {row["star_rating"] for row in rows} == {None}
    rows = reviews_of(read(written(tmp_path / "stars.txt", early + "__label__unknown odd\n")))
    assert {row["star_rating"] for row in rows} == {1, 2, 3, 4, 5, None}


def test_labels_and_indices_of_libsvm_are_judged_by_all(tmp_path: Path) -> None:
    early = "".join(f"{number % 2 + 1} 1:2 7:1 9:1 12:4 19:2\n" for number in range(MANY))
    rows = reviews_of(read(written(tmp_path / "r.libsvm", early + "3 0:1 2:1\n5 1:1\n")))
    assert {row["star_rating"] for row in rows} == {1, 2, 3, 5}
    words = written(tmp_path / "r.vocab", "\n".join(f"w{number}" for number in range(20)) + "\n")
    inputs = open_inputs([str(tmp_path / "r.libsvm"), str(words)], SourceSettings())
    rows = reviews_of([batch for one in inputs for batch in one.read()])
    assert rows[0]["review_body"].split() == [*("w1 w1 w7 w9 w12 w12 w12 w12 w19 w19".split())]


def test_classes_of_zhang_are_judged_by_all(tmp_path: Path) -> None:
    rows = "".join(
        f'"{number % 2 + 1}","A title","A text of some words"\n' for number in range(MANY)
    )
    found = reviews_of(read(written(tmp_path / "train.csv", rows + '"4","Late","One more"\n')))
    assert {row["star_rating"] for row in found} == {1, 2, 4}


def test_a_quote_opened_before_whole_records_swallows_none(tmp_path: Path) -> None:
    lines = ['1,"Nice, but small,4', "2,Fine lamp,5", "3,Bad lamp,1", '4,Dim lamp",2', "5,Good,5"]
    batches = read(written(tmp_path / "r.csv", "\n".join(["id,text,stars", *lines]) + "\n"))
    assert bodies_of(batches)[-4:] == ["Fine lamp", "Bad lamp", 'Dim lamp"', "Good"]
    assert len(bodies_of(batches)) + len(rejects_of(batches)) == 5
    assert rejects_of(batches) or "quotes do not pair" in notes_of(batches)


PRODUCT = {"id": "B1", "name": "Kettle", "rating": 3.5}
PAGE = {"page": 1, "product": PRODUCT, "date": "2020-01-01"}
"""Around the reviews: the product, its mean rating, and when it was asked."""


@pytest.mark.parametrize("between", ["", "\n", ",\n"])
def test_what_stands_around_the_reviews_of_a_page_is_theirs(tmp_path: Path, between: str) -> None:
    pages = [
        {
            **PAGE,
            "product": {**PRODUCT, "id": f"B{number}"},
            "reviews": [{"text": "Fine"}] * 2,
        }
        for number in range(3)
    ]
    content = between.join(map(json.dumps, pages))
    if between.startswith(","):
        content = f"[{content}]"
    rows = reviews_of(read(written(tmp_path / "r.json", content)))
    assert [row["product_id"] for row in rows] == ["B0", "B0", "B1", "B1", "B2", "B2"]
    assert {row["product_title"] for row in rows} == {"Kettle"}
    assert {row["star_rating"] for row in rows} == {row["review_date"] for row in rows} == {None}


def test_a_review_knows_its_product_better_than_its_page(tmp_path: Path) -> None:
    page = {"asin": "B1", "pages": [{"reviews": [{"text": "Fine", "asin": "B2"}]}]}
    (row,) = reviews_of(read(written(tmp_path / "r.json", json.dumps(page))))
    assert row["product_id"] == "B2"


@pytest.mark.parametrize("outer", ["{}", "[{}]", '{{"shop": "x", "pages": [{}]}}'])
@pytest.mark.parametrize("between", [",", ",\n"])
def test_what_stands_behind_the_reviews_of_a_page_is_theirs(
    tmp_path: Path, outer: str, between: str
) -> None:
    pages = [
        {
            "data": {"reviews": [{"text": f"Fine {number}", "stars": 4}] * 2, "asin": f"B{number}"},
            "customer_id": f"C{number}",
        }
        for number in range(3)
    ]
    pages[1]["data"]["asin"] = None  # type: ignore[index]
    content = outer.format(between.join(map(json.dumps, pages)))
    content = content.replace("}},{", "}}\n{") if outer == "{}" else content
    batches = read(written(tmp_path / "r.json", content))
    rows = reviews_of(batches)
    assert [row["review_body"] for row in rows] == ["Fine 0"] * 2 + ["Fine 1"] * 2 + ["Fine 2"] * 2
    assert [row["product_id"] for row in rows] == ["B0", "B0", None, None, "B2", "B2"]
    assert [row["customer_id"] for row in rows] == ["C0", "C0", "C1", "C1", "C2", "C2"]
    assert "behind" not in notes_of(batches)


def test_what_stands_behind_all_pages_is_said(tmp_path: Path) -> None:
    page = {"pages": [{"reviews": [{"text": "Fine", "stars": 4}]}], "asin": "B1"}
    batches = read(written(tmp_path / "r.json", json.dumps(page)))
    assert [row["product_id"] for row in reviews_of(batches)] == [None]
    assert "'asin' behind its array" in notes_of(batches)


def test_what_stands_behind_a_long_array_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviewdesk.sources.pages.MAX_WAITING", 100)
    page = {"page": 7, "reviews": [{"text": f"Fine {number}"} for number in range(20)], "asin": "B"}
    batches = read(written(tmp_path / "r.json", json.dumps(page)))
    assert len(bodies_of(batches)) == 20
    assert {row["product_id"] for row in reviews_of(batches)} == {None}
    assert "'asin' behind its array" in notes_of(batches)


def test_json_arrays_in_windows_letters(tmp_path: Path) -> None:
    content = json.dumps([{"text": "Café – 5 €"}, {"text": "Zoë"}], ensure_ascii=False, indent=1)
    batches = read(written(tmp_path / "r.json", content.encode("cp1252")))
    assert bodies_of(batches) == ["Café – 5 €", "Zoë"]


def test_a_column_of_unknown_name_is_the_text_if_its_texts_are_by_far_the_longest(
    tmp_path: Path,
) -> None:
    content = "wer,flag,sagte\nann,1,Ein guter Kessel\nbob,0,Nach einem Tag kaputt\n"
    inputs = opened(written(tmp_path / "r.csv", content))
    assert inputs.guesses == {"review_body": "sagte"}
    assert bodies_of(list(inputs.read())) == ["Ein guter Kessel", "Nach einem Tag kaputt"]
    with pytest.raises(MissingColumn):
        opened(written(tmp_path / "r.csv", "a,b\nEin guter Kessel,Nach einem Tag kaputt\n"))


def test_a_first_review_that_is_longer_than_the_start(tmp_path: Path) -> None:
    long = "A long lamp, \\ as they say\n" * 3000
    frame = pd.DataFrame({"rating": [5, 4], "text": [long, "Short"]})
    path = tmp_path / "r.csv"
    frame.to_csv(path, index=False, quoting=csv.QUOTE_ALL)
    rows = reviews_of(read(path))
    assert [(row["review_body"], row["star_rating"]) for row in rows] == [(long, 5), ("Short", 4)]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("quoted", [False, True])
def test_files_joined_to_one_have_their_header_again(
    tmp_path: Path, mark: str, quoted: bool
) -> None:
    path = tmp_path / "joined.csv"
    with path.open("w", newline="") as file:
        for part in range(3):
            file.write(mark)
            writer = csv.writer(file, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
            writer.writerow(["review_id", "stars", "text", "shop"])
            writer.writerows(
                [f"R{part}-{n}", 4, f"A lamp, {n} of {part}", "here"] for n in range(5)
            )
    batches = read(path)
    assert len(bodies_of(batches)) == 15
    assert all(one["star_rating"] == 4 for one in reviews_of(batches))
    assert rejects_of(batches) == []
    (note,) = [note for batch in batches for note in batch.notes]
    assert "has its header 2 more times, the first at line 7" in note


def test_amazon_files_joined_to_one(tmp_path: Path) -> None:
    path = written(tmp_path / "joined.tsv", amazon(["A lamp"]) + amazon(["Another", "Dark"]))
    batches = read(path)
    assert bodies_of(batches) == ["A lamp", "Another", "Dark"]
    assert rejects_of(batches) == []


def test_a_review_that_is_the_name_of_its_column_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "r.csv", "stars,text\n4,text\n3,A lamp\nstars,A lamp of stars\n")
    assert bodies_of(read(path)) == ["text", "A lamp", "A lamp of stars"]
    path = written(tmp_path / "one.csv", "text\nA lamp\ntext\n")
    assert bodies_of(read(path)) == ["A lamp", "text"]

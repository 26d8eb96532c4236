"""Tables as other programs write them, read with nothing told."""

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from reviewdesk.sources import SourceBatch
from reviewdesk.sources.dialect import dialect_of, even_dialect
from tests.sources.samples import bodies_of, opened, read, rejects_of, reviews_of

TEXTS = (
    "Boils fast, and quietly",
    'The 12" pan said "deluxe" on it',
    "First line\nand a second one",
    "Works; as it should",
    '"Fine" for the price',
    "naïve café – 5 €",
)
ROWS = [(text, 1 + number % 5) for number, text in enumerate(TEXTS)]
PLAIN = "".join(
    f"Review number {number} of a plain lamp\t{1 + number % 5}\n" for number in range(3000)
)
"""More than the first 64 KiB."""


def written(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def stars_of(batches: Sequence[SourceBatch]) -> list[tuple[str, int]]:
    return [(row["review_body"], row["star_rating"]) for row in reviews_of(batches)]


def notes_of(batches: Sequence[SourceBatch]) -> str:
    return "\n".join(note for batch in batches for note in batch.notes)


def by_csv(**options: object) -> str:
    found = io.StringIO()
    writer = csv.writer(found, **options)  # type: ignore[arg-type]
    writer.writerows([("review", "rating"), *ROWS])
    return found.getvalue()


FRAME = pd.DataFrame(ROWS, columns=["review", "rating"])

WRITERS: dict[str, Callable[[], str | bytes]] = {
    "csv": by_csv,
    "csv tabs": lambda: by_csv(delimiter="\t", lineterminator="\n"),
    "csv all quoted": lambda: by_csv(quoting=csv.QUOTE_ALL, delimiter=";"),
    "csv backslash": lambda: by_csv(doublequote=False, escapechar="\\"),
    "csv backslash tabs": lambda: by_csv(
        doublequote=False, escapechar="\\", delimiter="\t", lineterminator="\n"
    ),
    "pandas": lambda: str(FRAME.to_csv(index=False)),
    "pandas index": lambda: str(FRAME.to_csv()),
    "pandas bar": lambda: str(FRAME.to_csv(index=False, sep="|")),
    "pandas columns": FRAME.to_json,
    "pandas split": lambda: FRAME.to_json(orient="split", force_ascii=False),
    "pandas index json": lambda: FRAME.to_json(orient="index"),
    "pandas table": lambda: FRAME.to_json(orient="table", indent=1),
    "pandas records": lambda: FRAME.to_json(orient="records"),
    "polars": lambda: pl.DataFrame(FRAME.to_dict("list")).write_csv(),
    "polars always": lambda: pl.DataFrame(FRAME.to_dict("list")).write_csv(quote_style="always"),
    "utf-16": lambda: by_csv(delimiter="\t").encode("utf-16"),
    "utf-16 without a mark": lambda: by_csv().encode("utf-16-be"),
    "utf-8 with a mark": lambda: by_csv().encode("utf-8-sig"),
    "windows": lambda: by_csv(delimiter=";").encode("cp1252"),
    "returns": lambda: by_csv(lineterminator="\r", quoting=csv.QUOTE_ALL),
    "sep line": lambda: "sep=;\r\n" + by_csv(delimiter=";"),
    "titles": lambda: "Export of all reviews\r\nmade by hand, 2024\r\n\r\n" + by_csv(),
    "comments": lambda: "# made by a tool\n# twice\n" + by_csv(),
    "separator at the end": lambda: by_csv(delimiter=";", lineterminator=";\r\n"),
    "header of two lines": lambda: by_csv().replace("review,rating", '"Review\nText",rating', 1),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_what_people_write_with(writer: str, tmp_path: Path) -> None:
    batches = read(written(tmp_path / "x.dat", WRITERS[writer]()))
    assert stars_of(batches) == ROWS
    assert rejects_of(batches) == []


def test_spark_leaves_a_backslash_before_other_characters(tmp_path: Path) -> None:
    text = 'review,rating\n"a \\"b\\" c",5\n"path C:\\\\",2\n"pans\\, mostly",3\n'
    assert stars_of(read(written(tmp_path / "x.csv", text))) == [
        ('a "b" c', 5),
        ("path C:\\", 2),
        ("pans\\, mostly", 3),
    ]


def test_quotes_that_come_late_are_a_writers(tmp_path: Path) -> None:
    late = '"He said ""wow"" about it"\t5\n"two\nlines"\t4\n'
    batches = read(
        written(tmp_path / "x.tsv.gz", gzip.compress(f"text\tstars\n{PLAIN}{late}".encode()))
    )
    assert stars_of(batches)[-2:] == [('He said "wow" about it', 5), ("two\nlines", 4)]
    assert rejects_of(batches) == []


def test_lone_quotes_that_come_late_merge_nothing(tmp_path: Path) -> None:
    text = f'text\tstars\n"Great lamp"\t4\n{PLAIN}"Bad start of\t5\n{PLAIN}and of 5"\t1\n'
    batches = read(written(tmp_path / "x.tsv", text))
    found = stars_of(batches)
    assert len(found) == 6003
    assert (found[0], found[3001], found[-1]) == (
        ('"Great lamp"', 4),
        ('"Bad start of', 5),
        ('and of 5"', 1),
    )


def test_lone_quotes_in_a_csv_merge_nothing_and_are_said(tmp_path: Path) -> None:
    plain = PLAIN.replace("\t", ",")
    text = f'text,stars\n"Nice, thanks",5\n{plain}"Bad start,4\nplain,3\nan inch 5",1\n{plain}'
    batches = read(written(tmp_path / "x.csv", text))
    assert stars_of(batches)[3001:3004] == [('"Bad start', 4), ("plain", 3), ('an inch 5"', 1)]
    assert len(stars_of(batches)) == 6004
    assert "at line 3003" in notes_of(batches)


def test_a_text_of_many_lines_is_one_review(tmp_path: Path) -> None:
    long = "\n".join(f"point {number}, and more" for number in range(30))
    batches = read(written(tmp_path / "x.csv", f'text,stars\n"{long}",5\nplain,4\n'))
    assert stars_of(batches) == [(long, 5), ("plain", 4)]


@pytest.mark.parametrize("told", [{}, {"review_body": "2"}])
def test_no_header_is_noticed(tmp_path: Path, told: dict[str, str]) -> None:
    path = written(tmp_path / "x.csv", '5,"Good, clean hotel"\n1,"Loud hotel, dirty"\n')
    batches = read(path, columns=told)
    assert stars_of(batches) == [("Good, clean hotel", 5), ("Loud hotel, dirty", 1)]
    assert "has no header" in notes_of(batches)


def test_no_header_can_be_told(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "text,nothing\ngood,much\n")
    assert bodies_of(read(path, header=False, columns={"review_body": "1"})) == ["text", "good"]


def test_unknown_names_are_a_header_all_the_same(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "Bewertung;Sterne\nSehr gut;5\nGeht so;3\n")
    columns = {"review_body": "Bewertung", "star_rating": "Sterne"}
    assert stars_of(read(path, columns=columns)) == [("Sehr gut", 5), ("Geht so", 3)]


def test_a_map_does_not_change_how_rows_are_cut(tmp_path: Path) -> None:
    header = "marketplace customer_id review_id product_id product_parent product_title "
    header += "product_category star_rating helpful_votes total_votes vine verified_purchase "
    header = (header + "review_headline review_body review_date").replace(" ", "\t")
    line = "US\t1\tR1\tB1\t7\tA lamp\tToys\t4\t0\t0\tN\tY\tGood\t{}\t2015-08-31\n"
    bodies = ['"Starts with one', "plain", 'ends with one"', 'one 5" amid']
    text = header + "\n" + "".join(map(line.format, bodies))
    path = written(tmp_path / "x.tsv", text)
    found = opened(path, columns={"review_headline": "product_title"})
    assert found.source == "amazon"
    batches = list(found.read())
    assert bodies_of(batches) == bodies
    assert {row["review_headline"] for row in reviews_of(batches)} == {"A lamp"}


def test_amazons_columns_saved_again_are_read_as_quoted(tmp_path: Path) -> None:
    names = ["review_id", "product_id", "product_title", "customer_id", "marketplace", "vine"]
    names += ["star_rating", "review_body", "review_date"]
    rows = [
        {name: f"{name}{number}" for name in names}
        | {"review_body": text, "star_rating": str(stars), "review_date": "2015-08-31"}
        for number, (text, stars) in enumerate(ROWS)
    ]
    frame = pd.DataFrame(rows)[names]
    batches = read(written(tmp_path / "x.tsv", str(frame.to_csv(sep="\t", index=False))))
    assert stars_of(batches) == ROWS
    assert "quoted fields" in notes_of(batches)


def test_a_row_that_r_numbers_is_not_shifted(tmp_path: Path) -> None:
    text = (
        '"text" "stars"\n"1" "good one" 5\n"2" "bad one" 1\n'.replace('" ', '"\t')
        .replace(" 5", "5")
        .replace(" 1\n", "1\n")
    )
    assert stars_of(read(written(tmp_path / "x.tsv", text))) == [("good one", 5), ("bad one", 1)]


def test_json_lines_may_end_in_commas(tmp_path: Path) -> None:
    text = '{"text": "a lamp", "stars": 5},\n{"text": "a pan", "stars": 2},\n{"text": "it"}\n'
    assert bodies_of(read(written(tmp_path / "x.json", text))) == ["a lamp", "a pan", "it"]


@pytest.mark.parametrize("between", ["", "\n"])
def test_pages_hold_their_reviews_in_an_array(tmp_path: Path, between: str) -> None:
    page = '{"total": 2, "more": [{"x": 1}], '
    page += '"reviews": [{"text": "one", "rating": 5, "tags": ["a"]},\n'
    page += '{"text": "say \\"reviews\\": [", "rating": 1}], "next": "p2"}' + between
    batches = read(written(tmp_path / "x.json", page * 3))
    assert stars_of(batches) == [("one", 5), ('say "reviews": [', 1)] * 3
    assert rejects_of(batches) == []


def test_a_page_that_is_cut_off_is_said(tmp_path: Path) -> None:
    page = '{"reviews": [{"text": "one", "rating": 5}, {"text": "two'
    batches = read(written(tmp_path / "x.json", page))
    assert bodies_of(batches) == ["one"]
    assert [one["reason"] for one in rejects_of(batches)] == ["bad_json"]
    assert "reviews may be missing" in notes_of(batches)


def test_fields_that_come_late_are_read_from_there_on(tmp_path: Path) -> None:
    early = "".join(f'{{"review": "early {number} of them"}}\n' for number in range(4000))
    late = '{"review": "late", "rating": 2, "by": {"user": "u"}}\n'
    batches = read(written(tmp_path / "x.jsonl", early + late))
    stars = [row["star_rating"] for row in reviews_of(batches)]
    assert stars == [None] * 4000 + [2]
    assert "from line 4001 on only: 'rating' as star_rating" in notes_of(batches)


def test_a_late_field_that_changes_what_came_before_stops_the_file(tmp_path: Path) -> None:
    early = "".join(f'{{"review": "early {number}", "score": 77}}\n' for number in range(4000))
    path = written(tmp_path / "x.jsonl", early + '{"review": "late", "rating": 2}\n')
    with pytest.raises(Exception, match=r"from line 4001 on.* --map star_rating=rating"):
        read(path)
    assert len(bodies_of(read(path, columns={"star_rating": "rating"}))) == 4001


@pytest.mark.parametrize("form", ["[{}, {}]", "[\n{},\n{}\n]", "{}\n{}\n"])
def test_a_first_object_of_any_length(tmp_path: Path, form: str) -> None:
    images = ", ".join(f'"https://example.org/{number:06}.jpg"' for number in range(4000))
    first = '{"review": "with images", "rating": 5, "images": [' + images + "]}"
    text = form.replace("{}", first, 1).replace("{}", '{"review": "without", "rating": 1}', 1)
    assert stars_of(read(written(tmp_path / "x.json", text))) == [
        ("with images", 5),
        ("without", 1),
    ]


def test_a_header_of_any_length(tmp_path: Path) -> None:
    names = ",".join(f"a_long_name_of_column_{number:05}" for number in range(4000))
    row = "," * 3999
    path = written(tmp_path / "x.csv", f"{names},text\n{row},good\n")
    assert bodies_of(read(path)) == ["good"]


def test_quoting_that_is_told_keeps_records_of_many_lines_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", 'text,stars\n"First,4\nsecond,3\nthird",1\nplain,2\n')
    assert len(stars_of(read(path))) == 4
    assert stars_of(read(path, quoting="double")) == [("First,4\nsecond,3\nthird", 1), ("plain", 2)]


@pytest.mark.parametrize(
    ("content", "is_even"),
    [
        ("text,stars,date\nFine,5,2020-01-02\n", True),
        ('text;stars;date\n"Fine; as it ""is""";5;2020-01-02\nDark;1;2020-01-03', True),
        ('text\tstars\tdate\r\n"Fine"\t5\t2020-01-02\r\n', True),
        ('text,stars,date\nsays "no" to it,5,2020-01-02\n', True),
        ('text,stars,date\n\nFine,5,"2020, in May"\n\n', True),
        ("text,stars,date\nFine,5\nDark,1,2020-01-03\n", False),
        ('text,stars,date\n"Fine\nand dark",5,2020-01-02\n', False),
        ("text,stars,date\nC:\\temp,5,2020-01-02\n", False),
        ("stars,text,shop\nreview_body,star_rating,review_id\nFine,5,R1\n", False),
        ("text,stars,date\n", False),
    ],
)
def test_even_tables_are_seen_as_all_others(content: str, is_even: bool) -> None:
    """What is seen sooner of small files is what the first records tell."""
    even = even_dialect(content.encode())
    assert (even is not None) == is_even
    right = dialect_of(content.encode(), cut_off=False)
    assert even is None or even == replace(right, kinds=())

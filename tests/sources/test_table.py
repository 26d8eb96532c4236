import bz2
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, MissingColumn
from tests.sources.samples import bodies_of, opened, read, rejects_of, reviews_of


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    lines = ["stars,text,date", "4,good,2015-08-31"]
    path = written(tmp_path / "x.csv", "\n".join(lines).replace(",", delimiter))
    (row,) = reviews_of(read(path))
    assert (row["review_body"], row["star_rating"]) == ("good", 4)


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        (
            'stars\ttext\n4\tA "quoted" word\n4\t"Great" it is\n',
            ['A "quoted" word', '"Great" it is'],
        ),
        ('stars\ttext\n4\t"two\nlines"\n4\t"and ""quotes"""\n', ["two\nlines", 'and "quotes"']),
        ('stars\ttext\n4\t"a\tb"\n4\tplain\n', ["a\tb", "plain"]),
        ('"stars"\t"text"\n"4"\t"all"\n', ["all"]),
        ('stars\ttext\n4\t"open\n4\tgood\n', ['"open', "good"]),
        ("stars\ttext\r\n4\ta\r\n", ["a"]),
        ("\ufeffstars\ttext\n4\ta\n", ["a"]),
    ],
)
def test_tabs_with_and_without_quotes(tmp_path: Path, text: str, bodies: list[str]) -> None:
    assert bodies_of(read(written(tmp_path / "x.tsv", text))) == bodies


@pytest.mark.parametrize("text", ['text\na, b; c\n"d\ne"\n', '"text"\r\n"a, b; c"\r\n"d\ne"\r\n'])
def test_one_column_has_no_delimiter(tmp_path: Path, text: str) -> None:
    assert bodies_of(read(written(tmp_path / "x.csv", text))) == ["a, b; c", "d\ne"]


def test_guesses_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "comment,stars,review_date\nfine,4,2015-08-31\n")
    assert opened(path).guesses == {"review_body": "comment", "star_rating": "stars"}


def test_a_map_reads_columns_of_any_name(tmp_path: Path) -> None:
    name = 'my "words"; DROP TABLE reviews; --'
    header = '"my ""words""; DROP TABLE reviews; --",n'
    path = written(tmp_path / "x.csv", f"{header}\ngood,4\n")
    (row,) = reviews_of(read(path, columns={"review_body": name, "star_rating": "n"}))
    assert (row["review_body"], row["star_rating"]) == ("good", 4)


def test_a_map_makes_a_table_of_any_text_file(tmp_path: Path) -> None:
    path = written(tmp_path / "reviews.dat", "words,n\ngood,4\n")
    assert bodies_of(read(path, columns={"review_body": "words"})) == ["good"]


def test_a_missing_column_names_what_there_is(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "stars,words\n4,a\n")
    with pytest.raises(MissingColumn, match=r"x\.csv .* it has: 'stars', 'words'; say which with"):
        opened(path)


def test_of_two_columns_with_one_name_the_first_counts(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "text,text\nfirst,second\n")
    assert bodies_of(read(path)) == ["first"]


def test_of_two_columns_of_parquet_with_one_name_the_first_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    columns = [pa.array(["first"]), pa.array(["second"])]
    pq.write_table(pa.Table.from_arrays(columns, names=["text", "text"]), path)
    batches = list(opened(path).read())
    assert [row for batch in batches for row in batch.reviews["review_body"].to_pylist()] == [
        "first"
    ]
    (note,) = (note for batch in batches for note in batch.notes)
    assert note.startswith("x.parquet has 2 columns called 'text': the first one is read")


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"PK\x03\x04\x14\0\0\0", "zip archive"),
        (bz2.compress(b"text,stars\ngood,4\n"), "bzip2: unpack it"),
        (lzma.compress(b"text,stars\ngood,4\n"), "xz: unpack it"),
    ],
)
def test_what_a_known_program_made_has_a_hint(tmp_path: Path, content: bytes, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        opened(written(tmp_path / "x.csv", content))


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04\x14\0\0\0",
        bytes(1000),
    ],
)
def test_what_is_not_text_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    for name in ("x.csv", "x.bin"):
        with pytest.raises(InputError, match="neither text in columns nor Parquet"):
            opened(written(tmp_path / name, content))


@pytest.mark.parametrize("content", [b"[", b'["a"]', b'{\n"text": ['])
def test_json_that_is_not_lines_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="one JSON object a line"):
        opened(written(tmp_path / "x.json", content))


def test_json_fields_that_come_late_are_read(tmp_path: Path) -> None:
    late = '{"text": "a"}\n' * 20_000 + '{"text": "b", "stars": 4}\n'
    path = written(tmp_path / "x.jsonl", late)
    rows = reviews_of(read(path, columns={"star_rating": "stars"}))
    assert rows[-1]["star_rating"] == 4


def test_a_told_json_field_that_never_comes_is_noted(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", '{"text": "a", "stars": 4}\n')
    batches = read(path, columns={"star_rating": "starz"})
    assert [note for batch in batches for note in batch.notes] == [
        "no row of x.jsonl has a value in 'starz' for star_rating"
    ]


def test_a_long_first_line_is_no_obstacle(tmp_path: Path) -> None:
    long = "é" * 100_000
    path = written(tmp_path / "x.jsonl", f'{{"text": "{long}"}}\n{{"text": "b"}}\n')
    assert bodies_of(read(path, columns={"review_body": "text"})) == [long, "b"]


def test_a_row_in_another_encoding_among_utf8_is_rejected_alone(tmp_path: Path) -> None:
    rows = "text,stars\ncafé,4\nthé,4\n".encode() + b"caf\xe9,4\n"
    batches = read(written(tmp_path / "x.csv", rows))
    assert bodies_of(batches) == ["café", "thé"]
    assert [one["reason"] for one in rejects_of(batches)] == ["bad_utf8"]

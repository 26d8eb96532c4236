"""Texts whose special characters stand behind a backslash, as databases write them."""

import csv
import io
import json
from pathlib import Path

import pytest

from reviewdesk.errors import InputError
from reviewdesk.schema import REVIEWS
from reviewdesk.sources.escaped import escape_facts
from reviewdesk.sources.lines import LineBlock
from tests.sources.samples import bodies_of, opened, read, rejects_of, reviews_of
from tests.sources.test_dialects import PLAIN, notes_of, written

TEXTS = ("one\ntwo", "a\tb", "C:\\new\\table", "said \\N here", 'an 8" pan', "plain", "end\\")
"""Texts that a table without quotes can hold behind backslashes only."""

POSTGRES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})
MYSQL = str.maketrans({"\\": "\\\\", "\t": "\\\t", "\n": "\\\n"})


def table(escapes: dict[int, str], end: str = "\n") -> str:
    lines = [f"{number % 5 + 1}\t{text.translate(escapes)}" for number, text in enumerate(TEXTS)]
    return "".join(line + end for line in ["rating\ttext", *lines, "\\N\tno stars"])


@pytest.mark.parametrize("escapes", [POSTGRES, MYSQL], ids=["PostgreSQL", "MySQL"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_databases_write_is_read_as_it_was(
    tmp_path: Path, escapes: dict[int, str], end: str
) -> None:
    batches = read(written(tmp_path / "r.tsv", table(escapes, end)))
    rows = [(row["review_body"], row["star_rating"]) for row in reviews_of(batches)]
    expected = [(text, number % 5 + 1) for number, text in enumerate(TEXTS)]
    assert rows == [*expected, ("no stars", None)]
    assert "review_body" in notes_of(batches)


def test_what_python_escapes_without_quotes(tmp_path: Path) -> None:
    found = io.StringIO()
    writer = csv.writer(found, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\")
    writer.writerows([["rating", "text"], *([5, text] for text in TEXTS)])
    assert bodies_of(read(written(tmp_path / "r.tsv", found.getvalue()))) == list(TEXTS)


@pytest.mark.parametrize("text", [r"lost in \some\folder", r"at C:\temp it is", "ends in \\"])
def test_backslashes_that_escape_nothing_are_text(tmp_path: Path, text: str) -> None:
    content = f"rating\ttext\n5\tone\\ntwo\n4\t{text}\n"
    assert bodies_of(read(written(tmp_path / "r.tsv", content))) == ["one\\ntwo", text]


def test_backslashes_that_come_late_are_judged_as_well(tmp_path: Path) -> None:
    content = f"text\trating\n{PLAIN}a\\\\b\t4\none\\ntwo\t2\n"
    assert bodies_of(read(written(tmp_path / "r.tsv", content)))[-2:] == ["a\\b", "one\ntwo"]
    content += "but\\ this\t3\n"
    late = bodies_of(read(written(tmp_path / "r.tsv", content)))[-3:]
    assert late == ["a\\\\b", "one\\ntwo", "but\\ this"]


def amazon(*bodies: str) -> str:
    rows = [
        ["US", "1", f"R{number}", "B1", "1", "Kettle", "Kitchen", "5", "0", "0", "N", "Y", "Good"]
        for number in range(len(bodies))
    ]
    lines = ["\t".join(REVIEWS.names)]
    lines += ["\t".join([*row, body, "2015-08-31"]) for row, body in zip(rows, bodies, strict=True)]
    return "\n".join(lines) + "\n"


def test_amazons_columns_from_a_database(tmp_path: Path) -> None:
    texts = ['a 12" pan', *(text.translate(MYSQL) for text in TEXTS)]
    batches = read(written(tmp_path / "amazon.tsv", amazon(*texts)))
    assert bodies_of(batches) == ['a 12" pan', *TEXTS]
    assert "review_body" in notes_of(batches)


@pytest.mark.parametrize("before", ["\\", "\\\\"])
def test_backslashes_before_quotes_of_amazons_own_stay(tmp_path: Path, before: str) -> None:
    texts = [f'the {before}"best{before}" of all', "plain"]
    batches = read(written(tmp_path / "amazon.tsv", amazon(*texts)))
    assert bodies_of(batches) == texts
    assert not notes_of(batches)


def test_quoted_fields_behind_unquoted_ones_stop_amazons_layout(tmp_path: Path) -> None:
    texts = ['a 12" pan', "fine", '"He said ""wow"" twice"', '"So ""so"""']
    path = written(tmp_path / "amazon.tsv", amazon(*texts))
    with pytest.raises(InputError, match="line 4.*--quoting"):
        read(path)
    assert bodies_of(read(path, quoting="none")) == texts


@pytest.mark.parametrize("form", ["amazon", "json", "mcauley"])
def test_windows_letters_in_every_format_of_lines(tmp_path: Path, form: str) -> None:
    texts = ["Café – 5 €", "plain", "Zoë"]
    if form == "amazon":
        content = amazon(*texts)
    elif form == "json":
        content = "".join(
            json.dumps({"text": text, "stars": 4}, ensure_ascii=False) + "\n" for text in texts
        )
    else:
        common = {"asin": "B1", "reviewerID": "A1", "overall": 5.0}
        content = "".join(
            json.dumps({**common, "reviewText": text}, ensure_ascii=False) + "\n" for text in texts
        )
    path = written(
        tmp_path / f"r.{'tsv' if form == 'amazon' else 'json'}", content.encode("cp1252")
    )
    batches = read(path)
    assert bodies_of(batches) == texts
    assert not rejects_of(batches)
    assert "Windows-1252" in notes_of(batches)


def test_a_line_that_is_not_utf8_among_utf8_is_rejected(tmp_path: Path) -> None:
    content = amazon("Café", "Zoë", "Größe", "Grüße").encode().replace("Größe".encode(), b"Gr\xf6")
    batches = read(written(tmp_path / "amazon.tsv", content))
    assert bodies_of(batches) == ["Café", "Zoë", "Grüße"]
    assert [one["reason"] for one in rejects_of(batches)] == ["bad_utf8"]


def test_facts_stop_at_the_first_odd_backslash() -> None:
    block = LineBlock(b"1\ta\\\\b\n2\ta\\x\n3\ta\\tb\n", 5)
    facts = escape_facts([block], "\t", 2)
    assert (facts.odd_line, facts.slashes, facts.letters) == (6, 1, 0)


def test_fields_that_others_added_are_read(tmp_path: Path) -> None:
    one = {"user_id": "U1", "parent_asin": "P", "rating": 4, "text": "Fine", "title": "Good"}
    added = {**one, "marketplace": "DE", "product_name": "Kettle", "total_votes": 7}
    inputs = opened(written(tmp_path / "r.jsonl", json.dumps(added) + "\n"))
    assert inputs.source == "mcauley-2023"
    (row,) = reviews_of(list(inputs.read()))
    assert (row["marketplace"], row["product_title"], row["total_votes"]) == ("DE", "Kettle", 7)


def test_a_dump_of_elasticsearch(tmp_path: Path) -> None:
    source = {"reviewText": "Fine", "stars": 4, "asin": "B1"}
    line = json.dumps({"_index": "r", "_id": "1", "_score": 1, "_source": source})
    (row,) = reviews_of(read(written(tmp_path / "r.json", line + "\n")))
    assert (row["review_body"], row["star_rating"], row["product_id"]) == ("Fine", 4, "B1")

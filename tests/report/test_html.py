import pytest

from reviewdesk.report.html import Html, element, escaped, fragment


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("\"'", "&quot;&#x27;"),
        ("NUL\0 C1\x85 half\ud800", "NUL� C1� half�"),
        ("two\nlines\tand 👍", "two\nlines\tand 👍"),
    ],
)
def test_text_is_escaped(text: str, markup: str) -> None:
    assert escaped(text) == markup
    assert element("p", text).markup == f"<p>{markup}</p>"


def test_text_cannot_break_out_of_an_attribute() -> None:
    made = element("svg", aria_label='"><script>').markup
    assert made == '<svg aria-label="&quot;&gt;&lt;script&gt;"></svg>'


def test_attributes_that_stand_alone_or_are_left_out() -> None:
    assert element("details", "x", open=True, hidden=False).markup == "<details open>x</details>"
    assert element("p", class_="lead", tabindex=0).markup == '<p class="lead" tabindex="0"></p>'


def test_elements_without_an_end() -> None:
    assert element("meta", charset="utf-8").markup == '<meta charset="utf-8">'


def test_finished_markup_is_not_escaped_again() -> None:
    assert fragment(Html("<b>1</b>"), " < 2").markup == "<b>1</b> &lt; 2"

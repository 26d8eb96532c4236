import html
from html.entities import html5

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.text.markup import Markup, entities, strip_markup, tags


def plain(text: str, *, html: bool = True, quotes: bool = True) -> str:
    raw = np.frombuffer(text.encode(), np.uint8)
    out = np.empty(len(raw) + len(raw) // 5 + 1, np.uint8)
    length = strip_markup(raw, Markup(tags(), entities(), html, quotes), out)
    assert length <= len(raw) + len(raw) // 5
    return out[:length].tobytes().decode()


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "I <3 this",
        "I <3",
        "<-- look",
        "<- 5 stars ->",
        "<<<<",
        "a<b",
        "if x<b then y",
        "<",
        "</",
        "</>",
        "<>",
        "<br",
        "<p ",
        "<b x=",
        '<a href="unterminated',
        "<a href='x\"> y",
        "<!",
        "<!-",
        "<!--",
        "<!-- no end ->",
        "<username> and <enter>",
        "<http://example.com/>",
        "<i think, really>",
        "<p... well>",
        "<b (not a tag)>",
        "<b <i",
        "<brr>",
        "< br>",
        "<" + "b" * 100 + ">",
        "<b " + "x" * 5000 + ">",
        "AT&T; R&D &",
        "&bogus; &amp &copy2; &Amp;",
        "&#; &#x; &#xg; &",
        "&#0; &#1; &#127; &#xD800; &#x110000; &#99999999999999999999;",
        "C:\\dir \\",
        "naïve 👍 日本語",
    ],
)
def test_what_is_no_markup_stays(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("one<br />two<BR>three<br/>", "one\ntwo\nthree\n"),
        ('<p class="x">one</p><p>two</p>', "\none\n\ntwo\n"),
        ("<ul><li>a</li></ul>", "\n\na\n\n"),
        ("un<b>believ</b>able", "unbelievable"),
        ("cell<td>cell</td >", "cell cell "),
        ("a<img src=x.png>b", "a b"),
        ("<a href='http://x/?a=1&b=2' target=_blank>link</a>", "link"),
        ('<a title="a > b">x</a>', "x"),
        ('<a href=\\"http://x\\">x</a>', "x"),
        ('<a href=\\\\"http://x\\\\">x</a>', "x"),
        ('<input type="checkbox" checked/>x', " x"),
        ("<a x = 'y' z>x", "x"),
        ("<br\n/>x", "\nx"),
        ("<h1>x</h1 >", "\nx\n"),
        ("<===<<<<br />x", "<===<<<\nx"),
        ("I <3<br />it", "I <3\nit"),
        ("a<!-- x > y -- z -->b", "ab"),
        ("a<!-->b", "ab"),
        ("<script>alert('<b>')</script>x", "x"),
        ("<SCRIPT src='x'>if (a < b)</sCript  >x", "x"),
        ("<style>p {}</style>x", "x"),
        ("<script>no end <b>x</b>", "no end x"),
        ("<script>a</style></script>x", "x"),
        ("</script>x</style>", "x"),
        ("<!-- a <script> -->x<script>y<!-- </script>z", "xz"),
        ("&#34;q&quot; &#x27;&#X27; &eacute;&lt;", "\"q\" '' é<"),
        ("&#0000000000034;", '"'),
        ("it&#39s", "it's"),
        ("&lt;b&gt; &amp;lt;", "<b> &lt;"),
        ("&nbsp;&NewLine;", "\xa0\n"),
        ("&nGt;", html5["nGt;"]),
        ('\\"x\\\' \\\\\\"', '"x\' "'),
    ],
)
def test_markup_goes(text: str, result: str) -> None:
    assert plain(text) == result


def test_every_named_character() -> None:
    assert {n: plain(f"&{n}") for n in html5 if n[-1] == ";"} == {
        name: text for name, text in html5.items() if name[-1] == ";"
    }


@given(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), st.booleans())
def test_numbered_characters(character: str, hexadecimal: bool) -> None:
    number = f"&#x{ord(character):x};" if hexadecimal else f"&#{ord(character)};"
    assert plain(f"a{number}b") == f"a{html.unescape(number)}b"


def test_html_can_be_left_alone() -> None:
    assert plain('<b>&amp;\\"', html=False) == '<b>&amp;"'


def test_escaped_quotes_can_be_left_alone() -> None:
    assert plain('<b>&amp;\\"', quotes=False) == '&\\"'


TEXT = st.sampled_from(
    ["word", "two words", "a < b", "5 > 4", "<3", "<--", "->", "R&D", "<me>", "x\\y", "日本"]
).map(lambda text: (f"({text})", f"({text})"))
NAMES = {"b": "", "A": "", "span": "", "Br": "\n", "p": "\n", "DIV": "\n", "li": "\n", "img": " "}
ATTRIBUTES = st.sampled_from(["", " a", " a=b", " a='x > y'", ' a="\'"', ' a-b = "" c', "\n"])
CLOSINGS = st.sampled_from(["", "/", " /", " "])


@st.composite
def tag(draw: st.DrawFn) -> tuple[str, str]:
    name = draw(st.sampled_from(sorted(NAMES)))
    slash = draw(st.sampled_from(["", "/"]))
    attributes = draw(st.lists(ATTRIBUTES, max_size=3))
    return f"<{slash}{name}{''.join(attributes)}{draw(CLOSINGS)}>", NAMES[name]


HIDDEN = st.sampled_from(
    ["<!-- <b> -->", "<script>a < b && '<p>'</script>", "<style a=b>p > b {}</STYLE>"]
).map(lambda text: (text, ""))
REFERENCES = st.sampled_from([("&#34;", '"'), ("&lt;", "<"), ("&#xe9;", "é"), ("&hellip;", "…")])


@given(st.lists(TEXT | tag() | HIDDEN | REFERENCES, max_size=12))
def test_documents_made_of_known_pieces(pieces: list[tuple[str, str]]) -> None:
    source = "".join(piece for piece, _ in pieces)
    assert plain(source) == "".join(text for _, text in pieces)


@given(st.text(st.sampled_from("<>/!-bipr =\"'&#x3;lt\\\n")))
def test_no_text_is_too_strange(text: str) -> None:
    assert len(plain(text)) <= len(text)


@pytest.mark.parametrize(
    "piece",
    ["<script>", "<style>", "<!--", "<a b=", '<a b="', "<a b='<a b=\"", "</script", "\\", "&#9"],
)
def test_hostile_repetition_ends_soon(piece: str) -> None:
    text = piece * 200_000  # work that grows with the square of this would not end
    assert len(plain(text)) <= len(text)

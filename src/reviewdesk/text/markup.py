"""HTML tags, comments, character references and escaped quotes, in a kernel over UTF-8 bytes.

Only elements that HTML knows are taken for tags, and only where they are written as HTML writes
them: ``I <3 this``, ``a < b``, ``<-- look`` and ``<username>`` stay. Source: the HTML standard,
https://html.spec.whatwg.org/multipage/syntax.html, and its obsolete elements.
"""

from functools import cache
from html.entities import html5
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
from reviewdesk.text.utf8 import copy, put

_LINES: Final = """
    address article aside blockquote body br caption center dd details dialog dir div dl dt
    fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html
    legend li listing main menu nav noframes noscript ol optgroup option p plaintext pre search
    section summary table tbody tfoot thead title tr ul xmp"""
_BOXES: Final = """
    applet area audio button canvas embed iframe img input isindex map marquee math meter object
    param picture progress select source svg td textarea th track video"""
_INLINE: Final = """
    a abbr acronym b base basefont bdi bdo big blink cite code col colgroup data datalist del dfn
    em font frame i ins kbd label link mark meta nobr noembed output q rb rp rt rtc ruby s samp
    slot small span strike strong sub sup template time tt u var wbr"""

_GLUE: Final = 0
_SCRIPT: Final = 1
_STYLE: Final = 2
_COMMENT: Final = 4
_SPACE: Final = 32
_NEWLINE: Final = 10

_EFFECTS: Final = {
    _LINES: _NEWLINE,
    _BOXES: _SPACE,
    _INLINE: _GLUE,
    "script": _SCRIPT,
    "style": _STYLE,
}

# The limits below bound the work on hostile text: without them it would grow with its square.
_LONGEST_TAG: Final = 4096
_LONGEST_NAME: Final = 32

_BASE: Final = 257

Bytes = NDArray[np.uint8]


class Tags(NamedTuple):
    """The elements of HTML, by key, and what is left where one of their tags stood."""

    keys: NDArray[np.uint64]  # (t,) ascending
    effects: NDArray[np.uint8]  # (t,) a byte to write, or one of the codes above


class Entities(NamedTuple):
    """The named characters of HTML, by key."""

    keys: NDArray[np.uint64]  # (e,) ascending
    starts: NDArray[np.int64]  # (e + 1,)
    text: NDArray[np.uint8]  # UTF-8 of all characters, one after the other


class Markup(NamedTuple):
    """What to look for in a text."""

    tags: Tags
    entities: Entities
    html: bool  # tags, comments and references
    quotes: bool  # quotation marks with a backslash before them


@cache
def tags() -> Tags:
    """Return the table of elements."""
    found = {_key(n): effect for names, effect in _EFFECTS.items() for n in names.split()}
    keys = sorted(found)
    return Tags(np.array(keys, np.uint64), np.array([found[key] for key in keys], np.uint8))


@cache
def entities() -> Entities:
    """Return the table of named characters; all of them end in a semicolon."""
    found = {_key(name[:-1]): text.encode() for name, text in html5.items() if name[-1] == ";"}
    keys = sorted(found)
    texts = [found[key] for key in keys]
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return Entities(np.array(keys, np.uint64), starts, np.frombuffer(b"".join(texts), np.uint8))


def _key(name: str) -> int:
    """Return a name as one number; the kernels compute the same byte by byte."""
    key = 0
    for byte in name.encode("ascii"):
        key = (key * _BASE + byte) % 2**64
    return key


@compiled
def strip_markup(text: Bytes, markup: Markup, out: Bytes) -> int:
    """Write a text without its markup to ``out`` and return its length.

    Tags and comments go, with what ``script`` and ``style`` hold; what is unfinished stays as it
    stands. Characters that were written as references come out as themselves and are not read
    again. No more than a fifth as many bytes again are written as are read.

    Args:
        text: UTF-8 bytes.
        markup: what to look for.
        out: room for the plain text.
    """
    at = 0
    length = 0
    endless = 0  # the kinds of hidden content that have no end from here on
    while at < len(text):
        byte = text[at]
        after = at
        if markup.html and byte == 0x3C:  # <
            after, effect = _tag(text, at, markup.tags, endless)
            if effect in (_SPACE, _NEWLINE):
                out[length] = effect
                length += 1
            else:
                endless |= effect
        elif markup.html and byte == 0x26:  # &
            after, length = _reference(text, at, markup.entities, out, length)
        elif markup.quotes and byte == 0x5C:  # backslash
            after, length = _backslashes(text, at, out, length)
        if after == at:
            out[length] = byte
            length += 1
            after = at + 1
        at = after
    return length


@compiled
def _tag(text: Bytes, at: int, tags: Tags, endless: int) -> tuple[int, int]:
    """Read the tag or comment that starts at a ``<``, with the content that it hides.

    Returns:
        Where it ends (where it starts: there is none), and the byte to write in its place, or the
        kind of its content when that has no end.
    """
    if _is_comment(text, at):
        after = -1 if endless & _COMMENT else _after_comment(text, at + 2)
        return (at, _COMMENT) if after < 0 else (after, _GLUE)
    closes = at + 1 < len(text) and text[at + 1] == 0x2F
    name = at + 2 if closes else at + 1
    name_end, key = _name(text, name, 0x20)  # lower case; digits stay what they are
    found = _find(tags.keys, key)
    after = -1
    if found >= 0:
        after = _after_attributes(text[: at + _LONGEST_TAG], name_end)
    if after < 0:
        return at, _GLUE
    effect = int(tags.effects[found])
    if effect not in (_SCRIPT, _STYLE):
        return after, effect
    if closes:
        return after, _GLUE
    hidden = -1 if endless & effect else _after_content(text, after, text[name:name_end])
    return (after, effect) if hidden < 0 else (hidden, _GLUE)


@compiled
def _is_comment(text: Bytes, at: int) -> bool:
    return (
        at + 4 <= len(text)
        and text[at + 1] == 0x21
        and text[at + 2] == 0x2D
        and text[at + 3] == 0x2D
    )


@compiled
def _after_comment(text: Bytes, dashes: int) -> int:
    """Return where a comment ends; -1 when it does not. The dashes of ``<!-->`` open and close."""
    for at in range(dashes, len(text) - 2):
        if text[at] == 0x2D and text[at + 1] == 0x2D and text[at + 2] == 0x3E:
            return at + 3
    return -1


@compiled
def _after_content(text: Bytes, start: int, name: Bytes) -> int:
    """Return where the end tag of an element's content ends; -1 when there is none."""
    for at in range(start, len(text) - len(name) - 2):
        if text[at] == 0x3C and text[at + 1] == 0x2F:  # </
            same = 0
            while same < len(name) and (text[at + 2 + same] | 0x20) == (name[same] | 0x20):
                same += 1
            if same == len(name):
                close = _after_gap(text, at + 2 + same)
                if close < len(text) and text[close] == 0x3E:
                    return close + 1
    return -1


@compiled
def _after_attributes(text: Bytes, at: int) -> int:
    """Return where a tag ends whose name ends at a byte; -1 when what follows is no tag."""
    if at < len(text) and not (_is_gap(text[at]) or text[at] == 0x3E):
        return -1
    while at < len(text):
        if text[at] == 0x3E:  # >
            return at + 1
        if _is_gap(text[at]):
            at += 1
        else:
            after = _after_attribute(text, at)
            if after == at:
                return -1
            at = after
    return -1


@compiled
def _after_attribute(text: Bytes, start: int) -> int:
    """Return where an attribute ends; where it starts when it is not one.

    Names are as narrow as people write them, so that ``<i think, really>`` is not a tag.
    """
    name_end = start
    while name_end < len(text) and _is_attribute_name(text[name_end]):
        name_end += 1
    at = _after_gap(text, name_end)
    if name_end == start or at == len(text) or text[at] != 0x3D:  # =
        return name_end
    at = _after_gap(text, at + 1)
    while at < len(text) and text[at] == 0x5C:  # an escaped quotation mark opens a value too
        at += 1
    if at < len(text) and _is_quote(text[at]):
        close = at + 1
        while close < len(text) and text[close] != text[at]:
            close += 1
        return close + 1 if close < len(text) else start
    while at < len(text) and not (_is_gap(text[at]) or text[at] in (0x3C, 0x3E)):
        at += 1
    return at


@compiled
def _reference(
    text: Bytes, at: int, entities: Entities, out: Bytes, length: int
) -> tuple[int, int]:
    """Write the character that a reference at an ``&`` stands for.

    Returns:
        Where the reference ends (where it starts: there is none), and the new length.
    """
    if at + 1 < len(text) and text[at + 1] == 0x23:  # #
        after, code = _number(text, at + 2)
        return (at, length) if code < 0 else (after, put(out, length, code))
    after, key = _name(text, at + 1, 0)
    found = _find(entities.keys, key)
    if found < 0 or after == len(text) or text[after] != 0x3B:  # ;
        return at, length
    character = entities.text[entities.starts[found] : entities.starts[found + 1]]
    return after + 1, copy(character, out, length)


@compiled
def _number(text: Bytes, at: int) -> tuple[int, int]:
    """Read a number, as in ``34;`` or ``x22;``, and return its end and the character's code.

    The code is -1 where there is no number or no such character can be in a text.
    """
    base = 10
    if at < len(text) and (text[at] | 0x20) == 0x78:  # x
        base = 16
        at += 1
    start = at
    code = 0
    while at < len(text) and code <= 0x10FFFF and _digit(text[at]) < base:
        code = code * base + _digit(text[at])
        at += 1
    if at == start or code > 0x10FFFF or 0xD800 <= code < 0xE000 or code == 0x7F:
        return at, -1
    if code < 32 and code not in (9, 10, 13):
        return at, -1
    return (at + 1 if at < len(text) and text[at] == 0x3B else at), code


@compiled
def _backslashes(text: Bytes, at: int, out: Bytes, length: int) -> tuple[int, int]:
    """Write a run of backslashes, or nothing where it escapes a quotation mark."""
    after = at
    while after < len(text) and text[after] == 0x5C:
        after += 1
    if after < len(text) and _is_quote(text[after]):
        return after, length
    return after, copy(text[at:after], out, length)


@compiled
def _name(text: Bytes, start: int, fold: int) -> tuple[int, np.uint64]:
    """Return where a name of letters and digits ends, and its key."""
    key = np.uint64(0)
    at = start
    while at < min(len(text), start + _LONGEST_NAME) and _is_alphanumeric(text[at]):
        key = key * np.uint64(_BASE) + np.uint64(text[at] | fold)
        at += 1
    return at, key


@compiled
def _find(keys: NDArray[np.uint64], key: np.uint64) -> int:
    """Return where a key stands in ascending keys; -1 when it is not there."""
    index = np.searchsorted(keys, key)
    return int(index) if index < len(keys) and keys[index] == key else -1


@compiled
def _digit(byte: int) -> int:
    """Return what a byte is worth as a digit; 99 when it is none."""
    if 0x30 <= byte <= 0x39:
        return byte - 0x30
    letter = byte | 0x20
    return letter - 0x61 + 10 if 0x61 <= letter <= 0x66 else 99


@compiled
def _is_alphanumeric(byte: int) -> bool:
    return 0x30 <= byte <= 0x39 or 0x61 <= (byte | 0x20) <= 0x7A


@compiled
def _is_attribute_name(byte: int) -> bool:
    return _is_alphanumeric(byte) or byte in (0x2D, 0x3A, 0x5F)  # - : _


@compiled
def _after_gap(text: Bytes, at: int) -> int:
    while at < len(text) and _is_gap(text[at]):
        at += 1
    return at


@compiled
def _is_gap(byte: int) -> bool:
    """Say whether a byte may stand between attributes."""
    return byte in (9, 10, 12, 13, 32, 0x2F)


@compiled
def _is_quote(byte: int) -> bool:
    return byte in (0x22, 0x27)

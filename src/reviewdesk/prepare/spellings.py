"""Finding a person's id in rows that could not be read, however it is written in them."""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from reviewdesk.sources.ids import plain_ids

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_PLAIN_RUN: Final = re.compile(rb"[0-9A-Za-z]+")
_MAY_HIDE_LETTERS: Final = (b"\\u00", b"\\x", b"&#", b"\0")
"""Where one of these stands, also plain letters can be written otherwise."""


def plain_id(text: str) -> str:
    """Return an id as it stands in the reviews table, whatever a program made of it."""
    plain: str = plain_ids(pa.array([text], pa.string()))[0].as_py()
    return plain


class Spellings:
    """Tells whether bytes name a person: their id stands there as a word of its own.

    Args:
        customer: the id.
    """

    def __init__(self, customer: str) -> None:
        wanted = plain_id(customer)
        self._word = re.compile(rf"(?<![\w-]){re.escape(wanted)}(?![\w-]|\.\d*[1-9])")
        self._run = max(_PLAIN_RUN.findall(wanted.encode()), key=len, default=b"")

    def stand_in(self, raw: bytes) -> bool:
        """Say whether a row names the person.

        Args:
            raw: the row as it stood in its file.
        """
        if self._run not in raw and not any(mark in raw for mark in _MAY_HIDE_LETTERS):
            return False
        return any(self._word.search(text) for text in _readings(raw))


def _readings(raw: bytes) -> Iterator[str]:
    """Yield what a row can mean: by its encoding, its quotes and its escapes."""
    encodings = ["utf-8", "cp1252", *(["utf-16-le", "utf-16-be"] if b"\0" in raw else [])]
    for encoding in encodings:
        text = raw.decode(encoding, errors="replace")
        unescaped = _ESCAPE.sub(_unescaped, text)
        for meant in {
            text,
            text.replace('""', '"'),
            unescaped,
            unescaped.replace('""', '"'),
            html.unescape(text),
        }:
            yield unicodedata.normalize("NFC", _joined(meant))


def _unescaped(found: re.Match[str]) -> str:
    number = found[1] or found[2]
    return chr(int(number, 16)) if number else found[3]


def _joined(text: str) -> str:
    """Return text in which halves of characters, as JSON escapes them, are whole."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

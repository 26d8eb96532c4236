"""Text in other encodings, or with other line ends, as UTF-8 whose lines end in ``\\n``.

UTF-16 shows in a file's first bytes, with a byte order mark or without: every second byte of the
header is zero. Windows-1252 shows in the whole file only, and is told by ``SourceFile.encoding``.
Source: WHATWG, Encoding Standard (bytes that Windows-1252 leaves undefined are controls).
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from reviewdesk.errors import InputError

WINDOWS: Final = "cp1252"

ZEROS: Final = 0.15
"""So many of the bytes of UTF-16 are zero where its text has separators, digits and some ASCII."""

ODD: Final = 0.05
"""So few of them are the other half of a character, such as of an emoji."""

_LOOKED_AT: Final = 4096
_ASCII: Final = re.compile(rb"[\t\n\r\x20-\x7e]{64}")
"""So many bytes of ASCII in a row are no text of two bytes a character."""

_QUOTED: Final = re.compile(rb'"(?:[^"]|"")*"')
_ENDS: Final = re.compile(rb"\r\n|[\r\n]")
_NO_TEXT: Final = frozenset(("Cc", "Cf", "Cn", "Co", "Cs"))
"""Categories of characters that are in no text but for line ends."""

_NO_LETTERS: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d\xfe\xff]")
_MARKS: Final = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass
class Encodings:
    """In which encodings the lines of a file can be.

    Args:
        windows: lines that are not UTF-8, but text in Windows-1252.
        unreadable: lines that are neither.
        utf8: lines with characters beyond ASCII that are UTF-8.
    """

    windows: int = 0
    unreadable: int = 0
    utf8: int = 0

    @property
    def encoding(self) -> str:
        """The encoding of the file, empty for UTF-8."""
        return WINDOWS if self.windows > self.utf8 + self.unreadable else ""

    def count(self, data: bytes) -> None:
        """Count whole lines."""
        if data.isascii():
            return
        if is_utf8(data):
            self.utf8 += 1 + sum(not line.isascii() for line in data.split(b"\n", 1000))
            return
        for line in data.split(b"\n"):
            if line.isascii():
                continue
            if is_utf8(line):
                self.utf8 += 1
            else:
                self.windows += is_windows_text(line)
                self.unreadable += not is_windows_text(line)


def is_utf8(data: bytes) -> bool:
    """Say whether bytes are UTF-8; no text is made of them."""
    offsets = pa.py_buffer(np.array([0, len(data)], np.int32))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(data)]).validate(
            full=True
        )
    except pa.ArrowInvalid:
        return False
    return True


def in_characters(start: bytes) -> bytes:
    """Return a file's first bytes as UTF-8, with a stand-in for each that is none."""
    return start if start.isascii() else start.decode(errors="replace").encode()


def from_windows(data: bytes) -> bytes:
    """Return lines as UTF-8; those that are not are Windows-1252."""
    return b"\n".join(
        line if is_utf8(line) else line.decode(WINDOWS, "windows_controls").encode()
        for line in data.split(b"\n")
    )


def wide_encoding(start: bytes) -> str:
    """Return which encoding of two or four bytes a character a file begins in; empty if none."""
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    sample = start[: min(_LOOKED_AT, len(start) // 2 * 2)]
    first, second = sample[::2].count(0), sample[1::2].count(0)
    if len(sample) < 8 or not max(first, second) or min(first, second) > ODD * max(first, second):
        return ""
    name = "utf-16-le" if second > first else "utf-16-be"
    sure = not min(first, second) and max(first, second) >= ZEROS * len(sample)
    if not sure and not _is_text(sample, name):
        return ""
    return name


def _is_text(sample: bytes, encoding: str) -> bool:
    """Say whether bytes are text in an encoding: UTF-8 taken for UTF-16 has unassigned characters.

    The separators and line ends of a table are ASCII, in whatever script its texts are.
    """
    text = sample.decode(encoding, errors="replace").rstrip("\ufffd")
    odd = sum(unicodedata.category(one) in _NO_TEXT and one not in "\t\r\n\ufeff" for one in text)
    return not odd and any(one in text for one in "\n\r") and any(one in text for one in "\t,;|")


def wide_characters_at(data: bytes) -> int:
    """Return where characters of two or four bytes begin in lines that were of one; -1 if nowhere.

    A NUL here and there, or a stretch of a damaged disk, is none of their halves.
    """
    at = data.find(b"\0")
    if at < 0:
        return -1
    sample = data[max(0, at - 1) : at + _LOOKED_AT]
    zeros = sample.count(0)
    wide = ZEROS * len(sample) <= zeros and len(sample) >= 8 and bytes(4) not in sample
    return at if wide else -1


def ends_in_returns(start: bytes) -> bool:
    """Say whether a text's first bytes have lines that end in a lone ``\\r``.

    The header tells, and most other lines; a ``\\n`` behind the last one does no harm.
    """
    if start.count(b"\r") == start.count(b"\r\n") or b"\0" in start:
        return False
    ends = _ENDS.findall(_QUOTED.sub(b"", start)) or _ENDS.findall(start)
    lone = ends.count(b"\r")
    return ends[:1] == [b"\r"] and 2 * lone > len(ends)


def as_utf8(pieces: Iterator[bytes], encoding: str, file: str) -> Iterator[bytes]:
    """Yield pieces of text as UTF-8; characters may be cut apart between the pieces given.

    What is no character of an encoding of two or four bytes becomes a byte that is not UTF-8, so
    that its line is rejected and counted.

    Raises:
        InputError: characters of one byte follow those of two or four; names the file and line.
    """
    decoder = codecs.getincrementaldecoder(encoding)(
        "windows_controls" if encoding == WINDOWS else "no_character"
    )
    line = 1
    for piece in pieces:
        narrow = None if encoding == WINDOWS else _ASCII.search(piece)
        text = decoder.decode(piece[: narrow.start()] if narrow else piece)
        line += text.count("\n")
        if narrow:
            raise InputError(
                f"{file} begins in {encoding.upper()} and goes on in another encoding at line "
                f"{line}: it may be joined from two files; make two of it, or save all as UTF-8"
            )
        yield text.encode(errors="surrogateescape")
    if rest := decoder.decode(b"", True):
        yield rest.encode(errors="surrogateescape")


def with_newlines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces with ``\\n`` for every ``\\r``, one for ``\\r\\n``."""
    held = b""
    for piece in pieces:
        data = held + piece
        held = b"\r" if data.endswith(b"\r") else b""
        data = data.removesuffix(b"\r")
        yield data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def is_windows_text(line: bytes) -> bool:
    """Say whether bytes that are not UTF-8 make characters that people write in Windows-1252."""
    return _NO_LETTERS.search(line) is None


def _controls(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


def _no_character(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error("windows_controls", _controls)
codecs.register_error("no_character", _no_character)

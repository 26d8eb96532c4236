"""Text files as blocks of whole lines, with true line numbers and bounded memory.

A line ends at ``\\n`` and nowhere else: ``\\r``, ``\\x85`` or U+2028 inside a review is text; only
where records of their own stand between the ``\\r`` of a line do these end lines as well.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from reviewdesk.errors import InputError
from reviewdesk.sources.base import Tally
from reviewdesk.sources.encoding import (
    WINDOWS,
    Encodings,
    from_windows,
    is_utf8,
    wide_characters_at,
)
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.rejects import KEPT_OF_TOO_LONG
from reviewdesk.sources.stream import DamagedGzip, text

BLOCK: Final = 12 * 1024 * 1024
MAX_LINE: Final = 64 * 1024 * 1024

BOM: Final = b"\xef\xbb\xbf"

MOSTLY_RECORDS: Final = 0.8
"""Such a share of what lone returns divide are records, where the returns end lines."""


class LineBlock(NamedTuple):
    """Whole lines, each with its ``\\n``, and the number of the first one, from 1."""

    data: bytes
    first_line: int


def line_blocks(
    file: SourceFile, tally: Tally, *, block: int = BLOCK, max_line: int = MAX_LINE
) -> Iterator[LineBlock]:
    """Yield a text file's lines in UTF-8, decompressed; see ``raw_line_blocks``.

    Where most lines beyond ASCII are not UTF-8 but can be Windows-1252, they are read as that.
    """
    windows: bool | None = None
    for raw_block in raw_line_blocks(file, tally, block=block, max_line=max_line):
        if raw_block.data.isascii() or is_utf8(raw_block.data):
            yield raw_block
            continue
        if windows is None:
            windows = encoding_of(file) == WINDOWS
            if windows:
                tally.notes.append(f"{tally.file} is not in UTF-8: it is read as Windows-1252")
        yield (
            LineBlock(from_windows(raw_block.data), raw_block.first_line) if windows else raw_block
        )


def encoding_of(file: SourceFile) -> str:
    """Return the encoding of most lines of a file, empty for UTF-8."""
    encodings = Encodings()
    for one in raw_line_blocks(file, Tally("")):
        encodings.count(one.data)
    return encodings.encoding


def raw_line_blocks(
    file: SourceFile, tally: Tally, *, block: int = BLOCK, max_line: int = MAX_LINE
) -> Iterator[LineBlock]:
    """Yield a text file's lines, decompressed; the last one gets its ``\\n`` when it has none.

    What cannot be a line is tallied: a line over the limit (its first part is kept), and the part
    of a line that a damaged gzip ends with.

    Args:
        file: what to read.
        tally: where bytes, rejects and notes are counted.
        block: about how many bytes to yield at once.
        max_line: the longest line, in bytes, give or take a block.

    Raises:
        StorageError: the file cannot be read.
        InputError: it goes on in characters of two or four bytes.
    """
    for lines in _raw_line_blocks(file, tally, block, max_line):
        if (at := wide_characters_at(lines.data)) >= 0:
            line = lines.first_line + lines.data.count(b"\n", 0, at)
            raise InputError(
                f"{file.name} goes on in UTF-16 or UTF-32 at line {line}, and begins in another "
                "encoding: it may be joined from two files; make two of it, or save all as UTF-8"
            )
        yield lines


def _raw_line_blocks(
    file: SourceFile, tally: Tally, block: int, max_line: int
) -> Iterator[LineBlock]:
    lines = _Lines(tally, max_line)
    damaged = False
    try:
        for piece in text(file, tally):
            lines.feed(piece)
            if lines.held >= block:
                yield from lines.whole()
    except DamagedGzip:
        damaged = True
    yield from lines.whole()
    if damaged:
        cut_off(tally, lines.number, lines.rest())
    elif rest := lines.rest():
        yield LineBlock(rest + b"\n", lines.number)


def records_at_returns(line: bytes, is_record: Callable[[bytes], bool]) -> list[bytes]:
    r"""Return the records that lone ``\r`` divide a line into; none if they are no line ends.

    Args:
        line: without its end.
        is_record: says whether bytes are a record.
    """
    if b"\r" not in line.rstrip(b"\r"):
        return []
    pieces = [piece for piece in line.split(b"\r") if piece.strip()]
    records = sum(map(is_record, pieces))
    return pieces if len(pieces) > 1 and records >= MOSTLY_RECORDS * len(pieces) else []


def cut_off(tally: Tally, line: int, rest: bytes) -> None:
    """Reject what a damaged gzip ends with, and note that the file goes no further.

    Args:
        line: where the rest begins, from 1.
        rest: the bytes that are part of a row only.
    """
    tally.rejects.add(line, "truncated", rest)
    tally.notes.append(
        f"{tally.file} is damaged or cut off at line {line}: everything before was "
        "read, what follows is lost; get the file again"
    )


def numbered_lines(blocks: Iterable[LineBlock]) -> Iterator[tuple[int, bytes]]:
    """Yield each line, without its ``\\n``, and its number."""
    for block in blocks:
        yield from enumerate(block.data[:-1].split(b"\n"), block.first_line)


class _Lines:
    """Bytes waiting for the ends of their lines."""

    def __init__(self, tally: Tally, max_line: int) -> None:
        self.number = 1  # of the line that the held bytes begin with
        self.held = 0
        self._pieces: list[bytes] = []
        self._skipping = False  # inside a line that is over the limit
        self._tally = tally
        self._max_line = max_line

    def feed(self, piece: bytes) -> None:
        if self._skipping:
            end = piece.find(b"\n")
            if end < 0:
                return
            self._skipping = False
            self.number += 1
            piece = piece[end + 1 :]
        self._hold(piece)

    def whole(self) -> Iterator[LineBlock]:
        """Yield the whole lines held, and keep the rest unless it is too long already."""
        data = self.rest()
        end = data.rfind(b"\n") + 1
        if end:
            yield LineBlock(data[:end], self.number)
            self.number += data.count(b"\n", 0, end)
        if len(data) - end > self._max_line:
            self._tally.rejects.add(self.number, "too_long", data[end : end + KEPT_OF_TOO_LONG])
            self._skipping = True
        else:
            self._hold(data[end:])

    def rest(self) -> bytes:
        """Return all bytes held, and hold none."""
        data = b"".join(self._pieces)
        if self.number == 1:
            data = data.removeprefix(BOM)
        self._pieces, self.held = [], 0
        return data

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self.held += len(piece)

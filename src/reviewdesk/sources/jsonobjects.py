"""JSON objects one after the other, in an array or not, over any number of lines; one at a time.

Only strings and braces are looked at, so that a broken object between whole ones costs only itself
as long as its braces pair up. Memory is bounded by the longest object.
"""

import re
from collections.abc import Iterator
from typing import Final

from reviewdesk.sources.base import Tally
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.lines import BOM, MAX_LINE, cut_off
from reviewdesk.sources.rejects import KEPT_OF_TOO_LONG
from reviewdesk.sources.stream import DamagedGzip, text

_TOKEN: Final = re.compile(rb'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*("|\\?\n|)|[{}]')
"""A string ends at a line's end at the latest, so that an open one does not turn the rest round."""

_BETWEEN: Final = b" \t\r\n,[]"
"""What may stand between objects."""

Objects = Iterator[tuple[int, bytes]]
"""The line that each object begins on, from 1, and its bytes."""


def object_groups(
    file: SourceFile, tally: Tally, *, max_object: int = MAX_LINE
) -> Iterator[list[tuple[int, bytes]]]:
    """Yield a file's objects in groups, decompressed.

    What is none is tallied: what stands between objects, an object over the limit (its first part
    is kept), and the part of one that a damaged gzip or the file ends with.

    Args:
        file: what to read.
        tally: where bytes, rejects and notes are counted.
        max_object: the longest object, in bytes, give or take a piece of the file.

    Raises:
        StorageError: the file cannot be read.
    """
    scan = ObjectScan(tally, max_object)
    try:
        for piece in text(file, tally):
            yield list(scan.feed(piece))
    except DamagedGzip:
        cut_off(tally, scan.line, scan.rest())
    else:
        if (rest := scan.rest()).strip(_BETWEEN):
            tally.rejects.add(scan.line, "bad_json", rest)
            tally.notes.append(
                f"{tally.file} has an object at line {scan.line} that does not end: what follows "
                "in the file was not read"
            )
    yield []


class ObjectScan:
    """Finds where objects end in bytes that come in pieces.

    Args:
        tally: where rejects go.
        max_object: the longest object, in bytes.
        stop: whether to stop behind the ``]`` of the array that the objects are in.
    """

    def __init__(self, tally: Tally, max_object: int = MAX_LINE, *, stop: bool = False) -> None:
        self.stopped = False
        self.line = 1  # on which the held bytes begin
        self._held = b""
        self._at = 0  # up to here tokens were looked at
        self._depth = 0
        self._started = False
        self._tally = tally
        self._max_object = max_object
        self._stop = stop

    def feed(self, piece: bytes) -> Objects:
        """Take a piece and yield the objects that end in it."""
        data = self._held + piece
        if not self._started:
            data, self._started = data.removeprefix(BOM), True
        begin = 0  # of what was not yielded yet
        for token in _TOKEN.finditer(data, self._at):
            if token[1] == b"":
                self._at = token.start()  # a string that goes on in the next piece
                break
            self._at = token.end()
            if not self._depth and self._stops(data, begin, token.start()):
                return
            if token[0] == b"{":
                if not self._depth:
                    self._between(data[begin : token.start()])
                    begin = token.start()
                self._depth += 1
            elif token[0] == b"}" and self._depth:
                self._depth -= 1
                if not self._depth:
                    raw = data[begin : token.end()]
                    yield self.line, raw
                    self.line += raw.count(b"\n")
                    begin = token.end()
        else:
            self._at = len(data)
        if not self._depth and self._stops(data, begin, len(data)):
            return
        self._hold(data, begin)

    def _stops(self, data: bytes, begin: int, end: int) -> bool:
        """Stop at a ``]`` between objects, and hold what follows it."""
        at = data.find(b"]", begin, end) if self._stop else -1
        if at < 0:
            return False
        self._between(data[begin:at])
        self._held, self.stopped = data[at + 1 :], True
        return True

    def rest(self) -> bytes:
        """Return the bytes held: part of an object, or what stands behind the last one."""
        return self._held

    def _between(self, gap: bytes) -> None:
        """Reject what stands between objects and is more than their separators."""
        if text := gap.strip(_BETWEEN):
            before = gap[: gap.index(text)].count(b"\n")
            self._tally.rejects.add(self.line + before, "bad_json", text)
        self.line += gap.count(b"\n")

    def _hold(self, data: bytes, begin: int) -> None:
        if len(data) - begin > self._max_object:
            self._tally.rejects.add(self.line, "too_long", data[begin : begin + KEPT_OF_TOO_LONG])
            self.line += data.count(b"\n", begin)
            begin, self._depth, self._at = len(data), 0, len(data)
        self._held = data[begin:]
        self._at -= begin

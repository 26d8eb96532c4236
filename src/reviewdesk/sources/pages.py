"""Pages: JSON objects that hold their reviews in an array, as the answers of web services do.

What stands around the array, before or behind it, tells of all reviews in it: the product's id,
title and category, and whose reviews they are. Such fields are added to each review that has none
for the same column. Reviews wait for what stands behind their array, unless it is very long.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reviewdesk.sources.base import Tally
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.jsonlines import NotAnObject, field_names, lookup, parse_object
from reviewdesk.sources.jsonobjects import ObjectScan
from reviewdesk.sources.lines import BOM, cut_off
from reviewdesk.sources.mapping import closest
from reviewdesk.sources.stream import DamagedGzip, text

SHARED: Final = (
    *("product_id", "product_parent", "product_title", "product_category"),
    *("marketplace", "customer_id"),
)
"""Columns that a page can tell for all its reviews."""

MAX_AROUND: Final = 1024 * 1024
"""Bytes of what stands around arrays that are looked at."""

MAX_WAITING: Final = 16 * 1024 * 1024
"""Bytes of reviews that wait for what stands behind their array."""

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_CLOSING: Final = {ord("{"): b"}", ord("["): b"]"}

Groups = Iterator[list[tuple[int, bytes]]]
"""The line that each object begins on, from 1, and its bytes: in groups."""


def page_objects(file: SourceFile, tally: Tally, key: str) -> Groups:
    """Yield the objects in every array of a name, in groups.

    Args:
        file: pages, one or more.
        tally: where bytes and what cannot be read are counted.
        key: the arrays' name.
    """
    pages = Pages(tally, key)
    try:
        for piece in text(file, tally):
            yield list(pages.feed(piece))
    except DamagedGzip:
        yield list(pages.last())
        cut_off(tally, pages.line, pages.rest())
    else:
        yield list(pages.last())
        if pages.inside:
            tally.rejects.add(pages.line, "bad_json", pages.rest())
            tally.notes.append(f"{tally.file} ends inside an array {key!r}: reviews may be missing")
        pages.note_late()
    yield []


class Pages:
    """Finds arrays of one name in bytes that come in pieces, and the objects in them.

    Args:
        tally: where rejects go.
        key: the arrays' name.
    """

    def __init__(self, tally: Tally, key: str) -> None:
        self._tally = tally
        self._opening = re.compile(re.escape(json.dumps(key).encode()) + rb"\s*:\s*\[")
        self._kept = 6 * len(key) + 256  # an opening may be cut apart between two pieces
        self._held = b""
        self._line = 1
        self._scan: ObjectScan | None = None
        self._around = _Around()
        self._waiting: list[tuple[int, bytes]] = []
        self._bytes = 0
        self._added: bytes | None = None

    @property
    def inside(self) -> bool:
        """Whether an array has begun and not ended."""
        return self._scan is not None

    @property
    def line(self) -> int:
        """The line that the held bytes begin on."""
        return self._scan.line if self._scan else self._line

    def rest(self) -> bytes:
        """Return the bytes held."""
        return self._scan.rest() if self._scan else self._held

    def feed(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        """Take a piece and yield the objects about which all is known."""
        self._held += piece
        while True:
            scan = self._scan or self._opened()
            if self._around.ended:
                yield from self.waiting()
                self._around.finish()
                self._added = None
            if scan is None:
                return
            if self._scan is None:
                self._around.begin()
                self._scan = scan
            for line, raw in scan.feed(self._held):
                self._waiting.append((line, raw))
                self._bytes += len(raw)
            if self._bytes > MAX_WAITING:
                yield from self.waiting()
            self._held = b""
            if not scan.stopped:
                return
            self._held, self._line, self._scan = b"]" + scan.rest(), scan.line, None

    def waiting(self) -> Iterator[tuple[int, bytes]]:
        """Yield the objects that wait, with what is known of all in their array by now."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        for line, raw in waiting:
            if self._added is None:
                self._added = self._around.added_to(raw)
            yield line, b"{" + self._added + raw[1:] if self._added else raw

    def last(self) -> Iterator[tuple[int, bytes]]:
        """Yield the objects that still wait when nothing more comes."""
        if self._scan is None:
            self._around.take(self._held)
            self._held = b""
        yield from self.waiting()

    def note_late(self) -> None:
        """Note the fields behind arrays that would have told of the reviews in them."""
        if late := self._around.late():
            self._tally.notes.append(
                f"{self._tally.file} has {', '.join(map(repr, late))} behind its array of reviews, "
                "where it is not read"
            )

    def _opened(self) -> ObjectScan | None:
        """Return a scan of the next array, if one is held; else keep as much as it may begin in."""
        opening = self._opening.search(self._held)
        end = opening.end() if opening else max(0, len(self._held) - self._kept)
        self._line += self._held.count(b"\n", 0, end)
        self._around.take(self._held[:end])
        self._held = self._held[end:]
        if opening is None:
            return None
        scan = ObjectScan(self._tally, stop=True)
        scan.line = self._line
        return scan


class _Around:
    """What stands around arrays of reviews, as far as its objects have not ended.

    An array belongs to the object that it is in, and to those around that which are in no array.
    """

    def __init__(self) -> None:
        self.ended = False
        """Whether the objects that the last array belongs to have ended."""
        self._text = b""
        self._at = 0  # up to here tokens were looked at
        self._open: list[tuple[int, int]] = []  # what was opened, and where
        self._outermost = self._inner = 0  # depths of the objects that the array belongs to
        self._behind: dict[str, Any] = {}
        self._own: set[str] = set()
        self._told: set[str] = set()
        self._read: set[str] = set()
        self._late: dict[str, None] = {}

    def begin(self) -> None:
        """Note that an array of reviews begins behind what was taken in."""
        self._inner = self._outermost = len(self._open) - 1
        while self._outermost > 1 and self._open[self._outermost - 2][0] == ord("{"):
            self._outermost -= 1

    def finish(self) -> None:
        """Forget the last array; fields behind it that were not read are late."""
        late = _shared(self._behind, self._own).keys() - self._told
        self._late |= dict.fromkeys(sorted(late))
        self._behind, self._told, self.ended = {}, set(), False

    def take(self, piece: bytes) -> None:
        """Take in the next bytes outside of arrays of reviews."""
        self._text += piece
        ended = 0
        while token := _TOKEN.search(self._text, self._at):
            self._at = token.end()
            if token[0] in (b"{", b"["):
                self._open.append((self._text[token.start()], token.start()))
            elif token[0] in (b"}", b"]") and self._open:
                self._close()
                ended = ended if self._open else self._at
        if len(self._text) - ended > MAX_AROUND:
            self._behind = {**self._fields(), **self._behind}
            ended, self._open, self.ended = self._at, [], True
        if ended:
            self._see_late(self._text[:ended])
            self._text, self._at = self._text[ended:], self._at - ended
            self._open = [(mark, began - ended) for mark, began in self._open]

    def _close(self) -> None:
        """Close what was opened last; of an object that the array belongs to, keep the fields."""
        depth = len(self._open)
        _, began = self._open.pop()
        if not self._outermost <= depth <= self._inner:
            return
        self._behind = {**_fields_of(_parsed(self._text[began : self._at])), **self._behind}
        if depth == self._outermost:
            self._outermost = self._inner = 0
            self.ended = True
            self._text = self._text[:began] + b"null" + self._text[self._at :]
            self._at = began + len(b"null")  # what ended is not looked at again
            # Behind it another object may begin, whose fields are none of these.
            self._behind = {**self._fields(), **self._behind}

    def added_to(self, first: bytes) -> bytes:
        """Return the fields that are added to the reviews of an array, as JSON with a comma behind.

        Args:
            first: the first of the reviews.
        """
        try:
            own = field_names(parse_object(first))
        except (NotAnObject, UnicodeDecodeError):
            return b""
        self._own = {column for column in SHARED if closest(column, own) is not None}
        shared = _shared(self._behind if self.ended else self._fields(), self._own)
        self._told = set(shared)
        self._read |= self._told
        return b"".join(
            json.dumps(name).encode() + b":" + json.dumps(value).encode() + b","
            for name, value in shared.items()
        )

    def late(self) -> list[str]:
        """Return the names of fields that stand behind arrays and were not read."""
        if self.ended:
            self.finish()
        self._see_late(self._text)
        return list(self._late)

    def _fields(self) -> dict[str, Any]:
        """Return the values in the objects that have not ended, by name; inner ones count first."""
        closed = self._text[: self._at] + b"".join(_CLOSING[one] for one, _ in reversed(self._open))
        fields: dict[str, Any] = {}
        value = _parsed(closed)
        for _ in self._open:
            fields |= _fields_of(value)
            if not isinstance(value, dict | list) or not value:
                break
            value = list(value.values())[-1] if isinstance(value, dict) else value[-1]
        return fields

    def _see_late(self, ended: bytes) -> None:
        late = _shared(_fields_of(_parsed(ended)), self._own).keys() - self._read
        self._late |= dict.fromkeys(sorted(late))


def _fields_of(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {name: lookup(value, name) for name in field_names(value)}


def _parsed(data: bytes) -> Any:
    start = data.removeprefix(BOM).lstrip(b" \t\r\n,]")
    try:
        return json.JSONDecoder().raw_decode(start.decode(errors="replace"))[0]
    except (ValueError, RecursionError):
        return None


def _shared(fields: Mapping[str, Any], own: set[str]) -> dict[str, Any]:
    """Return the fields that tell a column which the reviews do not tell themselves."""
    names = [name for name, value in fields.items() if isinstance(value, str | int | float)]
    found = {closest(column, names) for column in SHARED if column not in own}
    return {name: fields[name] for name in names if name in found}

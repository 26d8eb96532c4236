"""CSV with quoted fields (RFC 4180), record by record, as exact as the file allows.

Python's ``csv`` reads the records; what it leaves open is decided here. A quote that is never
closed would swallow the rows after it: such a row is rejected alone and reading goes on with the
next line. ``\\r`` inside a field is text.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from reviewdesk.sources.base import Tally
from reviewdesk.sources.lines import LineBlock, numbered_lines
from reviewdesk.sources.rows import RawRows, RowBuilder

HIDDEN_RETURN: Final = "\udc0d"
"""Stands for ``\\r`` while ``csv`` parses; half a character, it is in no decoded text."""


def csv_rows(
    blocks: Iterator[LineBlock],
    names: Sequence[str | None],
    tally: Tally,
    delimiter: str,
    *,
    header: bool = True,
) -> Iterator[RawRows]:
    """Yield the records below the header.

    Args:
        blocks: the file's lines.
        names: for each field of a record, the column of the reviews table that it holds, or None.
        tally: where bad records go.
        delimiter: what separates fields.
        header: whether the first record holds the columns' names.
    """
    places = [place for place, name in enumerate(names) if name is not None]
    builder = RowBuilder([name for name in names if name is not None])
    feed = _Feed(blocks)
    for number, record in enumerate(_records(feed, len(names), tally, delimiter)):
        if number > 0 or not header:
            values = [record[place] for place in places]
            builder.add(values, feed.raw(), feed.first)
        if builder.full:
            yield builder.take()
    yield builder.take()


def _records(feed: "_Feed", width: int, tally: Tally, delimiter: str) -> Iterator[list[str]]:
    """Yield the good records, header included, and reject the others."""
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a quote in a wrong place, or a field over csv's limit of 128 KiB
            record = _lenient(feed, delimiter)
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        else:
            if not record:
                continue  # an empty line
        reason = _fault(record, width, feed)
        if reason == "bad_quotes" and len(feed.text) > csv.field_size_limit():
            reason = "too_long"
        if not reason:
            yield _with_returns(record) if feed.returns else record
            continue
        if reason == "bad_quotes":
            feed.give_back()
        tally.rejects.add(feed.first, reason, feed.raw())


def _lenient(feed: "_Feed", delimiter: str) -> list[str]:
    """Read a record of one line with quotes inside its fields; of more lines, there is none."""
    if len(feed.taken) > 1 or feed.open_at_end:
        return []
    try:
        return next(csv.reader([feed.text], delimiter=delimiter))
    except csv.Error:
        return []


def _fault(record: list[str], width: int, feed: "_Feed") -> str:
    if not record or (len(record) != width and len(feed.taken) > 1):
        return "bad_quotes"
    if len(record) != width:
        return "wrong_field_count"
    return "" if feed.utf8 else "bad_utf8"


def _with_returns(record: list[str]) -> list[str]:
    return [value.replace(HIDDEN_RETURN, "\r") for value in record]


class _Feed(Iterator[str]):
    """Lines for ``csv.reader``, and which of them the current record took."""

    def __init__(self, blocks: Iterator[LineBlock]) -> None:
        self._lines = numbered_lines(blocks)
        self._given_back: deque[tuple[int, bytes]] = deque()
        self._ended = False
        self.begin()

    def begin(self) -> None:
        """Start a record."""
        self.taken: list[tuple[int, bytes]] = []
        self.utf8 = True
        self.returns = False
        self.open_at_end = False
        self.text = ""  # of the last line

    @property
    def first(self) -> int:
        """The line on which the record begins."""
        return self.taken[0][0]

    def raw(self) -> bytes:
        """Return the record as it stands, without the end of its last line."""
        return b"\n".join(line for _, line in self.taken).removesuffix(b"\r")

    def give_back(self) -> None:
        """Keep the first line of the record only; the others are read again."""
        self._given_back.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    def __next__(self) -> str:
        numbered = self._given_back.popleft() if self._given_back else next(self._lines, None)
        if numbered is None:
            self.open_at_end = bool(self.taken)
            raise StopIteration
        self.taken.append(numbered)
        line = numbered[1].removesuffix(b"\r")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self.utf8 = False
            text = line.decode(errors="replace")
        if "\r" in text:
            self.returns = True
            text = text.replace("\r", HIDDEN_RETURN)
        self.text = text + "\n"
        return self.text

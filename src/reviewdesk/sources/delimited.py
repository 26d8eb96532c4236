"""Records of quoted fields (RFC 4180, or quotes escaped by a backslash), as exact as can be.

Python's ``csv`` reads the records; what it leaves open is decided here. A quote that is never
closed would swallow the rows after it, and so would two that stand in different rows: where the
lines of a record are whole records each, they are read as such, and a record that ``csv`` cannot
read is cut by ``cut_loosely``. ``\r`` inside a field is text.
"""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reviewdesk.sources.base import Tally
from reviewdesk.sources.lines import LineBlock, numbered_lines, records_at_returns
from reviewdesk.sources.loose import MAX_LINES, cut_loosely
from reviewdesk.sources.raw_rows import RawRows, RowBuilder

HIDDEN_RETURN: Final = "\udc0d"
HIDDEN_QUOTE: Final = "\udc22"
HIDDEN_BACKSLASH: Final = "\udc5c"
"""Stand for a return and for escaped characters while ``csv`` parses; half characters, they are in
no text."""

Quoting = Literal["none", "escaped", "double", "backslash", "backslash-all"]
"""How a quote inside a quoted field is written.

``none``: there are no quoted fields; ``escaped``: nor that, and special characters stand behind a
backslash; ``backslash``: quotes and backslashes inside of quoted fields do; ``backslash-all``:
wherever a backslash stands it escapes what follows.
"""

QUOTINGS: Final[dict[str, Quoting]] = {
    "double": "double",
    "backslash": "backslash",
    "escaped": "escaped",
    "none": "none",
}
"""By the name that the user gives."""

MAX_FIELD: Final = 16 * 1024 * 1024
"""Characters of the longest field; behind so many, an open quote closes nothing."""

MANY_RETURNS: Final = 20
"""So many lone returns in one line of a table of one column end records."""

ENOUGH_RECORDS: Final = 2
NEARLY_ALL: Final = 0.8
"""So many lines behind a quote are records, and such a share of them, where that proves it."""

Check = Callable[[Sequence[str]], bool]
"""Says whether the fields of a line, in the file's order, are a record with good values."""


@dataclass
class Cut:
    """How the records of a file were cut, counted while they are read.

    Args:
        records: good ones.
        rejected: those that are none.
        mended: good ones whose quotes do not pair up.
        first_mended: the line of the first of these; 0 if there is none.
        escapes: characters behind a backslash, where backslashes escape.
        odd_escapes: fields with a backslash that escapes nothing.
        odd_in_quotes: those among them that are quoted.
        pairs_in_quotes: quoted fields with an escaped backslash.
        escaped_separators: fields in which a separator is behind a backslash.
        bare_separators: fields in which one is not.
        returns: the first line in which lone returns end records; 0 if there is none.
    """

    records: int = 0
    rejected: int = 0
    mended: int = 0
    first_mended: int = 0
    escapes: int = 0
    odd_escapes: int = 0
    odd_in_quotes: int = 0
    pairs_in_quotes: int = 0
    escaped_separators: int = 0
    bare_separators: int = 0
    returns: int = 0

    def all_escape(self, delimiter: str) -> bool:
        """Say whether every backslash escapes what follows; commas are never escaped in quotes."""
        separators = self.escaped_separators and (self.bare_separators or delimiter == ",")
        return not (self.odd_escapes or separators)

    @property
    def escape_in_quotes(self) -> bool:
        """Say whether backslashes do so in quoted fields, where they come in pairs, only."""
        every = self.pairs_in_quotes and not self.odd_in_quotes
        return bool(every and self.odd_escapes)

    @property
    def faults(self) -> int:
        """Records that are not as a writer of quoted fields leaves them."""
        return self.rejected + self.mended


def allow_long_fields() -> None:
    """Let ``csv`` read longer fields than by default, in the whole process: it has one limit."""
    if csv.field_size_limit() < MAX_FIELD:
        csv.field_size_limit(MAX_FIELD)


def csv_rows(
    blocks: Iterator[LineBlock],
    names: Sequence[str | None],
    tally: Tally,
    delimiter: str,
    *,
    header: bool = True,
    quoting: Quoting = "double",
    check: Check | None = None,
    texts_quoted: bool = False,
) -> Iterator[RawRows]:
    """Yield the records below the header.

    Args:
        blocks: the file's lines.
        names: for each field of a record, the column of the reviews table that it holds, or None.
        tally: where bad records go, and the note about those whose quotes do not pair up.
        delimiter: what separates fields.
        header: whether the first record holds the columns' names.
        quoting: how quotes inside quoted fields are written.
        check: tells lines that are records of their own inside a quoted field; None: none are.
        texts_quoted: whether every text is quoted, so that a bare ``NA`` is nothing.
    """
    places = [place for place, name in enumerate(names) if name is not None]
    builder = RowBuilder([name for name in names if name is not None])
    feed = _Feed(blocks, delimiter, quoting)
    cut = Cut()
    records = _records(feed, len(names), tally, delimiter, cut, check)
    for number, record in enumerate(records):
        if number > 0 or not header:
            shown = feed.shown(record)
            raw = feed.raw()
            if texts_quoted and "NA" in shown and b'"NA"' not in raw:
                shown = [None if value == "NA" else value for value in shown]
            builder.add([shown[place] for place in places], raw, feed.first)
        if builder.full:
            yield builder.take()
    if cut.mended:
        tally.notes.append(
            f"{tally.file} has {cut.mended:,} records whose quotes do not pair up, the first at "
            f"line {cut.first_mended}: each was read on its own, with the stray quotes as text; "
            "--quoting says how quotes are written"
        )
    if cut.returns:
        tally.notes.append(
            f"{tally.file} has lines that end in a lone return from line {cut.returns} on"
        )
    yield builder.take()


def cut_of(
    blocks: Iterator[LineBlock], width: int, delimiter: str, quoting: Quoting, check: Check | None
) -> Cut:
    """Return how a file's records come out, without keeping any; arguments as for ``csv_rows``."""
    cut = Cut()
    tally = Tally("")
    feed = _Feed(blocks, delimiter, quoting)
    for record in _records(feed, width, tally, delimiter, cut, check):
        if quoting == "backslash-all":
            _count_escapes(record, delimiter, feed, cut)
        tally.rejects.take()
    return cut


def _count_escapes(record: Sequence[str], delimiter: str, feed: "_Feed", cut: Cut) -> None:
    """Count what stands behind backslashes in the fields of a record, as ``csv`` cut it."""
    for value in record:
        cut.escapes += value.count(HIDDEN_BACKSLASH) + value.count(HIDDEN_QUOTE)
        cut.pairs_in_quotes += HIDDEN_BACKSLASH in value and not feed.is_bare(value)
        if delimiter in value:
            escaped = f"\\{delimiter}" in value
            cut.escaped_separators += escaped
            cut.bare_separators += not escaped
        if "\\" in value and value != "\\N":
            rest, count = feed.escape.subn("", value)
            cut.escapes += count
            cut.odd_escapes += "\\" in rest
            cut.odd_in_quotes += "\\" in rest and not feed.is_bare(value)


def _records(
    feed: "_Feed", width: int, tally: Tally, delimiter: str, cut: Cut, check: Check | None
) -> Iterator[list[str]]:
    """Yield the good records, header included, and reject the others."""
    allow_long_fields()
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a quote in a wrong place, or a field that is too long
            record = []
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        else:
            if not record:
                continue  # an empty line
            if len(record) == width + 1 and not record[-1]:
                del record[-1]  # a separator at the end of the row
        reason = _fault(record, width, feed)
        if feed.has_returns and _ends_at_returns(feed, record, width, delimiter, check):
            feed.divide()
            cut.returns = cut.returns or feed.first
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            continue
        swallowed = not reason and len(feed.taken) > 1 and _swallows(feed, width, delimiter, check)
        if reason == "bad_quotes" or swallowed:
            if (mended := _mended(feed, delimiter, width, check, swallowed=swallowed)) is not None:
                record, reason = mended, "" if feed.utf8 else "bad_utf8"
                if sum(map(len, mended)) <= MAX_FIELD:
                    cut.mended += 1
                    cut.first_mended = cut.first_mended or feed.first
            else:
                feed.give_back(1)
                long = len(feed.raw()) > MAX_FIELD
                reason = "too_long" if long and reason == "bad_quotes" else reason or "bad_quotes"
        if not reason:
            cut.records += 1
            yield record
            continue
        cut.rejected += 1
        tally.rejects.add(feed.first, reason, feed.raw())


def _ends_at_returns(
    feed: "_Feed", record: Sequence[str], width: int, delimiter: str, check: Check | None
) -> bool:
    r"""Say whether lone ``\r`` end records in the last line that was read.

    Writers of quoted fields quote a ``\r``; in a table of one column so many are no accident.
    """
    last = feed.taken[-1][1]
    if width == 1:
        return b'"' not in last and last.count(b"\r") >= MANY_RETURNS
    if len(record) == width:
        return False

    def is_record(piece: bytes) -> bool:
        return _is_whole(piece.decode(errors="replace"), width, delimiter, check)

    return bool(records_at_returns(last, is_record))


def _fault(record: list[str], width: int, feed: "_Feed") -> str:
    if not record or (len(record) != width and len(feed.taken) > 1):
        return "bad_quotes"
    if len(record) != width:
        return "wrong_field_count"
    return "" if feed.utf8 else "bad_utf8"


def _swallows(feed: "_Feed", width: int, delimiter: str, check: Check | None) -> bool:
    """Say whether the lines of a record are records of their own with good values.

    The first one must be, and half of the others: of many, those at the start and the last count.
    Where the first is none, because its text has separators, two others must be and nearly all.
    """
    if check is None or width == 1:
        return False
    lines = feed.texts()
    first, *others = [line for line in (*lines[:MAX_LINES], *lines[MAX_LINES:][-1:]) if line]
    whole = sum(_is_whole(line, width, delimiter, check) for line in others)
    if _is_whole(first, width, delimiter, check):
        return 2 * whole >= max(1, len(others))
    return whole >= ENOUGH_RECORDS and whole >= NEARLY_ALL * len(others)


def _is_whole(line: str, width: int, delimiter: str, check: Check | None) -> bool:
    fields = cut_loosely(line, delimiter, width)
    return fields is not None and (check is None or check(fields))


def _mended(
    feed: "_Feed", delimiter: str, width: int, check: Check | None, *, swallowed: bool
) -> list[str] | None:
    """Cut a record with stray quotes from the fewest lines that make one; give the others back.

    Where there is none, all lines stay taken.
    """
    most = 1 if swallowed or feed.open_at_end else MAX_LINES
    for count in range(1, most + 1):
        if not feed.take(count):
            break
        fields = cut_loosely(feed.text_of(count), delimiter, width)
        if fields is None:
            continue
        feed.take(count + 1)
        next_is_whole = width > 1 and any(
            _is_whole(line, width, delimiter, check) for line in feed.texts()[count : count + 1]
        )
        if not _is_open(fields[-1]) or (count == 1 and next_is_whole):
            feed.give_back(count)
            return fields
    return None


def _is_open(field: str) -> bool:
    """Say whether the last field of a record may go on in the next line."""
    return field.startswith('"') and field.count('"') % 2 == 1


class _Feed(Iterator[str]):
    """Lines for ``csv.reader``, and which of them the current record took."""

    def __init__(self, blocks: Iterator[LineBlock], delimiter: str, quoting: Quoting) -> None:
        self._lines = numbered_lines(blocks)
        self._given_back: deque[tuple[int, bytes]] = deque()
        self._escaped = quoting in ("backslash", "backslash-all")
        self._everywhere = quoting == "backslash-all"
        some = f"\n\r{HIDDEN_RETURN}{delimiter if quoting == 'backslash-all' else ''}"
        self.escape = re.compile(rf"\\([{re.escape(some)}])")
        self.begin()

    def begin(self) -> None:
        """Start a record."""
        self.taken: list[tuple[int, bytes]] = []
        self.utf8 = True
        self.hidden = False
        self.slashes = False
        self.open_at_end = False
        self.text = ""  # of the last line

    @property
    def first(self) -> int:
        """The line on which the record begins."""
        return self.taken[0][0]

    def raw(self) -> bytes:
        """Return the record as it stands, without the end of its last line."""
        return b"\n".join(line for _, line in self.taken).removesuffix(b"\r")

    def texts(self) -> list[str]:
        """Return the record's lines as text, without their ends."""
        return [self._text(line).removesuffix("\r") for _, line in self.taken]

    def text_of(self, count: int) -> str:
        """Return the first lines of the record as text, without the end of the last one."""
        return "\n".join(self._text(line) for _, line in self.taken[:count]).removesuffix("\r")

    def shown(self, record: Sequence[str]) -> Sequence[str | None]:
        """Return fields with what was hidden from ``csv``, and without what escapes it."""
        if self.slashes:
            record = list(map(self._unescaped, record))
        return [one.replace(HIDDEN_RETURN, "\r") for one in record] if self.hidden else record

    def _unescaped(self, value: str) -> str:
        if not self._everywhere and HIDDEN_BACKSLASH in value and self.is_bare(value):
            value = value.replace(HIDDEN_BACKSLASH, "\\\\")
        if "\\" in value:
            value = self.escape.sub(r"\1", value)
        return value.replace(HIDDEN_QUOTE, '"').replace(HIDDEN_BACKSLASH, "\\")

    def is_bare(self, value: str) -> bool:
        """Say whether a field stands in the record without quotes around it."""
        text = "".join(self._text(line) + "\n" for _, line in self.taken)
        return f'"{value}"' not in text

    def take(self, count: int) -> bool:
        """Let the record have so many lines at least; say whether there are."""
        while len(self.taken) < count:
            if next(self, None) is None:
                return False
        return True

    def give_back(self, kept: int) -> None:
        """Keep the first lines of the record only; the others are read again."""
        if len(self.taken) > kept:
            self._given_back.extendleft(reversed(self.taken[kept:]))
            del self.taken[kept:]
            self.utf8 = True
            self.texts()

    @property
    def has_returns(self) -> bool:
        """Whether the last line has a return in its midst."""
        return self.hidden and b"\r" in self.taken[-1][1].rstrip(b"\r")

    def divide(self) -> None:
        """Give the record back, its last line as the lines that returns divide it into."""
        number, last = self.taken[-1]
        pieces = [(number, piece) for piece in last.split(b"\r") if piece.strip()]
        self._given_back.extendleft(reversed([*self.taken[:-1], *pieces]))

    def __next__(self) -> str:
        numbered = self._given_back.popleft() if self._given_back else next(self._lines, None)
        if numbered is None:
            self.open_at_end = bool(self.taken)
            raise StopIteration
        self.taken.append(numbered)
        self.text = self._text(numbered[1]) + "\n"
        return self.text

    def _text(self, line: bytes) -> str:
        """Return a line as text; a return at its end stays, as it may stand inside a field."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self.utf8 = False
            text = line.decode(errors="replace")
        if text.find("\r", 0, -1) >= 0:
            self.hidden = True
            text = text[:-1].replace("\r", HIDDEN_RETURN) + text[-1]
        if self._escaped and "\\" in text:
            self.slashes = True
            text = text.replace("\\\\", HIDDEN_BACKSLASH).replace('\\"', HIDDEN_QUOTE)
        return text

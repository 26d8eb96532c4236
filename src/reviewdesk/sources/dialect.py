"""How a table of text is written: its separator, where its header is, what its columns hold.

All this is seen from a file's first records and checked on the rest: ``quoting`` looks at every
quote of the file, and each record that does not fit is counted.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from math import ceil
from typing import Any, Final, Literal

from reviewdesk.sources.dates import read_date
from reviewdesk.sources.delimited import allow_long_fields
from reviewdesk.sources.escaped import cut_escaped, joined_lines, plain_field
from reviewdesk.sources.lines import BOM, LineBlock
from reviewdesk.sources.mapping import known_names

DELIMITERS: Final = "\x1f\x01\t,;|"
RECORDS_LOOKED_AT: Final = 200
FIRST_RECORDS: Final = 20
"""A header stands among these."""

NAME_WORDS: Final = 6
NAME_LENGTH: Final = 60
"""A longer text in the first record is a review, not the name of a column."""

MOSTLY: Final = 0.9
EVEN: Final = 0.75
"""So many of the first records have equally many fields; fewer do by chance."""

SURELY_KNOWN: Final = 3
"""With so many known names above records of equally many fields, no other separator is tried."""

VALUES_LOOKED_AT: Final = 50

KINDS: Final[tuple["Kind", ...]] = ("number", "date", "word")

Kind = Literal["number", "date", "word", "text"]
"""What all values of a column are; a word has no blank in it."""

_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?\r?$', re.IGNORECASE)
_COMMENT: Final = re.compile(r"\s*(?:#|//)")
_DIGIT: Final = re.compile(r"\d")
_NUMBER: Final = re.compile(r"[+-]?\d{1,19}(?:[.,]\d{1,9})?%?", re.ASCII)


@dataclass(frozen=True)
class Dialect:
    """How a table of text is written.

    Args:
        delimiter: what separates fields.
        lines: before the first record: titles, comments and the header.
        titles: of these, those above the header.
        header: the columns' names; numbers from 1 where there is no header.
        named: whether there is one.
        kinds: (fields,) what each column holds, as far as the first records tell.
        samples: the first records.
        quoted_header: whether the names stand in quotes.
    """

    delimiter: str
    lines: int
    titles: int
    header: tuple[str, ...]
    named: bool
    kinds: tuple[Kind, ...]
    samples: tuple[tuple[str, ...], ...] = ()
    quoted_header: bool = False

    @property
    def width(self) -> int:
        """How many fields a record has."""
        return len(self.header)

    def is_record(self, fields: Sequence[str]) -> bool:
        """Say whether fields are a record with good values: those of numbers, dates and words."""
        pairs = [pair for pair in zip(self.kinds, fields, strict=True) if pair[1]]
        sure = [pair for pair in pairs if pair[0] in ("number", "date")]
        words = [pair for pair in pairs if pair[0] == "word"]
        # One word in a row is chance.
        shown = sure or (words if len(words) > 1 else [])
        return bool(shown) and all(_is(kind, value) for kind, value in shown)


def dialect_of(start: bytes, *, cut_off: bool, header: bool = True, separator: str = "") -> Dialect:
    """Return how a table is written, from its first bytes.

    Args:
        start: UTF-8 text; bad characters do no harm.
        cut_off: whether the file goes on behind them.
        header: whether it may have one; it is also noticed where it has none.
        separator: what separates fields; empty where the first bytes tell.
    """
    lines = _lines(start, cut_off=cut_off)
    told = _SEPARATOR_LINE.match(lines[0])
    skip = 1 if told else 0
    delimiter = separator or (told[1] if told else _delimiter(lines))
    return _dialect(lines, skip, delimiter, header=header)


def even_dialect(start: bytes) -> Dialect | None:
    """Return how a whole small file is written that is surely a table with a record in each line.

    Its first line names known columns, and every line has as many fields. The answer is that of
    ``dialect_of``, sooner; None says nothing.
    """
    header, _, below = start.partition(b"\n")
    dialect = _of_header(header.removeprefix(BOM).removesuffix(b"\r"))
    if dialect is None or b"\\" in below:
        return None
    lines = below.decode(errors="replace").replace("\r\n", "\n").split("\n")
    if any(line.count('"') & 1 for line in lines):
        return None
    try:
        records = [
            one for one in csv.reader(lines, delimiter=dialect.delimiter, strict=True) if any(one)
        ]
    except csv.Error:
        return None
    if set(map(len, records)) != {dialect.width}:
        return None
    may_be_names = (one for one in records[:FIRST_RECORDS] if not _DIGIT.search("".join(one)))
    known = _known(dialect.header)
    if any(_known(one) > known for one in may_be_names):
        return None
    return replace(dialect, samples=_tuples(records[:RECORDS_LOOKED_AT]))


@lru_cache(maxsize=256)
def _of_header(line: bytes) -> Dialect | None:
    """Return how a table is written whose first line names known columns, if it surely does."""
    text = line.decode(errors="replace")
    delimiter = max(DELIMITERS, key=text.count)
    names = text.split(delimiter)
    if '"' in text or "\\" in text or len(names) < 2 or _known(names) < SURELY_KNOWN:
        return None
    header = tuple(" ".join(name.split()) for name in names)
    return Dialect(delimiter, 1, 0, header, named=True, kinds=())


def separators_of(start: bytes, *, cut_off: bool) -> list[str]:
    """Return all separators that cut the first records evenly, the best one first.

    Args:
        start: UTF-8 text.
        cut_off: whether the file goes on behind it.
    """
    lines = _lines(start, cut_off=cut_off)
    if told := _SEPARATOR_LINE.match(lines[0]):
        return [told[1]]
    if likely := _surely(lines):
        return [likely]
    fits = {one: _evenness(lines, one) for one in DELIMITERS}
    best = max(DELIMITERS, key=lambda one: fits[one])
    others = [one for one in DELIMITERS if one != best and fits[one][1] and fits[one][0] > 0]
    unnamed = [one for one in DELIMITERS if one != best and fits[one][1] and not fits[best][0]]
    return [best, *(others if fits[best][0] else unnamed)]


def has_first_records(start: bytes) -> bool:
    """Say whether a file's first bytes hold as many whole records as a header is looked for in.

    A record ends with a line in which no quote is open.
    """
    records, is_open = 0, False
    for line in start.split(b"\n")[:-1]:
        is_open ^= line.count(b'"') - line.count(b'\\"') & 1 == 1
        records += not is_open
        if records >= FIRST_RECORDS:
            return True
    return False


def _lines(start: bytes, *, cut_off: bool) -> list[str]:
    text = start.removeprefix(BOM).decode(errors="replace")
    if cut_off and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    return text.replace("\r\n", "\n").split("\n")


def _delimiter(lines: Sequence[str]) -> str:
    """Return what cuts most first records into equally many fields, two or more."""
    return _surely(lines) or max(DELIMITERS, key=lambda one: _evenness(lines, one))


def _surely(lines: Sequence[str]) -> str:
    """Return what separates known names above records of equally many fields; empty if unsure."""
    likely = max(DELIMITERS, key=lines[0].count)
    known, even, _, width = _evenness(lines, likely)
    return likely if known >= SURELY_KNOWN and even == 1 and width > 1 else ""


def _evenness(lines: Sequence[str], delimiter: str) -> tuple[int, float, bool, int]:
    """Return how well a separator fits: names that are known, even records, no text's, fields.

    Tabs and control characters are in no text, so that they separate where they do so evenly.
    """
    records = [record for _, record in _records(lines, delimiter)]
    if not records:
        return 0, 0.0, False, 0
    widths = Counter(map(len, records))
    width, count = max(widths.items(), key=lambda one: (one[1], one[0]))
    fitting = [one for one in records[:FIRST_RECORDS] if _fits(len(one), width)]
    known = max(map(_known, fitting), default=0)
    even = count / len(records)
    fits = width > 1 and even >= EVEN
    return (known, even, delimiter < " ", width) if fits else (known, 0.0, False, 1)


def _fits(fields: int, width: int) -> bool:
    """Say whether a header may have so many fields; at a record's end there may be one more."""
    return fields == 1 if width == 1 else fields > 1 and abs(fields - width) <= 1


def _dialect(lines: Sequence[str], skip: int, delimiter: str, *, header: bool) -> Dialect:
    numbered = list(_records(lines[skip:], delimiter))
    records = [record for _, record in numbered]
    if not records:
        return Dialect(delimiter, skip, skip, (), named=True, kinds=())
    first = _first_record(records)
    names = records[first]
    below = records[first + 1 :]
    if not (header and _is_header(names) and not _recurs(names, below)):
        width = _usual_width(records[first:])
        kinds = _kinds(records[first:], width)
        numbers = tuple(str(number) for number in range(1, width + 1))
        before = skip + (numbered[first - 1][0] if first else 0)
        return Dialect(
            *(delimiter, before, before, numbers),
            named=False,
            kinds=kinds,
            samples=_tuples(records[first:]),
        )
    names = _fitted(names, below)
    return Dialect(
        delimiter,
        skip + numbered[first][0],
        skip + (numbered[first - 1][0] if first else 0),
        tuple(" ".join(name.split()) for name in names),
        named=True,
        kinds=_kinds(below, len(names)),
        samples=_tuples(below),
        quoted_header=lines[skip + (numbered[first - 1][0] if first else 0)].startswith('"'),
    )


def _records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first records that are not empty, and up to which line each goes.

    A stray quote holds lines together; where all of them are records as they stand, they are. Where
    there are backslashes, the reading counts in which records have most equally many fields.
    """
    quoted = list(_quoted_records(lines, delimiter))
    if any("\n" in field for _, record in quoted for field in record):
        plain = [line.split(delimiter) for line in lines]
        widths = [len(record) for record in plain if any(record)]
        if len(set(widths)) == 1 and widths[0] > 1 and len(widths) > 1:
            quoted = list(enumerate(plain, 1))
    if any("\\" in line for line in lines[:RECORDS_LOOKED_AT]):
        # Who escapes instead of quoting quotes no name either.
        bare = not lines[0].startswith('"')
        escaped = list(_escaped_records(lines, delimiter)) if bare else quoted
        behind = list(_quoted_records(lines, delimiter, escapechar="\\", doublequote=False))
        # A text that ends in a backslash is rarer than a tab behind one.
        likely = delimiter == "\t" and any("\\\t" in line for line in lines)
        readings = (escaped, quoted, behind) if likely else (quoted, behind, escaped)
        quoted = min(readings, key=_unevenness)
    return ((line, record) for line, record in quoted if any(record))


def _unevenness(numbered: Sequence[tuple[int, list[str]]]) -> int:
    """Return how many records have not as many fields as most; all, if they have one."""
    widths = Counter(len(record) for _, record in numbered if any(record))
    if not widths:
        return 0
    (width, count), *_ = widths.most_common(1)
    return widths.total() - (count if width > 1 else 0)


def _escaped_records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    block = LineBlock("".join(line + "\n" for line in lines[:RECORDS_LOOKED_AT]).encode(), 1)
    for line, raw in joined_lines([block]):
        fields = cut_escaped(raw, delimiter.encode())
        texts = [plain_field(one).decode(errors="replace") for one in fields]
        yield line + raw.count(b"\n"), texts


def _quoted_records(
    lines: Sequence[str], delimiter: str, **options: Any
) -> Iterator[tuple[int, list[str]]]:
    allow_long_fields()
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, **options)
    try:
        for record in islice(reader, RECORDS_LOOKED_AT):
            yield reader.line_num, record
    except csv.Error:
        return


def _first_record(records: Sequence[Sequence[str]]) -> int:
    """Return which record is the header or, without one, the first: titles and comments are not."""
    names = [_known(record) for record in records[:FIRST_RECORDS]]
    if names[0] and names[0] == max(names) and len(records[0]) == _usual_width(records):
        return 0
    if max(names) >= 1 and not names[0]:
        best = names.index(max(names))
        if names[best] > 1 or (len(records[best]) == 1 and _are_comments(records[:best])):
            return best
    width = _usual_width(records)
    for number, record in enumerate(records[:FIRST_RECORDS]):
        if _COMMENT.match(record[0]) and len(records) > number + 1:
            continue
        if width == 1 or sum(map(bool, record)) > 1 or number + 1 == len(records):
            return number
    return 0


def _are_comments(records: Sequence[Sequence[str]]) -> bool:
    return all(_COMMENT.match(record[0]) for record in records)


def _known(record: Sequence[str]) -> int:
    """Return how many of the reviews table's columns names stand for; 0 if the text is not one."""
    if any(len(name) > NAME_LENGTH for name in record):
        return 0
    return known_names([" ".join(name.split()) for name in record])


def _usual_width(records: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, records)).most_common(1)[0][0]


def _is_header(names: Sequence[str]) -> bool:
    """Say whether a record holds names: known ones, or at least no numbers, dates or sentences."""
    if _known(names) or not any(names):
        return bool(any(names))
    if any(len(name) > NAME_LENGTH or len(name.split()) > NAME_WORDS for name in names):
        return False
    return not any(_is("number", name) or _is("date", name) for name in names if name)


def _is_date(value: str) -> bool:
    if len(value) > NAME_LENGTH or value.isdigit() or not _DIGIT.search(value):
        return False
    return read_date(value.strip()) is not None


def _recurs(names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether a first record of unknown names is one of labels, which stand below it as well.

    A header that stands in a file again, where it was joined from two, recurs as a whole.
    """
    if _known(names) or len(names) < 2:
        return False
    alike = [record for record in below if len(record) == len(names) and record != names]
    pairs = [zip(names, record, strict=True) for record in alike]
    return any(name == value and name for pair in pairs for name, value in pair)


def _fitted(names: list[str], below: Sequence[Sequence[str]]) -> list[str]:
    """Return names for as many fields as the records have.

    Every record may end in a separator that the header has not, or the other way round; and R
    writes the numbers of rows without a name for them.
    """
    longer = [record for record in below if len(record) == len(names) + 1]
    if below and len(longer) == len(below):
        if not any(record[-1] for record in longer):
            return names  # the separator at a record's end makes no field
        if len({record[0] for record in longer}) == len(longer):
            return ["", *names]
    shorter = [record for record in below if len(record) == len(names) - 1]
    if below and len(shorter) == len(below) and not names[-1]:
        return names[:-1]
    return names


def _kinds(records: Sequence[Sequence[str]], width: int) -> tuple[Kind, ...]:
    whole = [record for record in records if len(record) in (width, width + 1)]
    return tuple(_kind([record[place] for record in whole]) for place in range(width))


def _kind(values: Sequence[str]) -> Kind:
    filled = [value for value in values if value][:VALUES_LOOKED_AT]
    for kind in KINDS:
        if filled and _are_mostly(kind, filled):
            return kind
    return "text"


def _are_mostly(kind: Kind, values: Sequence[str]) -> bool:
    others_allowed = len(values) - ceil(MOSTLY * len(values))
    others = 0
    for value in values:
        others += not _is(kind, value)
        if others > others_allowed:
            return False
    return True


def _is(kind: Kind, value: str) -> bool:
    if kind == "number":
        return _NUMBER.fullmatch(value) is not None
    if kind == "date":
        return _is_date(value)
    return kind == "text" or not (set(value) & set(' "\n') or len(value) > NAME_LENGTH)


@dataclass
class ColumnFacts:
    """What all values of a column without a name tell.

    Args:
        kinds: how many values can be each kind.
        filled: values that are not empty.
        chars: characters of all values.
        ratings: numbers that may be ratings; no scale goes further than 100.
    """

    kinds: Counter[Kind] = field(default_factory=Counter)
    filled: int = 0
    chars: int = 0
    ratings: int = 0

    def add(self, value: str, count: int) -> None:
        """Take in a value that occurs so many times."""
        self.filled += count
        self.chars += count * len(value)
        for kind in KINDS:
            if _is(kind, value):
                self.kinds[kind] += count
        if _is("number", value) and -1 <= float(value.rstrip("%").replace(",", ".")) <= 100:
            self.ratings += count

    @property
    def kind(self) -> Kind:
        """What nearly all values are."""
        enough = MOSTLY * max(1, self.filled)
        return next((kind for kind in KINDS if self.kinds[kind] >= enough), "text")


def columns_of(header: Sequence[str], facts: Sequence[ColumnFacts]) -> dict[str, str]:
    """Return which columns of a table without a header hold what: column of ours → its number.

    Args:
        header: the numbers.
        facts: what all values of each column tell.
    """
    columns: dict[str, str] = {}
    kinds = [one.kind for one in facts]
    texts = [place for place, kind in enumerate(kinds) if kind == "text"]
    words = [place for place, kind in enumerate(kinds) if kind == "word" and facts[place].filled]
    texts = texts or (words if len(words) == 1 else [])
    if not texts:
        return columns
    columns["review_body"] = header[max(texts, key=lambda place: facts[place].chars)]
    for number, kind in enumerate(kinds):
        rated = kind == "number" and facts[number].ratings == facts[number].kinds["number"]
        if rated and "star_rating" not in columns:
            columns["star_rating"] = header[number]
        elif kind == "date" and "review_date" not in columns:
            columns["review_date"] = header[number]
    return columns


def _tuples(records: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, records))

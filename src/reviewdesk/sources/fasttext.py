"""Training files of fastText and BlazingText: ``__label__NAME`` and a text, one a line.

What labels mean, the first ones tell: 1 to 5 are stars (of a polarity file, 1 and 2 are one star
and five), ``positive`` and the like are sentiment, all others are categories. Source: fastText,
docs/supervised-tutorial.md; src/dictionary.cc for what separates words.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final

from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.lines import BOM, line_blocks, numbered_lines
from reviewdesk.sources.polarity import STARS_OF_CLASS, is_polarity, mostly
from reviewdesk.sources.raw_rows import RowBuilder
from reviewdesk.sources.stars import parse_stars

PREFIX: Final = "__label__"
BETWEEN: Final = "|"

_SEPARATORS: Final = " \t\r\v\f\0"
_LABEL: Final = re.compile(
    rf"{PREFIX}(?<![^{_SEPARATORS}]{PREFIX})([^{_SEPARATORS}]*)[{_SEPARATORS}]*"
)
"""The prefix stands first in it because that is what can be searched for fast."""

_LABELS: Final = re.compile(rf"{PREFIX}(?<![^{_SEPARATORS}\n]{PREFIX})([^{_SEPARATORS}\n]*)")
"""The same in many lines."""

_FIRST_LINE: Final = re.compile(rb"\s*__label__[^\s\0]+[ \t]")
_SENTIMENT: Final = {
    **dict.fromkeys(("neg", "negative"), "1"),
    **dict.fromkeys(("neu", "neutral"), "3"),
    **dict.fromkeys(("pos", "positive"), "5"),
}

Meaning = Callable[[str], str]
"""Makes the value of a column from a label's name."""


class FastTextSource(Source):
    """Reads fastText's and BlazingText's training files."""

    name: ClassVar[str] = "fasttext"
    title: ClassVar[str] = "fastText and BlazingText training files"
    description: ClassVar[str] = "__label__NAME and a text a line; labels are stars or categories"

    columns: ClassVar[Mapping[str, str]] = {
        "star_rating": "labels, if they are stars or sentiment",
        "product_category": "labels, if they are neither",
        "review_body": "text behind the labels",
    }

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look for a label at the start."""
        return _FIRST_LINE.match(probe.head.removeprefix(BOM)) is not None

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the lines; of several labels the first counts, unless all are asked for."""
        keep_all = self.settings.several_labels == "all"
        column, meaning = ("product_category", str) if keep_all else _meaning(file)
        builder = RowBuilder([column, "review_body"])
        several = 0
        for block in line_blocks(file, tally):
            for number, raw in numbered_lines([block]):
                if not raw.strip():
                    continue
                try:
                    line = raw.decode()
                except UnicodeDecodeError:
                    tally.rejects.add(number, "bad_utf8", raw)
                    continue
                labels = _LABEL.findall(line)
                several += len(labels) > 1
                if keep_all:
                    labels = [BETWEEN.join(labels)] if labels else []
                body = _LABEL.sub("", line).strip(_SEPARATORS)
                builder.add([meaning(labels[0]) if labels else None, body], raw, number)
                if builder.full:
                    yield builder.take()
            yield builder.take()
        if several and not keep_all:
            tally.notes.append(
                f"{several:,} lines of {tally.file} have several labels; the first of each counts, "
                "unless --several-labels all keeps them"
            )


def _meaning(file: SourceFile) -> tuple[str, Meaning]:
    """Return the column that the labels of a file belong in, and what makes its values of them."""
    counts: Counter[str] = Counter()
    for block in line_blocks(file, Tally("")):
        counts.update(_LABELS.findall(block.data.decode(errors="replace")))
    stars = {name for name in counts if parse_stars(name)}
    if mostly(stars, counts):
        return "star_rating", _polar_stars if is_polarity(file, stars) else str
    if mostly({name for name in counts if name.lower() in _SENTIMENT}, counts):
        return "star_rating", lambda name: _SENTIMENT.get(name.lower(), name)
    return "product_category", str


def _polar_stars(name: str) -> str:
    return STARS_OF_CLASS.get(name, "class")

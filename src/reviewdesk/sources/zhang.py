"""The CSVs of Zhang, Zhao and LeCun: Amazon and Yelp reviews with a class and no header.

Full sets have 1 to 5 stars as classes. Polarity sets have 1 (one or two stars) and 2 (four or
five); which it was is lost, so the outermost stand for them: 1 and 5. A line break is written as
``\\n`` with two characters. Source: Character-level Convolutional Networks for Text Classification,
NIPS 2015.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.delimited import csv_rows
from reviewdesk.sources.lines import BOM, line_blocks
from reviewdesk.sources.polarity import is_polarity
from reviewdesk.sources.stream import head

_FIRST_LINE: Final = re.compile(rb'"[1-5]","(?:[^"]|"")*"(?:,"((?:[^"]|"")*)")?\r?(?:\n|$)')
_CLASS: Final = re.compile(rb'^"([1-5])","', re.MULTILINE)


class Zhang(Source):
    """Reads amazon_review and yelp_review, polarity and full."""

    name: ClassVar[str] = "zhang"
    title: ClassVar[str] = "Zhang et al. review CSVs (polarity, full)"
    description: ClassVar[str] = "train.csv and test.csv: class, title, text in quotes, no header"

    columns: ClassVar[Mapping[str, str]] = {
        "star_rating": "class (field 1)",
        "review_headline": "title (field 2, where there are three)",
        "review_body": "text (last field)",
    }

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look for a class and one or two texts, all in quotes."""
        return _FIRST_LINE.match(probe.head.removeprefix(BOM)) is not None

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the rows, polarity as the outermost stars."""
        start = head(file).removeprefix(BOM)
        found = _FIRST_LINE.match(start)
        has_title = found is not None and found[1] is not None
        names = ["star_rating", "review_headline", "review_body"]
        if not has_title:
            names.remove("review_headline")
        polarity = is_polarity(file, _classes(file))
        for rows in csv_rows(line_blocks(file, tally), names, tally, ",", header=False):
            columns = {name: _with_line_breaks(values) for name, values in rows.columns.items()}
            if polarity:
                columns["star_rating"] = _outermost(columns["star_rating"])
            yield replace(rows, columns=columns)


def _classes(file: SourceFile) -> set[str]:
    classes: set[bytes] = set()
    for block in line_blocks(file, Tally("")):
        classes.update(_CLASS.findall(block.data))
    return {one.decode() for one in classes}


def _with_line_breaks(values: pa.Array) -> pa.Array:
    return pc.replace_substring(values, "\\n", "\n")


def _outermost(classes: pa.Array) -> pa.Array:
    """Turn class 2 into 5 stars; a class that is none stays and is rejected as a rating."""
    stars = pc.if_else(pc.equal(classes, "2"), "5", classes)
    odd = pc.is_in(classes, pa.array(["3", "4", "5"]))
    return pc.if_else(odd, "class", stars)

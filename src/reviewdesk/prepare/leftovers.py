"""Leftovers of scraping: what more than half of all texts begin or end with."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

import pyarrow.compute as pc

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.report.numbers import share

FEWEST_TEXTS: Final = 50
SAMPLED_PARTS: Final = 20
SAMPLED_ROWS: Final = 200
"""Texts of each sampled part that are looked at; all are counted only where these have some."""

MOST_WORDS: Final = 6
FEWEST_CHARACTERS: Final = 4


class Leftover(NamedTuple):
    """What many texts begin or end with: how many of them, and whether they end with it."""

    text: str
    ends: bool
    reviews: int


def leftovers(data: PreparedData) -> list[Leftover]:
    """Return what more than half of all texts begin with, and what they end with."""
    if data.rows < FEWEST_TEXTS:
        return []
    sample = list(_sampled(data))
    shared = []
    for ends in (False, True):
        text = _shared(sample, ends)
        if not text:
            continue
        matches = pc.ends_with if ends else pc.starts_with
        columns = (batch.column(0) for batch in data.batches(["review_body"]))
        count = sum(matches(column, text).true_count for column in columns)
        if 2 * count > data.rows:
            shared.append(Leftover(text, ends, count))
    return shared


def leftover_notes(data: PreparedData) -> Iterator[str]:
    """Yield a sentence about each leftover, with the option that takes it away."""
    for one in leftovers(data):
        verb = "end" if one.ends else "begin"
        quoted = one.text.replace('"', '\\"')
        yield (
            f"{share(one.reviews / data.rows, 0)} of all texts {verb} with {one.text!r}, which "
            f'scraping may have left; take it away with --strip "{quoted}"'
        )


def _sampled(data: PreparedData) -> Iterator[str]:
    parts = data.manifest["partitions"]
    step = -(-len(parts) // SAMPLED_PARTS)
    for part in parts[::step]:
        for batch in islice(data.part_batches(part, ["review_body"], SAMPLED_ROWS), 1):
            yield from batch.column(0).to_pylist()


def _shared(texts: Sequence[str], ends: bool) -> str:
    """Return the longest run of words that more than half of texts begin or end with."""
    longest = ""
    for size in range(1, MOST_WORDS + 1):
        counts: Counter[str] = Counter()
        for text in texts:
            words = text.rsplit(maxsplit=size) if ends else text.split(maxsplit=size)
            if len(words) > size:
                edge = text[len(words[0]) :] if ends else text[: len(text) - len(words[-1])]
                counts[edge] += 1
        most = counts.most_common(1)
        if not most or 2 * most[0][1] <= len(texts):
            break
        longest = most[0][0].strip()
    return longest if len(longest) >= FEWEST_CHARACTERS else ""

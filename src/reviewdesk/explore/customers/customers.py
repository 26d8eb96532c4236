"""What customers say: read, compared, listed, with trends, groups and examples."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.explore.customers.contrast import FALSE_SHARE, Contrast, contrast
from reviewdesk.explore.customers.examples import Wanted, show
from reviewdesk.explore.customers.listing import Entry, lists
from reviewdesk.explore.customers.mentions import NONE, SIDES, Mentions, read_mentions
from reviewdesk.explore.customers.tables import (
    ALL,
    ASPECT,
    CATEGORY,
    PARTS,
    PHRASE,
    PHRASES,
    PRODUCT,
    Customers,
)
from reviewdesk.explore.customers.trends import (
    Said,
    drifts,
    group_table,
    groupings,
    month_codes,
)
from reviewdesk.explore.customers.vocabulary import Vocabulary, read_vocabulary
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress

MOST_CATEGORIES: Final = 60
CLEAR: Final = 0.05
"""A drift is called one when at most so much of all that are as clear is chance."""


class _Level(NamedTuple):
    """All of one scope: the parts' names, each review's part (n,), and what was found there."""

    scope: str
    names: list[str]
    part: NDArray[np.int32]
    found: Contrast
    listed: list[list[Entry]]


def read_customers(data: PreparedData, progress: Progress = SILENT) -> Customers:
    """Find what customers say in low and in high ratings: of all, per category, per product.

    Args:
        data: prepared reviews.
        progress: is shown how far it has come.

    Raises:
        StorageError: a file cannot be read.
        InputError: a file is damaged.
    """
    mentions = read_mentions(data, progress)
    if not len(mentions) or not len(mentions.phrases):
        return Customers.nothing()
    vocabulary = read_vocabulary(mentions)
    levels: list[_Level] = []
    for scope in _scopes(mentions):
        known = levels[0].found if levels and scope[0] == PRODUCT else None
        levels.append(_level(*scope, mentions, vocabulary, known))
    lines = list(_lines(levels, mentions))
    shown = show(data, mentions, [wanted for _, wanted, _ in lines], progress)
    said = [one for _, _, one in lines]
    drift, months = drifts(said, month_codes(mentions))
    rows = []
    for (row, wanted, _), change in zip(lines, drift, strict=True):
        clear = change.q <= CLEAR
        row |= {
            "text": shown.spelling.get(wanted.phrase, ""),
            "variants": [shown.spelling[one] for one in wanted.variants if one in shown.spelling],
            "trend": ("rising" if change.z > 0 else "falling") if clear else "",
            "trend_z": change.z,
            "trend_q": change.q,
        }
        rows.append(row)
    return Customers(
        _parts(levels, mentions),
        pa.Table.from_pylist(rows, PHRASES),
        shown.examples,
        months,
        group_table(said, groupings(mentions)),
    )


def _scopes(mentions: Mentions) -> Iterator[tuple[str, list[str], NDArray[np.int32]]]:
    """Yield each scope with its parts; one review copied over variants counts once above them."""
    copied = mentions.facts["copy_of"].is_valid().to_numpy()
    yield ALL, [""], np.where(copied, NONE, 0).astype(np.int32)
    names, category = _coded(mentions, "product_category", MOST_CATEGORIES)
    if len(names) > 1:
        yield CATEGORY, names, np.where(copied, NONE, category).astype(np.int32)
    names, product = _coded(mentions, "product_id", len(mentions))
    if names:
        yield PRODUCT, names, product


def _coded(mentions: Mentions, column: str, most: int) -> tuple[list[str], NDArray[np.int32]]:
    """Return the largest parts' names, ascending, and the part of each review, NONE for none."""
    encoded = mentions.facts[column].combine_chunks().dictionary_encode()
    codes = encoded.indices.fill_null(NONE).to_numpy(zero_copy_only=False)
    names = encoded.dictionary.to_pylist()
    sizes = np.bincount(codes[codes != NONE], minlength=len(names))
    largest = sorted(range(len(names)), key=lambda code: (-sizes[code], names[code]))[:most]
    kept = sorted(largest, key=lambda code: names[code])
    place = np.full(len(names) + 1, NONE, np.int32)  # the last: no value
    place[kept] = np.arange(len(kept))
    return [names[code] for code in kept], place[codes]


def _level(
    scope: str,
    names: list[str],
    part: NDArray[np.int32],
    mentions: Mentions,
    vocabulary: Vocabulary,
    known: Contrast | None,
) -> _Level:
    wanted = vocabulary.aspect | (vocabulary.says_something & ~vocabulary.single)
    found = contrast(mentions, part, wanted, known)
    return _Level(scope, names, part, found, list(lists(found, mentions, part, vocabulary)))


def _lines(
    levels: list[_Level], mentions: Mentions
) -> Iterator[tuple[dict[str, Any], Wanted, Said]]:
    """Yield each line of each list: its row so far, its phrase, and who says it."""
    entry = 0
    single = mentions.phrases.parts[:, 1] == 0
    for level in levels:
        for listed in level.listed:
            first = listed[0].row
            part, side = level.found.part[first], level.found.side[first]
            of = np.flatnonzero((level.part == part) & (mentions.side == side))
            for rank, line in enumerate(listed, start=1):
                row = _row(level, line.row)
                phrase = int(level.found.phrase[line.row])
                row |= {"entry": entry, "rank": rank, "kind": ASPECT if single[phrase] else PHRASE}
                yield (
                    row,
                    Wanted(entry, phrase, line.variants, line.reviews),
                    Said(entry, line.reviews, of),
                )
                entry += 1


def _row(level: _Level, at: int) -> dict[str, Any]:
    contrasts = level.found
    own, other = int(contrasts.own[at]), int(contrasts.other[at])
    return {
        "scope": level.scope,
        "part": level.names[contrasts.part[at]],
        "side": SIDES[contrasts.side[at]],
        "reviews": own,
        "share": own / int(contrasts.own_of[at]),
        "other_reviews": other,
        "other_share": other / max(int(contrasts.other_of[at]), 1),
        "log_odds": float(contrasts.ratio[at]),
        "chance": float(contrasts.chance[at]),
        "q": float(contrasts.q[at]),
        "clear": bool(contrasts.q[at] <= FALSE_SHARE),
    }


def _parts(levels: list[_Level], mentions: Mentions) -> pa.Table:
    tables = []
    for level in levels:
        inside = level.part != NONE
        sizes = [
            np.bincount(level.part[inside & (mentions.side == side)], minlength=len(level.names))
            for side in range(len(SIDES))
        ]
        count, of_product = len(level.names), level.scope == PRODUCT
        title, category = (
            _any(mentions, level, f"product_{name}") if of_product else [None] * count
            for name in ("title", "category")
        )
        columns = [[level.scope] * count, level.names, title, category, *sizes]
        tables.append(pa.table(columns, schema=PARTS))
    return pa.concat_tables(tables)


def _any(mentions: Mentions, level: _Level, column: str) -> list[Any]:
    """Return what a column holds for a review of each part that has a value there."""
    values = mentions.facts[column].combine_chunks()
    rows = np.flatnonzero((level.part != NONE) & values.is_valid().to_numpy(zero_copy_only=False))
    rows = rows[np.argsort(mentions.order[rows])]
    last = np.full(len(level.names), NONE, np.int64)
    last[level.part[rows]] = rows
    taken = values.take(pa.array(np.maximum(last, 0)))
    kept: list[Any] = pc.if_else(pa.array(last >= 0), taken, None).to_pylist()
    return kept

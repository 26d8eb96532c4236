"""How often phrases are said month by month, and in groups of reviews, with tests of both."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.explore.customers.mentions import NONE, Mentions
from reviewdesk.explore.customers.tables import GROUPS, MONTHS
from reviewdesk.stats.contingency import armitage_trend, fisher_chances, least_chances
from reviewdesk.stats.false_discovery import benjamini_hochberg

FEWEST_MONTHS: Final = 6
FEWEST_IN_GROUP: Final = 20
MOST_GROUPS: Final = 8  # the largest of each kind
POSSIBLE: Final = 0.01

Ints = NDArray[np.int64]


class Said(NamedTuple):
    """Who says a phrase: of the reviews of its side in its part (s,), those that do (r,)."""

    entry: int
    reviews: Ints
    side: Ints


class Grouping(NamedTuple):
    """One way to divide reviews: its name, the groups' names, and each review's group (n,)."""

    by: str
    names: list[str]
    code: NDArray[np.int32]


class Drift(NamedTuple):
    """How the share of those who say a phrase changes over the months."""

    z: float
    q: float


def month_codes(mentions: Mentions) -> NDArray[np.int64]:
    """Return the month of each review as ``12 * year + month - 1``; NONE where it is unknown."""
    dates = mentions.facts["review_date"].combine_chunks()
    codes = 12 * pc.year(dates).cast(pa.int64()).to_numpy(zero_copy_only=False)
    codes = codes + pc.month(dates).cast(pa.int64()).to_numpy(zero_copy_only=False) - 1
    known: NDArray[np.int64] = np.where(np.isnan(codes), NONE, codes).astype(np.int64)
    return known


def drifts(said: Sequence[Said], months: NDArray[np.int64]) -> tuple[list[Drift], pa.Table]:
    """Return how phrases drift, and how often each is said month by month.

    Args:
        said: who says each phrase.
        months: (n,) of the reviews, from ``month_codes``.
    """
    tested, parts = [], []
    for line in said:
        known = months[line.side]
        known = known[known != NONE]
        if not len(known):
            tested.append((0.0, 1.0))
            continue
        first = int(known.min())
        rows = np.bincount(known - first)
        having = months[line.reviews]
        hits = np.bincount(having[having != NONE] - first, minlength=len(rows))
        there = np.flatnonzero(rows)
        enough = len(there) >= FEWEST_MONTHS
        at = there.astype(np.float64)
        tested.append(armitage_trend(hits[there], rows[there], at) if enough else (0.0, 1.0))
        parts.append((line.entry, there + first, hits[there], rows[there]))
    q = benjamini_hochberg(np.array([chance for _, chance in tested]))
    changes = [Drift(z, float(share)) for (z, _), share in zip(tested, q, strict=True)]
    return changes, _month_table(parts)


def _month_table(parts: Sequence[tuple[int, Ints, Ints, Ints]]) -> pa.Table:
    if not parts:
        return MONTHS.empty_table()
    entries, months, hits, rows = zip(*parts, strict=True)
    codes = np.concatenate(months)
    names = {code: f"{code // 12:04d}-{code % 12 + 1:02d}" for code in np.unique(codes).tolist()}
    return pa.table(
        [
            np.repeat(np.array(entries, np.int32), [len(part) for part in hits]),
            [names[code] for code in codes.tolist()],
            np.concatenate(hits),
            np.concatenate(rows),
        ],
        schema=MONTHS,
    )


def groupings(mentions: Mentions) -> list[Grouping]:
    """Return how the reviews can be divided: by what is filled and has two groups or more."""
    facts = mentions.facts
    helpful = pc.greater(facts["helpful_votes"].combine_chunks(), 0)
    kinds = [
        ("marketplace", facts["marketplace"].combine_chunks()),
        ("purchase", _named(facts["verified_purchase"].combine_chunks(), "verified", "unverified")),
        ("vine", _named(facts["vine"].combine_chunks(), "vine", "not vine")),
        ("votes", _named(helpful, "found helpful", "no helpful vote")),
    ]
    return [Grouping(by, *coded) for by, values in kinds if (coded := _coded(values)) is not None]


def _named(flags: pa.Array, yes: str, no: str) -> pa.Array:
    return pc.if_else(flags, yes, no)


def _coded(values: pa.Array) -> tuple[list[str], NDArray[np.int32]] | None:
    encoded = values.dictionary_encode()
    codes = encoded.indices.fill_null(NONE).to_numpy(zero_copy_only=False).astype(np.int32)
    sizes = np.bincount(codes[codes != NONE], minlength=len(encoded.dictionary))
    order = np.argsort(-sizes, kind="stable")
    kept = [int(code) for code in order if sizes[code] >= FEWEST_IN_GROUP][:MOST_GROUPS]
    if len(kept) < 2:
        return None
    place = np.full(len(sizes) + 1, NONE, np.int32)  # the last: no value
    place[kept] = np.arange(len(kept))
    return [encoded.dictionary[code].as_py() for code in kept], place[codes]


def group_table(said: Sequence[Said], ways: Sequence[Grouping]) -> pa.Table:
    """Return how often phrases are said in groups of reviews, with tests of group against rest."""
    rows = [row for one in said for way in ways for row in _of_groups(one, way)]
    if not rows:
        return GROUPS.empty_table()
    hits, of, rest, rest_of = (
        np.array([row[name] for row in rows]) for name in ("reviews", "of", "rest", "rest_of")
    )
    chance = np.ones(len(rows))
    tested = np.flatnonzero(least_chances(hits + rest, of, rest_of) <= POSSIBLE)
    chance[tested] = fisher_chances(hits[tested], rest[tested], of[tested], rest_of[tested])
    q = np.ones(len(rows))
    q[tested] = benjamini_hochberg(chance[tested])
    for row, share in zip(rows, q.tolist(), strict=True):
        row["q"] = share
    return pa.Table.from_pylist(rows, GROUPS)


def _of_groups(said: Said, way: Grouping) -> Iterator[dict[str, Any]]:
    of, hits = _counts(way, said.side), _counts(way, said.reviews)
    enough = [group for group in range(len(way.names)) if of[group] >= FEWEST_IN_GROUP]
    if len(enough) < 2:
        return
    for group in enough:
        yield {
            "entry": said.entry,
            "by": way.by,
            "group": way.names[group],
            "reviews": int(hits[group]),
            "of": int(of[group]),
            "share": float(hits[group] / of[group]),
            "rest": int(hits.sum() - hits[group]),
            "rest_of": int(of.sum() - of[group]),
        }


def _counts(way: Grouping, reviews: Ints) -> Ints:
    codes = way.code[reviews]
    return np.bincount(codes[codes != NONE], minlength=len(way.names))

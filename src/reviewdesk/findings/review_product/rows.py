"""Reviews under the wrong product as rows of findings, with the evidence that a person needs."""

from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.products import NONE, Products
from reviewdesk.findings.review_product.judging import Judged
from reviewdesk.findings.samples import telling_samples
from reviewdesk.findings.words import Question, telling_words
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.schema import FINDINGS

CHARTED: Final = 5
EXPLAINED: Final = 2_000
"""Findings that get words: those first in the lists. More would be read by nobody."""
TYPICAL: Final = 2
CANDIDATES: Final = 24

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Listed(NamedTuple):
    """The longest list, the surest first."""

    places: Ints  # (m,) among the judged reviews
    posterior: Floats  # (m,)
    promise: Floats  # (m,) of the strictest list that holds each


def finding_rows(
    data: PreparedData, judged: Judged, listed: Listed, progress: Progress
) -> pa.Table:
    """Return a list as schema ``FINDINGS``.

    Args:
        data: the reviews.
        judged: those that were judged.
        listed: which of them are found.
        progress: is shown how far it has come.
    """
    if not len(listed.places):
        return FINDINGS.empty_table()
    suggested = _suggested(judged, listed.places)
    words = _words(data, judged, listed.places, suggested, progress)
    typical = _typical(data, judged, suggested, progress)
    names = _ids(data, judged.rows[listed.places])
    products, rows = judged.products, []
    for place, name in enumerate(names):
        at, belongs = int(listed.places[place]), int(suggested[place])
        stands = int(products.of_review[judged.rows[at]])
        rows.append(
            {
                "finder": "review-product",
                "kind": "review",
                "what": name,
                "title": products.titles[stands],
                "where": products.ids[stands],
                "suggested": products.ids[belongs],
                "reviews": 1,
                "score": float(listed.posterior[place]),
                "promise": float(listed.promise[place]),
                "action": f"Move the review to {_name(products, belongs)} if it is about that, or "
                "leave it out of this product's ratings.",
                "words": words[place],
                "numbers": _numbers(judged, at, belongs),
                "chart": _chart(judged, at),
                "samples": [name, *typical[belongs]],
            }
        )
    return pa.Table.from_pylist(rows, FINDINGS)


def _name(products: Products, product: int) -> str:
    return products.titles[product] or products.ids[product]


def _suggested(judged: Judged, places: Ints) -> Ints:
    """Return the likeliest product of each review beside the one that it stands under, (m,)."""
    likely = judged.likely[places]
    other = (likely != judged.stands[places, None]) & (likely != NONE)
    first = other.argmax(axis=1)
    return np.asarray(likely[np.arange(len(places)), first], np.int64)


def _ids(data: PreparedData, rows: Ints) -> list[str]:
    """Return the review_ids at some places in the data, in the order of the places given."""
    order = np.argsort(rows)
    ascending, found, at = rows[order], [], 0
    for batch in data.batches(["review_id"]):
        low, high = np.searchsorted(ascending, (at, at + len(batch)))
        found += batch.column(0).take(pa.array(ascending[low:high] - at)).to_pylist()
        at += len(batch)
    names = [""] * len(rows)
    for place, name in zip(order.tolist(), found, strict=True):
        names[place] = name
    return names


def _words(
    data: PreparedData, judged: Judged, places: Ints, suggested: Ints, progress: Progress
) -> list[list[dict[str, Any]] | None]:
    """Return the words for and against; only the products that are asked about are counted."""
    asked = np.unique(np.concatenate([judged.stands[places], suggested]))
    group_of = np.full(len(judged.products), NONE, np.int32)
    group_of[asked] = np.arange(len(asked))
    groups = np.full(data.rows, NONE, np.int32)
    groups[judged.rows] = group_of[judged.stands]
    questions = [
        Question(
            np.array([judged.rows[at]]), int(group_of[belongs]), int(group_of[judged.stands[at]])
        )
        for at, belongs in zip(places[:EXPLAINED], suggested, strict=False)
    ]
    found: list[list[dict[str, Any]] | None] = [
        [{"word": word, "weight": weight} for word, weight in one]
        for one in telling_words(data, groups, questions, progress=progress)
    ]
    return found + [None] * (len(places) - len(found))


def _typical(
    data: PreparedData, judged: Judged, suggested: Ints, progress: Progress
) -> dict[int, list[str]]:
    """Return for each product that is suggested the ids of reviews that are surely about it."""
    asked = np.unique(suggested)
    rows, scores = [], []
    for product in asked:
        there = np.flatnonzero(judged.stands == product)
        first = there[np.argsort(-judged.own[there], kind="stable")[:CANDIDATES]]
        rows.append(judged.rows[first])
        scores.append(judged.own[first])
    found = telling_samples(data, rows, scores, most=TYPICAL, progress=progress)
    return dict(zip(asked.tolist(), found, strict=True))


def _numbers(judged: Judged, at: int, belongs: int) -> list[dict[str, Any]]:
    products = judged.products
    there = judged.shares[at][judged.likely[at] == belongs]
    return [
        {
            "name": f"probability that it speaks of {_name(products, int(judged.stands[at]))}, "
            "where it stands",
            "value": float(judged.own[at]),
        },
        {
            "name": f"probability that it speaks of {_name(products, belongs)}",
            "value": float(there[0]),
        },
    ]


def _chart(judged: Judged, at: int) -> list[dict[str, Any]]:
    """Return the products that it speaks of most likely, and the one that it stands under."""
    shown = [
        (int(product), float(share))
        for product, share in zip(judged.likely[at], judged.shares[at], strict=True)
        if product != NONE
    ]
    if judged.stands[at] not in [product for product, _ in shown]:
        shown.append((int(judged.stands[at]), float(judged.own[at])))
    return [{"name": _name(judged.products, one), "value": value} for one, value in shown]

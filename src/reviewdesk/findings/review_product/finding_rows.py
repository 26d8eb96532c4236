"""Reviews under the wrong product as rows of findings, with the evidence that a person needs."""

from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.products import NONE, Products
from reviewdesk.findings.review_product.eligible import EligibleUnderProducts
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


class ListedReviews(NamedTuple):
    """The longest list, the surest first."""

    places: Ints  # (m,) among the eligible reviews
    posterior: Floats  # (m,)
    promise: Floats  # (m,) of the strictest list that holds each


def finding_rows(
    data: PreparedData, eligible: EligibleUnderProducts, listed: ListedReviews, progress: Progress
) -> pa.Table:
    """Return a list as schema ``FINDINGS``.

    Args:
        data: the reviews.
        eligible: all eligible reviews.
        listed: which of them are found.
        progress: is shown how far it has come.
    """
    if not len(listed.places):
        return FINDINGS.empty_table()
    suggested = _suggested(eligible, listed.places)
    words = _words(data, eligible, listed.places, suggested, progress)
    typical = _typical(data, eligible, suggested, progress)
    names = _ids(data, eligible.rows[listed.places])
    products, rows = eligible.products, []
    for number, name in enumerate(names):
        at, belongs = int(listed.places[number]), int(suggested[number])
        stands = int(products.of_review[eligible.rows[at]])
        rows.append(
            {
                "finder": "review-product",
                "kind": "review",
                "what": name,
                "title": products.titles[stands],
                "where": products.ids[stands],
                "suggested": products.ids[belongs],
                "reviews": 1,
                "score": float(listed.posterior[number]),
                "promise": float(listed.promise[number]),
                "action": f"Move the review to {_name(products, belongs)} if it is about that, or "
                "leave it out of this product's ratings.",
                "words": words[number],
                "numbers": _numbers(eligible, at, belongs),
                "chart": _chart(eligible, at),
                "samples": [name, *typical[belongs]],
            }
        )
    return pa.Table.from_pylist(rows, FINDINGS)


def _name(products: Products, product: int) -> str:
    return products.titles[product] or products.ids[product]


def _suggested(eligible: EligibleUnderProducts, places: Ints) -> Ints:
    """Return the likeliest product of each review beside the one that it stands under, (m,)."""
    likely = eligible.likely[places]
    other = (likely != eligible.stands[places, None]) & (likely != NONE)
    first = other.argmax(axis=1)
    return np.asarray(likely[np.arange(len(places)), first], np.int64)


def _ids(data: PreparedData, rows: Ints) -> list[str]:
    """Return the review_ids at some places in the data, in the order of the places given."""
    order = np.argsort(rows)
    ascending, ids, at = rows[order], [], 0
    for batch in data.batches(["review_id"]):
        low, high = np.searchsorted(ascending, (at, at + len(batch)))
        ids += batch.column(0).take(pa.array(ascending[low:high] - at)).to_pylist()
        at += len(batch)
    names = [""] * len(rows)
    for row, name in zip(order.tolist(), ids, strict=True):
        names[row] = name
    return names


def _words(
    data: PreparedData,
    eligible: EligibleUnderProducts,
    places: Ints,
    suggested: Ints,
    progress: Progress,
) -> list[list[dict[str, Any]] | None]:
    """Return the words for and against; only the products that are asked about are counted."""
    asked = np.unique(np.concatenate([eligible.stands[places], suggested]))
    group_of = np.full(len(eligible.products), NONE, np.int32)
    group_of[asked] = np.arange(len(asked))
    groups = np.full(data.rows, NONE, np.int32)
    groups[eligible.rows] = group_of[eligible.stands]
    questions = [
        Question(
            np.array([eligible.rows[at]]),
            int(group_of[belongs]),
            int(group_of[eligible.stands[at]]),
        )
        for at, belongs in zip(places[:EXPLAINED], suggested, strict=False)
    ]
    words: list[list[dict[str, Any]] | None] = [
        [{"word": word, "weight": weight} for word, weight in one]
        for one in telling_words(data, groups, questions, progress=progress)
    ]
    return words + [None] * (len(places) - len(words))


def _typical(
    data: PreparedData, eligible: EligibleUnderProducts, suggested: Ints, progress: Progress
) -> dict[int, list[str]]:
    """Return for each product that is suggested the ids of reviews that are surely about it."""
    asked = np.unique(suggested)
    rows, scores = [], []
    for product in asked:
        there = np.flatnonzero(eligible.stands == product)
        first = there[np.argsort(-eligible.own[there], kind="stable")[:CANDIDATES]]
        rows.append(eligible.rows[first])
        scores.append(eligible.own[first])
    samples = telling_samples(data, rows, scores, most=TYPICAL, progress=progress)
    return dict(zip(asked.tolist(), samples, strict=True))


def _numbers(eligible: EligibleUnderProducts, at: int, belongs: int) -> list[dict[str, Any]]:
    products = eligible.products
    there = eligible.shares[at][eligible.likely[at] == belongs]
    return [
        {
            "name": f"probability that it speaks of {_name(products, int(eligible.stands[at]))}, "
            "where it stands",
            "value": float(eligible.own[at]),
        },
        {
            "name": f"probability that it speaks of {_name(products, belongs)}",
            "value": float(there[0]),
        },
    ]


def _chart(eligible: EligibleUnderProducts, at: int) -> list[dict[str, Any]]:
    """Return the products that it speaks of most likely, and the one that it stands under."""
    shown = [
        (int(product), float(share))
        for product, share in zip(eligible.likely[at], eligible.shares[at], strict=True)
        if product != NONE
    ]
    if eligible.stands[at] not in [product for product, _ in shown]:
        shown.append((int(eligible.stands[at]), float(eligible.own[at])))
    return [{"name": _name(eligible.products, one), "value": value} for one, value in shown]

"""Products in the wrong category as rows of findings, with the evidence that a person needs."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.predictions import BaseProbabilities
from reviewdesk.findings.product_category.eligible import EligibleProducts
from reviewdesk.findings.product_category.lists import ProductLists
from reviewdesk.findings.product_category.pooling import SMALLEST
from reviewdesk.findings.samples import telling_samples
from reviewdesk.findings.words import Question, telling_words
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.schema import FINDINGS

EXPLAINED: Final = 1_000
"""Findings that get words: those first in the lists. More would be read by nobody."""
CHARTED: Final = 5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def finding_rows(
    data: PreparedData,
    eligible: EligibleProducts,
    predicted: BaseProbabilities,
    lists: ProductLists,
    right: Floats,
    wrong: Floats,
    suggested: Ints,
    progress: Progress,
) -> pa.Table:
    """Return the longest list as schema ``FINDINGS``.

    Args:
        data: the reviews.
        eligible: the q products that were judged, and where they stand.
        predicted: what base models said of the reviews.
        lists: which of the judged products are listed.
        right: (q, k) how likely each category is the right one.
        wrong: (q,) how likely the shown one is wrong.
        suggested: (q,) the likeliest other one.
        progress: is shown how far it has come.
    """
    products = eligible.products[lists.products]
    rows = eligible.rows()
    reviews = [rows.of(product) for product in products.tolist()]
    belongs, where = suggested[lists.products], eligible.assigned[products]
    words = _words(data, eligible, reviews, belongs, where, progress)
    leanings = [
        _leaning(predicted, of, int(to), int(shown))
        for of, to, shown in zip(reviews, belongs, where, strict=True)
    ]
    samples = telling_samples(data, reviews, leanings, progress=progress)
    titles = eligible.titles.take(pa.array([int(of[0]) for of in reviews], pa.int64())).to_pylist()
    table = []
    for number, product in enumerate(eligible.ids.take(pa.array(products)).to_pylist()):
        shares = right[lists.products[number]]
        to, shown = int(belongs[number]), int(where[number])
        table.append(
            {
                "finder": "product-category",
                "kind": "product",
                "what": product,
                "title": titles[number],
                "where": eligible.names[shown],
                "suggested": eligible.names[to],
                "reviews": len(reviews[number]),
                "score": float(wrong[lists.products[number]]),
                "promise": float(lists.promise[number]),
                "action": _action(eligible.names[to], leanings[number]),
                "words": words[number],
                "numbers": _numbers(eligible.names, shares, leanings[number], to, shown),
                "chart": _chart(eligible.names, shares, shown),
                "samples": samples[number],
            }
        )
    return pa.Table.from_pylist(table, FINDINGS)


def _action(to: str, leaning: Floats) -> str:
    """Return what its reviews speak of, and what to do."""
    speaking = int((leaning > 0).sum())
    if len(leaning) == 1:
        return f"Its review speaks of something in {to}. If that is right, move the product there."
    many = "All" if speaking == len(leaning) else f"{speaking} of"
    return (
        f"{many} its {len(leaning)} reviews speak of something in {to}. If they are right, move "
        "the product there, with all its reviews."
    )


def _words(
    data: PreparedData,
    eligible: EligibleProducts,
    reviews: list[Ints],
    belongs: Ints,
    where: Ints,
    progress: Progress,
) -> list[list[dict[str, Any]] | None]:
    questions = [
        Question(of, int(to), int(shown))
        for of, to, shown in zip(reviews[:EXPLAINED], belongs, where, strict=False)
    ]
    words = telling_words(data, eligible.label, questions, progress=progress)
    explained: list[list[dict[str, Any]] | None] = [
        [{"word": word, "weight": weight} for word, weight in one] for one in words
    ]
    return explained + [None] * (len(reviews) - len(explained))


def _leaning(predicted: BaseProbabilities, rows: Ints, to: int, shown: int) -> Floats:
    """Return by how much each review speaks rather of one category than of another, (m,)."""
    leaning = np.zeros(len(rows))
    for probabilities in predicted.probabilities:
        logs = np.log(np.clip(probabilities[rows][:, [to, shown]], SMALLEST, 1.0))
        leaning += logs[:, 0] - logs[:, 1]
    return leaning


def _numbers(
    names: list[str], shares: Floats, leaning: Floats, to: int, shown: int
) -> list[dict[str, Any]]:
    return [
        {"name": f"probability of {names[to]}, by all reviews", "value": float(shares[to])},
        {"name": f"probability of {names[shown]}, where it stands", "value": float(shares[shown])},
        {"name": f"reviews that speak rather of {names[to]}", "value": float((leaning > 0).sum())},
        {
            "name": f"reviews that speak rather of {names[shown]}",
            "value": float((leaning < 0).sum()),
        },
    ]


def _chart(names: list[str], shares: Floats, shown: int) -> list[dict[str, Any]]:
    """Return the most probable categories, and the one where it stands."""
    charted = np.argsort(-shares, kind="stable")[:CHARTED].tolist()
    charted += [] if shown in charted else [shown]
    return [{"name": names[one], "value": float(shares[one])} for one in charted]

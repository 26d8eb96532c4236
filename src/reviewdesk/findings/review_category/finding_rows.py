"""Reviews in the wrong category as rows of findings, with the evidence that a person needs."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.review_category.eligible import EligibleReviews
from reviewdesk.findings.review_category.lists import Lists
from reviewdesk.findings.samples import telling_samples
from reviewdesk.findings.words import Question, telling_words
from reviewdesk.progress import Progress
from reviewdesk.schema import FINDINGS

Floats = NDArray[np.float64]

EXPLAINED: Final = 2_000
"""Findings that get words: those first in the lists. More would be read by nobody."""
CHARTED: Final = 5
TYPICAL: Final = 2
CANDIDATES: Final = 24


def finding_rows(
    eligible: EligibleReviews,
    listed: Lists,
    shares: Floats,
    typical: Sequence[NDArray[np.int64]],
    progress: Progress,
) -> pa.Table:
    """Return the longest list as schema ``FINDINGS``.

    Args:
        eligible: the reviews.
        listed: which of them are listed.
        shares: (m, k) probabilities of the categories of those that are.
        typical: for each category, rows of reviews that are surely about it, the surest first.
        progress: is shown how far it has come.
    """
    rows = listed.rows
    suggested = suggestions(shares, eligible.labels[rows])
    words = _words(eligible, rows, suggested, progress)
    examples = _examples(eligible, typical, progress) if len(rows) else []
    titles = eligible.titles.take(pa.array(rows)).to_pylist()
    table = []
    for number, name in enumerate(eligible.ids.take(pa.array(rows)).to_pylist()):
        where, belongs = int(eligible.labels[rows[number]]), int(suggested[number])
        others = [one for one in examples[belongs] if one != name][:TYPICAL]
        table.append(
            {
                "finder": "review-category",
                "kind": "review",
                "what": name,
                "title": titles[number],
                "where": eligible.names[where],
                "suggested": eligible.names[belongs],
                "reviews": 1,
                "score": float(listed.score[number]),
                "promise": float(listed.promise[number]),
                "action": f"It seems to be about something in {eligible.names[belongs]}. Move it "
                "to the right product there, or leave it out of this product's ratings.",
                "words": words[number],
                "numbers": _numbers(shares[number], where, belongs, eligible.names),
                "chart": _chart(shares[number], where, eligible.names),
                "samples": [name, *others],
            }
        )
    return pa.Table.from_pylist(table, FINDINGS)


def suggestions(shares: Floats, labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the most probable category of each review beside the one it stands in, (n,)."""
    others = shares.copy()
    others[np.arange(len(labels)), labels] = -1
    return np.asarray(others.argmax(axis=1), np.int64)


def _words(
    eligible: EligibleReviews,
    rows: NDArray[np.int64],
    suggested: NDArray[np.int64],
    progress: Progress,
) -> list[list[dict[str, Any]] | None]:
    questions = [
        Question(np.array([row]), int(to), int(eligible.labels[row]))
        for row, to in zip(rows[:EXPLAINED], suggested, strict=False)
    ]
    words = telling_words(eligible.inputs.data, eligible.labels, questions, progress=progress)
    explained: list[list[dict[str, Any]] | None] = [
        [{"word": word, "weight": weight} for word, weight in one] for one in words
    ]
    return explained + [None] * (len(rows) - len(explained))


def _examples(
    eligible: EligibleReviews, typical: Sequence[NDArray[np.int64]], progress: Progress
) -> list[list[str]]:
    """Return for each category the ids of typical reviews; one more than is shown."""
    scores = [-np.arange(len(rows), dtype=np.float64) for rows in typical]
    data = eligible.inputs.data
    return telling_samples(data, typical, scores, most=TYPICAL + 1, progress=progress)


def _numbers(shares: Floats, where: int, belongs: int, names: Sequence[str]) -> list[Any]:
    return [
        {"name": f"probability of {names[where]}, where it stands", "value": float(shares[where])},
        {"name": f"probability of {names[belongs]}", "value": float(shares[belongs])},
    ]


def _chart(shares: Floats, where: int, names: Sequence[str]) -> list[Any]:
    """Return the most probable categories, and the one where it stands."""
    shown = np.argsort(-shares, kind="stable")[:CHARTED].tolist()
    shown += [] if where in shown else [where]
    return [{"name": names[one], "value": float(shares[one])} for one in shown]

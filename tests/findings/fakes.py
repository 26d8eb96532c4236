"""A finder that is easy to see through, and findings as it makes them."""

from typing import Any, ClassVar

import pyarrow as pa

from reviewdesk.findings.base import PROMISES, Finder, FinderInputs, Findings, PromisedList
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import FINDINGS

ODD_WORDS = "wombat"


def finding(what: str, **values: Any) -> dict[str, Any]:
    """Return one row of findings."""
    return {
        "finder": "odd",
        "kind": "review",
        "what": what,
        "title": "A <b>book</b>",
        "where": "Books",
        "suggested": "Garden",
        "reviews": 1,
        "score": 0.97,
        "promise": 0.9,
        "since": None,
        "action": "Move the review to Garden.",
        "words": [{"word": "wombat", "weight": 1.5}, {"word": "novel", "weight": -0.25}],
        "numbers": [{"name": "probability of Garden", "value": 0.97}],
        "chart": [{"name": "Garden", "value": 0.97}, {"name": "Books", "value": 0.03}],
        "samples": [what],
        **values,
    }


class OddFinder(Finder):
    """Takes reviews that speak of wombats for misfiled."""

    name: ClassVar[str] = "odd"
    title: ClassVar[str] = "Odd reviews"
    description: ClassVar[str] = "Reviews that speak of wombats."
    columns: ClassVar[tuple[str, ...]] = ("product_category",)

    def __init__(self, word: str = ODD_WORDS) -> None:
        self.word = word

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Look for the word in every review."""
        rows = inputs.data.table(["review_id", "review_body", "product_title"]).to_pylist()
        odd = [
            finding(row["review_id"], title=row["product_title"])
            for row in rows
            if self.word in row["review_body"]
        ]
        lists = tuple(
            PromisedList(promise, len(odd) if promise <= 0.9 else 0, 0.03 * len(odd))
            if odd and promise <= 0.9
            else PromisedList(promise, 0, 0.0, "no review is sure enough")
            for promise in PROMISES
        )
        return Findings(
            "odd",
            pa.Table.from_pylist(odd, FINDINGS),
            lists,
            len(rows),
            settings={"word": self.word},
        )

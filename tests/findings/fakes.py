"""A finder that is easy to see through, and findings as it makes them."""

from dataclasses import replace
from typing import Any, ClassVar

import pyarrow as pa
from threadpoolctl import threadpool_info

from reviewdesk.errors import NotEnoughData
from reviewdesk.findings.base import PROMISES, Finder, FinderInputs, Findings, PromisedList
from reviewdesk.findings.predictions import read_predictions
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
    """Takes reviews that speak of wombats for ones in the wrong category."""

    name: ClassVar[str] = "odd"
    title: ClassVar[str] = "Odd reviews"
    description: ClassVar[str] = "Reviews that speak of wombats."
    columns: ClassVar[tuple[str, ...]] = ()

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


class ReaderFinder(OddFinder):
    """Needs predictions of categories, and says of how many reviews it got them."""

    name: ClassVar[str] = "reader"
    targets: ClassVar[tuple[str, ...]] = ("category",)

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Count the predictions."""
        predicted = read_predictions(inputs.predictions["category"], inputs.data)
        sure = sum(int((one.max(axis=1) > 0.5).sum()) for one in predicted.probabilities)
        known = 0 if inputs.reference is None else len(inputs.reference)
        return Findings(
            "reader",
            FINDINGS.empty_table(),
            (),
            inputs.data.rows,
            settings={"base_models": len(predicted.models), "sure": sure, "known": known},
        )


class ThreadsFinder(OddFinder):
    """Says on how many threads it may multiply matrices."""

    name: ClassVar[str] = "threads"

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Count them, for each library that is loaded."""
        return Findings(
            "threads",
            FINDINGS.empty_table(),
            (),
            inputs.data.rows,
            settings={"threads": blas_threads()},
        )


def blas_threads() -> list[int]:
    """Return on how many threads matrices are multiplied, for each library that is loaded."""
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


class BlindFinder(OddFinder):
    """Can look at no data."""

    name: ClassVar[str] = "blind"

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Give up."""
        raise NotEnoughData("three eyes are needed; there are none")


class AskingFinder(OddFinder):
    """Asks about every odd review."""

    name: ClassVar[str] = "asking"

    def __init__(self, answers: str = "") -> None:
        super().__init__()
        self.answers = answers

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Look for the word, and ask."""
        found = super().find(inputs, progress=progress)
        ids = found.table.column("what").to_pylist()
        places = {"where": ["Books"] * len(ids), "suggested": ["Garden"] * len(ids)}
        asked = pa.table({"review_id": ids, **places})
        return replace(
            found, finder="asking", tables={"questions": asked}, settings={"answers": self.answers}
        )


class BrokenFinder(OddFinder):
    """Fails while it looks, with an error that quotes a review."""

    name: ClassVar[str] = "broken"
    title: ClassVar[str] = "Broken reviews"

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Fail."""
        raise ZeroDivisionError("It is a wombat.")


class UnmadeFinder(OddFinder):
    """Cannot even be made."""

    def __init__(self) -> None:
        raise KeyError("It is a wombat.")

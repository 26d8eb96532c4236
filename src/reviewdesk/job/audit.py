"""Reviews drawn at random whose label a person says, so that labels nobody gave are measured.

The file asks for each review's label, and not whether one is right: whoever answers does not see
what was said of it, and the answers stay true when the labels are made anew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reviewdesk.errors import InputError
from reviewdesk.examples.targets import SENTIMENTS
from reviewdesk.findings.questions import ANSWER, read_filled_in
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.report.numbers import share
from reviewdesk.stats.shares import share_interval
from reviewdesk.storage import write_then_rename
from reviewdesk.text.hashing import combine64, hash64
from reviewdesk.training.figures import Estimate

ASKED: Final = 50
SALT: Final = 17
"""Reviews are drawn by another hash than those that are learnt from."""
TEXTS: Final = ("product_title", "review_headline", "review_body")
SENTIMENT_ANSWERS: Final = {
    "positive": "positive", "pos": "positive", "p": "positive", "+": "positive",
    "negative": "negative", "neg": "negative", "n": "negative", "-": "negative",
}  # fmt: skip


class Judged(NamedTuple):
    """What a person said of reviews drawn at random, beside their labels.

    Args:
        asked: how many were asked about.
        rows: how many were answered.
        right: how many of these have the right label.
        said: of each label, how many of them were given it, and how many of those rightly.
        true: of each label, how many of them have it by the answers.
    """

    asked: int
    rows: int
    right: int
    said: dict[str, tuple[int, int]]
    true: dict[str, int]

    @property
    def accuracy(self) -> Estimate:
        """The share of reviews with the right label, with its interval."""
        return Estimate(self.right / self.rows, *share_interval(self.right, self.rows))

    def to_json(self) -> dict[str, Any]:
        """Return it as a bundle's metrics."""
        return {
            "rows": self.rows,
            "asked": self.asked,
            "figures": {"accuracy": self.accuracy.to_json()},
            "said": {name: list(counts) for name, counts in self.said.items()},
            "true": dict(self.true),
        }

    def sentences(self) -> list[str]:
        """Return what was measured, in plain words."""
        accuracy = self.accuracy
        truly = [f"{share(rows / self.rows)} are {name}" for name, rows in self.true.items()]
        by_label = [
            f"of {rows:,} called {name} {share(right / rows)} are"
            for name, (rows, right) in self.said.items()
            if rows
        ]
        lines = [
            f"{share(accuracy.value)} of the reviews get the right label (95 % interval "
            f"{accuracy.spread(share)}), by {self.rows:,} reviews drawn at random that a person "
            "judged.",
            f"Of these, {', '.join(truly)}; {', '.join(by_label)}.",
        ]
        if self.rows < self.asked:
            lines.append(
                f"{self.asked - self.rows:,} of the {self.asked:,} drawn were not answered: if "
                "those are the hard ones, the figure flatters."
            )
        return lines


def drawn(data: PreparedData) -> pa.Array:
    """Return the ids of the reviews to ask about: ``ASKED`` drawn at random, or all there are."""
    ids = pa.concat_arrays([batch.column(0) for batch in data.batches(["review_id"])])
    keys = combine64(hash64(ids), np.full(len(ids), SALT, np.uint64))
    return ids.take(pa.array(np.sort(np.argsort(keys, kind="stable")[:ASKED])))


def write_audit(data: PreparedData, path: Path) -> int:
    """Write a CSV with the reviews to judge, whose column ``answer`` is to be filled in.

    Args:
        data: the reviews.
        path: the file; no spreadsheet runs a cell of it as a formula.

    Returns:
        How many it asks about.

    Raises:
        StorageError: it cannot be written.
    """
    ids, names = drawn(data), ("review_id", ANSWER, *TEXTS)
    with write_then_rename(path) as file:
        file.write(csv_header(names))
        for batch in data.batches(["review_id", *TEXTS]):
            chosen = batch.filter(pc.is_in(batch.column("review_id"), value_set=ids))
            empty = pa.array([""] * len(chosen), pa.string())
            columns = [chosen.column(0), empty, *(chosen.column(name) for name in TEXTS)]
            file.write(csv_rows(pa.RecordBatch.from_arrays(columns, names=list(names)))[0])
    return len(ids)


def answers_of(data: PreparedData, path: Path, labels: Sequence[str]) -> dict[str, str]:
    """Return what a person said of the reviews drawn from some data: the label of each.

    Answers about reviews that were not drawn are passed over: they are no random sample.

    Args:
        data: the reviews.
        path: the CSV that was filled in.
        labels: those that may be said, in any case.

    Raises:
        InputError: the file is not one, or has no answer of the reviews drawn.
        StorageError: it cannot be read.
    """
    meant = {name.lower(): name for name in labels}
    if tuple(labels) == SENTIMENTS:
        meant |= SENTIMENT_ANSWERS
    ids, said = read_filled_in(path, meant, allowed_answers(labels))
    wanted = set(drawn(data).to_pylist())
    answers = {
        name: label for name, label in zip(ids.to_pylist(), said, strict=True) if name in wanted
    }
    if not answers:
        raise InputError(
            f"{path} has no answer about the reviews that are drawn from these; remove it, and the "
            "same command asks anew"
        )
    return answers


def allowed_answers(labels: Sequence[str]) -> str:
    """Return the labels as people are asked for them, as in ``positive or negative``."""
    if tuple(labels) == SENTIMENTS:
        return "positive or negative"
    return f"{', '.join(labels[:-1])} or {labels[-1]}"


def judge(answers: Mapping[str, str], labels: Sequence[str], asked: int, path: Path) -> Judged:
    """Return how often labels are right.

    Args:
        answers: the true label of each of some reviews.
        labels: all labels.
        asked: about how many was asked.
        path: a predictions table.
    """
    table = pq.read_table(path, columns=["review_id", "label"])
    chosen = table.filter(pc.is_in(table["review_id"], value_set=pa.array(list(answers))))
    said = dict(zip(chosen["review_id"].to_pylist(), chosen["label"].to_pylist(), strict=True))
    pairs = [(said[name], true) for name, true in answers.items()]
    truths = Counter(answers.values())
    return Judged(
        asked,
        len(pairs),
        sum(said == true for said, true in pairs),
        {name: _counts(pairs, name) for name in labels},
        {name: truths[name] for name in labels},
    )


def _counts(pairs: Sequence[tuple[str, str]], label: str) -> tuple[int, int]:
    """Return how many were given a label, and how many of these rightly."""
    given = [true == label for said, true in pairs if said == label]
    return len(given), sum(given)

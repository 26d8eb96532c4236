"""Measuring predictions that were made elsewhere, against the labels that reviews have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError, NotEnoughData
from reviewdesk.examples.examples import BATCH_ROWS, Examples, ReviewTable, load_examples
from reviewdesk.formats.answers import Answer
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import require_columns
from reviewdesk.settings import CleanSettings, TargetSettings, TextSettings
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.deciding import decided
from reviewdesk.sources.own_rows import own_rows
from reviewdesk.text.clean import clean_batch
from reviewdesk.training.evaluate import STAR_TARGETS, Evaluation, PredictedRows, evaluation_of

FAMILY: Final = "given predictions"
SHOWN: Final = 6


class ReviewsTable:
    """Reviews in memory, in the order of their files.

    Args:
        table: the columns of the reviews table, cleaned, and those that are kept beside it.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @property
    def rows(self) -> int:
        """How many reviews there are."""
        return int(self._table.num_rows)

    def batches(
        self, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield some columns of all reviews, in their order."""
        names = tuple(columns or self._table.column_names)
        require_columns(self._table.schema, names, "reading the reviews")
        yield from self._table.select(names).combine_chunks().to_batches(batch_rows)


def reviews_in_order(inputs: Sequence[Input]) -> tuple[ReviewsTable, list[int]]:
    """Return the reviews of files in their order, cleaned, none of them dropped.

    Args:
        inputs: the files.

    Returns:
        The reviews, and the places among all rows of those that could not be read.

    Raises:
        StorageError: a file cannot be read.
    """
    batches, skipped, count = [], [], 0
    for one in decided(inputs):
        for rows in own_rows(one, whole=False):
            bad = rows.rejects["line"].to_pylist()
            good = rows.lines or [0] * len(rows.reviews)
            order = np.argsort([line or 0 for line in (*good, *bad)], kind="stable")
            skipped += (count + np.flatnonzero(order >= len(good))).tolist()
            count += len(order)
            batches.append(clean_batch(rows.reviews, CleanSettings()))
    return ReviewsTable(pa.Table.from_batches(batches)), skipped


@dataclass(frozen=True)
class GivenPredictions:
    """Predictions of some reviews.

    Args:
        name: what they are called, such as the name of their file.
        answers: one for each review that they are about.
        label_map: other names of labels → the labels' own.
    """

    name: str
    answers: Sequence[Answer]
    label_map: Mapping[str, str]

    def label(self, name: str) -> str:
        """Return a label's own name."""
        return self.label_map.get(name, name)


def evaluate_given(
    given: GivenPredictions,
    reviews: ReviewTable,
    target: TargetSettings,
    *,
    data: str,
    skipped: Sequence[int] = (),
    progress: Progress = SILENT,
) -> Evaluation:
    """Measure predictions that were made elsewhere.

    Predictions with review ids are those of the reviews of these ids; others are in the reviews'
    order.

    Args:
        given: the predictions.
        reviews: those that they are about, with their true labels.
        target: what the true labels are.
        data: what the reviews are called, such as their fingerprint.
        skipped: places, among all rows of a file, of rows that could not be read; predictions in
            order may have one for each.
        progress: shows how far it has come.

    Raises:
        InputError: there are not as many predictions as reviews, and they have no ids.
        NotEnoughData: no review has a label and a prediction, or no label of theirs is a true one.
    """
    examples = load_examples(reviews, target, TextSettings(), progress=progress)
    answers = _answers_of(given, examples, skipped)
    names = _labels(given, examples, [one for one in answers if one is not None])
    examples = load_examples(reviews, target, TextSettings(), labels=names, progress=progress)
    chosen = examples.labelled & np.array(
        [one is not None and one.label is not None for one in answers], np.bool_
    )
    if not chosen.any():
        raise NotEnoughData(f"no review has a true label and a prediction of {given.name}")
    told = [
        one for one, is_chosen in zip(answers, chosen.tolist(), strict=True) if is_chosen and one
    ]
    probabilities, complete = _probabilities(given, told, names)
    predicted = PredictedRows(examples, chosen, examples.label[chosen], probabilities)
    missing = int((examples.labelled & ~chosen).sum())
    why = f"{given.name} says what was predicted of them"
    if not complete:
        why += (
            "; it does not tell the probabilities of all labels, so that log loss, Brier score, "
            "areas and calibration go by those it tells and share the rest out evenly"
        )
    return evaluation_of(
        predicted,
        bundle=given.name,
        family=FAMILY,
        target=target.target,
        data=data,
        rows="all",
        why=why,
        left_out={**examples.left_out, **({"no_prediction": missing} if missing else {})},
        gives_away=target.target in STAR_TARGETS,
    )


def _answers_of(
    given: GivenPredictions, examples: Examples, skipped: Sequence[int]
) -> list[Answer | None]:
    """Return the prediction of each review, None where there is none.

    Raises:
        InputError: nobody can say which prediction is of which review.
    """
    answers = list(given.answers)
    if len(answers) == len(examples) + len(skipped) and skipped:
        left = set(skipped)
        answers = [one for place, one in enumerate(answers) if place not in left]
    by_id = {one.review_id: one for one in answers if one.review_id is not None}
    ids = examples.column("review_id").to_pylist()
    found = [by_id.get(one) for one in ids]
    if any(one is not None for one in found):
        return found
    if len(answers) != len(examples):
        raise InputError(
            f"{given.name} has {len(answers):,} predictions of {len(examples):,} reviews and no "
            "ids of theirs: give the file that was sent, in its order, or a column review_id"
        )
    return [*answers]


def _labels(given: GivenPredictions, examples: Examples, answers: Sequence[Answer]) -> list[str]:
    """Return the true labels and the predicted ones, in one order.

    Raises:
        NotEnoughData: none is both.
    """
    named = {name for one in answers for name in (one.label, *one.probabilities) if name}
    predicted = {given.label(name) for name in named}
    if predicted.isdisjoint(examples.labels):
        options = " ".join(f"--label-map {name}=LABEL" for name in sorted(named)[:SHOWN])
        raise NotEnoughData(
            f"none of the labels in {given.name} ({_shown(named)}) is one of the true labels "
            f"({_shown(set(examples.labels))}); say which is which: {options}"
        )
    return sorted({*examples.labels, *predicted})


def _shown(names: set[str]) -> str:
    return ", ".join(sorted(names)[:SHOWN]) + (" and more" if len(names) > SHOWN else "")


def _probabilities(
    given: GivenPredictions, answers: Sequence[Answer], names: Sequence[str]
) -> tuple[NDArray[np.float32], bool]:
    """Return probabilities of all labels (n, k), and whether the predictions told all of them.

    What is not told is shared out evenly; the label that was given stays the most probable one.
    """
    column_of = {name: number for number, name in enumerate(names)}
    values = np.full((len(answers), len(names)), np.nan)
    best = np.zeros(len(answers), np.int64)
    for row, one in enumerate(answers):
        for name, probability in one.probabilities.items():
            values[row, column_of[given.label(name)]] = min(max(probability, 0.0), 1.0)
        best[row] = column_of[given.label(one.label or "")]
    untold = np.isnan(values)
    of_best = values[np.arange(len(best)), best]
    values[np.arange(len(best)), best] = np.where(np.isnan(of_best), 1.0, of_best)
    untold[np.arange(len(best)), best] = False
    left = np.clip(1 - np.nansum(values, axis=1), 0, None)
    share = left / np.maximum(untold.sum(axis=1), 1)
    values = np.where(untold, share[:, None], values)
    values /= values.sum(axis=1, keepdims=True)
    top = values.max(axis=1)
    behind = values.argmax(axis=1) != best
    values[behind, best[behind]] = np.nextafter(top[behind].astype(np.float32), 2)
    values /= values.sum(axis=1, keepdims=True)
    complete = bool((left < 1e-3).all()) and all(len(one.probabilities) > 1 for one in answers)
    return values.astype(np.float32), complete

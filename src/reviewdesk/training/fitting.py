"""Learning on one side of examples and measuring on the other."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import NotEnoughData
from reviewdesk.examples.examples import Examples
from reviewdesk.examples.splits import Split
from reviewdesk.examples.splits import split as split_examples
from reviewdesk.models.base import Classifier, KnowsWords
from reviewdesk.models.held_out import HeldOutPredictions
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.progress import Progress, Task
from reviewdesk.runlog import RunLog
from reviewdesk.settings import SplitSettings
from reviewdesk.sources.generated.identifiers import is_generated
from reviewdesk.training.known_words import by_known_words
from reviewdesk.training.measures import evaluate_probabilities
from reviewdesk.training.multilabel import measure_examples

Learn = Callable[[LabelledReviews], Classifier]


class Fitted(NamedTuple):
    """A classifier that has learned from one side.

    Args:
        classifier: the classifier.
        rows: how many reviews were learned from, held out and left out, and why.
        metrics: what was measured on the held-out side; empty without one.
        held_out: what was predicted of the held-out side, where it has learned from it since.
    """

    classifier: Classifier
    rows: dict[str, Any]
    metrics: dict[str, Any]
    held_out: HeldOutPredictions | None


def fit_and_measure(
    learn: Learn,
    examples: Examples,
    split: SplitSettings,
    log: RunLog,
    progress: Progress,
    refit: Learn | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Fitted:
    """Let a classifier learn from the training side, and measure it on the other.

    Args:
        learn: learns from labelled reviews and returns the classifier.
        examples: all of them.
        split: which are held out.
        log: gets the rows and how long it took.
        progress: shows how far it has come.
        refit: learns from all reviews once the classifier was measured; None leaves it as it is.
        stop: says whether somebody wants it to end now: then it is left as it is, too.

    Raises:
        NotEnoughData: a side is empty, or there is only one label to learn.
    """
    split_ = split_examples(examples, split)
    rows = _row_counts(examples, split_)
    log.rows = {"in": rows["reviews"], "train": rows["train"], "test": rows["test"]}
    with log.timed("fit"), progress.task("Training", rows["train"], "reviews") as task:
        train = LabelledReviews.of_examples(examples, split_.train)
        classifier = learn(train.through(_first_reading(task)))
    if not rows["test"]:
        return Fitted(classifier, rows, {}, None)
    with log.timed("measure"), progress.task("Measuring", rows["test"], "reviews") as task:
        probabilities, known = _predict(classifier, examples, split_, task)
        metrics = _measure(probabilities, known, examples, split_)
    if refit is None or stop():
        return Fitted(classifier, rows, metrics, None)
    review_ids = examples.column("review_id").filter(pa.array(split_.test))
    held_out = HeldOutPredictions.of(review_ids, probabilities)
    with log.timed("refit"), progress.task("Learning anew", rows["labelled"], "reviews") as task:
        everything = LabelledReviews.of_examples(examples, examples.labelled)
        classifier = refit(everything.through(_first_reading(task)))
    return Fitted(classifier, rows, metrics, held_out)


def fit_and_validate(
    classifier: Classifier,
    examples: Examples,
    validation: Examples,
    log: RunLog,
    progress: Progress,
) -> Fitted:
    """Let a classifier learn from all examples, and measure it on others, which it may look at.

    Args:
        classifier: learns; it may choose by the others when to stop.
        examples: what is learnt from, all of it.
        validation: the others, with the same labels.
        log: gets the rows and how long it took.
        progress: shows how far it has come.

    Raises:
        NotEnoughData: there is only one label to learn, or none among the others.
    """
    if not validation.labelled.any():
        raise NotEnoughData("none of the reviews to validate on has one of the labels learnt")
    everybody = Split(examples.labelled, np.zeros(len(examples), np.bool_), dropped_texts=0)
    split_ = Split(np.zeros(len(validation), np.bool_), validation.labelled, dropped_texts=0)
    rows = _row_counts(examples, everybody)
    rows |= {"validation": int(split_.test.sum())}
    log.rows = {"in": rows["reviews"], "train": rows["train"], "test": rows["validation"]}
    with log.timed("fit"), progress.task("Training", rows["train"], "reviews") as task:
        train = LabelledReviews.of_examples(examples, examples.labelled)
        others = LabelledReviews.of_examples(validation, split_.test)
        fitted = classifier.fit(train.through(_first_reading(task)), others)
    with log.timed("measure"), progress.task("Measuring", rows["validation"], "reviews") as task:
        probabilities, known = _predict(fitted, validation, split_, task)
        metrics = _measure(probabilities, known, validation, split_)
    return Fitted(fitted, rows, metrics, None)


def _predict(
    classifier: Classifier, examples: Examples, split_: Split, task: Task
) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
    """Return the labels' probabilities of the held-out side, (m, k), and known words, (m,)."""
    fields = list(examples.text.fields)
    probabilities, known = [], []
    for batch in _watched(examples.batches(split_.test), task):
        texts = batch.select(fields)
        probabilities.append(classifier.predict_proba(texts))
        if isinstance(classifier, KnowsWords):
            known.append(classifier.known_words(texts))
    return np.concatenate(probabilities), np.concatenate(known) if known else None


def _measure(
    probabilities: NDArray[np.float32],
    known: NDArray[np.int64] | None,
    examples: Examples,
    split_: Split,
) -> dict[str, Any]:
    """Return what is measured on the held-out side."""
    if examples.sets is not None:
        return measure_examples(examples, split_.test, probabilities).to_json()
    true, groups = examples.label[split_.test], examples.groups[split_.test]
    measures = evaluate_probabilities(true, probabilities, examples.labels, groups=groups)
    if known is None:
        return measures.to_json()
    right = probabilities.argmax(axis=1) == true
    classes = by_known_words(known, probabilities.max(axis=1), right, groups)
    return {**measures.to_json(), "by_known_words": [one.to_json() for one in classes]}


def _row_counts(examples: Examples, split_: Split) -> dict[str, Any]:
    return {
        "reviews": len(examples),
        "labelled": int(examples.labelled.sum()),
        "train": int(split_.train.sum()),
        "test": int(split_.test.sum()),
        "dropped_texts": split_.dropped_texts,
        "undated": split_.undated,
        "cut_date": split_.cut_date.isoformat() if split_.cut_date else None,
        "default_headlines": examples.default_headlines,
        "generated": _generated(examples),
        "languages": examples.language_counts(examples.labelled),
        "left_out": examples.left_out,
        "small_categories": examples.small_categories,
        "train_labels": examples.counts(split_.train),
        "test_labels": examples.counts(split_.test),
    }


def _generated(examples: Examples) -> int:
    """Return how many of the reviews reviewdesk has made up."""
    return sum(int(is_generated(chunk).sum()) for chunk in examples.column("product_id").chunks)


def _first_reading(task: Task) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a step that shows how far the first reading has come."""
    readings = itertools.count()
    return lambda batches: batches if next(readings) else _watched(batches, task)


def _watched(batches: Iterator[pa.RecordBatch], task: Task) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch
        task.advance(len(batch))

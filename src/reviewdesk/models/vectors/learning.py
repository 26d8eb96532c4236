"""From labelled reviews or training files to a supervised model."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.examples.examples import CUSTOMER, GROUP, LABEL
from reviewdesk.examples.folds import deal_folds
from reviewdesk.formats.fasttext_model import LOSS_NUMBERS
from reviewdesk.formats.word_vectors import WordVectors
from reviewdesk.models.labelled import is_list
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.multilabel import MultilabelCalibrations
from reviewdesk.models.running import Run
from reviewdesk.models.scored import calibration_of_one, multilabel_calibrations
from reviewdesk.models.short_texts import CutTexts, cut_rows
from reviewdesk.models.vectors.epochs import (
    SILENT_RUN,
    EarlyStopping,
    EpochWatch,
    ValidationTexts,
)
from reviewdesk.models.vectors.label_vectors import LabelVectors, with_zeros
from reviewdesk.models.vectors.mapping import MappedTexts, choose_rows
from reviewdesk.models.vectors.pretrained import with_pretrained
from reviewdesk.models.vectors.reading import FEW_CUSTOMERS, LineReader, VectorShape, reading
from reviewdesk.models.vectors.review_lines import review_lines
from reviewdesk.models.vectors.supervised import (
    FirstRows,
    LabelLearner,
    Schedule,
    TrainingTexts,
)
from reviewdesk.models.vectors.text_rows import TextLines, TextRows
from reviewdesk.text.hashing import combine64, hash64

HELD_OUT: Final = 10
"""One text of so many is held out to calibrate on."""
MOST_HELD_OUT: Final = 20_000
WORTH_LEARNING_AGAIN: Final = 100_000
"""With fewer texts, what is kept learns from those too that were held out."""
FEWEST_STEPS: Final = 4_000
"""Few texts are read more often, since a few steps tell no text from another."""

NEVER_EARLY: Final = EarlyStopping()

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Recipe:
    """How a supervised model is learnt.

    Args:
        shape: which n-grams are read.
        min_count: how often a word occurs at least.
        min_bucket_count: how often n-grams of a bucket occur at least.
        clear_words: whether words of few customers are stored in clear too.
        dim: numbers a vector.
        schedule: how to learn.
        stopping: when to end before the last epoch.
        pretrained: vectors of words to begin with.
    """

    shape: VectorShape
    min_count: int
    min_bucket_count: int
    clear_words: bool
    dim: int
    schedule: Schedule
    stopping: EarlyStopping = NEVER_EARLY
    pretrained: WordVectors | None = None

    @property
    def loss(self) -> str:
        """The loss's name."""
        return {number: name for name, number in LOSS_NUMBERS.items()}[self.schedule.loss]


class RowLabels(NamedTuple):
    """The labels of n texts: text i has ``places[ends[i] : ends[i + 1]]``, of k that there are."""

    places: NDArray[np.int32]
    ends: Ints
    k: int

    def first(self) -> NDArray[np.int32]:
        """Return the first label of each text, (n,); k where it has none."""
        sizes = np.diff(self.ends)
        found = np.full(len(sizes), self.k, np.int32)
        found[sizes > 0] = self.places[self.ends[:-1][sizes > 0]]
        return found

    def table(self, texts: Ints) -> NDArray[np.bool_]:
        """Return which labels some texts have, (texts, k)."""
        table = np.zeros((len(texts), self.k), np.bool_)
        for row, text in enumerate(texts.tolist()):
            table[row, self.places[self.ends[text] : self.ends[text + 1]]] = True
        return table

    def rows(self) -> Ints:
        """Return how many texts have each label, (k,)."""
        pairs = np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends)) * self.k
        found = np.unique(pairs + self.places) % self.k
        return np.bincount(found, minlength=self.k)


class LearntVectors(NamedTuple):
    """A model, its calibration and how its learning went."""

    model: LabelVectors
    calibration: Calibration | MultilabelCalibrations
    bounded_steps: int
    loss: float


def learn_reviews(
    batches: Iterable[pa.RecordBatch],
    columns: tuple[str, ...],
    k: int,
    recipe: Recipe,
    multilabel: bool,
    validation: Iterable[pa.RecordBatch] | None = None,
    run: Run = SILENT_RUN,
) -> LearntVectors:
    """Learn from labelled reviews, some of which are held out to calibrate on.

    Args:
        batches: text columns, ``label``, and perhaps ``group`` and ``customer``.
        columns: the text columns.
        k: how many labels there are.
        recipe: how to learn.
        multilabel: whether a text may have several labels.
        validation: reviews that are not learnt from, to measure on after each epoch.
        run: is told of each epoch, and may ask to end after one.
    """
    labels: list[NDArray[np.int32]] = []
    sizes: list[Ints] = []
    groups: list[NDArray[np.uint64]] = []
    with reading(recipe.shape) as reader:
        for batch in batches:
            read_reviews(reader, batch, columns)
            own, own_sizes = _labels_of(batch)
            labels.append(own)
            sizes.append(own_sizes)
            groups.append(groups_of(batch, columns))
        read = reader.finish()
        ends = np.concatenate([[0], *sizes]).cumsum().astype(np.int64)
        labels_of_rows = RowLabels(np.concatenate([np.empty(0, np.int32), *labels]), ends, k)
        fewest = 0 if recipe.clear_words else FEW_CUSTOMERS
        vocabulary, mapped = choose_rows(read, recipe.min_count, recipe.min_bucket_count, fewest)
        start = None
        if recipe.pretrained is not None:
            vocabulary, mapped, start = with_pretrained(vocabulary, mapped, recipe.pretrained)
        texts = None if validation is None else validation_texts(validation, columns, k)
        watch = EpochWatch(
            vocabulary, texts, _label_counts(labels_of_rows), recipe.loss, recipe.stopping, run
        )
        every = np.concatenate(groups)
        return _learn(mapped, labels_of_rows, every, recipe, multilabel, watch, start)


def validation_texts(
    batches: Iterable[pa.RecordBatch], columns: tuple[str, ...], k: int
) -> ValidationTexts:
    """Return reviews with labels as texts to measure on."""
    lines, tables = [], [np.zeros((0, k), np.bool_)]
    for batch in batches:
        places, sizes = _labels_of(batch)
        ends = np.concatenate([[0], sizes]).cumsum().astype(np.int64)
        tables.append(RowLabels(places, ends, k).table(np.arange(len(batch))))
        lines.append(review_lines(batch, columns))
    return ValidationTexts(lines, np.concatenate(tables))


def _label_counts(labels: RowLabels) -> Ints:
    return np.bincount(labels.places, minlength=labels.k).astype(np.int64)


def read_reviews(reader: LineReader, batch: pa.RecordBatch, columns: tuple[str, ...]) -> None:
    """Read the texts of reviews; without a column of customers, each text is of its own."""
    lines = review_lines(batch, columns)
    if CUSTOMER in batch.schema.names:
        customers = batch.column(CUSTOMER).to_numpy()
    else:
        customers = _texts_as_customers(lines, reader)
    reader.add(lines, customers)


def _texts_as_customers(lines: TextLines, reader: LineReader) -> NDArray[np.uint64]:
    start = reader.texts
    return np.arange(start + 1, start + 1 + len(lines), dtype=np.uint64)


def groups_of(batch: pa.RecordBatch, columns: tuple[str, ...]) -> NDArray[np.uint64]:
    """Return what is equal for rows that belong together; without groups, equal texts do."""
    if GROUP in batch.schema.names:
        return np.asarray(batch.column(GROUP).to_numpy(), np.uint64)
    groups = np.zeros(len(batch), np.uint64)
    for column in columns:
        groups = combine64(groups, hash64(batch.column(column)))
    return groups


def _labels_of(batch: pa.RecordBatch) -> tuple[NDArray[np.int32], Ints]:
    column = batch.column(LABEL)
    if is_list(column.type):
        sizes = column.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
        return column.flatten().to_numpy(zero_copy_only=False).astype(np.int32), sizes
    return column.to_numpy().astype(np.int32), np.ones(len(batch), np.int64)


def _learn(
    mapped: MappedTexts,
    labels: RowLabels,
    groups: NDArray[np.uint64],
    recipe: Recipe,
    multilabel: bool,
    watch: EpochWatch,
    start: FirstRows | None = None,
) -> LearntVectors:
    vocabulary = watch.vocabulary
    texts = TrainingTexts(
        mapped.rows, mapped.ends, mapped.sizes, labels.places, labels.ends, labels.k
    )

    epochs = max(recipe.schedule.epochs, -(-FEWEST_STEPS // max(len(mapped.sizes), 1)))
    recipe = replace(recipe, schedule=replace(recipe.schedule, epochs=epochs))

    def learn(chosen: Ints | None, watch: EpochWatch) -> tuple[LabelVectors, LabelLearner]:
        learner = run_learner(texts, vocabulary.rows, recipe, chosen, watch.after, start)
        watch.keep_best(learner)
        rows, outputs = with_zeros(learner.rows()), learner.label_vectors()
        return LabelVectors(vocabulary, rows, outputs, watch.counts, recipe.loss), learner

    held = set_aside(labels, groups, recipe.schedule.seed)
    rest = np.setdiff1d(np.arange(len(mapped.sizes)), held)
    again = len(held) > 0 and len(mapped.sizes) < WORTH_LEARNING_AGAIN
    quiet = replace(watch, run=Run(stop=watch.run.stop))
    model, learner = learn(rest, quiet if again else watch)
    calibration = _calibrated(model, mapped, labels, held, rest, multilabel, start)
    if again and not watch.run.stop():
        model, learner = learn(None, watch)
    return LearntVectors(model, calibration, learner.bounded, learner.loss)


def _calibrated(
    model: LabelVectors,
    mapped: MappedTexts,
    labels: RowLabels,
    held: Ints,
    rest: Ints,
    multilabel: bool,
    start: FirstRows | None,
) -> Calibration | MultilabelCalibrations:
    """Return what makes probabilities of scores, from texts that were not learnt from.

    Of their words, those that stand in no other text count for nothing, as in a new text, unless
    they had a vector to begin with.
    """
    taught = np.zeros(len(model.inputs), np.bool_)
    if start is not None:
        taught[start.rows] = True
    for text in rest.tolist():
        taught[mapped.rows[mapped.ends[text] : mapped.ends[text + 1]]] = True
    rows = _rows_of(mapped, held, taught)
    scores, known = model.scores_of(rows), model.known_words(rows)
    if multilabel:
        texts = len(labels.ends) - 1
        truth = labels.table(held)
        return multilabel_calibrations(scores, truth, known, texts, labels.rows().tolist())
    present = np.flatnonzero(labels.rows())
    numbers = np.searchsorted(present, labels.first()[held])
    some, lengths = cut_rows(len(held))
    few = model.shortened(rows, some, lengths)
    cut = CutTexts(model.scores_of(few)[:, present], model.known_words(few), numbers[some])
    found = calibration_of_one(scores[:, present], numbers, known, labels.rows()[present], cut)
    return found.spread(present, labels.k)


def run_learner(
    texts: TrainingTexts,
    rows: int,
    recipe: Recipe,
    chosen: Ints | None = None,
    after_epoch: Callable[[int, LabelLearner], bool] | None = None,
    start: FirstRows | None = None,
) -> LabelLearner:
    """Return a learner that has read its texts as often as it should.

    Args:
        texts: the texts.
        rows: how many rows the vocabulary has.
        recipe: how to learn.
        chosen: which texts to learn from; all by default.
        after_epoch: is told after each epoch, and says whether to stop.
        start: where some rows begin; the others begin at random.
    """
    learner = LabelLearner(texts, rows, recipe.dim, recipe.schedule, chosen, start)
    for number in range(recipe.schedule.epochs):
        learner.epoch(number)
        if after_epoch is not None and after_epoch(number, learner):
            break
    return learner


def set_aside(labels: RowLabels, groups: NDArray[np.uint64], seed: int) -> Ints:
    """Return texts to calibrate on, groups whole, none where that would leave a label untaught."""
    first = labels.first()
    if len(np.unique(groups)) < HELD_OUT:
        groups = np.arange(len(first), dtype=np.uint64)
    parts = max(HELD_OUT, -(-len(first) // MOST_HELD_OUT))
    held = np.flatnonzero(deal_folds(first, groups, parts, seed) == 0)
    rest = np.ones(len(first), np.bool_)
    rest[held] = False
    taught = set(np.unique(first[rest]).tolist())
    if not set(np.unique(first).tolist()) <= taught:
        return np.empty(0, np.int64)
    return held


def _rows_of(mapped: MappedTexts, texts: Ints, taught: NDArray[np.bool_]) -> TextRows:
    """Return the rows of some texts, but for those that nothing was learnt of."""
    parts = [mapped.rows[mapped.ends[text] : mapped.ends[text + 1]] for text in texts.tolist()]
    parts = [part[taught[part]] for part in parts]
    ends = np.cumsum([0, *(len(part) for part in parts)]).astype(np.int64)
    return TextRows(np.concatenate([np.empty(0, np.int32), *parts]), ends)

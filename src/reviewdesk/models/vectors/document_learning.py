"""From labelled and unlabelled reviews to vectors of n-grams and a linear model beside them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.examples.examples import LABEL
from reviewdesk.models.few_texts import least_frequency
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.scales import scales
from reviewdesk.models.scored import calibration_of_one
from reviewdesk.models.short_texts import CutTexts, cut_rows
from reviewdesk.models.vectors.document_kernels import distinct_rows
from reviewdesk.models.vectors.document_margins import (
    DocumentMargins,
    DocumentRows,
    count_labels,
)
from reviewdesk.models.vectors.document_vectors import (
    NONE,
    DocumentSchedule,
    NgramVectors,
    learn_ngram_vectors,
    with_vectors,
)
from reviewdesk.models.vectors.learning import RowLabels, groups_of, set_aside
from reviewdesk.models.vectors.mapping import VectorVocabulary, choose_rows
from reviewdesk.models.vectors.reading import LineReader, ReadTexts, VectorShape, reading
from reviewdesk.models.vectors.review_lines import as_strings, review_lines
from reviewdesk.models.vectors.text_rows import RowIndex, TextRows

Ints = NDArray[np.int64]
NOBODY: Final = 1 << 30
"""So many customers have no word, so that none is stored in clear."""
FEWEST_READINGS: Final = 20_000
"""Few texts are read more often: so many readings there are at least."""
MOST_EXTRA_EPOCHS: Final = 200
BYTES_A_BUCKET: Final = 4
BUCKETS: Final = (1 << 16, 1 << 26)
"""The fewest and the most that are chosen."""


@dataclass(frozen=True)
class DocumentRecipe:
    """How ``docvec`` learns.

    Args:
        shape: which n-grams are read.
        min_count: how often a row's n-grams occur at least.
        vector_count: how often at least, for one to have a vector.
        share: of the places of n-grams that may have a vector, which share is learnt from: those
            that tell the labels apart best.
        most_rows: how many rows there are at most.
        most_texts: from how many texts vectors are learnt at most.
        schedule: how vectors are learnt.
        beside: whether n-grams stand beside vectors in the linear model.
        factor: what vectors are multiplied by there.
        cost: what errors cost there.
    """

    shape: VectorShape
    min_count: int
    vector_count: int
    share: float
    most_rows: int
    most_texts: int
    schedule: DocumentSchedule
    beside: bool
    factor: float
    cost: float


class LearntDocuments(NamedTuple):
    """Vectors of n-grams, the linear model beside them, and its calibration."""

    vocabulary: VectorVocabulary
    vectors: NgramVectors
    margins: DocumentMargins
    calibration: Calibration


class LabelledTexts(NamedTuple):
    """n texts as rows, each once a text, with their labels and what is equal for a group."""

    texts: TextRows
    labels: Ints
    groups: NDArray[np.uint64]


def learn_documents_of(
    batches: Iterable[pa.RecordBatch],
    unlabelled: Iterable[pa.RecordBatch],
    columns: tuple[str, ...],
    k: int,
    recipe: DocumentRecipe,
) -> LearntDocuments:
    """Learn vectors from labelled and unlabelled reviews, and labels from the former.

    A tenth of the labelled reviews is held out of the vectors and of a first linear model, to
    calibrate on; the one that is kept learns from these too.

    Args:
        batches: text columns, ``label`` and perhaps ``group``.
        unlabelled: text columns.
        columns: the text columns.
        k: how many labels there are.
        recipe: how to learn.
    """
    labels: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
    groups: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
    with reading(recipe.shape) as reader:
        for batch in batches:
            _read(reader, batch, columns)
            labels.append(batch.column(LABEL).to_numpy().astype(np.int32))
            groups.append(groups_of(batch, columns))
        labelled = reader.texts
        for batch in unlabelled:
            _read(reader, batch, columns)
        read = reader.finish()
        least = _least_count(read, least_frequency(recipe.min_count, labelled), recipe.most_rows)
        vocabulary, mapped = choose_rows(read, least, least, NOBODY)
        ends = np.zeros_like(mapped.ends)
        distinct_rows(mapped.rows, mapped.ends, ends)
        texts = TextRows(mapped.rows[: ends[-1]], ends)
        own = TextRows(texts.rows[: ends[labelled]], ends[: labelled + 1])
        taught = LabelledTexts(own, np.concatenate(labels).astype(np.int64), np.concatenate(groups))
        return _learn(vocabulary, texts, taught, k, recipe)


def learn_margins_again(
    batches: Iterable[pa.RecordBatch],
    columns: tuple[str, ...],
    k: int,
    recipe: DocumentRecipe,
    vocabulary: VectorVocabulary,
    vectors: NgramVectors,
) -> LearntDocuments:
    """Learn the linear model anew from more labelled reviews; vectors stay what they are.

    Args:
        batches: text columns, ``label`` and perhaps ``group``.
        columns: the text columns.
        k: how many labels there are.
        recipe: how to learn.
        vocabulary: the rows of words and n-grams.
        vectors: theirs.
    """
    index = document_index(vocabulary)
    rows, sizes = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    labels, groups = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for batch in batches:
        texts = document_rows(index, batch, columns)
        rows.append(texts.rows)
        sizes.append(np.diff(texts.ends))
        labels.append(batch.column(LABEL).to_numpy().astype(np.int64))
        groups.append(groups_of(batch, columns))
    ends = np.concatenate([[0], *sizes]).cumsum().astype(np.int64)
    every = TextRows(np.concatenate(rows), ends)
    taught = LabelledTexts(every, np.concatenate(labels), np.concatenate(groups))
    held = _held_out(taught, k, recipe)
    margins, calibration = _calibrated(vocabulary, vectors, taught, held, k, recipe)
    return LearntDocuments(vocabulary, vectors, margins, calibration)


def text_bytes(batches: Iterable[pa.RecordBatch], columns: tuple[str, ...]) -> int:
    """Return how many bytes the texts of reviews have."""
    return sum(
        pc.sum(pc.binary_length(as_strings(batch.column(name)))).as_py() or 0
        for batch in batches
        for name in columns
    )


def buckets_for(size: int) -> int:
    """Return how many buckets n-grams of texts of so many bytes need to be told apart."""
    wanted = max(size // BYTES_A_BUCKET, BUCKETS[0])
    return min(1 << (wanted - 1).bit_length(), BUCKETS[1])


def document_index(vocabulary: VectorVocabulary) -> RowIndex:
    """Return what turns texts into rows; the end of a line is no word."""
    return replace(vocabulary.index(), line_ends=False)


def document_rows(index: RowIndex, batch: pa.RecordBatch, columns: tuple[str, ...]) -> TextRows:
    """Return reviews as rows, each once a review."""
    texts = index.rows(review_lines(batch, columns))
    ends = np.zeros_like(texts.ends)
    distinct_rows(texts.rows, texts.ends, ends)
    return TextRows(texts.rows[: ends[-1]], ends)


def known_words(
    rows: TextRows, margins: DocumentMargins, vectors: NgramVectors, words: int
) -> Ints:
    """Return how many different words of each text count for anything, (n,).

    Args:
        rows: n texts.
        margins: the linear model.
        vectors: of n-grams; words of unlabelled reviews alone have nothing else.
        words: how many of the rows are words.
    """
    known = (rows.rows < words) & _known_rows(margins, vectors)[rows.rows]
    counted = np.concatenate([[0], np.cumsum(known)])
    return np.asarray(counted[rows.ends[1:]] - counted[rows.ends[:-1]], np.int64)


def _known_rows(margins: DocumentMargins, vectors: NgramVectors) -> NDArray[np.bool_]:
    return np.asarray((margins.scales > 0) | (vectors.numbers != NONE))


def _read(reader: LineReader, batch: pa.RecordBatch, columns: tuple[str, ...]) -> None:
    reader.add(review_lines(batch, columns), np.zeros(len(batch), np.uint64))


def _least_count(read: ReadTexts, least: int, most: int) -> int:
    """Return how often n-grams must occur so that no more than so many rows are left."""
    while int((read.counts >= least).sum() + (read.bucket_counts >= least).sum()) > most:
        least += 1
    return least


def _held_out(taught: LabelledTexts, k: int, recipe: DocumentRecipe) -> Ints:
    ends = np.arange(len(taught.labels) + 1)
    labels = RowLabels(taught.labels.astype(np.int32), ends, k)
    return set_aside(labels, taught.groups, recipe.schedule.seed)


def _learn(
    vocabulary: VectorVocabulary,
    texts: TextRows,
    taught: LabelledTexts,
    k: int,
    recipe: DocumentRecipe,
) -> LearntDocuments:
    labelled = len(taught.labels)
    held = _held_out(taught, k, recipe)
    rest = np.setdiff1d(np.arange(labelled), held)
    weights = _scales(taught, rest, vocabulary.rows, k)
    counts = np.bincount(texts.rows, minlength=vocabulary.rows)
    least = least_frequency(min(recipe.vector_count, 2), labelled)
    least = recipe.vector_count if least > 1 else least
    numbers = _told_apart(weights, np.where(counts >= least, counts, 0), recipe.share)
    chosen = np.concatenate([rest, np.arange(labelled, len(texts))])[: recipe.most_texts]
    enough = min(-(-FEWEST_READINGS // max(len(chosen), 1)), MOST_EXTRA_EPOCHS)
    epochs = max(recipe.schedule.epochs, enough)
    schedule = replace(recipe.schedule, epochs=epochs)
    vectors = learn_ngram_vectors(with_vectors(_some(texts, chosen), numbers), numbers, schedule)
    margins, calibration = _calibrated(vocabulary, vectors, taught, held, k, recipe)
    return LearntDocuments(vocabulary, vectors, margins, calibration)


def _scales(taught: LabelledTexts, chosen: Ints, rows: int, k: int) -> NDArray[np.float32]:
    """Return how unevenly each row stands in the labels of some texts, (rows,)."""
    present, numbers = np.unique(taught.labels[chosen], return_inverse=True)
    labels = np.zeros(len(taught.labels), np.int64)
    labels[chosen] = numbers
    counts = np.zeros((rows, len(present)), np.int32)
    count_labels(taught.texts.rows, taught.texts.ends, labels, chosen, counts)
    return scales(counts, np.bincount(numbers, minlength=len(present)), 1)


def _told_apart(weights: NDArray[np.float32], counts: Ints, share: float) -> NDArray[np.int32]:
    """Number the rows that tell labels apart best, until they fill a share of all places.

    Args:
        weights: (rows,) how unevenly each stands in the labels.
        counts: (rows,) how many places it has; 0 for one that may have no vector.
        share: of all places.
    """
    order = np.argsort(-weights, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    kept = order[(before < share * counts.sum()) & (counts[order] > 0)]
    numbers = np.full(len(weights), NONE, np.int32)
    numbers[np.sort(kept)] = np.arange(len(kept))
    return numbers


def _calibrated(
    vocabulary: VectorVocabulary,
    vectors: NgramVectors,
    taught: LabelledTexts,
    held: Ints,
    k: int,
    recipe: DocumentRecipe,
) -> tuple[DocumentMargins, Calibration]:
    """Return a linear model of all labelled texts, calibrated on those that were held out."""
    inferred = vectors.infer(taught.texts)
    every = np.arange(len(taught.labels))

    def learn(chosen: Ints) -> DocumentMargins:
        weights = _scales(taught, chosen, vocabulary.rows, k)
        texts = DocumentRows(taught.texts.rows, taught.texts.ends, inferred)
        if not recipe.beside:
            texts = DocumentRows(texts.rows[:0], np.zeros_like(texts.ends), inferred)
        return DocumentMargins.learn(
            texts, chosen, taught.labels, weights, recipe.factor, recipe.cost, k,
            recipe.schedule.seed,
        )  # fmt: skip

    first = learn(np.setdiff1d(every, held))
    words = len(vocabulary.keys)
    # As in a new text, what stands in no text that was learnt from counts for nothing.
    rows = _only(_some(taught.texts, held), _known_rows(first, vectors))
    present, numbers = np.unique(taught.labels, return_inverse=True)
    scores = first(DocumentRows(rows.rows, rows.ends, vectors.infer(rows)))[:, present]
    some, lengths = cut_rows(len(held))
    few = _shortened(rows, some, lengths, words)
    cut = CutTexts(
        first(DocumentRows(few.rows, few.ends, vectors.infer(few)))[:, present],
        known_words(few, first, vectors, words),
        numbers[held][some],
    )
    found = calibration_of_one(
        scores, numbers[held], known_words(rows, first, vectors, words), np.bincount(numbers), cut
    )
    kept = first if not len(held) else learn(every)
    return kept, found.spread(present, k)


def _some(texts: TextRows, chosen: Ints) -> TextRows:
    """Return some texts."""
    sizes = np.diff(texts.ends)[chosen]
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.arange(ends[-1]) + np.repeat(texts.ends[:-1][chosen] - ends[:-1], sizes)
    return TextRows(texts.rows[places], ends)


def _only(texts: TextRows, kept: NDArray[np.bool_]) -> TextRows:
    """Return texts without the rows that are not kept."""
    there = kept[texts.rows]
    counted = np.concatenate([[0], np.cumsum(there)])
    return TextRows(texts.rows[there], counted[texts.ends])


def _shortened(texts: TextRows, chosen: Ints, most: Ints, words: int) -> TextRows:
    """Return some texts, each with so many (m,) of its words at the most and no longer n-gram."""
    few = _only(_some(texts, chosen), np.arange(int(texts.rows.max(initial=0)) + 1) < words)
    # Rows lie by how often they occur, and a short text is not made of the most frequent words.
    text_of = np.repeat(np.arange(len(few)), np.diff(few.ends))
    drawn = np.lexsort((np.random.default_rng(0).random(len(few.rows)), text_of))
    within = np.empty(len(few.rows), np.int64)
    within[drawn] = np.arange(len(few.rows)) - few.ends[text_of]
    there = within < most[text_of]
    counted = np.concatenate([[0], np.cumsum(there)])
    return TextRows(few.rows[there], counted[few.ends])

"""Examples: labelled reviews, a few numbers a row in memory and the texts left on disk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import InputError, MissingColumn, NotEnoughData
from reviewdesk.examples.headlines import HEADLINE, blank_default_headlines
from reviewdesk.examples.label_sets import indicators, label_sets
from reviewdesk.examples.targets import NO_LABEL, Labels, Values, label_rows
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import REVIEW_LANGUAGE, REVIEWS
from reviewdesk.settings import SEVERAL, TargetSettings, TextSettings
from reviewdesk.text.hashing import hash64
from reviewdesk.text.headlines import is_default_headline
from reviewdesk.text.languages import checked_languages, language_column
from reviewdesk.text.tokens import normalised_key

BATCH_ROWS: Final = 65_536
ANOTHER_LANGUAGE: Final = "another language"
LABEL: Final = "label"
GROUP: Final = "group"
CUSTOMER: Final = "customer"
_CUSTOMER_ID: Final = "customer_id"
_PRODUCT: Final = ("product_parent", "product_id", "review_id")


class ReviewTable(Protocol):
    """Cleaned reviews that can be read again and again in one order, as prepared data can."""

    @property
    def rows(self) -> int:
        """How many reviews there are."""

    def batches(
        self, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield some columns of all reviews, always in the same order."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Reviews with their labels, in the order of the reviews.

    Only numbers are held (20 bytes a review); texts are read again from the reviews when they are
    needed.

    Args:
        reviews: where the texts are.
        target: what the labels are.
        text: which text a classifier reads.
        labels: the k labels.
        label: (n,) int32, each review's place in ``labels``, or of several labels its place in
            ``sets``; -1 where it has none.
        groups: (n,) uint64, equal for reviews of one product: of one product_parent, else of one
            product_id; a review with neither is its own group.
        text_keys: (n,) uint64, equal for review bodies that count as the same text.
        default_headlines: how many reviews have a headline that the shop filled in.
        left_out: how many reviews have no label, by reason.
        small_categories: labels with too few reviews, and how many they have.
        sets: of reviews with several labels the sets that occur, as places in ``labels``.
        languages: (n,) the language of each review, as a dictionary of codes.
    """

    reviews: ReviewTable
    target: TargetSettings
    text: TextSettings
    labels: list[str]
    label: NDArray[np.int32]
    groups: NDArray[np.uint64]
    text_keys: NDArray[np.uint64]
    default_headlines: int
    left_out: dict[str, int]
    small_categories: dict[str, int]
    sets: pa.ListArray | None = None
    languages: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.label)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which reviews have a label, (n,)."""
        labelled: NDArray[np.bool_] = self.label != NO_LABEL
        return labelled

    def counts(self, rows: NDArray[np.bool_] | None = None) -> dict[str, int]:
        """Return how many reviews have each label, among all or among some."""
        chosen = self.label if rows is None else self.label[rows]
        chosen = chosen[chosen != NO_LABEL]
        if self.sets is not None:
            found = indicators(self.sets, chosen, len(self.labels)).sum(axis=0)
        else:
            found = np.bincount(chosen, minlength=len(self.labels))
        return dict(zip(self.labels, found.tolist(), strict=True))

    def language_counts(self, rows: NDArray[np.bool_]) -> dict[str, int]:
        """Return how many of some reviews, (n,), are in each language, the most first."""
        if self.languages is None:
            return {}
        pairs = pc.value_counts(self.languages.filter(pa.array(rows))).to_pylist()
        counts = {one["values"]: one["counts"] for one in pairs}
        return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))

    def batches(
        self, rows: NDArray[np.bool_] | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield what a classifier reads: review_id, the texts, ``label``, ``group``, ``customer``.

        ``customer`` is a hash (uint64): of the customer's id, or where there is none, the review's.

        Of reviews with several labels, ``label`` holds lists; null where nothing is known.

        Args:
            rows: (n,) which reviews; all of them by default.
            batch_rows: most reviews read at once.

        Raises:
            InputError: there are not as many reviews as there were when they were counted.
        """
        columns = ("review_id", _CUSTOMER_ID, *self.text.fields)
        for at, read in self._read(columns, batch_rows):
            customers = hash64(pc.coalesce(_present(read, _CUSTOMER_ID), read.column("review_id")))
            batch = read.drop_columns([_CUSTOMER_ID])
            texts = blank_default_headlines(batch) if self.text.drop_default_headlines else batch
            until = at + len(batch)
            whole = texts.append_column(LABEL, self._label_column(slice(at, until)))
            whole = whole.append_column(GROUP, pa.array(self.groups[at:until]))
            whole = whole.append_column(CUSTOMER, pa.array(customers))
            chosen = whole if rows is None else whole.filter(pa.array(rows[at:until]))
            if len(chosen):
                yield chosen

    def _label_column(self, rows: slice) -> pa.Array:
        numbers = self.label[rows]
        if self.sets is None:
            return pa.array(numbers)
        return self.sets.take(pa.array(numbers, mask=numbers == NO_LABEL))

    def table(self, rows: NDArray[np.bool_] | None = None) -> pa.Table:
        """Return the same as one table in memory."""
        texts = [REVIEWS.field(name) for name in ("review_id", *self.text.fields)]
        kind = pa.int32() if self.sets is None else self.sets.type
        hashes = [pa.field(name, pa.uint64()) for name in (GROUP, CUSTOMER)]
        schema = pa.schema([*texts, pa.field(LABEL, kind), *hashes])
        return pa.Table.from_batches(self.batches(rows), schema)

    def columns(self, names: Sequence[str], rows: NDArray[np.bool_]) -> Iterator[pa.RecordBatch]:
        """Yield some columns of some reviews (n,), as they are."""
        for at, batch in self._read(tuple(names), BATCH_ROWS):
            chosen = batch.filter(pa.array(rows[at : at + len(batch)]))
            if len(chosen):
                yield chosen

    def column(self, name: str) -> pa.ChunkedArray:
        """Return one column of the reviews."""
        parts = [batch.column(0) for _, batch in self._read((name,), BATCH_ROWS)]
        return pa.chunked_array(parts) if parts else pa.chunked_array([[]], pa.string())

    def _read(
        self, columns: tuple[str, ...], batch_rows: int
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        at = 0
        for batch in self.reviews.batches(columns=columns, batch_rows=batch_rows):
            if at + len(batch) > len(self):
                break
            yield at, batch
            at += len(batch)
        if at != len(self):
            raise InputError("the reviews changed while they were being read; start again")


def load_examples(
    reviews: ReviewTable,
    target: TargetSettings,
    text: TextSettings,
    *,
    labels: Sequence[str] | None = None,
    progress: Progress = SILENT,
) -> Examples:
    """Read the labels, products and text keys of all reviews.

    Args:
        reviews: prepared data.
        target: what the labels are.
        text: which text a classifier reads.
        labels: the only labels to give, in their order, as those of a bundle that is evaluated.
        progress: shows how far it has come.

    Raises:
        MissingColumn: no review has what the target is made from.
        NotEnoughData: there are no reviews.
    """
    values = Values(target)
    groups, keys, defaults = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)], 0
    prepared = isinstance(reviews, PreparedData)
    columns = dict.fromkeys((*_PRODUCT, HEADLINE, "review_body", *values.columns))
    columns |= {REVIEW_LANGUAGE.name: None} if prepared else {}
    languages = [pa.array([], pa.string())]
    with progress.task("Labelling", reviews.rows, "reviews") as task:
        for batch in _labelled_batches(reviews, list(columns), target):
            values.add(batch)
            groups.append(hash64(pc.coalesce(*(_present(batch, name) for name in _PRODUCT))))
            keys.append(hash64(normalised_key(batch.column("review_body"))))
            languages.append(
                batch.column(REVIEW_LANGUAGE.name)
                if prepared
                else language_column(batch.column("review_body"))
            )
            defaults += is_default_headline(batch.column(HEADLINE)).true_count
            task.advance(len(batch))
    label = label_sets if target.target == SEVERAL else label_rows
    found = label(values, target, labels)
    if not len(found.rows):
        raise NotEnoughData("there are no reviews in this data")
    spoken = pa.chunked_array(languages).combine_chunks().dictionary_encode()
    found = _in_languages(found, spoken, checked_languages(text.languages))
    return _examples(reviews, target, text, found, (groups, keys), defaults, spoken)


def _in_languages(labels: Labels, spoken: pa.Array, wanted: tuple[str, ...]) -> Labels:
    """Return labels without those of reviews in other languages than are wanted, if any are."""
    if not wanted:
        return labels
    stays = pc.is_in(spoken.cast(pa.string()), pa.array(wanted)).to_numpy(zero_copy_only=False)
    others = int((~stays & (labels.rows != NO_LABEL)).sum())
    rows = np.where(stays, labels.rows, np.int32(NO_LABEL))
    return replace(labels, rows=rows, left_out={**labels.left_out, ANOTHER_LANGUAGE: others})


def _labelled_batches(
    reviews: ReviewTable, columns: list[str], target: TargetSettings
) -> Iterator[pa.RecordBatch]:
    """Yield what labels are made of.

    Raises:
        MissingColumn: says what to do where the reviews have no column with labels of one's own.
    """
    try:
        yield from reviews.batches(columns=columns)
    except MissingColumn as error:
        if not target.label:
            raise
        raise MissingColumn(
            f"these reviews have no column {target.label!r} to take labels from; prepare them from "
            f"their files again, with --keep {quote(target.label)}"
        ) from error


def _examples(
    reviews: ReviewTable,
    target: TargetSettings,
    text: TextSettings,
    labels_found: Labels,
    hashes: tuple[list[NDArray[np.uint64]], list[NDArray[np.uint64]]],
    default_headlines: int,
    languages: pa.Array,
) -> Examples:
    return Examples(
        reviews=reviews,
        target=target,
        text=text,
        labels=labels_found.names,
        label=labels_found.rows,
        groups=np.concatenate(hashes[0]),
        text_keys=np.concatenate(hashes[1]),
        default_headlines=default_headlines,
        left_out=labels_found.left_out,
        small_categories=labels_found.small_categories,
        sets=labels_found.sets,
        languages=languages,
    )


def _present(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column with null in place of empty texts, which name nothing."""
    column = batch.column(name)
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)


def require_classes(
    counts: dict[str, int], purpose: str, left_out: Mapping[str, int] | None = None
) -> None:
    """Check that at least two labels have reviews.

    Args:
        counts: reviews by label.
        purpose: what needs them, to begin a sentence with.
        left_out: how many reviews have no label, by reason.

    Raises:
        NotEnoughData: says what there is, and why there is no more.
    """
    present = [label for label, count in counts.items() if count]
    if len(present) < 2:
        reviews = sum(counts.values())
        found = f"all {reviews:,} are {present[0]!r}" if present else "there are none"
        why = ", ".join(f"{reason} {rows:,}" for reason, rows in (left_out or {}).items())
        found += f" (left out: {why})" if why else ""
        raise NotEnoughData(f"{purpose} needs reviews of two labels or more; {found}")

"""What a classifier is fitted on, in one form: batches with a column of labels.

A text has one label or none; or several, each of which is then a question of its own.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError, NotEnoughData
from reviewdesk.examples.examples import CUSTOMER, GROUP, LABEL, Examples
from reviewdesk.schema import require_columns

BODY: Final = "review_body"
TEXT_ROWS: Final = 16_384

Texts: TypeAlias = Sequence[str | None] | NDArray[Any]
"""Plain texts, as scikit-learn passes them: a list, a NumPy array, a pandas Series."""


@dataclass(frozen=True, eq=False)
class LabelledReviews:
    """What a classifier is fitted on: batches with labels that can be read again and again.

    Args:
        labels: the k labels, in the order of the probabilities; a label that no row has gets the
            probability 0.
        columns: the names of all columns of the batches: texts, ``label`` (int32, a place in
            ``labels``, -1 where there is none; of several labels lists of int32, null where nothing
            is known) and, where it is known, what is equal for rows that belong together and for
            those of one customer, ``group`` and ``customer`` (uint64).
        multilabel: whether a text may have several labels.
        read: begins another reading.
        unlabelled: begins a reading of reviews without a label, with the same text columns, for
            families that learn from texts alone too. None of them is held out to measure on.
    """

    labels: list[str]
    columns: tuple[str, ...]
    multilabel: bool
    read: Callable[[], Iterable[pa.RecordBatch]]
    unlabelled: Callable[[], Iterable[pa.RecordBatch]] = tuple

    @classmethod
    def of_examples(
        cls,
        examples: Examples,
        rows: NDArray[np.bool_],
        among: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Return some rows (n,) of examples; their texts are read again for each reading.

        Args:
            examples: n reviews.
            rows: (n,) those to learn labels from.
            among: (n,) those of which any without a label may be learnt from; all by default.
        """
        columns = ("review_id", *examples.text.fields, LABEL, GROUP, CUSTOMER)
        multilabel = examples.sets is not None
        unlabelled = ~examples.labelled if among is None else among & ~examples.labelled
        return cls(
            examples.labels,
            columns,
            multilabel,
            lambda: examples.batches(rows),
            lambda: examples.batches(unlabelled),
        )

    @classmethod
    def of_batches(
        cls, batches: pa.RecordBatch | Iterable[pa.RecordBatch], labels: Sequence[str]
    ) -> Self:
        """Return record batches with a column of labels; an iterator is read into memory.

        Raises:
            NotEnoughData: there is no batch.
            MissingColumn: there is no ``label``.
        """
        held = [batches] if isinstance(batches, pa.RecordBatch) else batches
        held = list(held) if isinstance(held, Iterator) else held
        first = next(iter(held), None)
        if first is None:
            raise NotEnoughData("there are no reviews to learn from")
        require_columns(first.schema, (LABEL,), "fitting")
        columns, multilabel = tuple(first.schema.names), is_list(first.schema.field(LABEL).type)
        return cls(list(labels), columns, multilabel, lambda: held)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read from the beginning."""
        return iter(self.read())

    def through(self, step: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]) -> Self:
        """Return the same reviews of which each reading goes through a step."""
        return replace(self, read=lambda: step(self.batches()))


def labelled_texts(
    texts: Texts,
    labels: Sequence[Any] | NDArray[Any],
    classes: Sequence[Any] | NDArray[Any] | None = None,
    columns: Sequence[str] = (BODY,),
) -> tuple[NDArray[Any], LabelledReviews]:
    """Return plain texts with labels as labelled reviews, and the k labels as they were given.

    Args:
        texts: the texts.
        labels: the label of each text, or its labels: a list each, or (n, k) zeros and ones.
        classes: all k labels, where the texts may not have all of them.
        columns: what the texts are given as: bodies, and nulls in all other columns.

    Raises:
        NotEnoughData: there is no text.
        InputError: there are not as many labels as texts, or they are no names.
    """
    names, column = _columns_of(labels, classes)
    batches = list(_text_batches(texts, column, columns))
    return names, LabelledReviews.of_batches(batches, [str(name) for name in names])


def with_label(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, NDArray[np.int32]]:
    """Return the rows of a batch that were labelled, and all their labels one after the other."""
    column = batch.column(LABEL)
    if is_list(column.type):
        kept = batch if not column.null_count else batch.filter(column.is_valid())
        return kept, kept.column(LABEL).flatten().to_numpy(zero_copy_only=False)
    numbers = column.to_numpy()
    if not (numbers >= 0).all():
        batch = batch.filter(pa.array(numbers >= 0))
    return batch, batch.column(LABEL).to_numpy()


def is_list(kind: pa.DataType) -> bool:
    """Say whether a column holds lists, as that of several labels does."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def text_array(texts: Texts) -> pa.Array:
    """Return plain texts as Arrow strings; None is a null.

    Raises:
        InputError: something is not a text.
    """
    if isinstance(texts, str):
        raise InputError("expected a list of texts, got one text")
    shape = np.shape(texts) if hasattr(texts, "__array__") else ()
    if len(shape) > 1:
        raise InputError(
            f"expected a list of texts, got a table of {shape[1]} columns; give the one that holds "
            'the texts, as in table["review_body"]'
        )
    try:
        return pa.array(texts, pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
        raise InputError("expected a list of texts, got something that is not a text") from error


def are_texts(data: object) -> bool:
    """Say whether something is a sequence of plain texts rather than batches."""
    if not isinstance(data, Iterable):
        return False
    if not isinstance(data, Sequence) and not hasattr(data, "__array__"):
        return False  # an iterator, which would lose its first batch
    return not isinstance(next(iter(data), None), pa.RecordBatch)


def _columns_of(labels: Any, classes: Any) -> tuple[NDArray[Any], pa.Array]:
    """Return all labels, and a column of each text's place, or places, among them."""
    labels = list(labels) if isinstance(labels, Iterator) else labels
    if _are_sets(labels):
        return _of_sets(labels, classes)
    _check_there(labels)
    values = np.asarray(labels)
    if values.ndim == 2 and values.shape[1] == 1 and values.dtype.kind not in "biuf":
        raise InputError("the labels are a table of one column; give the column itself")
    if values.ndim == 2:
        return _of_indicators(values, classes)
    _check_names(values)
    try:
        names = np.unique(values if classes is None else np.asarray(classes))
    except TypeError as error:
        raise InputError("the labels are of several types; make all of them texts") from error
    return names, pa.array(_places(names, values))


def _are_sets(labels: Any) -> bool:
    """Say whether each text has a collection of labels.

    Equally long lists of numbers are no such collections but the rows of a table.
    """
    if not isinstance(labels, Sequence) or not len(labels):
        return False
    if not all(isinstance(one, list | tuple | set | frozenset) for one in labels):
        return False
    is_table = len({len(one) for one in labels}) == 1 and all(
        isinstance(label, int) for one in labels if isinstance(one, list | tuple) for label in one
    )
    return not is_table or isinstance(labels[0], set | frozenset)


def _of_indicators(table: NDArray[Any], classes: Any) -> tuple[NDArray[Any], pa.Array]:
    if not np.isin(table, (0, 1)).all():
        raise InputError("a table of labels holds zeros and ones, one column a label")
    names = np.arange(table.shape[1]) if classes is None else np.asarray(classes)
    rows, places = np.nonzero(table)
    return names, _lists(np.bincount(rows, minlength=len(table)), places)


def _of_sets(sets: Sequence[Any], classes: Any) -> tuple[NDArray[Any], pa.Array]:
    for one in sets:
        _check_there(tuple(one))
    ordered = [sorted(set(one)) for one in sets]
    values = np.array([label for one in ordered for label in one])
    names = np.unique(values if classes is None else np.asarray(classes))
    return names, _lists(np.array([len(one) for one in ordered]), _places(names, values))


def _lists(sizes: NDArray[np.int64], places: NDArray[Any]) -> pa.Array:
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(places.astype(np.int32)))


def _places(names: NDArray[Any], values: NDArray[Any]) -> NDArray[np.int32]:
    places = np.searchsorted(names, values) if len(names) else np.zeros(len(values), np.int64)
    if len(values) and not (names[np.minimum(places, len(names) - 1)] == values).all():
        raise InputError("a text has a label that is not among the classes")
    return places.astype(np.int32)


def _check_there(labels: Any) -> None:
    """Check that no label is None, NaN or one of pandas' signs for nothing."""
    values = labels if isinstance(labels, Sequence) else np.asarray(labels)
    if isinstance(values, np.ndarray):
        missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(0, np.bool_)
        values = values.ravel() if values.dtype.kind == "O" else ()
        if missing.any():
            values = (None,)
    if any(map(_is_nothing, values)):
        raise InputError("Input y contains NaN or None: leave texts without a label out")


def _is_nothing(label: Any) -> bool:
    """Say whether it is None, NaN, or pandas' NA or NaT, which are no floats."""
    if isinstance(label, float):
        return math.isnan(label)
    return label is None or type(label).__name__ in ("NAType", "NaTType")


def _check_names(values: NDArray[Any]) -> None:
    """Check that labels are names or whole numbers."""
    if values.ndim != 1:
        raise InputError("the labels are neither one a text nor a table of zeros and ones")
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.floor(values))).all():
        raise InputError("Unknown label type: labels are names or whole numbers, not continuous")


def _text_batches(
    texts: Texts, column: pa.Array, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    if len(texts) != len(column):
        raise InputError(f"there are {len(texts):,} texts and {len(column):,} labels")
    for start in range(0, max(len(texts), 1), TEXT_ROWS):
        part = slice(start, start + TEXT_ROWS)
        yield text_batch(text_array(texts[part]), columns).append_column(LABEL, column[part])


def text_batch(bodies: pa.Array, columns: Sequence[str]) -> pa.RecordBatch:
    """Return texts as bodies of reviews of which all else is null."""
    empty = pa.nulls(len(bodies), bodies.type)
    return pa.record_batch([bodies if name == BODY else empty for name in columns], list(columns))

"""Targets: the label of each review, from its stars, its product's category and its date."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import MissingColumn
from reviewdesk.settings import TargetSettings

TARGET_COLUMNS: Final = {
    "sentiment": ("star_rating",),
    "stars": ("star_rating",),
    "category": ("product_category",),
    "category-year": ("product_category", "review_date"),
    "category-stars": ("product_category", "star_rating"),
    "labels": ("product_category",),
}
"""The columns of the reviews table that each target is made from; ``label`` is made from any."""

PAIR: Final = " · "
"""Between the two parts of a label such as ``Books · 5``; the last one counts, as categories may
hold it too."""

SENTIMENTS: Final = ("negative", "positive")
NO_LABEL: Final = -1
NO_LABEL_WORDS: Final = ("", "nan", "null", "n/a", "#n/a", "<na>")
"""What programs write, in any case, where a cell has no label; ``none`` may be one."""
_RATED: Final = ("sentiment", "stars")


def label_parts(label: str) -> tuple[str, str]:
    """Return a label's category and its year or stars, as in ``Books`` and ``5``."""
    category, _, other = label.rpartition(PAIR)
    return category, other


@dataclass(frozen=True, eq=False)
class Labels:
    """The label of every review.

    Args:
        rows: (n,) int32, each row's place in ``names``, or in ``sets`` where there are any; -1
            where it has no label.
        names: the k labels.
        left_out: how many rows have no label, by reason.
        small_categories: labels with too few reviews, and how many they have.
        sets: of reviews with several labels the sets that occur, as places in ``names``.
    """

    rows: NDArray[np.int32]
    names: list[str]
    left_out: dict[str, int]
    small_categories: dict[str, int] = field(default_factory=dict)
    sets: pa.ListArray | None = None


class Values:
    """The values that a target is made from, one small number a row, collected batch by batch."""

    def __init__(self, target: TargetSettings) -> None:
        self.target = target.target
        self._own = bool(target.label)
        self.columns = (target.label,) if target.label else TARGET_COLUMNS[target.target]
        self.names: list[str] = []
        self.missing: Counter[str] = Counter()
        self._numbers: dict[str, int] = {}
        self._parts: list[NDArray[np.int32]] = [np.empty(0, np.int32)]

    def add(self, batch: pa.RecordBatch) -> None:
        """Take one batch's values; stars are their own number."""
        known = _own_labels if self._own else _known
        values = [known(batch, name) for name in self.columns]
        present = np.ones(len(batch), np.bool_)
        for name, column in zip(self.columns, values, strict=True):
            there = column.is_valid().to_numpy(zero_copy_only=False)
            self.missing[name] += int((present & ~there).sum())
            present &= there
        if self.target in _RATED:
            self._parts.append(pc.fill_null(values[0], NO_LABEL).to_numpy().astype(np.int32))
            return
        coded = _joined(values).dictionary_encode()
        numbers = [self._number(name) for name in coded.dictionary.to_pylist()]
        codes = pc.fill_null(coded.indices, -1).to_numpy()
        self._parts.append(np.array([*numbers, NO_LABEL], np.int32)[codes])

    def rows(self) -> NDArray[np.int32]:
        """Return the number of every row so far: stars, or a place in ``names``; -1 for none."""
        return np.concatenate(self._parts)

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


def _known(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column as labels name it, null where it says nothing: dates as their year."""
    column = batch.column(name)
    if name == "review_date":
        return pc.year(column)
    unknown = pc.equal(column, "") if name == "product_category" else _no_stars(column)
    return pc.if_else(unknown, pa.scalar(None, column.type), column)


def _own_labels(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return labels of one's own from any column, null where a cell says nothing.

    Whole numbers are written without a point: programs that know numbers with gaps only as floats
    write 1 as ``1.0``.
    """
    texts = pc.utf8_trim_whitespace(batch.column(name).cast(pa.string()))
    texts = pc.replace_substring_regex(texts, r"^(-?\d+)\.0+$", r"\1")
    unknown = pc.is_in(pc.utf8_lower(texts), pa.array(NO_LABEL_WORDS))
    return pc.if_else(unknown, pa.scalar(None, pa.string()), texts)


def _no_stars(column: pa.Array) -> pa.BooleanArray:
    return pc.or_(pc.less(column, 1), pc.greater(column, 5))


def _joined(values: Sequence[pa.Array]) -> pa.StringArray:
    """Return one text a row, null where a part is missing."""
    texts = [value.cast(pa.string()) for value in values]
    return pc.binary_join_element_wise(*texts, PAIR) if len(texts) > 1 else texts[0]


def label_rows(
    values: Values, settings: TargetSettings, labels: Sequence[str] | None = None
) -> Labels:
    """Return the label of every row.

    Sentiment has the labels negative and positive, stars the ratings that occur; the others have
    the names that occur often enough, sorted: categories, or categories with a year or stars.

    Args:
        values: what the target's columns hold.
        settings: the target.
        labels: the only labels to give, in their order, as those of a bundle that is evaluated;
            none is then too small.

    Raises:
        MissingColumn: no row has a value.
    """
    rows = values.rows()
    if len(rows) and (rows == NO_LABEL).all():
        emptiest = values.missing.most_common(1)[0][0]
        raise MissingColumn(f"{settings.target} needs {emptiest}, which this data does not have")
    found = _labels(values, rows, settings, keep_small=labels is not None)
    return found if labels is None else _relabel(found, labels)


def _labels(
    values: Values, rows: NDArray[np.int32], settings: TargetSettings, keep_small: bool
) -> Labels:
    left_out = {f"no_{name}": values.missing[name] for name in values.columns}
    if settings.target == "sentiment":
        return _sentiment(rows, settings, left_out)
    if settings.target == "stars":
        present = [star for star in range(1, 6) if (rows == star).any()]
        return _keep(rows, {star: str(star) for star in present}, left_out)
    counts = np.bincount(rows[rows >= 0], minlength=len(values.names))
    fewest = 1 if keep_small else settings.min_reviews
    by_name = sorted((name, number) for number, name in enumerate(values.names))
    small = {name: int(counts[number]) for name, number in by_name if counts[number] < fewest}
    kept = {number: name for name, number in by_name if name not in small}
    reason = f"small_{settings.target.replace('-', '_')}"
    return _keep(rows, kept, {**left_out, reason: sum(small.values())}, small)


def _sentiment(
    stars: NDArray[np.int32], settings: TargetSettings, left_out: dict[str, int]
) -> Labels:
    rows = np.where(stars >= settings.positive_from, 1, 0).astype(np.int32)
    rows[stars == NO_LABEL] = NO_LABEL
    if settings.drop_three:
        rows[stars == 3] = NO_LABEL
        left_out = {**left_out, "three_stars": int((stars == 3).sum())}
    return Labels(rows, list(SENTIMENTS), counted(left_out))


def _keep(
    numbers: NDArray[np.int32],
    names: dict[int, str],
    left_out: dict[str, int],
    small: dict[str, int] | None = None,
) -> Labels:
    places = np.full(max([*names, int(numbers.max(initial=0))]) + 2, NO_LABEL, np.int32)
    for place, number in enumerate(names):
        places[number] = place  # the last place stays -1, which is where number -1 looks
    return Labels(places[numbers], list(names.values()), counted(left_out), small or {})


def _relabel(before: Labels, labels: Sequence[str]) -> Labels:
    wanted = {name: place for place, name in enumerate(labels)}
    places = np.array([*(wanted.get(name, NO_LABEL) for name in before.names), NO_LABEL], np.int32)
    rows = places[before.rows]
    unknown = int(((rows == NO_LABEL) & (before.rows != NO_LABEL)).sum())
    return Labels(rows, list(labels), counted({**before.left_out, "unknown_label": unknown}))


def counted(left_out: dict[str, int]) -> dict[str, int]:
    """Return the reasons for which any row was left out."""
    return {reason: count for reason, count in left_out.items() if count}

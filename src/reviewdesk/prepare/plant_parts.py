"""Writes the parts of a copy of prepared data in which reviews change product, category or words.

A review can get what stands in any other, so what is taken from elsewhere is written aside first,
in one pass, and looked up there: memory holds some numbers a review and never their texts.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.layout import Part
from reviewdesk.prepare.parts import Contents, PartFile, write_part
from reviewdesk.prepare.plant_facts import PlantFacts
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.spooled import Arriving
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import Progress
from reviewdesk.schema import REVIEW_TOKENS
from reviewdesk.sources.truth.facts import NONE
from reviewdesk.sources.truth.planting import Planting
from reviewdesk.storage import left_record, write_record

PLACE_COLUMNS: Final = ("product_id", "product_parent", "product_title", "product_category")
SAID_COLUMNS: Final = ("star_rating", "review_headline", "review_body", REVIEW_TOKENS.name)

Ints = NDArray[np.int64]
LookUp = Callable[[Ints], pa.Table]


class Planter:
    """Writes the copy's parts.

    Args:
        data: the n reviews.
        known: what is known of them.
        planting: what becomes of them.
    """

    def __init__(self, data: PreparedData, known: PlantFacts, planting: Planting) -> None:
        self._data = data
        self._known = known
        self._planting = planting
        self._names = pa.array(known.names, pa.string())
        self._starts = np.cumsum([0, *(part["rows"] for part in self._parts)])
        self._targets, self._target = self._part_of_rows()

    def write(self, look_up: LookUp, workspace: Workspace, progress: Progress) -> Contents:
        """Write the parts that are not there yet; reviews without a text are not in the copy.

        Args:
            look_up: from the numbers of reviews that are ``needed`` to these reviews.
            workspace: where the parts and their markers go.
            progress: is shown how far it has come.

        Returns:
            All parts that have reviews, in order.
        """
        files = []
        targets = sorted(self._targets)
        for part in progress.track(targets, "Writing", len(targets), "parts"):
            marker = workspace.marker(part)
            if (done := left_record(marker)) is not None:
                files.append(PartFile.from_json(done))
                continue
            written = write_part(
                workspace.result,
                part,
                self._tables(part, look_up),
                self._data.schema,
                self._data.file_format,
            )
            write_record(marker, asdict(written))
            files.append(written)
        return Contents.of(files)

    def needed(self) -> Ints:
        """Return the reviews that are looked up out of their turn, ascending."""
        plan, first = self._planting, self._known.facts.first_reviews()
        source = np.repeat(np.arange(len(self._parts)), np.diff(self._starts))
        rows = (
            plan.like[plan.like != NONE],
            np.flatnonzero(plan.like != NONE),
            plan.said[plan.said != NONE],
            np.flatnonzero(self._target != source),
            first[plan.products],
            first[plan.declines.product],
        )
        return np.unique(np.concatenate(rows))

    @property
    def _parts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._data.manifest["partitions"]
        return found

    def _part_of_rows(self) -> tuple[list[Part], NDArray[np.int32]]:
        """Return the copy's parts, and in which of them each review stands, (n,)."""
        parts = [_part(one) for one in self._parts]
        of_row = np.repeat(np.arange(len(parts), dtype=np.int32), np.diff(self._starts))
        places = {part: number for number, part in enumerate(parts)}
        if all(part.category is None for part in parts):
            return parts, of_row
        category = final_categories(self._known, self._planting)
        leaves = np.flatnonzero(category != self._known.facts.category)
        pairs, which = np.unique(
            np.stack([of_row[leaves], category[leaves]]), axis=1, return_inverse=True
        )
        numbers = []
        for source, name in pairs.T.tolist():
            part = Part(parts[source].month, self._known.names[name])
            numbers.append(places.setdefault(part, len(places)))
        of_row[leaves] = np.array(numbers, np.int32)[which.ravel()]
        return list(places), of_row

    def _tables(self, part: Part, look_up: LookUp) -> Iterator[pa.Table]:
        """Yield a part's reviews in order: those that stay in it, and those that come into it."""
        number = self._targets.index(part)
        own = number if number < len(self._parts) else None
        start, end = (0, 0) if own is None else self._starts[own : own + 2].tolist()
        inside = np.flatnonzero(self._target == number)
        coming = inside[(inside < start) | (inside >= end)]
        arriving = Arriving(self._changed(look_up(coming), coming, look_up))
        if own is not None:
            for batch in self._data.part_batches(self._parts[own]):
                rows = np.arange(start, start + len(batch))
                start += len(batch)
                changed = self._changed(pa.Table.from_batches([batch]), rows, look_up)
                stays = self._target[rows] == number
                yield arriving.merged(changed if stays.all() else changed.filter(pa.array(stays)))
        yield arriving.rest()

    def _changed(self, table: pa.Table, rows: Ints, look_up: LookUp) -> pa.Table:
        """Return reviews as they are in the copy; they are the given ones of the data."""
        for source, columns in (
            (self._planting.like[rows], PLACE_COLUMNS),
            (self._planting.said[rows], SAID_COLUMNS),
        ):
            taken = look_up(source[source != NONE])
            for name in set(columns) & set(table.column_names):
                table = _replaced(table, name, source != NONE, taken[name].combine_chunks())
        category = self._planting.category[rows]
        return _replaced(
            table,
            "product_category",
            category != NONE,
            self._names.take(category[category != NONE]),
        )


def final_categories(known: PlantFacts, planting: Planting) -> NDArray[np.int32]:
    """Return the category in which each review stands in the copy, (n,)."""
    own = known.facts.category
    category = np.where(planting.like == NONE, own, own[planting.like])
    return np.where(planting.category == NONE, category, planting.category).astype(np.int32)


def _replaced(table: pa.Table, name: str, rows: NDArray[np.bool_], values: pa.Array) -> pa.Table:
    """Return a table in which some rows of a column have other values."""
    if not rows.any():
        return table
    place = table.column_names.index(name)
    column = table[name].combine_chunks()
    changed = pc.replace_with_mask(column, pa.array(rows), values)
    return table.set_column(place, table.schema.field(place), changed)


def _part(one: dict[str, Any]) -> Part:
    return Part(one.get("month"), one.get("category"))

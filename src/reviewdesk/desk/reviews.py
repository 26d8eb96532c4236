"""The reviews themselves: looked up by place or id, read from the prepared data's own files."""

import datetime
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.desk.review_index import MONTHS, NONE, ReviewIndex
from reviewdesk.seal import damage_errors
from reviewdesk.text.hashing import hash64

MOST_CACHED_BYTES: Final = 96 * 1024 * 1024
COLUMNS: Final = (
    *("review_id", "customer_id", "product_id", "product_title", "product_category"),
    *("star_rating", "helpful_votes", "verified_purchase", "marketplace"),
    *("review_headline", "review_body", "review_date"),
)

EXPORTED: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("review_id", "product_id", "product_title")),
        *((name, pa.string()) for name in ("product_category", "marketplace")),
        ("star_rating", pa.int8()),
        ("review_date", pa.date32()),
        *((name, pa.string()) for name in ("review_headline", "review_body")),
        ("customer", pa.string()),
        ("labels", pa.list_(pa.string())),
    ]
)
"""What files of reviews hold."""


class Label(NamedTuple):
    """What was predicted of a review: the label, and how sure in percent."""

    label: str
    sure: int


class Review(NamedTuple):
    """One review; what it lacks is empty or None."""

    row: int
    id: str
    product: str
    title: str
    category: str
    stars: int | None
    votes: int
    verified: bool | None
    marketplace: str
    headline: str
    body: str
    day: datetime.date | None
    customer: str
    labels: dict[str, Label]


class ReviewReader:
    """Looks up reviews; safe to use from several threads.

    Args:
        index: their index.
    """

    def __init__(self, index: ReviewIndex) -> None:
        self.index = index
        self._lock = threading.Lock()
        self._groups: OrderedDict[tuple[int, int], pa.Table] = OrderedDict()
        self._ends: dict[int, NDArray[np.int64]] = {}
        self._hashes, self._order = index.column("id_hashes"), index.column("id_order")
        self._customers = index.column("customer")

    def places(self, ids: Sequence[str]) -> list[int]:
        """Return where reviews are; -1 for those that are not there."""
        if not len(self._hashes):
            return [NONE] * len(ids)
        asked = hash64(pa.array(ids, pa.large_string()))
        at = np.minimum(np.searchsorted(self._hashes, asked), len(self._hashes) - 1)
        found = np.where(self._hashes[at] == asked, self._order[at], NONE)
        return [int(row) for row in found]

    def by_id(self, ids: Sequence[str]) -> dict[str, Review]:
        """Return reviews by their ids; those that are not there are left out."""
        rows = [row for row in self.places(ids) if row >= 0]
        return {review.id: review for review in self.at(rows) if review.id in set(ids)}

    def written(self, ids: Sequence[str]) -> NDArray[np.datetime64]:
        """Return the days on which reviews were written; NaT for those without, or not there."""
        places = np.array(self.places(ids), np.int64)
        days = np.full(len(ids), np.datetime64("NaT"), "datetime64[D]")
        there = places >= 0
        days[there] = self.index.column("day")[places[there]]
        return days

    def at(self, rows: Sequence[int]) -> list[Review]:
        """Return the reviews at some places, in their order."""
        return [self._review(row) for row in rows]

    def bodies(self, rows: NDArray[np.int64]) -> pa.Array:
        """Return the texts of reviews, in the order of the data."""
        texts = [pa.array([], pa.large_string())]
        for some in self._stored(np.sort(rows), ["review_body"]):
            texts += some["review_body"].cast(pa.large_string()).chunks
        return pa.concat_arrays(texts)

    def tables(self, rows: NDArray[np.int64], size: int) -> Iterator[pa.Table]:
        """Yield reviews as tables of ``EXPORTED``, with hashes in place of the customers' ids.

        Args:
            rows: their places; the tables keep their order.
            size: so many rows a table has at most.
        """
        names = [name for name in EXPORTED.names if name in COLUMNS]
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            order = np.argsort(some, kind="stable")
            table = pa.concat_tables(self._stored(some[order], names))
            table = table.take(pa.array(np.argsort(order)))
            customers = [f"{one:016x}" if one else None for one in self._customers[some].tolist()]
            table = table.append_column("customer", pa.array(customers, pa.string()))
            labels = pa.array(self._labels_said(some), EXPORTED.field("labels").type)
            yield table.append_column("labels", labels).select(EXPORTED.names).cast(EXPORTED)

    def _stored(self, rows: NDArray[np.int64], names: list[str]) -> Iterator[pa.Table]:
        """Yield columns of reviews as they are stored; rows in ascending order."""
        while len(rows):
            table, place = self._group(int(rows[0]))
            begin = int(rows[0]) - place
            here = rows[: np.searchsorted(rows, begin + table.num_rows)]
            yield table.select(names).take(pa.array(here - begin))
            rows = rows[len(here) :]

    def _labels_said(self, rows: NDArray[np.int64]) -> list[list[str]]:
        """Return what was predicted of each review, as in ``stars=5 (92 %)``."""
        said: list[list[str]] = [[] for _ in range(len(rows))]
        for target in self.index.targets:
            names = self.index.names[f"label-{target}"]
            codes = self.index.column(f"label-{target}")[rows].tolist()
            sure = self.index.column(f"sure-{target}")[rows].tolist()
            for labels, code, percent in zip(said, codes, sure, strict=True):
                if code >= 0:
                    labels.append(f"{target}={names[code]} ({percent} %)")
        return said

    def customer_name(self, row: int) -> str:
        """Return what stands for the customer who wrote a review; empty for none."""
        value = int(self._customers[row])
        return f"{value:016x}" if value else ""

    def customer_id(self, row: int) -> str:
        """Return the id of the customer who wrote a review, as the data has it; empty for none."""
        table, place = self._group(row)
        return table.column("customer_id")[place].as_py() or ""

    def _review(self, row: int) -> Review:
        table, place = self._group(row)
        values = {name: table.column(name)[place].as_py() for name in COLUMNS}
        return Review(
            row=row,
            id=values["review_id"],
            product=values["product_id"] or "",
            title=values["product_title"] or "",
            category=values["product_category"] or "",
            stars=values["star_rating"],
            votes=values["helpful_votes"] or 0,
            verified=values["verified_purchase"],
            marketplace=values["marketplace"] or "",
            headline=values["review_headline"] or "",
            body=values["review_body"] or "",
            day=values["review_date"],
            customer=self.customer_name(row),
            labels=self._labels(row),
        )

    def _labels(self, row: int) -> dict[str, Label]:
        labels = {}
        for target in self.index.targets:
            code = int(self.index.column(f"label-{target}")[row])
            if code >= 0:
                sure = int(self.index.column(f"sure-{target}")[row])
                labels[target] = Label(self.index.names[f"label-{target}"][code], sure)
        return labels

    def _group(self, row: int) -> tuple[pa.Table, int]:
        """Return the rows that are stored together with one, and its place among them."""
        part = int(np.searchsorted(self.index.starts, row, side="right")) - 1
        offset = row - int(self.index.starts[part])
        with self._lock:
            ends = self._ends_of(part)
            group = int(np.searchsorted(ends, offset, side="right"))
            start = int(ends[group - 1]) if group else 0
            table = self._groups.get((part, group))
            if table is None:
                table = self._groups[part, group] = self._read(part, group)
                while sum(each.nbytes for each in self._groups.values()) > MOST_CACHED_BYTES:
                    if len(self._groups) == 1:
                        break
                    self._groups.popitem(last=False)
            self._groups.move_to_end((part, group))
        return table, offset - start

    def _ends_of(self, part: int) -> NDArray[np.int64]:
        """Return where the groups of a part's rows end."""
        if part not in self._ends:
            data = self.index.data
            entry = data.manifest["partitions"][part]
            sizes = [int(entry["rows"])]
            if data.file_format == "parquet":
                path = data.part_path(entry)
                with damage_errors(path, "prepare the data again"):
                    footer = pq.read_metadata(path)
                sizes = [footer.row_group(n).num_rows for n in range(footer.num_row_groups)]
            self._ends[part] = np.cumsum(sizes)
        return self._ends[part]

    def _read(self, part: int, group: int) -> pa.Table:
        data = self.index.data
        entry = data.manifest["partitions"][part]
        if data.file_format != "parquet":
            return pa.Table.from_batches(data.part_batches(entry, COLUMNS)).combine_chunks()
        path = data.part_path(entry)
        with (
            damage_errors(path, "prepare the data again"),
            pq.ParquetFile(path, page_checksum_verification=True) as file,
        ):
            return file.read_row_group(group, list(COLUMNS)).combine_chunks()


def month_name(month: int) -> str:
    """Return a month's code as ``YYYY-MM``."""
    return f"{month // MONTHS:04d}-{month % MONTHS + 1:02d}"


def month_code(name: str) -> int:
    """Return the code of ``YYYY-MM``.

    Raises:
        ValueError: it is no month.
    """
    year, dash, month = name.partition("-")
    if len(name) != 7 or not dash or not (year + month).isascii() or not 1 <= int(month) <= MONTHS:
        raise ValueError(name[:10])
    return int(year) * MONTHS + int(month) - 1

"""How many reviews and products there are, with which stars and how long, by category and time.

The engine counts over Parquet files in bounded memory: texts are read for their length only, and
each is read once. Data that was prepared as CSV is copied to a temporary one first. Stars count
also where there is no text.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reviewdesk.engines.base import Engine
from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.engines.shared import folder
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import write_then_rename

ALL: Final = "*"
"""Stands for all categories together; reviews without a category have an empty one."""

STARS: Final = (1, 2, 3, 4, 5)
QUANTILES: Final = {"p10": 0.10, "p25": 0.25, "median": 0.50, "p75": 0.75, "p90": 0.90}

COUNTS: Final = pa.schema(
    [
        ("category", pa.string()),  # "*": all together; "": reviews without one
        ("grain", pa.string()),  # month, year, or all
        ("period", pa.string()),  # 2014-03, 2014, or empty; "unknown" where there is no date
        ("reviews", pa.int64()),
        ("without_text", pa.int64()),  # more reviews, of which nothing but the stars counts
        ("products", pa.int64()),  # different ones; variants of a product count as one
        ("products_with_several", pa.int64()),  # that have two reviews or more in the period
        ("reviews_of_several", pa.int64()),  # how many reviews these have
        *((f"stars_{stars}", pa.int64()) for stars in STARS),
        ("mean_stars", pa.float64()),  # null where no review has stars
        *((f"length_{name}", pa.int64()) for name in QUANTILES),  # characters of the body
        ("length_mean", pa.float64()),
    ]
)
"""The table of counts, sorted by category, grain and period."""

RATED_COLUMNS: Final = (
    "product_category", "product_parent", "product_id", "star_rating", "review_date",
)  # fmt: skip
COLUMNS: Final = (*RATED_COLUMNS, "review_body", "review_language")
"""The columns that are counted: where there is a text, its length as well."""

_KEYS: Final = ("category", "year", "month")
_SETS: Final = (_KEYS, ("category", "year"), ("category",), ("year", "month"), ("year",), ())

# Nothing that is aggregated over is ever null in a row, so a null in a key says "all of them".
_ROWS: Final = """
    SELECT coalesce(nullif(product_category, '*'), '') AS category,
           coalesce(product_parent, product_id) AS product,
           star_rating AS stars,
           coalesce(CAST(year(review_date) AS INTEGER), 0) AS year,
           coalesce(CAST(month(review_date) AS INTEGER), 0) AS month,
           {more}
    FROM {table}
"""
_NAMED: Final = "coalesce(category, '*') AS category, coalesce(year, -1) AS year, " + (
    "coalesce(month, -1) AS month"
)


def count_reviews(
    data: PreparedData,
    engine: Engine | None = None,
    progress: Progress = SILENT,
    languages: Sequence[str] = (),
    workspace: str = "",
) -> pa.Table:
    """Return the table of counts.

    Args:
        data: prepared reviews.
        engine: counts; DuckDB by default.
        progress: is shown how far it has come.
        languages: only reviews in these count, by their codes; none named: all. Of stars without a
            text no language is known.
        workspace: a folder that all machines of a cluster reach; empty: this machine's own.

    Raises:
        StorageError: a file cannot be read, or there is no space to spill to.
    """
    if not data.rows:
        return COUNTS.empty_table()
    with ExitStack() as stack:
        spill = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reviewdesk-")))
        if engine is None:
            engine = stack.enter_context(DuckDBEngine(temp_directory=spill))
        reached = replace(data.absolute(), keeps_copies=not workspace)
        files = ParquetFiles(reached, workspace or str(spill))
        texts = len(data.manifest["partitions"])
        numbers = [str(number) for number in range(texts)]
        engine.add_table("reviews", list(engine.map_items(numbers, files)))
        ratings_count = data.ratings > 0 and not languages
        if ratings_count:
            engine.add_table("ratings", list(engine.map_items([str(texts)], files)))
        return _count(_Queries(ratings_count, tuple(languages)), engine, progress)


def count_product_ids(data: PreparedData) -> int:
    """Return how many product ids the reviews have."""
    ids: set[str] = set()
    for batch in data.batches(["product_id"]):
        ids.update(pc.unique(batch.column(0)).drop_null().to_pylist())
    return len(ids)


@dataclass(frozen=True)
class ParquetFiles:
    """Finds or makes a Parquet file with the columns that are counted of each part.

    Args:
        data: prepared reviews.
        workspace: where files are made.
    """

    data: PreparedData
    workspace: str

    def __call__(self, number: str) -> str:
        """Return the file of a part by its number, whole, or one made from its CSV."""
        part = self.data.parts[int(number)]
        if self.data.file_format == "parquet":
            if self.data.keeps_copies:
                return str(self.data.part_path(part))
            with self.data.local_part(part):  # its digest is compared
                return f"{self.data.location}/{part['file']}"
        texts = int(number) < len(self.data.manifest["partitions"])
        columns = COLUMNS if texts else RATED_COLUMNS
        schema = pa.schema([self.data.part_schema(part).field(name) for name in columns])
        with folder(self.workspace) as local:
            path = local / f"{part['sha256']}.parquet"
            with write_then_rename(path) as file, pq.ParquetWriter(file, schema) as writer:
                for batch in self.data.part_batches(part, columns):
                    writer.write_batch(batch)
        return f"{self.workspace}/{part['sha256']}.parquet"


def _count(queries: "_Queries", engine: Engine, progress: Progress) -> pa.Table:
    texts = (queries.products(), queries.stars(), queries.lengths())
    tables = [
        pa.Table.from_batches(engine.query(query))
        for query in progress.track(texts, "Counting", len(texts), "tables")
    ]
    joined = tables[0]
    for table in tables[1:]:
        joined = joined.join(table, list(_KEYS), join_type="left outer")
    return _with_periods(joined)


@dataclass(frozen=True)
class _Queries:
    """The queries that count.

    Args:
        ratings: whether there are stars without a text.
        languages: codes of the only languages that count, checked; none: all.
    """

    ratings: bool
    languages: tuple[str, ...] = ()

    @property
    def _reviews(self) -> str:
        """The table of reviews, or those of it that count."""
        if not self.languages:
            return "reviews"
        codes = ", ".join(f"'{code}'" for code in self.languages)
        return f"(SELECT * FROM reviews WHERE review_language IN ({codes}))"

    def products(self) -> str:
        return f"""
    WITH rows_read AS ({self._rated()}),
    by_product AS (
        SELECT category, year, month, product, count(*) FILTER (WHERE has_text) AS n,
            count(*) FILTER (WHERE NOT has_text) AS without_text
        FROM rows_read GROUP BY GROUPING SETS ({_sets("product")})
    )
    SELECT {_NAMED},
           CAST(sum(n) AS BIGINT) AS reviews,
           CAST(sum(without_text) AS BIGINT) AS without_text,
           count(product) FILTER (WHERE n > 0) AS products,
           count(product) FILTER (WHERE n > 1) AS products_with_several,
           CAST(coalesce(sum(n) FILTER (WHERE n > 1 AND product IS NOT NULL), 0) AS BIGINT)
               AS reviews_of_several
    FROM by_product GROUP BY category, year, month
    """

    def stars(self) -> str:
        counts = ", ".join(
            f"count(*) FILTER (WHERE stars = {stars}) AS stars_{stars}" for stars in STARS
        )
        return f"""
    SELECT {_NAMED}, {counts}, avg(CAST(stars AS DOUBLE)) AS mean_stars
    FROM ({self._rated()}) GROUP BY GROUPING SETS ({_sets()})
    """

    def lengths(self) -> str:
        quantiles = ", ".join(
            f"min(length) FILTER (WHERE upto >= {share} * total) AS length_{name}"
            for name, share in QUANTILES.items()
        )
        window = "(PARTITION BY category, year, month"
        return f"""
    WITH by_length AS (
        SELECT category, year, month, length, count(*) AS n
        FROM ({_ROWS.format(more="length(review_body) AS length", table=self._reviews)})
        GROUP BY GROUPING SETS ({_sets("length")})
    ),
    running AS (
        SELECT *, sum(n) OVER {window} ORDER BY length) AS upto, sum(n) OVER {window}) AS total
        FROM by_length
    )
    SELECT {_NAMED}, {quantiles},
           CAST(sum(length * n) AS DOUBLE) / CAST(sum(n) AS DOUBLE) AS length_mean
    FROM running GROUP BY category, year, month
    """

    def _rated(self) -> str:
        rows = _ROWS.format(more="TRUE AS has_text", table=self._reviews)
        if not self.ratings:
            return rows
        return f"{rows} UNION ALL {_ROWS.format(more='FALSE AS has_text', table='ratings')}"


def _sets(*more: str) -> str:
    return ", ".join(f"({', '.join((*keys, *more))})" for keys in _SETS)


def _with_periods(joined: pa.Table) -> pa.Table:
    """Write year and month as one text, and sort."""
    periods = [
        _period(year, month)
        for year, month in zip(joined["year"].to_pylist(), joined["month"].to_pylist(), strict=True)
    ]
    joined = joined.append_column("grain", pa.array([grain for grain, _ in periods]))
    joined = joined.append_column("period", pa.array([period for _, period in periods]))
    table = joined.select(COUNTS.names).cast(COUNTS)
    order = [("category", "ascending"), ("grain", "ascending"), ("period", "ascending")]
    return table.take(pc.sort_indices(table, sort_keys=order))


def _period(year: int, month: int) -> tuple[str, str]:
    if year < 0:
        return "all", ""
    if month < 0:
        return "year", f"{year:04d}" if year else "unknown"
    return "month", f"{year:04d}-{month:02d}" if year else "unknown"


def months_between(first: str, last: str) -> Iterator[str]:
    """Yield every month from one to another, both included, as in ``2014-03``."""
    at, end = _month_number(first), _month_number(last)
    while at <= end:
        yield f"{at // 12:04d}-{at % 12 + 1:02d}"
        at += 1


def _month_number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1

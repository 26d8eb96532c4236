"""What customers say, as tables: in memory, as Parquet files in a folder, and as one CSV."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import UsageError
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.seal import opened, write_sealed
from reviewdesk.storage import storage_errors, write_then_rename

ALL: Final = "all"
CATEGORY: Final = "category"
PRODUCT: Final = "product"
LOW: Final = "low"
HIGH: Final = "high"
PHRASE: Final = "phrase"
ASPECT: Final = "aspect"
CUSTOMERS: Final = "customers_"
"""How the names of the files begin."""

PARTS: Final = pa.schema(
    [
        ("scope", pa.string()),  # all, category, product
        ("part", pa.string()),  # the category or product_id; empty for all
        ("title", pa.string()),  # of a product
        ("category", pa.string()),  # that a product stands in
        ("low", pa.int64()),  # reviews with low stars
        ("high", pa.int64()),  # reviews with high stars
    ]
)
PHRASES: Final = pa.schema(
    [
        ("entry", pa.int32()),  # what the other tables call this line
        ("scope", pa.string()),
        ("part", pa.string()),
        ("side", pa.string()),  # low, high: the stars of those who say it more
        ("kind", pa.string()),  # phrase, aspect
        ("rank", pa.int32()),  # in its list; 1 is the clearest
        ("text", pa.string()),
        ("variants", pa.list_(pa.string())),  # that say the same
        ("reviews", pa.int64()),  # of its side that say it
        ("share", pa.float64()),  # of its side's reviews
        ("other_reviews", pa.int64()),  # of the other side that say it
        ("other_share", pa.float64()),
        ("log_odds", pa.float64()),  # of its side to the other
        ("chance", pa.float64()),  # Fisher's exact p-value, two-sided
        ("q", pa.float64()),  # share of chance among all that are as clear
        ("clear", pa.bool_()),  # in the part's own reviews; else in all reviews together
        ("trend", pa.string()),  # rising, falling; empty where nothing is clear
        ("trend_z", pa.float64()),
        ("trend_q", pa.float64()),
    ]
)
EXAMPLES: Final = pa.schema(
    [
        ("entry", pa.int32()),
        ("review_id", pa.string()),
        ("excerpt", pa.string()),
        ("begin", pa.int32()),  # where the phrase stands in the excerpt, in characters
        ("end", pa.int32()),
    ]
)
MONTHS: Final = pa.schema(
    [
        ("entry", pa.int32()),
        ("month", pa.string()),
        ("reviews", pa.int64()),  # of its side in the month that say it
        ("of", pa.int64()),  # reviews of its side in the month
    ]
)
GROUPS: Final = pa.schema(
    [
        ("entry", pa.int32()),
        ("by", pa.string()),  # marketplace, purchase, vine, votes
        ("group", pa.string()),
        ("reviews", pa.int64()),  # of its side in the group that say it
        ("of", pa.int64()),  # reviews of its side in the group
        ("share", pa.float64()),
        ("q", pa.float64()),  # of the difference to the others
    ]
)


@dataclass(frozen=True, eq=False)
class Customers:
    """What customers say.

    Args:
        parts: what was looked at, schema ``PARTS``.
        phrases: what tells low ratings from high ones, schema ``PHRASES``.
        examples: three reviews for each, schema ``EXAMPLES``.
        months: how often each is said month by month, schema ``MONTHS``.
        groups: how often in groups of reviews, schema ``GROUPS``.
    """

    parts: pa.Table
    phrases: pa.Table
    examples: pa.Table
    months: pa.Table
    groups: pa.Table

    @classmethod
    def nothing(cls) -> Self:
        """Return what nobody says."""
        return cls(*(schema.empty_table() for schema in SCHEMAS.values()))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the tables in a folder.

        Raises:
            StorageError: they are not there.
            InputError: they are damaged.
        """
        tables = []
        for name, schema in SCHEMAS.items():
            path = folder / f"{CUSTOMERS}{name}.parquet"
            with storage_errors(str(path)), opened(path) as file:
                tables.append(file.read().select(schema.names).cast(schema))
        return cls(*tables)

    def tables(self) -> dict[str, pa.Table]:
        """Return every table by its file's name."""
        return {f"{CUSTOMERS}{one.name}": getattr(self, one.name) for one in fields(self)}

    def of(self, scope: str, part: str = "") -> pa.Table:
        """Return the phrases of one part, in the order of its lists."""
        chosen = pc.and_(
            pc.equal(self.phrases["scope"], scope), pc.equal(self.phrases["part"], part)
        )
        return self.phrases.filter(chosen)

    def with_examples(self) -> pa.Table:
        """Return the phrases with the ids of their example reviews."""
        ids: dict[int, list[str]] = {}
        pairs = zip(
            self.examples["entry"].to_pylist(), self.examples["review_id"].to_pylist(), strict=True
        )
        for entry, review in pairs:
            ids.setdefault(entry, []).append(review)
        column = [ids.get(entry, []) for entry in self.phrases["entry"].to_pylist()]
        return self.phrases.append_column("examples", pa.array(column, pa.list_(pa.string())))


SCHEMAS: Final = {
    "parts": PARTS,
    "phrases": PHRASES,
    "examples": EXAMPLES,
    "months": MONTHS,
    "groups": GROUPS,
}


def write_customers(customers: Customers, folder: Path) -> None:
    """Write the tables into a folder that is there.

    Raises:
        StorageError: it cannot be written.
    """
    for name, table in customers.tables().items():
        with write_then_rename(folder / f"{name}.parquet") as file:
            write_sealed(table, file)


def check_table(path: Path) -> None:
    """Check the name of a table to write.

    Raises:
        UsageError: it ends neither in .csv nor in .parquet.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise UsageError(f"what customers say is written as .csv or .parquet, not as {path.name}")


@in_local_copies("path")
def write_phrases(customers: Customers, path: Path) -> int:
    """Write the phrases with the ids of their examples to a CSV or Parquet file.

    In CSV a list is one cell, divided by semicolons, and what a spreadsheet would run as a formula
    gets an apostrophe in front.

    Returns:
        How many cells got one.

    Raises:
        UsageError: the name ends otherwise.
        StorageError: it cannot be written.
    """
    check_table(path)
    table = customers.with_examples()
    if path.suffix == ".parquet":
        with write_then_rename(path) as file:
            pq.write_table(table, file)
        return 0
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            joined = pc.binary_join(table[field.name], "; ")
            table = table.set_column(place, field.name, joined.cast(pa.string()))
    changed = 0
    with write_then_rename(path) as file:
        file.write(csv_header(table.schema.names))
        for batch in table.to_batches():
            lines, cells = csv_rows(batch)
            file.write(lines)
            changed += cells
    return changed

"""Raw text columns into the typed reviews table.

One rule for every source: an empty value, or a word for nothing, is null; any other value that
cannot be read becomes null and is counted, so that a bad date or rating never loses a good review.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.schema import REVIEW_COLUMNS, REVIEWS, reviews_schema
from reviewdesk.sources.ids import ID_COLUMNS, fill_ids, plain_ids
from reviewdesk.sources.kept import kept_name
from reviewdesk.sources.nulls import stand_for_null, without_nulls
from reviewdesk.sources.raw_rows import RawRows
from reviewdesk.sources.readings import Evidence, Reading
from reviewdesk.sources.stars import NOT_STARS
from reviewdesk.sources.tally import Tally

LONGEST_VALUE: Final = 96
"""Numbers, flags and dates are shorter; a longer text is none, and not worth parsing."""

TELLING: Final = ("star_rating", "review_date")
"""The columns whose values are read as their column tells."""

_AS_WRITTEN: Final = Reading()


def to_reviews(
    rows: RawRows,
    tally: Tally,
    *,
    reading: Reading = _AS_WRITTEN,
    category: str = "",
    kept: Sequence[str] = (),
) -> pa.RecordBatch:
    """Return the rows as reviews, typed.

    Args:
        rows: text columns.
        tally: where values are counted that can and that cannot be read, and what they tell of the
            scale and order of their columns.
        reading: how ratings and dates are read.
        category: category of rows that have none; empty leaves them without.
        kept: columns that stand beside those of the reviews table, as text.

    Returns:
        Schema ``reviews_schema(kept)``, in the rows' order; a review without a text has an empty
        one.
    """
    parsers = {**PARSERS, "star_rating": reading.stars, "review_date": reading.day}
    columns: dict[str, pa.Array] = {}
    for column in REVIEW_COLUMNS:
        name, values = column.name, rows.columns.get(column.name)
        if values is None or values.null_count == len(values):
            columns[name] = pa.nulls(rows.count, column.type)
        elif name == "star_rating" and reading.scale == NOT_STARS:
            columns[name] = pa.nulls(rows.count, column.type)
            tell(replace(rows, columns={name: values}), tally.evidence)
        elif name in parsers:
            columns[name] = _parsed(values, name, parsers[name], tally)
        else:
            texts = without_nulls(values, name)
            tally.readable[name] += len(texts) - texts.null_count
            columns[name] = plain_ids(texts) if name in ID_COLUMNS else texts
    if category:
        columns["product_category"] = columns["product_category"].fill_null(category)
    columns["review_body"] = columns["review_body"].fill_null("")
    batch = pa.RecordBatch.from_pydict(columns)  # the id may be null, which REVIEWS forbids
    reviews = fill_ids(batch).cast(REVIEWS)  # what is kept takes no part in the ids
    if "product_id" not in rows.columns:
        reviews = _told_by_title(reviews)
    if not kept:
        return reviews
    nothing = pa.nulls(rows.count, pa.string())
    beside = [rows.columns.get(kept_name(column), nothing).cast(pa.string()) for column in kept]
    return pa.RecordBatch.from_arrays([*reviews.columns, *beside], schema=reviews_schema(kept))


def _told_by_title(reviews: pa.RecordBatch) -> pa.RecordBatch:
    """Return reviews of a file without ids of products, whose titles tell them apart."""
    place = reviews.schema.get_field_index("product_id")
    titles = plain_ids(pc.utf8_trim_whitespace(reviews["product_title"]))
    return reviews.set_column(place, reviews.schema.field(place), titles)


def tell(rows: RawRows, evidence: Evidence) -> None:
    """Count what the ratings and dates of rows tell of scale and order, and parse nothing."""
    for name in TELLING:
        if name in rows.columns:
            texts, counts, _ = _distinct(rows.columns[name], name)
            for text, count in zip(texts, counts, strict=True):
                if text is not None:
                    evidence.add(name, text, count)


def _parsed(values: pa.Array, name: str, parse: Callable[[str], Any], tally: Tally) -> pa.Array:
    """Parse each distinct value once; what cannot be read is null."""
    texts, counts, indices = _distinct(values, name)
    parsed = [None if text is None else parse(text) for text in texts]
    for text, value, count in zip(texts, parsed, counts, strict=True):
        if text is not None:
            (tally.unreadable if value is None else tally.readable)[name] += count
            tally.evidence.add(name, text, count)
    return pa.array(parsed, REVIEWS.field(name).type).take(indices)


def _distinct(values: pa.Array, name: str) -> tuple[list[str | None], list[int], pa.Array]:
    """Return the distinct texts, None where one stands for nothing, and which row has which.

    Returns:
        Texts without blanks around them (empty where they are too long to be read), how often each
        occurs, and for each row the number of its text.
    """
    distinct = values.dictionary_encode()
    nothing = stand_for_null(distinct.dictionary, name).tolist()
    texts = [
        None if null else text.strip() if len(text) <= LONGEST_VALUE else ""
        for text, null in zip(distinct.dictionary.to_pylist(), nothing, strict=True)
    ]
    indices = distinct.indices.drop_null().to_numpy(zero_copy_only=False)
    return texts, np.bincount(indices, minlength=len(texts)).tolist(), distinct.indices


_COUNT: Final = re.compile(
    r"(\d{1,3}(?:,\d{3})+|\d{1,10}|one|a)(?:\.0*)?"
    r"(?:\s+(?:person|people|users?|members?|customers?)\s+(?:found|find|finds)\b.*)?",
    re.ASCII | re.IGNORECASE,
)


def parse_count(text: str) -> int | None:
    """Return a number of votes: ``12``, ``1,234``, ``12.0`` or ``12 people found this helpful``."""
    found = _COUNT.fullmatch(text)
    if found is None or text in ("one", "a"):
        return None
    digits = found[1].replace(",", "")
    count = int(digits) if digits.isdigit() else 1
    return count if count < 2**31 else None


_FLAGS: Final = {
    **dict.fromkeys(("y", "yes", "t", "true", "1", "1.0", "verified", "verified purchase"), True),
    **dict.fromkeys(("n", "no", "f", "false", "0", "0.0", "unverified", "not verified"), False),
}


def parse_flag(text: str) -> bool | None:
    """Return a yes or no written as ``Y``, ``true``, ``1``, ``Verified Purchase`` and the like."""
    return _FLAGS.get(text.lower())


PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "helpful_votes": parse_count,
    "total_votes": parse_count,
    "vine": parse_flag,
    "verified_purchase": parse_flag,
}
"""How values are parsed that mean the same in every file."""

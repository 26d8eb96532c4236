"""The tables that the rooms hand to each other: their columns, types and meaning.

The 15 columns of the Amazon Customer Reviews data set are the canonical reviews table; other
formats map onto it and what a format lacks is null.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa

from reviewdesk.errors import InputError, MissingColumn, UsageError


class SchemaColumn(NamedTuple):
    """One column of a table: its name, Arrow type, whether it may be null, and what it means."""

    name: str
    type: pa.DataType
    nullable: bool
    meaning: str


REVIEW_COLUMNS: Final = (
    SchemaColumn("marketplace", pa.string(), True, "country code of the shop, as in US"),
    SchemaColumn("customer_id", pa.string(), True, "who wrote the review"),
    SchemaColumn(
        "review_id", pa.string(), False, "unique name of the review; derived when missing"
    ),
    SchemaColumn("product_id", pa.string(), True, "what was reviewed: one variant of a product"),
    SchemaColumn("product_parent", pa.string(), True, "the product that variants belong to"),
    SchemaColumn("product_title", pa.string(), True, "the product's name"),
    SchemaColumn(
        "product_category", pa.string(), True, "the category that the shop filed it under"
    ),
    SchemaColumn("star_rating", pa.int8(), True, "1 (worst) to 5 (best)"),
    SchemaColumn("helpful_votes", pa.int32(), True, "how many found the review helpful"),
    SchemaColumn("total_votes", pa.int32(), True, "how many said whether they did"),
    SchemaColumn("vine", pa.bool_(), True, "written for a free product"),
    SchemaColumn("verified_purchase", pa.bool_(), True, "the shop knows that the writer bought it"),
    SchemaColumn("review_headline", pa.string(), True, "the review's title"),
    SchemaColumn("review_body", pa.string(), False, "the review's text"),
    SchemaColumn("review_date", pa.date32(), True, "the day it was written"),
)

REVIEWS: Final = pa.schema([pa.field(c.name, c.type, c.nullable) for c in REVIEW_COLUMNS])
"""The reviews table."""

COPY_OF: Final = SchemaColumn(
    "copy_of",
    pa.string(),
    True,
    "the review_id of the review that this one repeats over another variant of the product; null "
    "where it repeats none",
)
REVIEW_LANGUAGE: Final = SchemaColumn(
    "review_language",
    pa.string(),
    False,
    "the language of the body, as in en; unknown below 40 characters",
)
REVIEW_TOKENS: Final = SchemaColumn(
    "review_tokens", pa.string(), False, "the body's words without stop words, one space apart"
)


def kept_columns(named: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that reviews have beside those of the reviews table.

    Args:
        named: columns of the files that are kept; those of the reviews table are there anyway.

    Raises:
        UsageError: one has the name of a column that preparing adds.
    """
    for name in named:
        if name in ADDED_NAMES:
            raise UsageError(
                f"a column called {name!r} cannot be kept, because prepared data has one of its "
                "own; give it another name in the file"
            )
    return tuple(dict.fromkeys(name for name in named if name not in REVIEWS.names))


def reviews_schema(kept: Sequence[str] = ()) -> pa.Schema:
    """Return the schema of the reviews table, with columns of text that are kept beside it."""
    return pa.schema([*REVIEWS, *(pa.field(name, pa.string()) for name in kept)])


def prepared_schema(*, tokens: bool, kept: Sequence[str] = ()) -> pa.Schema:
    """Return the schema of prepared reviews: the reviews table and what preparing found out.

    Args:
        tokens: whether there is a column of tokens.
        kept: the columns that are kept beside the reviews table.
    """
    added = (COPY_OF, REVIEW_LANGUAGE, *((REVIEW_TOKENS,) if tokens else ()))
    fields = (pa.field(c.name, c.type, c.nullable) for c in added)
    return pa.schema([*reviews_schema(kept), *fields])


def ratings_schema() -> pa.Schema:
    """Return the schema of prepared reviews without a text, of which the stars still count."""
    of_texts = ("review_body", REVIEW_LANGUAGE.name)
    left = [field for field in prepared_schema(tokens=False) if field.name not in of_texts]
    return pa.schema(left)


TEXT_COLUMNS: Final = ("review_headline", "review_body", "product_title")
"""The columns that cleaning touches."""

REVIEW_MONTH: Final = "review_month"
"""The partition column of prepared data: ``YYYY-MM``, or ``unknown`` where there is no date."""

UNKNOWN_MONTH: Final = "unknown"

ADDED_NAMES: Final = (COPY_OF.name, REVIEW_LANGUAGE.name, REVIEW_TOKENS.name, REVIEW_MONTH)
"""The names of columns that prepared data has and files do not."""

REJECTS: Final = pa.schema(
    [
        pa.field("file", pa.string(), False),
        pa.field(
            "line", pa.int64(), True
        ),  # from 1; of the decompressed file; null: not line-based
        pa.field("reason", pa.string(), False),  # a short machine-readable name, as in bad_utf8
        pa.field("raw", pa.binary(), False),
    ]
)
"""Rows that could not be read, exactly as they stood."""

EVIDENCE: Final = pa.list_(
    pa.struct([pa.field("word", pa.string()), pa.field("weight", pa.float32())])
)


_NAMED_FIGURES: Final = pa.list_(
    pa.struct([pa.field("name", pa.string()), pa.field("value", pa.float64())])
)

FINDING_COLUMNS: Final = (
    SchemaColumn("finder", pa.string(), False, "which finder it comes from, as in review-category"),
    SchemaColumn(
        "kind", pa.string(), False, "what sort of thing it is: review, product or category"
    ),
    SchemaColumn("what", pa.string(), False, "its id: a review_id, a product_id, a category"),
    SchemaColumn("title", pa.string(), True, "its name for people: a product's title"),
    SchemaColumn("where", pa.string(), True, "where it stands now: a category, a product_id"),
    SchemaColumn("suggested", pa.string(), True, "where it belongs: a category, a product_id"),
    SchemaColumn("reviews", pa.int32(), False, "how many reviews the finding rests on"),
    SchemaColumn("score", pa.float64(), False, "0 to 1; 1 is most surely wrong"),
    SchemaColumn(
        "promise", pa.float64(), False, "precision promised for the strictest list that holds it"
    ),
    SchemaColumn("since", pa.date32(), True, "the first day of a change"),
    SchemaColumn("noticed", pa.date32(), True, "the day on which a change could first be told"),
    SchemaColumn("action", pa.string(), False, "what to do, in one sentence"),
    SchemaColumn(
        "words", EVIDENCE, True, "words that speak for (above 0) and against (below 0) it"
    ),
    SchemaColumn("numbers", _NAMED_FIGURES, True, "figures that a person needs to decide"),
    SchemaColumn("chart", _NAMED_FIGURES, True, "points of a small chart, in order"),
    SchemaColumn(
        "samples", pa.list_(pa.string()), True, "review_ids of up to three telling reviews"
    ),
    SchemaColumn("state", pa.string(), True, "how a change stands as of the data's last month"),
    SchemaColumn("finding_id", pa.string(), True, "its name, the same in each run that finds it"),
    SchemaColumn("new", pa.bool_(), True, "whether the last run, in other data, had not found it"),
)

FINDINGS: Final = pa.schema([pa.field(c.name, c.type, c.nullable) for c in FINDING_COLUMNS])
"""What every finder returns. Lists are nested: the list at 0.9 also holds those promised 0.95."""


def predictions_schema(labels: list[str], target: str) -> pa.Schema:
    """Return the predictions table's schema for a classifier's labels.

    Args:
        labels: the k labels, in the order of the probabilities.
        target: what was predicted, as in ``"sentiment"``. With ``"labels"``, of which a review may
            have several, there is a column of those that are more likely than not.
    """
    return pa.schema(
        [
            pa.field("review_id", pa.string(), False),
            pa.field("model_id", pa.string(), False),
            pa.field("fold", pa.int16(), True),  # null outside cross-fitting
            pa.field("label", pa.string(), False),
            pa.field("probability", pa.float32(), False),
            pa.field("probabilities", pa.list_(pa.float32(), len(labels)), False),
            pa.field("evidence", EVIDENCE, True),
            pa.field("known_words", pa.int32(), True),  # 0: no evidence; null: not counted
            *([pa.field("labels", pa.list_(pa.string()), False)] if target == "labels" else []),
        ],
        metadata={"target": target, "labels": json.dumps(labels)},
    )


def prediction_labels(schema: pa.Schema, table: str = "this") -> list[str]:
    """Return the labels that a predictions table's probabilities stand for, in order.

    Args:
        schema: the table's schema with its metadata.
        table: what the table is called where something is wrong.

    Raises:
        MissingColumn: the table is not a predictions table.
        InputError: its labels are not distinct texts.
    """
    metadata: dict[bytes, bytes] = schema.metadata or {}
    if b"labels" not in metadata or "probabilities" not in schema.names:
        raise MissingColumn(
            f"{table} is not a predictions table: it has no probabilities with labels"
        )
    try:
        labels: Any = json.loads(metadata[b"labels"])
        distinct = len({label.encode() for label in labels})  # lone surrogates are no text
    except (AttributeError, RecursionError, TypeError, ValueError):
        distinct = 0
    if not distinct or not isinstance(labels, list) or distinct < len(labels):
        raise InputError(
            f"{table} names no labels: labels in its metadata has to be a JSON list of distinct "
            "strings, one for each probability"
        )
    return labels


def require_columns(schema: pa.Schema, names: tuple[str, ...], purpose: str) -> None:
    """Check that a table has the columns that an operation needs.

    Raises:
        MissingColumn: names the first missing one and the operation.
    """
    for name in names:
        if name not in schema.names:
            raise MissingColumn(f"{purpose} needs the column {name}, which this data does not have")

"""Findings without some reviews: what is found about them, and the samples that they are."""

from collections.abc import Collection
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.findings.base import Findings, PromisedList

REVIEW = "review"
REVIEW_ID = "review_id"
_SAME = 1e-9


def without_reviews(findings: Findings, ids: Collection[str]) -> tuple[Findings, int]:
    """Return findings that point at none of some reviews.

    Findings about one of them go; of other findings they leave the samples; in further tables the
    rows with their ``review_id`` go. Figures that they were counted in stay as they are.

    Args:
        findings: what was found.
        ids: the reviews' ids.

    Returns:
        What is left, and how many rows went or changed.
    """
    gone = pa.array(sorted(ids), pa.string())
    theirs = pc.and_(
        pc.equal(findings.table["kind"], REVIEW), pc.is_in(findings.table["what"], value_set=gone)
    )
    table, shown = _without_samples(findings.table.filter(pc.invert(theirs)), set(ids))
    tables, rows = dict(findings.tables), 0
    for name, further in findings.tables.items():
        if REVIEW_ID in further.column_names:
            tables[name] = further.filter(pc.invert(pc.is_in(further[REVIEW_ID], value_set=gone)))
            rows += further.num_rows - tables[name].num_rows
    erased = findings.table.num_rows - table.num_rows
    lists = (
        tuple(_list(one, findings.table, table) for one in findings.lists)
        if erased
        else findings.lists
    )
    return replace(findings, table=table, lists=lists, tables=tables), erased + shown + rows


def _without_samples(table: pa.Table, ids: set[str]) -> tuple[pa.Table, int]:
    column = table.schema.get_field_index("samples")
    before = table.column(column).to_pylist()
    after = [None if one is None else [name for name in one if name not in ids] for one in before]
    changed = sum(left != right for left, right in zip(before, after, strict=True))
    field = table.schema.field(column)
    return table.set_column(column, field, pa.array(after, field.type)), changed


def _list(promised: PromisedList, before: pa.Table, after: pa.Table) -> PromisedList:
    """Return a list as long as it is now, with its share of the errors that were expected."""
    was, left = (
        pc.sum(pc.greater_equal(table["promise"], promised.promise - _SAME)).as_py() or 0
        for table in (before, after)
    )
    if not was or not promised.listed:
        return promised
    return replace(
        promised,
        listed=promised.listed - (was - left),
        expected_errors=promised.expected_errors * left / was,
        why_empty=promised.why_empty if left else "what was in it has been erased",
    )

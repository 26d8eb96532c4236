"""The order in which findings are read: what goes on, new ones first, and then what is over."""

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.findings.base import OVER


def what_is_over_last(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return findings of which something is to be done now, new ones first, and what is over."""
    over = pc.is_in(rows.column("state"), value_set=pa.array(OVER))
    now = rows.filter(pc.invert(over))
    new = pc.fill_null(now.column("new"), False)
    return pa.concat_tables([now.filter(new), now.filter(pc.invert(new))]), rows.filter(over)


def as_read(found: pa.Table) -> pa.Table:
    """Return findings, schema ``FINDINGS``, in the order of their page."""
    return pa.concat_tables(what_is_over_last(found))

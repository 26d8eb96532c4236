"""Findings are read, and exported, in one order."""

import pyarrow as pa

from reviewdesk.findings.base import GOING_ON, RECOVERED
from reviewdesk.findings.order import as_read
from reviewdesk.schema import FINDINGS


def test_new_ones_that_go_on_come_first_and_what_is_over_last() -> None:
    about = [("over", RECOVERED, True), ("old", GOING_ON, False), ("new", GOING_ON, True),
             ("no change", None, None)]  # fmt: skip
    rows = [
        {"finder": "declining", "kind": "product", "what": what, "reviews": 1, "score": 0.9,
         "promise": 0.9, "action": "", "state": state, "new": new}
        for what, state, new in about
    ]  # fmt: skip
    found = as_read(pa.Table.from_pylist(rows, FINDINGS))
    assert found.column("what").to_pylist() == ["new", "old", "no change", "over"]

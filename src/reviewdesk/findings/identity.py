"""Findings keep their name from run to run, so that it can be told which are new."""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from reviewdesk.findings.base import Findings
from reviewdesk.findings.store import StoredFindings
from reviewdesk.schema import FINDINGS
from reviewdesk.text.hashing import hash64_text


def identified(findings: Findings, last: StoredFindings | None, data: str) -> Findings:
    """Return findings with their names, and whether they are new.

    Nothing is new in a first run. In the same data as the last run, what was new then still is.

    Args:
        findings: what was found.
        last: what the last run found; None for a first run.
        data: the fingerprint of the reviews in which it was found.
    """
    rows = findings.table.to_pylist()
    before = (
        {} if last is None else {_name(row): row["new"] for row in last.findings.table.to_pylist()}
    )
    again = last is not None and last.about.get("data") == data
    for row in rows:
        row["finding_id"] = _name(row)
        if again:
            row["new"] = before.get(row["finding_id"])
        else:
            row["new"] = None if last is None else row["finding_id"] not in before
    return replace(findings, table=pa.Table.from_pylist(rows, FINDINGS))


def _name(row: dict[str, Any]) -> str:
    """Return a hash of the finder, of what the finding is about, and of when it began.

    A pair of things that are alike is about both.
    """
    about = [row["finder"], row["kind"], row["what"], str(row["since"] or "")]
    if row["finder"] == "similar":
        about.append(row["suggested"] or "")
    return f"{hash64_text(chr(0).join(about)):016x}"

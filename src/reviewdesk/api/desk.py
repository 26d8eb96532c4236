"""The desk, and what was decided at it."""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from reviewdesk.api.options import settings_from
from reviewdesk.desk.decision_files import actions_table, corrections
from reviewdesk.desk.desk import decisions_of, open_desk
from reviewdesk.desk.server import serve_desk
from reviewdesk.progress import Progress
from reviewdesk.settings import ServeSettings


def desk(
    job: str | Path,
    *,
    findings: str | Path | None = None,
    graph: str | Path | None = None,
    name: str = "",
    database: str = "",
    clear_customers: bool = False,
    **settings: Any,
) -> None:
    """Serve the desk of a job until it is interrupted, as ``reviewdesk desk`` does.

    Args:
        job: the folder that ``run`` wrote.
        findings: the folder that ``find`` wrote; by default the one in the job or beside it.
        graph: the folder of a graph; by default the one in the job or beside it.
        name: under which decisions are written down; yours by default.
        database: a team's PostgreSQL database that keeps decisions, by URL; the job remembers it.
        clear_customers: show the ids of customers, which otherwise are keyed hashes only.
        settings: those of ``reviewdesk desk``, such as ``port``.

    Raises:
        UsageError: the folder is no job's, or a setting is wrong.
    """
    (serving,) = settings_from(settings, ServeSettings)
    opened = open_desk(
        Path(job),
        serving,
        findings=None if findings is None else Path(findings),
        graph=None if graph is None else Path(graph),
        name=name,
        database=database,
        clear_customers=clear_customers,
        progress=Progress(),
    )
    serve_desk(opened, lambda port: _say(f"the desk: http://{serving.host}:{port}/\n"))


def _say(line: str) -> None:
    sys.stderr.write(line)


class Decisions:
    """What was decided at the desk of a job.

    Args:
        job: the folder that ``run`` wrote.

    Raises:
        UsageError: it is no job's.
    """

    def __init__(self, job: str | Path) -> None:
        self._decisions = decisions_of(Path(job))

    @property
    def table(self) -> pa.Table:
        """Every decision, assignment, snooze, comment and undo with its author and time."""
        return actions_table(self._decisions)

    @property
    def corrections(self) -> pa.Table:
        """What findings that are right change: ``id``, ``column``, ``old``, ``new``."""
        names = ("id", "column", "old", "new")
        rows = corrections(self._decisions)
        return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names]))

    def __repr__(self) -> str:
        return f"<{self.table.num_rows} actions at a desk>"

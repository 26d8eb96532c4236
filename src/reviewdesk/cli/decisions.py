"""`reviewdesk decisions`: what was decided at a desk, as files."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import typer

from reviewdesk.cli.options import FindingsOfJob, JobFolder
from reviewdesk.cli.output import count, note, say
from reviewdesk.desk.decision_files import (
    export_decisions,
    import_decisions,
    write_answers,
    write_corrections,
)
from reviewdesk.desk.desk import decisions_of, sampling_of
from reviewdesk.errors import UsageError
from reviewdesk.storage import write_then_rename

KINDS: Final = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}

Out = Annotated[Path, typer.Option(help="File to write.", metavar="FILE")]


def export(job: JobFolder, out: Out) -> None:
    """All decisions, as CSV, Parquet or JSON lines.

    Every decision, assignment, snooze, comment and undo is a row with its author and time; the
    file's suffix gives the format: .csv, .parquet or .jsonl.

    Example:

        reviewdesk decisions export job --out decisions.parquet
    """
    kind = KINDS.get(out.suffix)
    if kind is None:
        raise UsageError(f"{out} has to end with {', '.join(KINDS)}")
    with closing(decisions_of(job)) as decisions, write_then_rename(out) as file:
        rows = export_decisions(decisions, kind, file)
    say(f"{count(rows, 'row')} in {out}")


def import_(
    job: JobFolder,
    file: Annotated[Path, typer.Argument(help="File of decisions.", metavar="FILE")],
) -> None:
    """Decisions of another desk, taken over with their authors and times.

    Reads what decisions export wrote; what is known here already is skipped.

    Example:

        reviewdesk decisions import job decisions.parquet
    """
    with closing(decisions_of(job)) as decisions:
        rows = import_decisions(decisions, file)
    say(f"{count(rows, 'row')} taken over from {file}")


def corrections(job: JobFolder, out: Out) -> None:
    """What findings that are right change in the reviews, as a CSV.

    One line per change: id (a review_id or a product_id), column, old, new; prepare takes it.

    Example:

        reviewdesk decisions corrections job --out corrections.csv
    """
    with closing(decisions_of(job)) as decisions, write_then_rename(out) as file:
        rows = write_corrections(decisions, file)
    say(f"{count(rows, 'correction')} in {out}")
    if not rows:
        note("no finding that changes anything was decided to be right yet")


def answers(
    job: JobFolder,
    out: Out,
    findings: FindingsOfJob = None,
) -> None:
    """Decisions about drawn reviews in the wrong category, as answers for find --audit.

    Only findings that the desk drew at random count: what an agent chose to look at says nothing of
    the rest of a list.

    Example:

        reviewdesk decisions answers job --out answers.csv
    """
    sampling = sampling_of(job, findings)
    with closing(sampling.worklist.decisions), write_then_rename(out) as file:
        rows = write_answers(sampling.worklist, sampling.answers("review-category"), file)
    say(f"{count(rows, 'answer')} in {out}")

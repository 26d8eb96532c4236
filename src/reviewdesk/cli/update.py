"""`reviewdesk update`: new review files into a job, month after month."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, note, print_json, say
from reviewdesk.desk.desk import findings_of
from reviewdesk.job.update import update_job
from reviewdesk.progress import Progress


def update(
    job: Annotated[Path, typer.Argument(help="Folder of a job.", metavar="JOB")],
    sources: Annotated[list[str], typer.Argument(help="New review files.", metavar="SOURCE...")],
    *,
    findings: Annotated[
        Path | None,
        typer.Option(
            help="Folder that find wrote. By default findings in the job or beside it.",
            metavar="DIR",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """New review files into a job: prepared, learnt, predicted, found, and what is new said.

    The new files are read with the job's own settings and added to its reviews, as run --append
    does: the older files are not needed again, people who were erased do not come back, and
    corrections stay. What was found before is found again in the same way, keeps its name, and what
    is new is told. The older results stay in place until all of it is done. The same command goes
    on after an interruption.

    Example:

        reviewdesk update job 2016-01.tsv.gz
    """
    place = findings if findings is not None else findings_of(job)
    done = update_job(job, sources, place, progress=Progress())
    if as_json:
        print_json(done.to_json())
        return
    say(f"{count(done.now - done.before, 'new review')} from {count(len(done.added), 'file')}")
    for finder, number in done.new.items():
        say(f"{finder}: {number:,} new")
    for one in done.notes:
        note(one)

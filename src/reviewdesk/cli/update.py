"""`reviewdesk update`: new review files into a job, month after month."""

from typing import Annotated

import typer

from reviewdesk.cli.options import FindingsOfJob, JobFolder, Json
from reviewdesk.cli.output import count, note, print_json, say
from reviewdesk.desk.desk import findings_of
from reviewdesk.job.update import update_job
from reviewdesk.progress import Progress


def update(
    job: JobFolder,
    sources: Annotated[list[str], typer.Argument(help="New review files.", metavar="SOURCE...")],
    *,
    findings: FindingsOfJob = None,
    as_json: Json = False,
) -> None:
    """Add new review files to a job: prepare, learn, predict, find, and say what is new.

    The new files are read with the job's own settings and added to its reviews, as run --append
    does: the older files are not needed again, people who were erased do not come back, and
    corrections stay. Findings are made again in the same way and keep their names, so that new ones
    are known. The older results stay in place until all of it is done. The same command goes on
    after an interruption.

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

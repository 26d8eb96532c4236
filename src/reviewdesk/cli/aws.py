"""`reviewdesk aws transform`: a batch transform with an account."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.aws.transform_job import run_transform_job
from reviewdesk.cli.options import Json
from reviewdesk.cli.output import note, print_json, say
from reviewdesk.errors import ReviewdeskError


def transform(
    job: Annotated[
        Path, typer.Argument(help="Request of CreateTransformJob, as JSON.", metavar="JOB.json")
    ],
    *,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Request of CreateModel, as JSON; where the model is not there yet.",
            metavar="MODEL.json",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the job is over.")] = True,
    as_json: Json = False,
) -> None:
    """A batch transform on SageMaker, started and waited for.

    Checks the requests first, as `aws local transform` does, so that what the API would refuse is
    found here and costs nothing. Region and credentials are those of boto3.

    Example:

        reviewdesk aws transform job.json
    """
    job_done = run_transform_job(job, model=model, wait=wait, report=note)
    if as_json:
        print_json(job_done.to_json())
    else:
        say(f"{job_done.name}: {job_done.status}, to {job_done.output}")
    if job_done.status in ("Failed", "Stopped"):
        raise ReviewdeskError(
            f"{job_done.name} ended as {job_done.status}: {job_done.reason or 'no reason'}"
        )

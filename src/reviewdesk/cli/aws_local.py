"""`reviewdesk aws local`: SageMaker's side of its containers on this machine."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.serving import PORT, emulate_serving
from reviewdesk.aws.local.training import emulate_training
from reviewdesk.aws.local.transform import emulate_transform
from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, note, print_json, print_table, say
from reviewdesk.errors import ReviewdeskError
from reviewdesk.storage import storage_errors

Command = Annotated[
    list[str],
    typer.Argument(
        help="What is run in the place of the image, behind --; the image of reviewdesk otherwise.",
        metavar="[-- COMMAND...]",
        show_default=False,
    ),
]
Base = Annotated[
    Path | None,
    typer.Option(
        help="New folder to stand for /opt/ml, and to be kept; /opt/ml itself for commands that "
        "do not read SAGEMAKER_BASE_DIR.",
        metavar="DIR",
    ),
]
Port = Annotated[int, typer.Option(help="Where the container listens.", min=1, max=65535)]
Model = Annotated[Path, typer.Option(help="Request of CreateModel, as JSON.", metavar="MODEL.json")]


def train(
    job: Annotated[
        Path, typer.Argument(help="Request of CreateTrainingJob, as JSON.", metavar="JOB.json")
    ],
    command: Command = [],  # noqa: B006  (the parser copies it)
    *,
    base: Base = None,
    stop_after: Annotated[
        float | None,
        typer.Option(help="Stop the job after so many seconds, as StopTrainingJob does.", min=0),
    ] = None,
    as_json: Json = False,
) -> None:
    """A training job as SageMaker would run it, without Docker and without an account.

    Runs any command through the contract of training containers: folders, files and variables,
    channels as files and pipes, limits and signals. Writes model.tar.gz where the job wants it, and
    names each rule that was broken; then the exit code is 1. Addresses may be file:// or s3://.

    Example:

        reviewdesk aws local train job.json -- python my_container.py
    """
    report = emulate_training(job, command, base=base, stop_after=stop_after, hear=note)
    _say(report, as_json)


def serve(
    model: Annotated[
        Path, typer.Argument(help="Request of CreateModel, as JSON.", metavar="MODEL.json")
    ],
    command: Command = [],  # noqa: B006  (the parser copies it)
    *,
    request: Annotated[
        list[Path],
        typer.Option(help="File to send as a body. May be given more than once.", metavar="FILE"),
    ] = [],  # noqa: B006  (the parser copies it)
    content_type: Annotated[str, typer.Option(help="Media type of these.")] = "application/json",
    accept: Annotated[str, typer.Option(help="Media type of the answers.")] = "",
    base: Base = None,
    port: Port = PORT,
    as_json: Json = False,
) -> None:
    """A model as SageMaker would serve it, without Docker and without an account.

    Starts any command as a serving container, waits for /ping, sends requests, ends it, and names
    each rule that was broken; then the exit code is 1.

    Example:

        reviewdesk aws local serve model.json --request body.json -- python my_container.py
    """
    with _folder(base) as folder:
        report = emulate_serving(
            model,
            command,
            requests=request,
            content_type=content_type,
            accept=accept,
            base=folder,
            port=port,
            hear=note,
        )
    _say(report, as_json)


def transform(
    job: Annotated[
        Path, typer.Argument(help="Request of CreateTransformJob, as JSON.", metavar="JOB.json")
    ],
    command: Command = [],  # noqa: B006  (the parser copies it)
    *,
    model: Model,
    base: Base = None,
    port: Port = PORT,
    as_json: Json = False,
) -> None:
    """A batch transform as SageMaker would run it, without Docker and without an account.

    Starts any command as a serving container and sends it the files as the job says: split into
    records, some a request, some at a time; answers are filtered, joined with their input, and
    written in its order, one NAME.out a file. A file that fails has none and fails the job.

    Example:

        reviewdesk aws local transform job.json --model model.json
    """
    with _folder(base) as folder:
        report = emulate_transform(job, model, command, base=folder, port=port, hear=note)
    _say(report, as_json)


@contextmanager
def _folder(base: Path | None) -> Iterator[Path]:
    """Yield the folder that stands for ``/opt/ml``: the one asked for, or one that goes away."""
    if base is not None:
        with storage_errors(str(base)):
            base.mkdir(parents=True, exist_ok=True)
        yield base.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="reviewdesk-ml-") as folder:
        yield Path(folder)


def _say(report: Report, as_json: bool) -> None:
    """Print a report, and fail where something is wrong."""
    if as_json:
        print_json(report.to_json())
    else:
        _print(report)
    if not report.well:
        broken = count(len(report.violations), "rule")
        raise ReviewdeskError(f"it ended as {report.status} and broke {broken} of the platform's")


def _print(report: Report) -> None:
    say(f"{report.status}: {report.reason}" if report.reason else report.status)
    for name, values in report.metrics.items():
        say(f"{name}: {values[-1]:g} (of {len(values)} printed)")
    for output in report.outputs:
        say(f"written: {output}")
    for name, seconds in report.figures.items():
        say(f"{name}: {seconds:.1f} s")
    if report.violations:
        rows = [[one.rule, one.sentence] for one in report.violations]
        print_table(["rule", "what was broken"], rows)
    else:
        say("no rule was broken")

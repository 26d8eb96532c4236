"""`reviewdesk aws train`, `tune`, `predict` and `policy`: jobs with an account."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.aws.control.batch_job import Transformer
from reviewdesk.aws.control.batch_table import label_by_transform
from reviewdesk.aws.control.policies import Policies
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.settings import (
    AccountSettings,
    TrainJobSettings,
    TransformJobSettings,
)
from reviewdesk.aws.control.training_job import TrainedJob, Trainer
from reviewdesk.aws.endpoint import SageMakerEndpoint
from reviewdesk.cli.aws_control import DryRun, File, PriceFile, around, connect, quiet
from reviewdesk.cli.data import open_data
from reviewdesk.cli.options import Json, given, with_settings
from reviewdesk.cli.output import count, print_json, say
from reviewdesk.cli.predict import have_rows, label, say_labels
from reviewdesk.errors import ReviewdeskError, UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.scoring.endpoint import EndpointPredictor, request_bodies
from reviewdesk.scoring.predict import PredictSummary
from reviewdesk.scoring.row_files import SUFFIXES, check_suffix
from reviewdesk.scoring.transformed import review_batches
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import Input
from reviewdesk.storage import read_json

Name = Annotated[
    str,
    typer.Option(
        help="Name of the job; one that was sent before is watched and not sent again. Made of the "
        "project and the time by default.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="New folder for what was learnt; it stays on S3 too.", metavar="DIR"),
]
Wait = Annotated[bool, typer.Option(help="Wait for the job's end and show its log.")]


@with_settings(account=AccountSettings, settings=TrainJobSettings)
def train(
    context: typer.Context,
    *,
    config: File = None,
    name: Name = "",
    out: Out = None,
    wait: Wait = True,
    prices: PriceFile = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    account: AccountSettings,
    settings: TrainJobSettings,
) -> None:
    """A training job of SageMaker's: data sent, its log and figures shown, the bundle fetched.

    Says first what it costs at most. What is on S3 already is not sent again. Interrupted, the job
    goes on; the same command with its --name goes on watching. `aws delete` stops it.

    Example:

        reviewdesk aws train --config aws.yaml --data job/prepared --set target=stars --out bundle
    """
    configuration, where = connect(context, config, account, dry_run=dry_run)
    asked = configuration.part("train", TrainJobSettings, given(context, settings))
    trainer = Trainer(*around(where, prices))
    done = trainer.train(asked, name=name, out=out, wait=wait)
    if as_json:
        print_json(done.to_json())
    elif not dry_run:
        _say_job(done, out)
    _fail(done.name, done.status, done.reason)


@with_settings(account=AccountSettings, settings=TrainJobSettings)
def tune(
    context: typer.Context,
    job: Annotated[
        Path,
        typer.Argument(
            help="What is tuned: a file of tune --write-job, or a request of "
            "CreateHyperParameterTuningJob.",
            metavar="JOB.json",
        ),
    ],
    *,
    config: File = None,
    name: Name = "",
    out: Out = None,
    wait: Wait = True,
    prices: PriceFile = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    account: AccountSettings,
    settings: TrainJobSettings,
) -> None:
    """A tuning job of SageMaker's: the best of many training jobs, and its bundle fetched.

    The file says ranges, limits and objective; the data and machines are those of `aws train` (the
    parts train and tune of --config). Says first what all of its jobs cost at most.

    Example:

        reviewdesk aws tune job.json --config aws.yaml --out bundle
    """
    configuration, where = connect(context, config, account, dry_run=dry_run)
    asked = configuration.part("tune", TrainJobSettings, given(context, settings), over="train")
    trainer = Trainer(*around(where, prices))
    document = read_json(job)
    if not isinstance(document, dict):
        raise UsageError(f"{job} is no tuning job: it must be a JSON object")
    done = trainer.tune(document, asked, name=name, out=out, wait=wait, place=str(job))
    if as_json:
        print_json(done.to_json())
    elif done.best.name:
        shown = ", ".join(f"{key}={value}" for key, value in done.settings.items())
        say(f"{done.name}: best {done.best.name} with {done.objective}, {shown}")
        _say_job(done.best, out)
    elif not dry_run:
        say(f"{done.name}: {done.status or 'sent'}")
    _fail(done.name, done.status, done.reason)


@with_settings(account=AccountSettings, settings=TransformJobSettings, source=SourceSettings)
def predict(
    context: typer.Context,
    endpoint: Annotated[str, typer.Argument(help="The endpoint's name.")],
    data: Annotated[
        list[str],
        typer.Argument(
            help="Review files or a prepared folder; with --batch and a folder as --out one file "
            "or folder, with a record a line as the container reads it, or s3://.",
            metavar="DATA...",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="File to write, as .csv, .tsv, .jsonl or .parquet; with --batch also a folder for "
            "the answers as they are, one NAME.out a file.",
        ),
    ],
    *,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="A batch transform: machines that end when they are done."),
    ] = False,
    rows: Annotated[
        bool,
        typer.Option(
            help="Write the files' own rows and columns with the predictions beside; with "
            "--no-rows the predictions table alone, as .parquet.",
        ),
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a table made in another way.")
    ] = False,
    config: File = None,
    prices: PriceFile = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    account: AccountSettings,
    settings: TransformJobSettings,
    source: SourceSettings,
) -> None:
    """Labels by an endpoint of SageMaker's, or by a batch transform with its model.

    By an endpoint it is `predict --endpoint` in the account and region of --config. A batch
    transform needs no endpoint where --model says what labels. Either way the file is what
    `predict` writes with the model itself.

    Example:

        reviewdesk aws predict sentiment new.csv --config aws.yaml --out labelled.csv
    """
    configuration, where = connect(context, config, account, dry_run=dry_run)
    asked = configuration.part("predict", TransformJobSettings, given(context, settings))
    transformer = Transformer(*around(where, prices))
    if batch and out.suffix not in SUFFIXES:
        if len(data) > 1:
            raise UsageError("a batch transform takes one file or one folder")
        done = transformer.transform(endpoint, data[0], asked, out)
        if as_json:
            print_json(done.to_json())
        elif not dry_run:
            say(f"{done.name}: {done.status}, {count(len(done.files), 'file')} in {out}")
        _fail(done.name, done.status, done.reason)
        return
    check_suffix(out)
    opened = open_data(data, source)
    rows = rows and have_rows(opened)
    if not rows and out.suffix != ".parquet":
        raise UsageError(f"the predictions are a Parquet table; call it {out.stem}.parquet")

    def write(predictor: EndpointPredictor) -> PredictSummary:
        return label(predictor, opened, out, rows=rows, overwrite=overwrite)

    summary: PredictSummary | None = None
    if batch:
        done, summary = label_by_transform(transformer, endpoint, opened, asked, write)
        _fail(done.name, done.status, done.reason)
    elif dry_run:
        _say_requests(where, endpoint, opened)
    else:
        runtime = SageMakerEndpoint(endpoint, where.client("sagemaker-runtime"))
        with EndpointPredictor(runtime) as predictor:
            summary = write(predictor)
    if summary is not None and as_json:
        print_json(summary.to_json())
    elif summary is not None:
        say_labels(summary, out)


def _say_requests(account: Account, endpoint: str, data: PreparedData | list[Input]) -> None:
    """Print the requests to an endpoint that reads all texts of a review."""
    for batch in review_batches(data):
        for body in request_bodies(batch):
            account.call(
                *("sagemaker-runtime", "invoke_endpoint"),
                EndpointName=endpoint,
                ContentType="application/json",
                Accept="application/json",
                Body=body,
            )


@with_settings(account=AccountSettings)
def policy(
    context: typer.Context,
    command: Annotated[
        str,
        typer.Argument(
            help="train, tune, deploy, predict, status, delete, webapp-deploy, webapp-delete, "
            "pipeline-deploy, pipeline-delete or graph-load; role for what SageMaker's jobs and "
            "endpoints run as.",
        ),
    ],
    *,
    config: File = None,
    account: AccountSettings,
) -> None:
    """The least that a command needs of an account, as a policy of IAM.

    Names the project's resources, bucket and role. Nothing is sent but a question for the account's
    number, where boto3 has credentials.

    Example:

        reviewdesk aws policy deploy --config aws.yaml
    """
    _, where = connect(context, config, account, dry_run=True, hear=quiet)
    print_json(Policies(where).of(command))


def _say_job(done: TrainedJob, out: Path | None) -> None:
    say(f"{done.name}: {done.status or 'sent'}{f', {done.model}' if done.model else ''}")
    for name, value in done.metrics.items():
        say(f"{name}: {value:g}")
    if done.billable_seconds:
        cost = "" if done.cost is None else f", {done.cost:,.2f} {done.currency}"
        say(f"{count(done.billable_seconds, 'second')} are billed of each machine{cost}")
    if out is not None and out.exists():
        say(f"what it learnt is in {out}")


def _fail(name: str, status: str, reason: str) -> None:
    if status in ("Failed", "Stopped"):
        raise ReviewdeskError(f"{name} ended as {status}: {reason or 'no reason is given'}")

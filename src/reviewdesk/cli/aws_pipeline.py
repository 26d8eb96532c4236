"""`reviewdesk aws pipeline`: the monthly pipeline."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.aws.control.settings import AccountSettings
from reviewdesk.aws.pipeline.deploy import (
    delete_pipeline,
    deploy_pipeline,
    pipeline_stack,
    run_pipeline_here,
)
from reviewdesk.aws.pipeline.settings import PipelineSettings
from reviewdesk.cli.aws_control import DryRun, File, connect
from reviewdesk.cli.options import Json, given, with_settings
from reviewdesk.cli.output import note, print_json, say
from reviewdesk.errors import ReviewdeskError


@with_settings(account=AccountSettings, settings=PipelineSettings)
def deploy(
    context: typer.Context,
    *,
    config: File = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    account: AccountSettings,
    settings: PipelineSettings,
) -> None:
    """The monthly pipeline with an account: made, or changed where it is there.

    Prepare, train, evaluate, gate, deploy, find, notify: a state machine of Step Functions, started
    by a schedule. A model that is surely worse than the live one stays out. Only an endpoint that
    is there, with its own expiry, is updated; the pipeline makes none.

    Example:

        reviewdesk aws pipeline deploy --config aws.yaml
    """
    configuration, where = connect(context, config, account, dry_run=dry_run)
    asked = configuration.part("pipeline", PipelineSettings, given(context, settings))
    done = deploy_pipeline(where, asked, hear=note)
    if as_json:
        print_json(done._asdict())
    elif not dry_run:
        say(f"{done.name}: {done.outcome}")
        say(f"the state machine: {done.machine}")


@with_settings(account=AccountSettings)
def delete(
    context: typer.Context,
    *,
    config: File = None,
    dry_run: DryRun = False,
    account: AccountSettings,
) -> None:
    """Deletes the pipeline with its schedule, and looks whether it is gone.

    Example:

        reviewdesk aws pipeline delete --config aws.yaml
    """
    _, where = connect(context, config, account, dry_run=dry_run)
    if delete_pipeline(where, hear=note):
        say(f"{pipeline_stack(where)}: 0 left")


@with_settings(settings=PipelineSettings)
def local(
    out: Annotated[
        Path,
        typer.Option(
            help="Folder that stands for S3; the live model stays there for the next run.",
            metavar="DIR",
        ),
    ],
    *,
    as_json: Json = False,
    settings: PipelineSettings,
) -> None:
    """The pipeline once on this machine, step by step, as AWS would run it.

    Runs the definition that Step Functions gets: jobs as `aws local` runs them, files in a folder,
    messages said. There is no endpoint here; a model that passes the gate is kept as the live one.

    Example:

        reviewdesk aws pipeline local --reviews reviews.csv --out pipeline
    """
    done = run_pipeline_here(out, settings, hear=note)
    if as_json:
        print_json(done.to_json())
    else:
        say(" -> ".join(done.states))
    if done.status != "SUCCEEDED":
        raise ReviewdeskError(f"the pipeline failed: {done.error}")

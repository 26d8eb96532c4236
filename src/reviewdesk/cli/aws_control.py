"""`reviewdesk aws train`, `tune`, `deploy`, `predict`, `status`, `delete`: with an account."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from reviewdesk.aws.control.configuration import Configuration, read_configuration
from reviewdesk.aws.control.costs import UNKNOWN
from reviewdesk.aws.control.deploy import Deployer
from reviewdesk.aws.control.inventory import Deleter, Deletion, list_resources
from reviewdesk.aws.control.prices import Prices, kept_prices
from reviewdesk.aws.control.resources import Resource
from reviewdesk.aws.control.session import Account, Request
from reviewdesk.aws.control.settings import AccountSettings, DeploySettings
from reviewdesk.aws.control.status import State
from reviewdesk.aws.control.status import status as look_around
from reviewdesk.cli.options import Json, given, with_settings
from reviewdesk.cli.output import count, note, print_json, print_table, say
from reviewdesk.errors import ReviewdeskError, UsageError
from reviewdesk.progress import Progress

File = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="YAML file with these settings: what holds for all commands, and a part for each.",
        metavar="FILE",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Change nothing: print each request as boto3 takes it. Needs no account; with one, "
        "what is there is looked at.",
    ),
]
PriceFile = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        help="File of prices by the hour in place of AWS's Pricing API.",
        metavar="FILE",
    ),
]


def connect(
    context: typer.Context,
    config: Path | None,
    account: AccountSettings,
    *,
    dry_run: bool,
    hear: Callable[[Request], None] | None = None,
) -> tuple[Configuration, Account]:
    """Return what the file says, and the account that it and the command line name."""
    configuration = read_configuration(config)
    settings = configuration.account(given(context, account))
    shown = hear or (say_request if dry_run else quiet)
    return configuration, Account(settings, dry_run=dry_run, hear=shown)


def around(
    account: Account, prices: Path | None
) -> tuple[Account, Prices, Callable[[str], None], Progress]:
    """Return what work with an account needs around it on the command line."""
    return account, Prices(account, prices, kept_prices()), note, Progress()


def say_request(request: Request) -> None:
    """Print a request of a dry run, unless it only looks."""
    if not request.sent:
        shown = json.dumps(request.parameters, indent=2, default=_shown, ensure_ascii=False)
        say(f"{request.service} {request.operation}")
        for line in shown.splitlines():
            say(line)


def quiet(request: Request) -> None:
    """Say nothing of a request."""


def _shown(value: object) -> str:
    return f"({len(value):,} bytes)" if isinstance(value, bytes) else str(value)


@with_settings(account=AccountSettings, settings=DeploySettings)
def deploy(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The endpoint's name.")],
    *,
    config: File = None,
    prices: PriceFile = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    account: AccountSettings,
    settings: DeploySettings,
) -> None:
    """An endpoint of SageMaker's: made or changed without an outage, with an end that is set.

    Says what it costs an hour and a month, until its end, and if it were forgotten. Needs --expires
    or --limit: AWS itself deletes it then. A change that does not pass /ping or the probe is taken
    back, and a new endpoint that does not is deleted again.

    Example:

        reviewdesk aws deploy sentiment --config aws.yaml --model job/sentiment/bundle --expires 8h
    """
    configuration, where = connect(context, config, account, dry_run=dry_run)
    asked = configuration.part("deploy", DeploySettings, given(context, settings))
    done = Deployer(*around(where, prices)).deploy(name, asked)
    if as_json:
        print_json(done.to_json())
    elif not dry_run:
        say(f"{name}: {done.outcome}; deleted at {done.expires}")


@with_settings(account=AccountSettings)
def status(
    context: typer.Context,
    *,
    config: File = None,
    prices: PriceFile = None,
    as_json: Json = False,
    account: AccountSettings,
) -> None:
    """What is ours in a region: what runs, what it has cost, when it ends, what nobody asks.

    Lists what carries the tag reviewdesk, of every project. An endpoint is idle that had no request
    in the last day.

    Example:

        reviewdesk aws status --region eu-west-1
    """
    _, where = connect(context, config, account, dry_run=False)
    seen = look_around(where, Prices(where, prices, kept_prices()))
    if as_json:
        print_json(seen.to_json())
    elif not seen.states and not seen.errors:
        say(f"nothing in {where.region}")
    else:
        for state in seen.states:
            say(_line(state))
    for line in [] if as_json else seen.sentences():
        say(line)
    if seen.errors:
        raise ReviewdeskError(
            f"{count(len(seen.errors), 'kind')} of resources could not be looked at: "
            f"{', '.join(seen.errors)}"
        )


def _line(state: State) -> str:
    """Return one resource as a line: what costs says how much, and since when."""
    one = state.resource
    parts = [f"{one.kind} {one.name} (project {one.project})", one.status]
    if state.machines is not None:
        parts.append(str(state.machines) or "serverless")
        known = state.hourly is not None and state.so_far is not None
        parts.append(
            f"{state.hourly:,.3f} {state.currency} an hour, {state.so_far:,.2f} so far"
            if known
            else UNKNOWN
        )
    if state.requests is not None:
        parts.append(f"{count(state.requests, 'request')} in a day")
    if one.expires:
        parts.append(f"ends {one.expires}")
    parts += [f"{value:,} {name}" for name, value in one.about.items() if _is_count(value)]
    return ", ".join(part for part in parts if part)


@with_settings(account=AccountSettings)
def delete(
    context: typer.Context,
    endpoints: Annotated[
        list[str] | None,
        typer.Argument(
            help="Endpoints to delete with all that belongs to them; without, everything of the "
            "project.",
            metavar="[ENDPOINT...]",
        ),
    ] = None,
    *,
    config: File = None,
    files: Annotated[
        bool, typer.Option(help="Delete the project's files in its bucket too.")
    ] = True,
    every_project: Annotated[
        bool, typer.Option("--every-project", help="Everything of every project in the region.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    account: AccountSettings,
) -> None:
    """Deletes what is ours in a region, until a listing shows that nothing is left.

    Endpoints, jobs that run, configurations, models, scaling, stacks, scheduled deletions, the role
    of these, and files below s3://BUCKET/reviewdesk/PROJECT/. A call that fails is made again. What
    is left in the end is named, and the exit code is 1. Records of jobs that are over stay; they
    cost nothing.

    Example:

        reviewdesk aws delete --config aws.yaml --yes
    """
    _, where = connect(context, config, account, dry_run=dry_run)
    if not yes and not dry_run:
        _ask(where, endpoints or [], every_project=every_project, files=files)
    done = Deleter(where, hear=quiet_line if as_json or dry_run else note).delete(
        endpoints or [], every_project=every_project, files=files
    )
    if as_json:
        print_json(done.to_json())
    elif not dry_run:
        _say_deletion(done)
    if not done.proven and not dry_run:
        left = ", ".join(f"{one.kind} {one.name}" for one in done.left) or "it is not known what"
        reasons = "; ".join(done.errors.values())
        raise ReviewdeskError(f"left: {left}. {reasons or 'Give the same command again'}")


def quiet_line(line: str) -> None:
    """Say nothing."""


def _ask(where: Account, endpoints: list[str], *, every_project: bool, files: bool) -> None:
    """Show what would be deleted, and refuse."""
    listing = list_resources(where, every_project=every_project, files=files and not endpoints)
    named = [
        one for one in listing.resources if not endpoints or {one.name, one.endpoint} & {*endpoints}
    ]
    if named or listing.errors:
        print_table(["what", "name", "project", "about"], [_short(one) for one in named])
        raise UsageError("nothing was deleted; give the same command with --yes")


def _short(one: Resource) -> list[str]:
    about = ", ".join(f"{name} {value:,}" for name, value in one.about.items() if _is_count(value))
    return [one.kind, one.name, one.project, about]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _say_deletion(done: Deletion) -> None:
    for one in done.removed:
        say(f"deleted: {one.kind} {one.name}")
    if done.proven:
        say("0 left: every kind was listed, and nothing of it is there")

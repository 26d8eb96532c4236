"""`reviewdesk aws graph load`: a graph into Neptune."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.aws.control.settings import AccountSettings
from reviewdesk.aws.neptune import GraphSettings, load_graph
from reviewdesk.cli.aws_control import DryRun, File, connect
from reviewdesk.cli.options import Json, given, with_settings
from reviewdesk.cli.output import note, print_json, say
from reviewdesk.progress import Progress


@with_settings(account=AccountSettings, settings=GraphSettings)
def load(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="Folder of `graph export --format neptune-...`.", metavar="DIR")
    ],
    *,
    config: File = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    account: AccountSettings,
    settings: GraphSettings,
) -> None:
    """A graph into Neptune: its files checked, sent to S3, loaded.

    What the loader would refuse is said first, with file and line, and costs nothing. Then the
    files go to the bucket, the cluster loads them, and each new state is said until it is over.

    Example:

        reviewdesk aws graph load neptune --config aws.yaml
    """
    configuration, where = connect(context, config, account, dry_run=dry_run)
    asked = configuration.part("graph", GraphSettings, given(context, settings))
    done = load_graph(where, folder, asked, hear=note, progress=Progress())
    if as_json:
        print_json(done.to_json())
    elif not dry_run:
        say(f"{done.load}: {done.records:,} rows, {done.duplicates:,} of them there already")

"""`reviewdesk aws webapp`: a web page behind Lambda and a gateway."""

import signal
import threading
from typing import Annotated

import typer

from reviewdesk.aws.control.settings import AccountSettings
from reviewdesk.aws.webapp.bundled import bundle_places, open_bundles
from reviewdesk.aws.webapp.deploy import delete_webapp, deploy_webapp
from reviewdesk.aws.webapp.gateway_events import HTTP_SECOND, KINDS
from reviewdesk.aws.webapp.local import local_app
from reviewdesk.aws.webapp.settings import WebappSettings
from reviewdesk.cli.aws_control import DryRun, File, connect
from reviewdesk.cli.options import Json, given, with_settings
from reviewdesk.cli.output import note, print_json, say
from reviewdesk.progress import Progress

Bundles = Annotated[
    list[str],
    typer.Argument(
        help="Bundles, each with its name: folders, .tar.gz files or s3:// addresses.",
        metavar="NAME=BUNDLE...",
    ),
]
Name = Annotated[str, typer.Argument(help="The web app's name.")]
Endpoint = Annotated[
    str,
    typer.Option(
        help="Endpoint of SageMaker's that answers; without it the bundles answer in the function.",
        metavar="NAME",
    ),
]
Kind = Annotated[
    str, typer.Option(help=f"Kind of gateway. One of: {', '.join(KINDS)}.", metavar="KIND")
]


def local(
    bundles: Bundles,
    *,
    endpoint: Endpoint = "",
    gateway: Kind = HTTP_SECOND,
    port: Annotated[
        int, typer.Option(help="Port of the gateway; 0 takes a free one.", min=0, max=65535)
    ] = 8081,
    site_port: Annotated[
        int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)
    ] = 8082,
) -> None:
    """The web app on this machine: the page, a gateway, the function.

    Turns HTTP into the events that Lambda gets from a REST API, an HTTP API or a function URL, and
    answers back, with their limits; the page is a site of its own. Nothing leaves this machine,
    unless an endpoint answers. Ctrl-C or SIGTERM ends it.

    Example:

        reviewdesk aws webapp local sentiment=job/sentiment/bundle --gateway rest
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: ended.set())
    served = open_bundles(bundle_places(bundles))
    with local_app(served, endpoint=endpoint, kind=gateway, port=port, site_port=site_port) as app:
        note(f"the page: {app.site}")
        note(f"the function, behind a gateway: {app.api}")
        ended.wait()


@with_settings(account=AccountSettings, settings=WebappSettings)
def deploy(
    context: typer.Context,
    name: Name,
    bundles: Bundles,
    *,
    config: File = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    account: AccountSettings,
    settings: WebappSettings,
) -> None:
    """The web app with an account: made, or changed where it is there.

    One CloudFormation stack: a gateway, the function from --image, its role and log, a private
    bucket with the page, and CloudFront, which alone may read it. The bundles answer in the
    function, or --endpoint does. It costs by use, and nothing while nobody asks.

    Example:

        reviewdesk aws webapp deploy desk sentiment=job/sentiment/bundle --config aws.yaml
    """
    configuration, where = connect(context, config, account, dry_run=dry_run)
    asked = configuration.part("webapp", WebappSettings, given(context, settings))
    done = deploy_webapp(where, name, bundle_places(bundles), asked, hear=note, progress=Progress())
    if as_json:
        print_json(done.to_json())
    elif not dry_run:
        say(f"{done.name}: {done.outcome}")
        say(f"the page: {done.page}")
        say(f"for programs: POST {done.api.rstrip('/')}/invocations")


@with_settings(account=AccountSettings)
def delete(
    context: typer.Context,
    name: Name,
    *,
    config: File = None,
    dry_run: DryRun = False,
    account: AccountSettings,
) -> None:
    """Deletes a web app with its page and its log, and looks whether it is gone.

    Example:

        reviewdesk aws webapp delete desk --config aws.yaml
    """
    _, where = connect(context, config, account, dry_run=dry_run)
    gone = delete_webapp(where, name, hear=note)
    if gone:
        say(f"{name}: 0 left")

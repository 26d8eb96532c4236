"""`reviewdesk aws webapp`: a web page behind Lambda and a gateway."""

import signal
import threading
from typing import Annotated

import typer

from reviewdesk.aws.webapp.bundled import open_bundles
from reviewdesk.aws.webapp.gateway_events import HTTP_SECOND, KINDS
from reviewdesk.aws.webapp.local import local_app
from reviewdesk.cli.output import note

Bundles = Annotated[
    list[str],
    typer.Argument(
        help="Bundles, each with its name: folders, .tar.gz files or s3:// addresses.",
        metavar="NAME=BUNDLE...",
    ),
]
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
    served = open_bundles(bundles)
    with local_app(served, endpoint=endpoint, kind=gateway, port=port, site_port=site_port) as app:
        note(f"the page: {app.site}")
        note(f"the function, behind a gateway: {app.api}")
        ended.wait()

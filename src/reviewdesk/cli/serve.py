"""`reviewdesk serve`: the page and the endpoint."""

import functools
from typing import Annotated, Final

import typer

from reviewdesk.cli.endpoints import endpoints_of
from reviewdesk.cli.options import with_settings
from reviewdesk.cli.output import note
from reviewdesk.desk.page import routes
from reviewdesk.serving.server import serve as serve_bundles
from reviewdesk.serving.workers import serve_by_workers
from reviewdesk.settings import ServeSettings, TrafficSettings

WORKER: Final = "reviewdesk.cli.serve_worker"


@with_settings(traffic=TrafficSettings, settings=ServeSettings)
def serve(
    bundles: Annotated[
        list[str],
        typer.Argument(
            help="Bundles, each with its name there; of several variants each with its weight.",
            metavar="NAME=BUNDLE[:WEIGHT,...]...",
        ),
    ],
    *,
    shadow: Annotated[
        list[str],
        typer.Option(
            help="Bundle that scores a part of the requests, too, and whose answers go to the log "
            "only. May be given more than once.",
            metavar="NAME=BUNDLE:PART",
        ),
    ] = [],  # noqa: B006  (the parser copies it)
    workers: Annotated[
        int,
        typer.Option(
            help="Processes that answer on the port; each has the limits below for itself.",
            min=1,
            max=64,
        ),
    ] = 1,
    traffic: TrafficSettings,
    settings: ServeSettings,
) -> None:
    """A page for people and an endpoint for programs.

    Opens a page where anyone can paste a review, and answers POST /invocations (with the first
    bundle) and POST /endpoints/NAME/invocations as Amazon SageMaker's containers do. Only this
    machine can reach it, unless --host says otherwise. Ctrl-C or SIGTERM ends it after the requests
    in flight are answered; SIGHUP loads the bundles again, without losing a request.

    An endpoint may have several variants with weights: sentiment=old:0.9,new:0.1. They are named
    after their folders, or explicitly: sentiment=A=old/bundle:0.9,B=new/bundle:0.1.

    Example:

        reviewdesk serve sentiment=job/sentiment/bundle category=job/category/bundle
    """

    def on_ready(port: int) -> None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        note(f"the page: http://{host}:{port}/")
        note(f"for programs: POST http://{host}:{port}/invocations")

    if workers > 1:
        request = {
            "words": bundles,
            "shadows": shadow,
            "settings": settings.to_json(),
            "traffic": traffic.to_json(),
        }
        raise typer.Exit(serve_by_workers(WORKER, request, workers, settings, on_ready))
    load = functools.partial(endpoints_of, bundles, shadow)
    serve_bundles(load(), settings, on_ready, routes, traffic, load=load)

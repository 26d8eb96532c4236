"""`reviewdesk serve`: the page and the endpoint."""

import functools
from contextlib import ExitStack
from typing import Annotated, Final

import typer

from reviewdesk.cli.endpoints import endpoints_of
from reviewdesk.cli.options import with_settings
from reviewdesk.cli.output import note
from reviewdesk.cli.remote import remote_judges
from reviewdesk.desk.endpoint_page import serve_page
from reviewdesk.desk.page import routes
from reviewdesk.errors import UsageError
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
            metavar="[NAME=BUNDLE[:WEIGHT,...]]...",
            show_default=False,
        ),
    ] = [],  # noqa: B006  (the parser copies it)
    *,
    endpoint: Annotated[
        list[str],
        typer.Option(
            help="Show the page alone, and ask an endpoint elsewhere: http://HOST:PORT of serve or "
            "of a container, there also /endpoints/NAME/invocations, or the name of one of "
            "SageMaker's; with what it predicts in front where it does not say so, as in "
            "sentiment=NAME. May be given more than once.",
            metavar="[TARGET=]URL|NAME",
        ),
    ] = [],  # noqa: B006
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

    With --endpoint the page runs in front of an endpoint that is elsewhere. Which words count is
    found by leaving each of them out, in one more request.

    Example:

        reviewdesk serve sentiment=job/sentiment/bundle category=job/category/bundle
        reviewdesk serve --endpoint sentiment=my-sagemaker-endpoint
    """

    def on_ready(port: int) -> None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        note(f"the page: http://{host}:{port}/")
        if not endpoint:
            note(f"for programs: POST http://{host}:{port}/invocations")

    if bool(bundles) == bool(endpoint):
        raise UsageError("name bundles to serve, or an --endpoint for the page to ask, not both")
    if endpoint:
        if shadow or workers > 1 or traffic != TrafficSettings():
            raise UsageError("with --endpoint there is only the page: no variants, log, or workers")
        with ExitStack() as stack:
            serve_page(remote_judges(endpoint, stack), settings, on_ready)
        return
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

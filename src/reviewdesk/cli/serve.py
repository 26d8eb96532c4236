"""`reviewdesk serve`: the page and the endpoint."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.cli.options import with_settings
from reviewdesk.cli.output import note
from reviewdesk.desk.page import routes
from reviewdesk.errors import UsageError
from reviewdesk.serving.server import serve as serve_bundles
from reviewdesk.settings import ServeSettings


@with_settings(settings=ServeSettings)
def serve(
    bundles: Annotated[
        list[str],
        typer.Argument(help="Bundles, each with its name there.", metavar="NAME=BUNDLE..."),
    ],
    *,
    settings: ServeSettings,
) -> None:
    """A page for people and an endpoint for programs.

    Opens a page where anyone can paste a review, and answers POST /invocations (with the first
    bundle) and POST /endpoints/NAME/invocations as Amazon SageMaker's containers do. Only this
    machine can reach it, unless --host says otherwise. Ctrl-C or SIGTERM ends it after the requests
    in flight are answered.

    Example:

        reviewdesk serve sentiment=job/sentiment/bundle category=job/category/bundle
    """
    loaded = _load(bundles)

    def on_ready(port: int) -> None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        note(f"the page: http://{host}:{port}/")
        note(f"for programs: POST http://{host}:{port}/invocations")

    serve_bundles(loaded, settings, on_ready, routes)


def _load(words: list[str]) -> dict[str, Bundle]:
    bundles: dict[str, Bundle] = {}
    for word in words:
        name, equals, place = word.partition("=")
        if not (name and equals and place):
            raise UsageError(f"{word!r} is not NAME=BUNDLE, as in sentiment=job/sentiment/bundle")
        if name in bundles:
            raise UsageError(f"the name {name!r} is given twice")
        bundles[name] = load_bundle(Path(place))
    return bundles

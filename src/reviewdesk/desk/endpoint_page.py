"""The page for people in front of endpoints elsewhere: what it shows is asked of them."""

import functools
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from reviewdesk.desk.analysis import analyse
from reviewdesk.desk.by_accept import ANALYSE
from reviewdesk.desk.judges import Judge
from reviewdesk.desk.page import body_of, page, pasted
from reviewdesk.desk.texts import Texts
from reviewdesk.errors import InputError, Overloaded, ReviewdeskError, StorageError, UpstreamFailed
from reviewdesk.serving.answers import ErrorAnswer, answer_error
from reviewdesk.serving.app import guards
from reviewdesk.serving.metrics import MEDIA_TYPE, Metrics
from reviewdesk.serving.server import listen, run_app
from reviewdesk.settings import ServeSettings

AT_ONCE: Final = 8
"""Reviews that are asked about at a time."""
MOST_WAITING: Final = 64


def create_app(judges: Sequence[Judge], settings: ServeSettings, metrics: Metrics) -> Starlette:
    """Return the application.

    Args:
        judges: who is asked, one for each target, in the page's order.
        settings: where it listens and what it refuses.
        metrics: where requests are counted.
    """
    markup, policy = page(judges, settings.root_path)
    limiter, say = CapacityLimiter(AT_ONCE), Texts.english()

    async def show(request: Request) -> Response:
        return HTMLResponse(markup, headers={"Content-Security-Policy": policy})

    async def ask(request: Request) -> Response:
        review = pasted(await body_of(request, settings))
        if limiter.statistics().tasks_waiting >= MOST_WAITING:
            raise Overloaded(say("judgement.busy"))
        found = await run_sync(functools.partial(analyse, judges, review, say), limiter=limiter)
        return JSONResponse(found)

    async def ping(request: Request) -> Response:
        return Response(status_code=HTTPStatus.OK)

    async def count(request: Request) -> Response:
        return Response(metrics.text(), headers={"content-type": MEDIA_TYPE})

    routes = [
        Route("/", show),
        Route(ANALYSE, ask, methods=["POST"]),
        Route("/ping", ping),
        Route("/metrics", count),
    ]
    app = Starlette(
        routes=routes,
        middleware=guards(settings, metrics, [route.path for route in routes]),
        exception_handlers={
            ReviewdeskError: answer_error,
            HTTPException: answer_error,
            StorageError: _not_answered,
            InputError: _not_answered,
        },
    )
    app.router.redirect_slashes = False  # a redirect would name a host that the client chose
    return app


def serve_page(
    judges: Sequence[Judge], settings: ServeSettings, on_ready: Callable[[int], None]
) -> None:
    """Serve the page until SIGTERM or SIGINT; then finish what is in flight and return.

    Args:
        judges: who is asked.
        settings: where it listens and what it refuses.
        on_ready: called once with the port, as soon as requests are answered.

    Raises:
        UsageError: the address cannot be listened on.
    """
    metrics = Metrics()
    app = create_app(judges, settings, metrics)
    with listen(settings) as listener:
        run_app(app, settings, metrics, listener, on_ready)


async def _not_answered(request: Request, error: Exception) -> Response:
    """Say that an endpoint does not answer, or not as one does: the page is not at fault."""
    return ErrorAnswer(request, UpstreamFailed.code, str(error), UpstreamFailed.http_status)

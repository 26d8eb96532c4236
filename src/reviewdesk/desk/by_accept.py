"""What the page asks, through an endpoint that has one address: by the media type of the answer.

SageMaker passes the header Accept on to containers, and one address only. What answers is loaded at
the first such request, so that a container that never gets one starts faster.
"""

import functools
import importlib
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from reviewdesk.serving.service import Service

ANALYSE: Final = "/desk/analyse"
ANALYSIS: Final = "application/vnd.reviewdesk.analysis+json"
"""What ``/invocations`` answers with a verdict and its words, as the page shows them."""

_PAGE: Final = "reviewdesk.desk.page"


class AnalysisByAccept:
    """Asks the page's address where ``/invocations`` is asked for an analysis.

    Args:
        app: what answers both.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        asked = scope["type"] == "http" and scope["path"] == "/invocations"
        if asked and (b"accept", ANALYSIS.encode()) in scope["headers"]:
            scope = {**scope, "path": ANALYSE}
        await self._app(scope, receive, send)


def analysis_routes(service: Service) -> Sequence[BaseRoute]:
    """Return the address that the page asks, without the page.

    Args:
        service: what is served; the first bundle of each target is asked.
    """
    return [Route(ANALYSE, functools.partial(_analyse, service), methods=["POST"])]


async def _analyse(service: Service, request: Request) -> Response:
    page: Any = importlib.import_module(_PAGE)
    answer: Response = await page.answer(service, page.judges_of(service.bundles), request)
    return answer

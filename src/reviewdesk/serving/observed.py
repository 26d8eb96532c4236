"""Each request counted, and on request logged: what was asked and how it went, never its text."""

import logging
from collections.abc import Collection
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reviewdesk.serving.metrics import Metrics

OTHER: Final = "other"
"""What addresses are called that are not there: a client chooses them, and may put text in them."""

CLIENT_LEFT: Final = 499
"""The status in metrics and log where the client went before the answer, as nginx has it."""

access_log: Final = logging.getLogger("reviewdesk.access")

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Observed:
    """Counts requests, and logs them in the common log format with their seconds behind.

    Args:
        app: what answers.
        metrics: where they are counted.
        routes: the addresses that are named; all else is ``other``.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Collection[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = frozenset(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and note how it went."""
        started = monotonic()
        status, length = 0, 0

        async def send_noting(message: Message) -> None:
            nonlocal status, length
            status = message.get("status", status)
            length += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            state = scope.setdefault("state", {})
            status = status or state.get("refused", CLIENT_LEFT)
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            route = path if path in self._routes else OTHER
            seconds = monotonic() - started
            self._metrics.count_request(route, status, seconds, state.get("error_code"))
            if access_log.isEnabledFor(logging.INFO):
                access_log.info("%s", _line(scope, route, status, length, seconds))


def _line(scope: Scope, route: str, status: int, length: int, seconds: float) -> str:
    client = (scope.get("client") or ("-",))[0]
    time = datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    method = scope["method"] if scope["method"] in _METHODS else "-"
    asked = f"{method} {route} HTTP/{scope['http_version']}"
    return f'{client} - - [{time}] "{asked}" {status} {length} {seconds:.3f}'

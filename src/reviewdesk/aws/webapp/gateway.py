"""A gateway on this machine: HTTP in, a function's events and answers behind, with AWS's limits.

It stands for API Gateway or a function URL, so that the web app can be tried, and tested in a
browser, without an account. It keeps their limits of time and size, and gives their own errors.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

from reviewdesk.aws.webapp.gateway_events import (
    HTTP_FIRST,
    HTTP_SECOND,
    REST,
    URL,
    HttpRequest,
    answer_of,
    event_of,
)
from reviewdesk.errors import UsageError
from reviewdesk.serving.direct import DirectAnswer
from reviewdesk.serving.guards import is_loopback

HOST: Final = "127.0.0.1"
FUNCTION_SECONDS: Final = 30.0
EVENT_BYTES: Final = 6_291_556
"""What Lambda takes of an event, and of an answer, as JSON."""

THREADS: Final = 16
POLL_SECONDS: Final = 0.05

logger: Final = logging.getLogger(__name__)

Function = Callable[[Any, Any], Any]


class GatewayLimits(NamedTuple):
    """What a kind of gateway lets through.

    Args:
        seconds: until it gives up.
        body_bytes: of a request's body.
        timeout: the status and text where it gives up.
        too_large: the status and text where a body is larger.
    """

    seconds: float
    body_bytes: int
    timeout: tuple[int, str]
    too_large: tuple[int, str]


_API: Final = GatewayLimits(
    30.0, 10_485_760, (503, "Service Unavailable"), (413, "Request Entity Too Large")
)
LIMITS: Final = {
    REST: GatewayLimits(
        29.0, 10_485_760, (504, "Endpoint request timed out"), (413, "Request Too Long")
    ),
    HTTP_FIRST: _API,
    HTTP_SECOND: _API,
    URL: GatewayLimits(FUNCTION_SECONDS, 6_291_456, (504, "Gateway Timeout"), (413, "Too Large")),
}


class Invocation:
    """What a function learns about the event that it is called with.

    Args:
        seconds: how long it may run.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return how long it may still run."""
        return max(0, round(1000 * (self._until - time.monotonic())))


class Gateway:
    """Answers HTTP with a function.

    Args:
        function: called with an event and a context, as Lambda does.
        kind: one of ``KINDS``.
        seconds: how long the gateway waits, in place of AWS's.
    """

    def __init__(self, function: Function, kind: str, seconds: float | None = None) -> None:
        if kind not in LIMITS:
            raise UsageError(f"there are gateways of the kinds {', '.join(LIMITS)}, not {kind!r}")
        self._function = function
        self._kind = kind
        self._limits = LIMITS[kind]
        self._seconds = seconds or self._limits.seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="function")

    def answer(self, request: HttpRequest) -> DirectAnswer:
        """Return the answer that a client gets."""
        event = json.dumps(event_of(request, self._kind))
        if len(request.body) > self._limits.body_bytes or len(event) > EVENT_BYTES:
            return own_answer(*self._limits.too_large)
        future = self._threads.submit(self._call, event)
        try:
            returned = future.result(timeout=self._seconds)
            if len(returned) <= EVENT_BYTES:
                return answer_of(json.loads(returned), self._kind)
        except TimeoutError:
            return own_answer(*self._limits.timeout)
        except Exception:  # the boundary: whatever a function raises, a gateway answers
            logger.debug("the function failed", exc_info=True)
        return own_answer(502, "Internal server error")

    def _call(self, event: str) -> str:
        return json.dumps(self._function(json.loads(event), Invocation(FUNCTION_SECONDS)))


def own_answer(status: int, message: str) -> DirectAnswer:
    """Return a gateway's own error, which has not the app's shape."""
    headers = {"content-type": "application/json"}
    return DirectAnswer(status, headers, json.dumps({"message": message}).encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that has gone needs no answer."""


@contextmanager
def listening(answer: Callable[[HttpRequest], DirectAnswer], port: int = 0) -> Iterator[int]:
    """Answer HTTP on a port of this machine while the block runs.

    Args:
        answer: gives the answer to each request.
        port: where to listen; 0 takes a free one.

    Yields:
        The port.

    Raises:
        UsageError: the port cannot be listened on.
    """
    try:
        server = _Server((HOST, port), _handler_of(answer))
    except OSError as error:
        raise UsageError(
            f"cannot listen on port {port}; choose another, 0 takes a free one"
        ) from error
    threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _handler_of(answer: Callable[[HttpRequest], DirectAnswer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            if not is_loopback(self.headers.get("Host", "").rpartition(":")[0]):
                self.close_connection = True
                self._write(own_answer(403, "Forbidden"))
                return
            length = self.headers.get("Content-Length", "0")
            body = self.rfile.read(min(int(length), 2 * EVENT_BYTES)) if length.isdecimal() else b""
            self.close_connection = int(length or 0) > len(body)
            path, _, query = self.path.partition("?")
            client = str(self.client_address[0])
            headers = list(self.headers.items())
            self._write(answer(HttpRequest(self.command, path, query, headers, body, client)))

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = handle_any  # noqa: N815

        def _write(self, said: DirectAnswer) -> None:
            self.send_response(said.status)
            for name, value in said.headers.items():
                if name not in ("content-length", "transfer-encoding"):
                    self.send_header(name, value)
            for cookie in said.cookies:
                self.send_header("set-cookie", cookie)
            self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: addresses may hold text."""

    return Handler

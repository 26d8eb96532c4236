"""A server before an S3 server: it passes requests on, or fails as real ones do."""

import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

SLOW_DOWN: Final = b"<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>"
ACCESS_DENIED: Final = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Gate(ThreadingHTTPServer):
    """The server.

    Args:
        behind: address of the server that answers.
    """

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(behind).netloc
        self.failures: list[str] = []
        """How the next reads of objects fail: ``busy`` or ``cut``."""
        self.signed_only = False
        """Whether requests without credentials are refused."""
        self.served: Counter[str] = Counter()
        """Bytes of each object in whole answers."""

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        if self.server.signed_only and "Authorization" not in self.headers:
            self._send(403, [("Content-Type", "application/xml")], ACCESS_DENIED)
            return
        path = urlsplit(self.path).path
        is_read = self.command == "GET" and path.count("/") > 1
        failure = self.server.failures.pop(0) if is_read and self.server.failures else ""
        if failure == "busy":
            self._send(503, [("Content-Type", "application/xml")], SLOW_DOWN)
            return
        connection = http.client.HTTPConnection(self.server.behind)
        connection.request(self.command, self.path, headers=dict(self.headers))
        with connection.getresponse() as answer:
            body = answer.read()
            kept = [pair for pair in answer.getheaders() if pair[0].lower() not in _OWN]
        connection.close()
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        if is_read and not failure:
            self.server.served[path] += len(body)
        self._send(answer.status, kept, body, length, cut=failure == "cut")

    def _send(
        self,
        status: int,
        headers: list[tuple[str, str]],
        body: bytes,
        length: str | None = None,
        *,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = cut

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


_OWN: Final = frozenset({"content-length", "connection", "date", "server", "transfer-encoding"})


@contextmanager
def gate(behind: str) -> Iterator[Gate]:
    """Run a gate while the block runs."""
    server = Gate(behind)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A web server on this machine that does what real ones do on bad days."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Site:
    """One file at every address, and how the next answers go wrong.

    Args:
        content: the file's bytes.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag = '"first"'
        self.ranges = True
        """Whether parts can be asked for."""
        self.announced: int | None = len(content)
        """The size that is said; None: none is said."""
        self.cuts: list[int] = []
        """After how many bytes the next answers break off."""
        self.codes: list[int] = []
        """Codes that the next answers have instead of the file."""
        self.moved_to = ""
        """Where every request is sent instead."""
        self.asked: list[tuple[str, str | None]] = []
        """Method and range of every request."""
        self.address = ""


@contextmanager
def site(content: bytes) -> Iterator[Site]:
    """Serve a file while the block runs."""
    found = Site(content)

    class Handler(_Handler):
        site = found

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        site = self.site
        wanted = self.headers.get("Range")
        site.asked.append((self.command, wanted))
        if site.moved_to or site.codes:
            self.send_response(302 if site.moved_to else site.codes.pop(0))
            if site.moved_to:
                self.send_header("Location", site.moved_to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = self._start(wanted)
        if start >= len(site.content) and start:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("ETag", site.etag)
        if start:
            whole = f"bytes {start}-{len(site.content) - 1}/{site.announced or '*'}"
            self.send_header("Content-Range", whole)
        if site.announced is not None:
            self.send_header("Content-Length", str(site.announced - start))
        self.end_headers()
        if body:
            end = len(site.content)
            if site.cuts:
                end = min(end, start + site.cuts.pop(0))
            self.wfile.write(site.content[start:end])

    def _start(self, wanted: str | None) -> int:
        same = self.headers.get("If-Range", self.site.etag) == self.site.etag
        if wanted is None or not self.site.ranges or not same:
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

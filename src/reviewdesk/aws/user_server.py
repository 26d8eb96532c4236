"""Serving the user's own ``code/inference.py``: HTTP here, their code in processes of its own."""

import base64
import http.server
import json
import os
import queue
import signal
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.user_worker import ANSWERED, REFUSED
from reviewdesk.errors import BundleError, UsageError
from reviewdesk.process import WatchedProcess
from reviewdesk.settings import ServeSettings

WORKER: Final = "reviewdesk.aws.user_worker"
WORKERS_VARIABLE: Final = "SAGEMAKER_MODEL_SERVER_WORKERS"
TIMEOUT_VARIABLE: Final = "SAGEMAKER_MODEL_SERVER_TIMEOUT"
ACCEPT_VARIABLE: Final = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
TIMEOUT_SECONDS: Final = 60.0
SOCKET_SECONDS: Final = 60.0
ANY_MEMORY: Final = 1 << 50
JSON: Final = "application/json"
PATHS: Final = ("/ping", "/invocations")


class UserModel:
    """Processes with the user's code, each of which answers one request at a time.

    Args:
        file: the module.
        directory: the model directory.
        workers: how many processes there are.
        timeout: most seconds of a request.

    Raises:
        BundleError: the code cannot be loaded; why is in the log.
    """

    def __init__(self, file: Path, directory: Path, workers: int, timeout: float) -> None:
        self._timeout = timeout
        self._free: queue.Queue[WatchedProcess] = queue.Queue()
        self._all = []
        for _ in range(workers):
            try:
                process = WatchedProcess(
                    WORKER, [str(file), str(directory)], memory=ANY_MEMORY, advice=""
                )
            except ChildProcessError as error:
                raise BundleError(
                    f"code/{file.name} could not be loaded; the lines above say why"
                ) from error
            self._free.put(process)
            self._all.append(process)

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[int, str, bytes]:
        """Return the status, media type and body of an answer."""
        request = {
            "body": base64.b64encode(body).decode(), "content_type": content_type, "accept": accept,
        }  # fmt: skip
        process = self._free.get()
        try:
            kind, content = process.answer(request, self._timeout)
        except (UsageError, ChildProcessError):
            return _error(500, f"the model's own code gave no answer in {self._timeout:g} seconds")
        finally:
            self._free.put(process)
        if kind != ANSWERED:
            return _error(400 if kind == REFUSED else 500, content.decode(errors="replace"))
        media_type, _, answer = content.partition(b"\n")
        return 200, media_type.decode(), answer

    def end(self) -> None:
        """End the processes."""
        for process in self._all:
            process.end()


def serve_user_code(
    file: Path, directory: Path, settings: ServeSettings, on_ready: Callable[[int], None]
) -> None:
    """Serve the user's code until SIGTERM.

    Args:
        file: the module.
        directory: the model directory.
        settings: where to listen, and the largest body.
        on_ready: called with the port.

    Raises:
        BundleError: the code cannot be loaded.
        UsageError: the port cannot be listened on, or a variable is no number.
    """
    try:
        workers = max(1, int(os.environ.get(WORKERS_VARIABLE, "1")))
        timeout = float(os.environ.get(TIMEOUT_VARIABLE, TIMEOUT_SECONDS))
    except ValueError as error:
        raise UsageError(f"{WORKERS_VARIABLE} and {TIMEOUT_VARIABLE} must be numbers") from error
    model = UserModel(file, directory, workers, timeout)
    try:
        handler = type("Handler", (_Handler,), {"model": model, "largest": settings.max_body_bytes})
        try:
            server = http.server.ThreadingHTTPServer((settings.host, settings.port), handler)
        except OSError as error:
            raise UsageError(f"cannot listen on port {settings.port}: {error.strerror}") from error
        with server:
            signal.signal(
                signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start()
            )
            on_ready(server.server_address[1])
            server.serve_forever(poll_interval=0.1)
    finally:
        model.end()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_SECONDS
    model: UserModel
    largest: int

    def do_GET(self) -> None:
        """Answer /ping: the code is loaded before the server listens."""
        self._send(*((200, "", b"") if self.path == "/ping" else self._nothing_here()))

    def do_POST(self) -> None:
        """Answer /invocations."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/invocations":
            self._send(*self._nothing_here())
        elif not length.isdecimal():
            self._send(*_error(411, "the request needs a Content-Length"))
        elif int(length) > self.largest:
            self._send(*_error(413, f"the body is larger than {self.largest} bytes"))
        else:
            accept = self.headers.get("Accept", "")
            if accept in ("", "*/*"):
                accept = os.environ.get(ACCEPT_VARIABLE, JSON)
            body = self.rfile.read(int(length))
            self._send(*self.model.answer(body, self.headers.get("Content-Type", JSON), accept))

    def _nothing_here(self) -> tuple[int, str, bytes]:
        self.close_connection = True  # a body that nobody reads may follow
        return _error(404, f"there is nothing here but {' and '.join(PATHS)}")

    def _send(self, status: int, media_type: str, body: bytes) -> None:
        if status in (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.LENGTH_REQUIRED):
            self.close_connection = True
        self.send_response(status)
        if media_type:
            self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: addresses may hold what nobody should read."""


def _error(status: int, sentence: str) -> tuple[int, str, bytes]:
    body = {"error": {"code": "model", "message": sentence}}
    return status, JSON, json.dumps(body).encode()

"""Requests answered by an application without a server or a connection."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class DirectRequest:
    """An HTTP request and all of its body.

    Args:
        method: as in ``POST``.
        path: without the stage.
        query: what stands behind the ``?``.
        headers: by their names in small letters.
        body: its bytes.
        client: the caller's address.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = ""


@dataclass(frozen=True)
class DirectAnswer:
    """What a function answers.

    Args:
        status: the HTTP status.
        headers: by their names in small letters.
        body: its bytes.
        cookies: one header Set-Cookie each.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cookies: tuple[str, ...] = ()


class Application:
    """An application that is asked without a server.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def answer(self, request: DirectRequest) -> "Future[DirectAnswer]":
        """Return the answer to a request, when it is there."""
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop)

    async def _answer(self, request: DirectRequest) -> DirectAnswer:
        messages: list[Message] = []
        sent = asyncio.Event()

        async def receive() -> Message:
            if sent.is_set():
                return {"type": "http.disconnect"}
            sent.set()
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(_scope(request), receive, send)
        head = next(one for one in messages if one["type"] == "http.response.start")
        body = b"".join(one.get("body", b"") for one in messages)
        pairs = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in head["headers"]
        ]
        cookies = tuple(value for name, value in pairs if name == "set-cookie")
        headers = {name: value for name, value in pairs if name not in ("set-cookie", "connection")}
        return DirectAnswer(head["status"], headers, body, cookies)


def _scope(request: DirectRequest) -> dict[str, Any]:
    headers = {**request.headers, "content-length": str(len(request.body))}
    headers.pop("transfer-encoding", None)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "https",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in headers.items()
        ],
        "client": (request.client, 0),
        "server": ("", 443),
        "state": {},
    }

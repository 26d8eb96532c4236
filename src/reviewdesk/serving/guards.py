"""What stands around every request: who may ask, what browsers may do, what errors look like."""

import ipaddress
from functools import lru_cache
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reviewdesk.errors import RequestError
from reviewdesk.serving.answers import answer_error

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # answers are about personal data
}


_RAW_HEADERS: Final = [
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
]


class SecurityHeaders:
    """Adds headers that keep browsers from doing anything with an answer but showing it.

    Args:
        app: what answers; a header that it sets itself stays.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers added."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", [])
                names = {name for name, _ in given}
                more = [header for header in _RAW_HEADERS if header[0] not in names]
                message["headers"] = [*given, *more]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class LastResort:
    """Answers when anything unexpected happens, so that nothing of a request gets into a log.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, if need be with an error."""
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            pass  # nobody is there to read an answer
        except Exception as error:  # the boundary: a request never ends the server
            answer = await answer_error(Request(scope), error)
            if not started:
                await answer(scope, receive, send)


class Targets:
    """Reads whom a request line asks for: a path, with or without a proxy's part, or a whole URL.

    A whole URL names the host too, and then the header Host does not count (RFC 9112, 3.2.2).

    Args:
        app: what answers.
        root_path: where a proxy in front has the server; it may cut that off or pass it on.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is asked for."""
        if scope["type"] == "http":
            scheme, is_url, rest = scope["path"].partition("://")
            if is_url and scheme.lower() in ("http", "https"):
                host, _, path = rest.partition("/")
                scope["path"] = "/" + path
                others = [header for header in scope["headers"] if header[0] != b"host"]
                scope["headers"] = [*others, (b"host", host.encode())]
            if not f"{scope['path']}/".startswith(f"{self._root}/"):
                scope["path"] = self._root + scope["path"]
            scope["root_path"] = self._root
        await self._app(scope, receive, send)


class LocalHosts:
    """Refuses requests for another host's name.

    A web page can have its own name point at 127.0.0.1 and then read answers as its own (DNS
    rebinding). A server that only this machine can reach is called by this machine's names.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] == "http":
            host = next((value for name, value in scope["headers"] if name == b"host"), b"")
            if not is_loopback(_host_name(host.decode("latin-1"))):
                request = Request(scope)
                error = RequestError("this server answers to localhost and 127.0.0.1 only")
                answer = await answer_error(request, error)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Say whether a host name or address means this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(header: str) -> str:
    """Return the name in a Host header, without port and without an IPv6 address's brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]

"""Clients of a socket, which send what no HTTP client would."""

import json
import socket
from typing import Any, NamedTuple

from tests.serving.process import Server


class Raw(NamedTuple):
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of the error that it is."""
        error: dict[str, Any] = json.loads(self.body)
        assert set(error) == {"error"}
        return str(error["error"]["code"])


def connect(to: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", to.port), timeout=30)


def head(*lines: str, target: str = "/invocations", method: str = "POST") -> bytes:
    first = (f"{method} {target} HTTP/1.1", "Host: localhost", "Content-Type: text/plain")
    return "\r\n".join((*first, *lines, "", "")).encode()


def request(body: bytes, *lines: str, target: str = "/invocations") -> bytes:
    return head(f"Content-Length: {len(body)}", *lines, target=target) + body


def read(connection: socket.socket) -> Raw:
    """Read one answer, which says how long it is."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _piece(connection)
    start, _, body = received.partition(b"\r\n\r\n")
    status, *lines = start.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += _piece(connection)
    return Raw(int(status.split()[1]), headers, body)


def is_closed(connection: socket.socket) -> bool:
    """Say whether the server closes the connection without a word, once it does."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def _piece(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise EOFError("the connection ended before the answer did")
    return piece

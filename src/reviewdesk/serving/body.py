"""Reading a request's body without reading more than the server takes."""

from collections.abc import Mapping
from typing import Final

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from reviewdesk.errors import PayloadTooLarge

LINGER_BYTES: Final = 8_388_608
LINGER_SECONDS: Final = 2.0


class BodyTooLarge(PayloadTooLarge):
    """A body is over the limit and was not read to its end."""


async def read_body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """Return the body of a request of which nothing was read yet.

    Args:
        headers: the request's.
        receive: gives its parts.
        limit: the most bytes that the body may have.

    Raises:
        BodyTooLarge: the declared or the real length is over the limit; the rest is not read.
        ClientDisconnect: the client went, or took too long.
    """
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    body, more = b"", True
    parts = bytearray()
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body, more = message.get("body", b""), message.get("more_body", False)
        if len(parts) + len(body) > limit:
            raise _too_large(limit)
        if more or parts:
            parts += body
    return bytes(parts) if parts else body


async def linger(receive: Receive) -> None:
    """Throw away some of what a client still sends.

    Closing at once would make the system reset the connection, and a client that is still sending
    would see that instead of the answer.
    """
    thrown = 0
    with anyio.move_on_after(LINGER_SECONDS):
        while thrown < LINGER_BYTES:
            message = await receive()
            thrown += len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body", False):
                return


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {limit} bytes; send it in several requests")

"""Connections: how long each may keep the server waiting, and what all may cost together.

uvicorn speaks HTTP; what it leaves open is bounded here. A connection that waits for its client
(idle, half a head, half a body, an answer that is not read) has a deadline, and is the first to go
when connections or bytes run out. A request that is there whole is never given up for another.
"""

import contextlib
import logging
import os
import resource
import sys
from asyncio import AbstractEventLoop, Transport
from http import HTTPStatus
from time import monotonic
from typing import Any, Final, cast

import h11
from starlette.requests import Request
from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from reviewdesk.errors import HeadTooLarge, Overloaded, RequestError, RequestTimeout
from reviewdesk.serving.answers import error_answer
from reviewdesk.serving.body import LINGER_BYTES, LINGER_SECONDS
from reviewdesk.serving.guards import SECURITY_HEADERS
from reviewdesk.serving.metrics import Metrics
from reviewdesk.settings import ServeSettings

ACCEPTS_AT_ONCE: Final = 8
"""Connections taken in one turn of the event loop; it takes three turns to let one go."""

LEAVING: Final = 16
"""Connections over the limit that may still read why they are refused."""

SPARE_DESCRIPTORS: Final = 4 * ACCEPTS_AT_ONCE + LEAVING + 16
ANSWER_SECONDS: Final = 60.0  # what SageMaker gives a request altogether
ENDING_SECONDS: Final = 5.0
"""How long a request may still take to arrive when the server ends."""

_HEAD: Final = (b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4", b"HTTP/1.1 5")  # not 100 Continue
_TOO_MUCH: Final = "the server has too much to do; send the request again in a moment"
_ENDING: Final = "the server is ending; send the request to another or again in a moment"


class Connections:
    """All open connections.

    Args:
        settings: how many there may be, and how long each may wait.
        metrics: where refusals are counted.
    """

    def __init__(self, settings: ServeSettings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.limit = max(1, min(settings.max_connections, _free_descriptors() - SPARE_DESCRIPTORS))
        self.most_bytes = max(settings.max_held_bytes, 2 * settings.max_body_bytes)
        self.ending = False
        self._open: set[Connection] = set()
        self._at_most = 0  # bytes held: summing up at each request costs more than answering it
        metrics.gauge("connections", "Open connections.", lambda: len(self._open))
        metrics.gauge("held_bytes", "Bytes of requests and unread answers.", lambda: self.held)

    @property
    def held(self) -> int:
        """The bytes of requests and unread answers that are in memory."""
        return sum(one.held for one in self._open)

    def add(self, connection: "Connection") -> None:
        """Take a new connection; too many make those go that wait longest for their client."""
        self._open.add(connection)
        if len(self._open) <= self.limit:
            return
        leaving = [one for one in self._open if one.leaving]
        for one in sorted(leaving, key=_since)[: max(0, len(leaving) - LEAVING)]:
            one.transport.abort()
        over = len(self._open) - len(leaving) - self.limit
        for one in sorted(self.waiting(), key=_since)[: max(0, over)]:
            one.give_way()

    def remove(self, connection: "Connection") -> None:
        """Forget a connection that ended."""
        self._open.discard(connection)

    def bound_bytes(self, more: int) -> None:
        """While all hold too much, let connections go that wait and hold more than their share.

        Small requests are never among them, so nobody gets in their way by sending half of a
        large one.

        Args:
            more: how many bytes may be held that were not before.
        """
        self._at_most += more
        if self._at_most <= self.most_bytes:
            return
        self._at_most = self.held
        over = self._at_most - self.most_bytes
        share = self.most_bytes // self.limit
        for one in sorted(self.waiting(), key=_since):
            if over > 0 and one.held > share:
                over -= one.held
                one.give_way()

    def watch(self, loop: AbstractEventLoop) -> None:
        """End overdue connections and tell other workers the counts, now and every second."""
        self.metrics.publish()
        now = monotonic()
        for one in tuple(self._open):
            one.end_if_overdue(now)
        loop.call_later(1, self.watch, loop)

    def give_up(self) -> None:
        """Answer every request that is still at work with an error."""
        unfinished = [one for one in self._open if one.answering]
        for one in unfinished:
            one.refuse(Overloaded(_ENDING))
        if unfinished:
            logging.getLogger(__name__).error(
                "%d requests were not finished %g seconds after the signal to end",
                len(unfinished),
                self.settings.grace_seconds,
            )

    def waiting(self) -> list["Connection"]:
        """Return those that wait for their clients and were not told to go."""
        return [one for one in self._open if one.waits and not one.leaving]


class Connection(H11Protocol):
    """One client's connection.

    Args:
        connections: the others, and the limits of all.
        config: uvicorn's.
        server_state: uvicorn's.
        app_state: uvicorn's.
    """

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._connections = connections
        self.since = monotonic()  # what it waits for now
        self._received = 0  # bytes since the last answer
        self._unread_since: float | None = None
        self._refused = False
        self._client_ended = False

    @property
    def held(self) -> int:
        """The bytes of its request and of its unread answer."""
        received = 0 if self._refused else self._received  # else it is thrown away
        return received + self.transport.get_write_buffer_size()

    @property
    def leaving(self) -> bool:
        """Whether its last answer was given."""
        return self._refused or self.transport.is_closing()

    @property
    def answering(self) -> bool:
        """Whether a request is there whole and its answer is not."""
        return self._asking and not self.cycle.more_body

    @property
    def waits(self) -> bool:
        """Whether the server waits for this client, to send or to read."""
        return not self.answering or self.transport.get_write_buffer_size() > 0

    @property
    def _asking(self) -> bool:
        """Whether a request's head is there and its answer is not."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        """Begin, if there is room."""
        super().connection_made(cast(Transport, _HeadWithBody(transport)))
        self.flow = _Flow(transport, self.conn)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent, or throw it away after the last answer."""
        if not self._received:
            self.since = self.since if self._refused else monotonic()
        self._received += len(data)
        if not self._refused:
            super().data_received(data)
            self._connections.bound_bytes(len(data))
        elif self._received > LINGER_BYTES:
            self.transport.abort()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Go on for a client that has sent its request whole and still reads; else end."""
        self._client_ended = True
        if (self._asking and self.cycle.more_body) or (self._received and not self._asking):
            self.refuse(RequestError("the connection ended before the request did"))
        return self.answering and not self._refused

    def on_response_complete(self) -> None:
        """Wait for the next request, if there can be one."""
        self.since = monotonic()
        self._received = len(self.conn.trailing_data[0])  # of the next request
        cast(_HeadWithBody, self.transport).next_answer()
        super().on_response_complete()
        self.flow.resume_reading()
        if not self._asking and (self._client_ended or self._connections.ending):
            self.transport.close()
        self._connections.bound_bytes(self.transport.get_write_buffer_size())

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        error = sys.exception()
        if getattr(error, "error_status_hint", 400) == HeadTooLarge.http_status:
            self.refuse(HeadTooLarge("the request's head is larger than the server takes"))
        else:
            self.refuse(RequestError("the request is not valid HTTP/1.1"))

    def refuse(self, error: RequestError) -> None:
        """Answer with an error in place of the application, and wait for the client to go."""
        if self.leaving:
            return
        if self._asking and self.cycle.response_started:
            self.transport.close()
            return
        scope: Scope = {"type": "http", "method": "", "headers": [], "state": {}}
        if self._asking:
            scope = self.cycle.scope  # type: ignore[assignment]
        answer = error_answer(Request(scope), error)
        scope["state"]["refused"] = answer.status_code
        if self._asking:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        else:
            self._connections.metrics.count_refusal(error)
        cast(_HeadWithBody, self.transport).write_whole(self._bytes_of(answer))
        self._refused = True
        self.since = monotonic()
        self._received = 0
        self.flow.resume_reading()
        with contextlib.suppress(OSError):  # the client has gone
            self.transport.write_eof()

    def give_way(self) -> None:
        """Make room for others."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        elif self.cycle is not None and not self._asking and not self._received:
            self.transport.close()  # between requests there is nothing to answer
        else:
            self.refuse(Overloaded(_TOO_MUCH))

    def end_if_overdue(self, now: float) -> None:
        """End it where the client lets the server wait too long."""
        ending, settings = self._connections.ending, self._connections.settings
        waited = now - self.since
        if not self.transport.get_write_buffer_size():
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        elif now - self._unread_since > (ENDING_SECONDS if ending else ANSWER_SECONDS):
            self.transport.abort()
        if self._refused:
            if waited > LINGER_SECONDS:
                self.transport.abort()
        elif not self.waits:
            pass
        elif ending:
            if waited > ENDING_SECONDS:
                self.refuse(Overloaded(_ENDING))
        elif self._asking:
            self._end_after(settings.body_seconds, waited, "the request's body")
        elif self._received:
            self._end_after(settings.head_seconds, waited, "the request's head")
        elif waited > settings.idle_seconds and not self.transport.is_closing():
            self.transport.close()

    def shutdown(self) -> None:
        """Take no further request; one that is arriving has a few seconds."""
        if self._asking:
            self.cycle.keep_alive = False
            if self.waits:
                self.since = monotonic()
        elif self._received:
            self.refuse(Overloaded(_ENDING))
        else:
            self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Do nothing: ``end_if_overdue`` ends idle connections."""

    def _end_after(self, seconds: float, waited: float, part: str) -> None:
        if waited <= seconds:
            return
        if self.conn.their_state is h11.SEND_BODY and not self._asking:
            self.transport.abort()  # it was answered before it had sent all of its request
        else:
            self.refuse(
                RequestTimeout(f"{part} did not arrive within {seconds:g} seconds; send it again")
            )

    def _bytes_of(self, answer: Any) -> bytes:
        """Return an answer as it goes over the wire."""
        status = HTTPStatus(answer.status_code)
        security = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
        headers = [*self.server_state.default_headers, *answer.raw_headers, *security]
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join([*lines, b"connection: close", b"", answer.body])


class _HeadWithBody:
    """A transport that sends an answer's head together with its body.

    uvicorn writes one after the other, which costs the server and the client a system call each.
    Everything else is the transport's own.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head = b""
        self._in_body = False
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, but for a head, which waits for what is written next."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_HEAD) and not self._in_body:
            self._head, self._in_body = data, True
            return
        if data:
            self._transport.write(data)

    def write_whole(self, data: bytes) -> None:
        """Send an answer, head and body."""
        self._transport.write(data)

    def next_answer(self) -> None:
        """Take the next write for the head of another answer."""
        self._in_body = False


class _Flow(FlowControl):
    """Reads no more while a request is there whole.

    uvicorn would read on whenever the application asks for the body, and the requests behind it
    would pile up in memory.
    """

    def __init__(self, transport: Transport, conn: h11.Connection) -> None:
        super().__init__(transport)
        self._conn = conn

    def resume_reading(self) -> None:
        if self._conn.their_state is not h11.DONE:
            super().resume_reading()


def _since(connection: Connection) -> float:
    return connection.since


def _free_descriptors() -> int:
    """Return how many more files and connections this process may open."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return sys.maxsize
    return int(limit) - len(os.listdir("/dev/fd"))  # noqa: PTH208

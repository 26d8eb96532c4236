"""Clients that keep the server waiting, and what others notice of them."""

import asyncio
import contextlib
import resource
import signal
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState

from reviewdesk.serving.app import create_app
from reviewdesk.serving.connections import (
    ANSWER_SECONDS,
    LEAVING,
    SPARE_DESCRIPTORS,
    Connection,
    Connections,
)
from reviewdesk.serving.metrics import Metrics
from reviewdesk.serving.service import MOST_REQUESTS, Service
from reviewdesk.settings import ServeSettings
from tests.serving.fakes import sentiment
from tests.serving.process import Server, server
from tests.serving.raw import connect, head, is_closed, read, request


@pytest.fixture(scope="module")
def hasty() -> Iterator[Server]:
    with server(head_seconds=0.5, body_seconds=0.5, idle_seconds=0.5) as one:
        yield one


LARGE = 1_000_000
HELD = 8 * LARGE


@pytest.fixture(scope="module")
def bounded() -> Iterator[Server]:
    with server(max_connections=100, max_body_bytes=LARGE, max_held_bytes=HELD) as one:
        yield one


@contextlib.contextmanager
def many(to: Server, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Connections that have all sent the same."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(to)) for _ in range(count)]
        for connection in connections:
            connection.sendall(sent)
        yield connections


def ask(to: Server) -> int:
    headers = {"content-type": "text/plain"}
    url = f"{to.url}/invocations"
    return httpx.post(url, content="good", headers=headers, trust_env=False).status_code


def metric(to: Server, name: str) -> float:
    text = httpx.get(f"{to.url}/metrics", trust_env=False).text
    (line,) = [line for line in text.splitlines() if line.startswith(f"reviewdesk_{name} ")]
    return float(line.split()[1])


def test_heads_without_bodies_take_no_place(bounded: Server) -> None:
    with many(bounded, MOST_REQUESTS + 10, head("Content-Length: 100")):
        assert ask(bounded) == 200


def test_connections_without_a_byte_are_closed(hasty: Server) -> None:
    with connect(hasty) as connection:
        assert is_closed(connection)


def test_connections_are_closed_between_requests(hasty: Server) -> None:
    with connect(hasty) as connection:
        connection.sendall(request(b"good"))
        assert read(connection).status == 200
        connection.sendall(request(b"bad"))
        assert read(connection).status == 200
        assert is_closed(connection)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"POST /invocations HTTP/1.1\r\nHost: loc", "the request's head"),
        (b"P", "the request's head"),
        (head("Content-Length: 5") + b"good", "the request's body"),
        (head("Transfer-Encoding: chunked") + b"5\r\ngoo", "the request's body"),
    ],
)
def test_requests_that_do_not_arrive(hasty: Server, sent: bytes, told: str) -> None:
    with connect(hasty) as connection:
        connection.sendall(sent)
        answer = read(connection)
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert told.encode() in answer.body
        assert answer.headers["connection"] == "close"
        assert answer.headers["cache-control"] == "no-store"
        assert is_closed(connection)


def test_bytes_that_drip_do_not_extend_the_time(hasty: Server) -> None:
    with connect(hasty) as connection:
        connection.sendall(b"POST /invocations HTTP/1.1\r\n")
        with pytest.raises(OSError):
            for number in range(300):
                connection.sendall(f"x-{number}: 1\r\n".encode())
                time.sleep(0.1)


def test_a_body_that_drips_after_the_answer_ends(hasty: Server) -> None:
    with connect(hasty) as connection:
        connection.sendall(head("Content-Length: 1000", target="/nothing"))
        assert read(connection).status == 404
        with pytest.raises(OSError):
            for _ in range(300):
                connection.sendall(b"a")
                time.sleep(0.1)


def test_more_connections_than_descriptors() -> None:
    with server(descriptors=128) as one:
        with many(one, 100), many(one, 100, b"POST"):
            assert httpx.get(f"{one.url}/ping", timeout=5, trust_env=False).status_code == 200
            assert ask(one) == 200
            assert metric(one, "connections") <= 128 - SPARE_DESCRIPTORS + LEAVING
        resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE, (40, 40))  # behind its back
        with many(one, 100):
            time.sleep(2.5)  # it tries again every second
        assert ask(one) == 200
        errors = one.end()
        assert errors.splitlines() == [errors.strip()]
        assert "Too many open files" in errors


def test_more_connections_than_allowed(bounded: Server) -> None:
    with connect(bounded) as working, connect(bounded) as first:
        working.sendall(request(b"wait"))
        first.sendall(head("Content-Length: 5"))
        assert bounded.says() == "working"
        with many(bounded, 200, b"POST"):
            assert ask(bounded) == 200
            answer = read(first)
            assert (answer.status, answer.code) == (503, "overloaded")
            assert answer.headers["retry-after"] == "1"
            bounded.let_go_on()
            assert read(working).status == 200  # whoever has asked is not put out


def test_halves_of_large_bodies_make_room(bounded: Server) -> None:
    half = head(f"Content-Length: {LARGE}") + b"a" * (LARGE - 1)
    with contextlib.ExitStack() as stack:
        halves = [stack.enter_context(connect(bounded)) for _ in range(HELD // LARGE + 2)]
        for connection in halves:
            connection.sendall(half)
            assert ask(bounded) == 200
            assert metric(bounded, "held_bytes") <= HELD
        answer = read(halves[0])
        assert (answer.status, answer.code) == (503, "overloaded")
        halves[-1].sendall(b"a")
        assert read(halves[-1]).status == 200


def test_requests_ahead_of_their_turn_are_not_read(bounded: Server) -> None:
    asked = request(b"good") * 30 + request(b"wait") + request(b"good") * 50_000
    with connect(bounded) as connection:
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while asked:
                asked = asked[connection.send(asked) :]
        assert bounded.says() == "working"
        assert metric(bounded, "held_bytes") < LARGE
        bounded.let_go_on()


class Unread(asyncio.Transport):
    """A connection whose client reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.unread = 0
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.aborted

    def close(self) -> None:
        pass  # there is more to send

    def abort(self) -> None:
        self.aborted = True
        self.unread = 0


async def unread_answers(*sizes: int) -> tuple[Connections, list[Unread]]:
    """Connections whose clients have not read answers of these sizes."""
    connections = Connections(ServeSettings(max_held_bytes=HELD, max_body_bytes=LARGE), Metrics())
    config = uvicorn.Config(create_app(Service({"a": sentiment()}, ServeSettings())))
    transports = [Unread() for _ in sizes]
    for transport, size in zip(transports, sizes, strict=True):
        connection = Connection(connections, config, ServerState(), {})
        connection.connection_made(transport)
        transport.unread = size
    return connections, transports


def test_answers_that_nobody_reads_are_bounded() -> None:
    async def bound() -> list[bool]:
        connections, transports = await unread_answers(HELD // 2, 9, HELD // 2, 9, HELD // 2 - 99)
        connections.bound_bytes(2 * HELD)
        assert connections.held <= HELD + 20
        return [one.aborted for one in transports]

    assert asyncio.run(bound()) == [True, False, False, False, False]


def test_answers_that_nobody_reads_for_long() -> None:
    async def wait(seconds: float) -> bool:
        connections, (transport,) = await unread_answers(10)
        (connection,) = connections.waiting()
        connection.end_if_overdue(connection.since)
        connection.end_if_overdue(connection.since + seconds)
        return transport.aborted

    assert not asyncio.run(wait(ANSWER_SECONDS - 1))
    assert asyncio.run(wait(ANSWER_SECONDS + 1))


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GARBAGE\r\n\r\n", 400, "bad_request"),
        (b"GET /ping HTTP/1.1\r\n\r\n", 400, "bad_request"),  # no Host
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n", 400, "bad_request"),
        (head("Content-Length: x"), 400, "bad_request"),
        (head("Transfer-Encoding: chunked") + b"secret\r\n", 400, "bad_request"),
        (head("X: " + "a" * 2_000_000), 431, "head_too_large"),
    ],
)
def test_what_is_not_http(running: Server, sent: bytes, status: int, code: str) -> None:
    with connect(running) as connection:
        connection.sendall(sent)
        answer = read(connection)
        assert (answer.status, answer.code) == (status, code)
        assert answer.headers["content-type"] == "application/json"
        assert is_closed(connection)


def test_a_client_that_closes_its_side_reads_all_its_answers(running: Server) -> None:
    with connect(running) as connection:
        connection.sendall(request(b"good") + request(b"bad"))
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
        assert received.count(b"HTTP/1.1 200 OK") == 2


def test_half_a_request_and_an_end(running: Server) -> None:
    with connect(running) as connection:
        connection.sendall(head("Content-Length: 100") + b"half")
        connection.shutdown(socket.SHUT_WR)
        answer = read(connection)
        assert (answer.status, answer.code) == (400, "bad_request")


def test_the_end_with_half_a_body() -> None:
    with server() as one, connect(one) as half, connect(one) as late, connect(one) as idle:
        half.sendall(head("Content-Length: 100") + b"a")
        late.sendall(head("Content-Length: 4") + b"g")
        assert ask(one) == 200
        one.process.send_signal(signal.SIGTERM)
        assert is_closed(idle)
        late.sendall(b"ood")
        assert read(late).status == 200
        answer = read(half)
        assert (answer.status, answer.code) == (503, "overloaded")
        assert is_closed(half)
        assert one.process.wait(10) == 0
        assert one.end() == ""


def test_the_end_does_not_wait_for_work_that_never_ends() -> None:
    with server(grace_seconds=1) as one, connect(one) as connection:
        connection.sendall(request(b"wait"))
        assert one.says() == "working"
        one.process.send_signal(signal.SIGTERM)
        answer = read(connection)
        assert (answer.status, answer.code) == (503, "overloaded")
        connection.close()
        assert one.process.wait(20) == 0
        assert one.end() == "1 requests were not finished 1 seconds after the signal to end\n"

"""Bodies over the limit, with sockets of our own: clients send more than they are told to."""

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.serving.process import Server, server

LIMIT = 1000


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    with server(max_body_bytes=LIMIT) as one:
        yield one


def head(*lines: str) -> bytes:
    first = ("POST /invocations HTTP/1.1", "Host: localhost", "Content-Type: text/plain")
    return "\r\n".join((*first, *lines, "", "")).encode()


def answer_of(connection: socket.socket) -> tuple[int, str]:
    """Return the status and the error code of an answer that arrives before the body's end."""
    received = b""
    while b"\r\n\r\n" not in received or not received.rstrip().endswith(b"}"):
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    status, _, rest = received.partition(b"\r\n")
    code = json.loads(rest.partition(b"\r\n\r\n")[2])["error"]["code"]
    return int(status.split()[1]), str(code)


def connect(to: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", to.port), timeout=30)


def test_exactly_the_limit(small: Server) -> None:
    headers = {"content-type": "text/plain"}
    answer = httpx.post(
        f"{small.url}/invocations", content=b"a" * LIMIT, headers=headers, trust_env=False
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("length", [str(LIMIT + 1), "99999999999999999"])
def test_a_declared_length_is_refused_before_the_body(small: Server, length: str) -> None:
    with connect(small) as connection:
        connection.sendall(head(f"Content-Length: {length}"))
        assert answer_of(connection) == (413, "payload_too_large")


def test_a_streamed_body_is_refused_before_its_end(small: Server) -> None:
    with connect(small) as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        connection.sendall(b"258\r\n" + b"a" * 600 + b"\r\n")
        connection.sendall(b"258\r\n" + b"a" * 600 + b"\r\n")
        assert answer_of(connection) == (413, "payload_too_large")


def test_a_client_that_sends_all_of_it_still_reads_the_answer(small: Server) -> None:
    for _ in range(5):
        answer = httpx.post(f"{small.url}/invocations", content=b"a" * 7_000_000, trust_env=False,
                            headers={"content-type": "text/plain"})  # fmt: skip
        assert answer.status_code == 413


def test_an_endless_client_is_cut_off(small: Server) -> None:
    with connect(small) as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        with pytest.raises(OSError):
            while True:
                connection.sendall(chunk)


def test_a_client_that_goes_away_leaves_the_server_well(small: Server) -> None:
    with connect(small) as connection:
        connection.sendall(head("Content-Length: 500") + b"half")
    assert httpx.get(f"{small.url}/ping", trust_env=False).status_code == 200


def test_an_answer_over_the_limit_is_refused(small: Server) -> None:
    lines = b'{"source":"","k":2}\n' * 40
    answer = httpx.post(f"{small.url}/invocations", content=lines, trust_env=False,
                        headers={"content-type": "application/jsonlines"})  # fmt: skip
    assert answer.status_code == 413
    assert "answer" in answer.json()["error"]["message"]

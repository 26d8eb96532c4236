"""The process: signals, load, what it writes."""

import json
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.serving.server import listen, serve
from reviewdesk.serving.service import MOST_THREADS
from reviewdesk.settings import ServeSettings
from tests.serving.fakes import sentiment
from tests.serving.process import Server, server


class Ask(threading.Thread):
    """One client that asks once."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url = url
        self.text = text
        self.status = 0

    def run(self) -> None:
        request = {"instances": [self.text]}
        answer = httpx.post(f"{self.url}/invocations", json=request, timeout=60, trust_env=False)
        self.status = answer.status_code


def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_is_in_flight(number: signal.Signals) -> None:
    with server() as one:
        slow = Ask(one.url, "wait")
        slow.start()
        assert one.says() == "working"
        one.process.send_signal(number)
        while not refuses_connections(one.port):
            pass  # it has not seen the signal yet
        assert one.process.poll() is None
        one.let_go_on()
        slow.join(60)
        assert slow.status == 200
        assert one.process.wait(30) == 0


def test_ping_is_answered_while_all_threads_work() -> None:
    with server() as one:
        slow = [Ask(one.url, "wait") for _ in range(MOST_THREADS + 4)]
        for client in slow:
            client.start()
        assert one.says() == "working"
        assert httpx.get(f"{one.url}/ping", timeout=2, trust_env=False).status_code == 200
        one.let_go_on(len(slow))
        for client in slow:
            client.join(60)
        assert {client.status for client in slow} == {200}


def test_nothing_of_a_review_is_written_anywhere() -> None:
    with server() as one:
        for body in ("secret fail", "secret"):
            httpx.post(f"{one.url}/invocations", json={"instances": [body]}, trust_env=False)
        httpx.post(f"{one.url}/invocations?secret", content="secret", trust_env=False)
        errors = one.end()
        assert "secret" not in errors
        assert "ZeroDivisionError at " in errors
        assert one.process.returncode == 0


def test_a_port_that_is_taken(running: Server) -> None:
    settings = ServeSettings(port=running.port)
    with pytest.raises(UsageError, match="--port"):
        serve({"a": sentiment()}, settings, on_ready=lambda _: None)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.1.1.1", "203.0.113.1"])
def test_a_host_that_is_not_here(host: str) -> None:
    with pytest.raises(UsageError, match=f"{host} is no address of this machine"):
        serve({"a": sentiment()}, ServeSettings(host=host, port=0), on_ready=lambda _: None)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_answers_are_not_held_back(host: str) -> None:
    try:
        listener = listen(ServeSettings(host=host, port=0))
    except UsageError:
        pytest.skip(f"this machine has no {host}")
    with listener, socket.create_connection(listener.getsockname()[:2]):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_ping_is_answered_only_when_the_models_are_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [
        sys.executable,
        "-m",
        "tests.serving.process",
        json.dumps({"port": port, "cold": True}),
    ]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        one = Server(process, port)
        assert one.says() == "cold"
        for _ in range(3):
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{one.url}/ping", timeout=0.3, trust_env=False)
        one.let_go_on()
        assert httpx.get(f"{one.url}/ping", timeout=60, trust_env=False).status_code == 200
        process.kill()

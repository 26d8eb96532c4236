"""The local gateway: HTTP in, events behind, AWS's limits and its own errors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from reviewdesk.aws.webapp.gateway import Gateway, listening
from reviewdesk.aws.webapp.gateway_events import KINDS
from reviewdesk.errors import UsageError
from tests.aws.webapp.gateways import ORIGIN, review, small_handler


@contextmanager
def gateway(function: Any, kind: str, seconds: float | None = None) -> Iterator[httpx.Client]:
    with listening(Gateway(function, kind, seconds).answer) as port:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_of_http_is_answered(kind: str) -> None:
    with gateway(small_handler(), kind) as client:
        headers = {"content-type": "application/json", "origin": ORIGIN}
        answer = client.post("/invocations", content=review("lovely ☕"), headers=headers)
        assert answer.json()[0]["label"] == ["__label__positive"]
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert client.get("/nowhere").json()["error"]["code"] == "not_found"
        assert client.head("/ping").status_code in (200, 405)
        text = client.post(
            "/invocations", content="lovely\nbad\n", headers={"content-type": "text/plain"}
        )
        assert len(text.text.splitlines()) == 2


@pytest.mark.parametrize(
    ("kind", "status"), [("rest", 504), ("http-1.0", 503), ("http-2.0", 503), ("url", 504)]
)
def test_a_function_that_takes_too_long(kind: str, status: int) -> None:
    let_go = threading.Event()
    with gateway(lambda event, context: let_go.wait(20), kind, seconds=0.05) as client:
        answer = client.get("/")
        let_go.set()
    assert answer.status_code == status
    assert set(answer.json()) == {"message"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_gateway_itself_refuses(kind: str) -> None:
    calls: list[Any] = []
    with gateway(lambda event, context: calls.append(event), kind) as client:
        assert client.post("/", content=b"\xff" * 5_000_000).status_code == 413  # base64 is larger
    assert calls == []

    def fails(event: Any, context: Any) -> None:
        raise ZeroDivisionError("the secret text")

    much = {"statusCode": 200, "body": "x" * 7_000_000}
    for broken in (
        fails,
        lambda event, context: {"statusCode": "x"},
        lambda event, context: {1, 2},
        lambda event, context: much,
    ):
        with gateway(broken, kind) as client:
            answer = client.get("/")
        assert answer.status_code == 502
        assert answer.json() == {"message": "Internal server error"}


def test_only_this_machine_is_answered() -> None:
    with gateway(small_handler(), "rest") as client:
        assert client.get("/ping", headers={"host": "evil.example:80"}).status_code == 403
    with pytest.raises(UsageError, match="kinds"):
        Gateway(small_handler(), "websocket")
    with listening(Gateway(small_handler(), "rest").answer) as port:
        with pytest.raises(UsageError, match="choose another"), listening(lambda r: r, port):  # type: ignore[arg-type, return-value]
            pass

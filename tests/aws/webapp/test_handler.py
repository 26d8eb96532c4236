"""The function, called with events of each kind."""

import json
import time
from concurrent.futures import Future
from typing import Any

import pytest

from reviewdesk.aws.webapp import handler as handling
from reviewdesk.aws.webapp.gateway import Invocation
from reviewdesk.aws.webapp.gateway_events import KINDS, answer_of
from reviewdesk.aws.webapp.handler import Handler, handler_of
from reviewdesk.errors import UsageError
from reviewdesk.serving.direct import DirectAnswer, DirectRequest
from tests.aws.webapp.gateways import EVENTS, ORIGIN, review, small_handler

JSON = "application/json"


@pytest.fixture(scope="module")
def handler() -> Handler:
    return small_handler()


def asked(
    handler: Handler, kind: str, method: str, path: str, *body: str, **headers: str
) -> DirectAnswer:
    event = json.loads(json.dumps(EVENTS[kind](method, path, *body, **headers)))
    return answer_of(json.loads(json.dumps(handler(event, Invocation(30)))), kind)


def error_of(answer: DirectAnswer) -> tuple[int, str]:
    said = json.loads(answer.body)
    assert set(said["error"]) == {"code", "message"}
    assert answer.headers["content-type"] == JSON
    return answer.status, said["error"]["code"]


@pytest.mark.parametrize("kind", KINDS)
def test_reviews_are_scored(handler: Handler, kind: str) -> None:
    answer = asked(handler, kind, "POST", "/invocations", review("lovely ☕"), content_type=JSON)
    assert answer.status == 200
    (scored,) = json.loads(answer.body)
    assert scored["label"] == ["__label__positive"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_and_what_it_asks(handler: Handler, kind: str) -> None:
    page = asked(handler, kind, "GET", "/")
    assert b"What does this review say?" in page.body
    assert "sha256" in page.headers["content-security-policy"]
    sent = json.dumps({"review_headline": "", "review_body": "awful, it broke"})
    answer = asked(handler, kind, "POST", "/desk/analyse", sent, content_type=JSON)
    assert json.loads(answer.body)["judgements"][0]["verdict"] == "Negative"


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_the_one_shape(
    handler: Handler, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = '{"instances": "secret text'
    bad = [
        ("POST", "/invocations", secret, JSON, 400),
        ("POST", "/invocations", secret, "text/secret", 415),
        ("GET", "/secret", "", JSON, 404),
        ("GET", "/invocations", "", JSON, 405),
        ("SECRET", "/ping", "", JSON, 405),
    ]
    for method, path, body, kind_of_body, status in bad:
        answer = asked(handler, kind, method, path, body, content_type=kind_of_body, origin=ORIGIN)
        assert error_of(answer)[0] == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
    logged = capsys.readouterr()
    assert "secret" not in (logged.out + logged.err).lower()
    lines = [json.loads(line) for line in logged.out.splitlines()]
    assert [line["status"] for line in lines] == [status for *_, status in bad]
    assert lines[2]["route"] == "other"


def test_what_is_no_event_is_answered(handler: Handler) -> None:
    returned = handler({"key1": "value1"})
    assert returned["statusCode"] == 400
    assert json.loads(returned["body"])["error"]["code"] == "bad_request"
    strange: list[Any] = [None, [], "text", {"requestContext": {"http": 3}, "version": "2.0"}]
    for event in strange:
        assert handler(event)["statusCode"] == 400


@pytest.mark.parametrize("kind", KINDS)
def test_pages_of_allowed_sites_may_ask(handler: Handler, kind: str) -> None:
    wanted = {"access_control_request_method": "POST"}
    answer = asked(handler, kind, "OPTIONS", "/desk/analyse", origin=ORIGIN, **wanted)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "content-type" in answer.headers["access-control-allow-headers"]
    assert answer.headers["vary"] == "origin"
    for other in ("https://evil.example", "null", ""):
        answer = asked(handler, kind, "OPTIONS", "/desk/analyse", origin=other, **wanted)
        assert not {name for name in answer.headers if name.startswith("access-control")}


def test_all_sites_where_that_is_said() -> None:
    def answer_soon(request: DirectRequest) -> "Future[DirectAnswer]":
        return _done(DirectAnswer(200))

    answer = asked(Handler(answer_soon, ["*"]), "rest", "GET", "/", origin="https://a.example")
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


@pytest.mark.parametrize("kind", KINDS)
def test_limits_of_size(handler: Handler, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handling, "MOST_BYTES", 2_000)
    long = asked(handler, kind, "POST", "/invocations", review("good " * 500), content_type=JSON)
    assert error_of(long) == (413, "payload_too_large")
    many = json.dumps({"instances": [{"review_body": "ok"}] * 60})
    answer = asked(handler, kind, "POST", "/invocations", many, content_type=JSON, origin=ORIGIN)
    assert error_of(answer) == (413, "payload_too_large")
    assert b"answer is larger" in answer.body
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_an_answer_of_many_bytes_stays_below_what_lambda_gives_back() -> None:
    def much(request: DirectRequest) -> "Future[DirectAnswer]":
        return _done(DirectAnswer(200, {}, b"\xff" * 5_000_000))  # as base64 it is over the limit

    assert error_of(asked(Handler(much), "url", "GET", "/")) == (413, "payload_too_large")


@pytest.mark.parametrize("kind", KINDS)
def test_limit_of_time(kind: str) -> None:
    waiting: Future[DirectAnswer] = Future()
    late = Handler(lambda request: waiting, [ORIGIN], seconds=0.05)
    answer = asked(late, kind, "GET", "/", origin=ORIGIN)
    assert error_of(answer) == (504, "upstream_timeout")
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_the_function_ends_before_lambda_ends_it() -> None:
    late = Handler(lambda request: Future())
    event = EVENTS["rest"]("GET", "/")
    started = time.monotonic()
    assert late(event, Invocation(0.6))["statusCode"] == 504
    assert time.monotonic() - started < 20
    assert late(event, Invocation(0))["statusCode"] == 504


def test_a_bug_is_answered_and_its_text_stays_out_of_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(request: DirectRequest) -> "Future[DirectAnswer]":
        raise ZeroDivisionError("the secret review text")

    answer = asked(Handler(broken), "rest", "GET", "/")
    assert error_of(answer) == (500, "internal_server_error")
    logged = capsys.readouterr().out
    assert "ZeroDivisionError" in logged
    assert "secret" not in logged


@pytest.mark.parametrize(
    "environment",
    [{}, {"REVIEWDESK_BUNDLES": "a=b", "REVIEWDESK_ENDPOINT": "c"}, {"REVIEWDESK_BUNDLES": "a"}],
)
def test_an_environment_that_names_nothing(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        handler_of(environment)


def _done(answer: DirectAnswer) -> "Future[Any]":
    future: Future[DirectAnswer] = Future()
    future.set_result(answer)
    return future

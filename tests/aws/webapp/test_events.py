"""Events of each kind, read; those that the local gateway makes, read by others' code."""

import asyncio
import base64
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayProxyEventModel,
    APIGatewayProxyEventV2Model,
    LambdaFunctionUrlModel,
)
from mangum import Mangum

from reviewdesk.aws.webapp.events import read_event, write_answer
from reviewdesk.aws.webapp.gateway_events import (
    KINDS,
    HttpRequest,
    MalformedAnswer,
    answer_of,
    event_of,
)
from reviewdesk.errors import RequestError
from reviewdesk.serving.direct import DirectAnswer
from tests.aws.webapp.gateways import EVENTS

MODELS: dict[str, Any] = {
    "rest": APIGatewayProxyEventModel,
    "http-1.0": APIGatewayProxyEventModel,
    "http-2.0": APIGatewayProxyEventV2Model,
    "url": LambdaFunctionUrlModel,
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_read(kind: str) -> None:
    event = EVENTS[kind]("POST", "/invocations", '{"a": "schön"}', content_type="application/json")
    MODELS[kind].model_validate(event)
    request = read_event(event)
    assert (request.method, request.path) == ("POST", "/invocations")
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"a": "schön"}
    assert request.client == "203.0.113.7"


def test_cookies_and_queries() -> None:
    assert read_event(EVENTS["url"]("GET", "/")).headers["cookie"] == "a=1; b=2"
    assert read_event(EVENTS["http-2.0"]("GET", "/")).query == "a=1&a=2"
    event = EVENTS["rest"]("GET", "/") | {"multiValueQueryStringParameters": {"q": ["ä b", "2"]}}
    assert read_event(event).query == "q=%C3%A4+b&q=2"
    assert (
        read_event(EVENTS["rest"]("GET", "/") | {"queryStringParameters": {"q": "1"}}).query
        == "q=1"
    )


def test_a_stage_before_the_path_is_no_part_of_it() -> None:
    event = EVENTS["http-2.0"]("GET", "/test/ping")
    event["requestContext"]["stage"] = "test"
    assert read_event(event).path == "/ping"
    assert read_event(event | {"rawPath": "/testing"}).path == "/testing"
    assert read_event(event | {"rawPath": "/test"}).path == "/"
    first = EVENTS["http-1.0"]("GET", "/test/ping")
    first["requestContext"]["stage"] = "test"
    assert read_event(first).path == "/ping"
    assert read_event(EVENTS["rest"]("GET", "/live/ping")).path == "/live/ping"


@pytest.mark.parametrize(
    "event", [{}, [], None, "text", {"version": "2.0"}, {"key1": "value1"}, {"requestContext": 1}]
)
def test_what_is_no_event_is_refused(event: Any) -> None:
    with pytest.raises(RequestError, match="events of API Gateway"):
        read_event(event)


@pytest.mark.parametrize("kind", KINDS)
def test_bodies_that_cannot_be_read_are_refused(kind: str) -> None:
    for changed in ({"body": "é!", "isBase64Encoded": True}, {"body": "\ud800"}):
        event = EVENTS[kind]("POST", "/") | {"isBase64Encoded": False} | changed
        with pytest.raises(RequestError, match="neither UTF-8 nor base64"):
            read_event(event)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_gateway_makes_is_what_others_take(kind: str) -> None:
    """Powertools' models of events accept it, and Mangum makes the same request of it."""
    sent = HttpRequest(
        "POST", "/some/path", "a=1&b=%20x&a=2",
        [("Content-Type", "application/json"), ("X-Two", "1"), ("X-Two", "2"),
         ("Cookie", "c=1; d=2")],
        '{"text": "schön"}'.encode(), "203.0.113.9",
    )  # fmt: skip
    event = json.loads(json.dumps(event_of(sent, kind)))
    MODELS[kind].model_validate(_with_time(event))
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, body=(await receive())["body"])
        await send(
            {"type": "http.response.start", "status": 201, "headers": [(b"set-cookie", b"a=1")]}
        )
        await send({"type": "http.response.body", "body": b"\xff\x00"})

    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    returned = Mangum(app, lifespan="off")(event, {})  # type: ignore[arg-type]
    loop.close()
    assert (seen["method"], seen["path"], seen["body"]) == (sent.method, sent.path, sent.body)
    assert sorted(seen["query_string"].split(b"&"))[0] == b"a=1"
    ours = read_event(event)
    assert (ours.method, ours.path, ours.body) == (sent.method, sent.path, sent.body)
    assert ours.headers["cookie"] == "c=1; d=2"
    assert ours.headers["x-two"] == "1,2"
    theirs = answer_of(json.loads(json.dumps(returned)), kind)
    assert (theirs.status, theirs.body, theirs.cookies) == (201, b"\xff\x00", ("a=1",))


@pytest.mark.parametrize("kind", KINDS)
def test_answers_come_back_as_they_were(kind: str) -> None:
    event = EVENTS[kind]("GET", "/")
    for body in ("schön".encode(), b"\xff\x00\x01", b""):
        said = DirectAnswer(418, {"content-type": "text/plain", "x-a": "1"}, body, ("a=1", "b=2"))
        written = json.loads(json.dumps(write_answer(said, event)))
        assert answer_of(written, kind) == said
        assert written["isBase64Encoded"] == (body[:1] == b"\xff")


def test_answers_of_the_wrong_shape() -> None:
    second = answer_of({"hello": 1}, "http-2.0")
    assert (second.status, second.body) == (200, b'{"hello": 1}')
    for wrong in ({"hello": 1}, {"statusCode": 200, "cookies": []}, None, [1]):
        with pytest.raises(MalformedAnswer):
            answer_of(wrong, "rest")


def test_a_binary_body_reaches_the_function_whole() -> None:
    raw = bytes(range(256))
    sent = HttpRequest("POST", "/", "", [("Content-Type", "text/csv")], raw, "::1")
    for kind in KINDS:
        event = event_of(sent, kind)
        assert base64.b64decode(event["body"]) == raw
        assert read_event(event).body == raw


def _with_time(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event with the parts that the models want and that nobody reads."""
    context = dict(event["requestContext"])
    context |= {"domainPrefix": "a1b2c3d4e5", "time": "03/Jun/2026:10:57:13 +0000"}
    context |= {"requestTime": "03/Jun/2026:10:57:13 +0000", "resourceId": "6msgln"}
    return {**event, "requestContext": context}

"""HTTP requests as the events that each kind of gateway makes of them, and answers read back.

The other side of ``events``: what AWS does. Used by the local gateway and by tests.
"""

import base64
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from reviewdesk.serving.direct import DirectAnswer

REST: Final = "rest"
HTTP_FIRST: Final = "http-1.0"
HTTP_SECOND: Final = "http-2.0"
URL: Final = "url"
KINDS: Final = (REST, HTTP_FIRST, HTTP_SECOND, URL)
"""Kinds of gateways: a REST API, an HTTP API with either payload format, a function URL."""

STAGE: Final = "live"
_ACCOUNT: Final = "123456789012"
_API: Final = "a1b2c3d4e5"
_TEXT: Final = ("text/", "application/json", "application/x-www-form-urlencoded")


class HttpRequest(NamedTuple):
    """A request as it came over the wire.

    Args:
        method: as in ``POST``.
        path: without the query.
        query: what stands behind the ``?``.
        headers: names and values, a name as often as it was sent.
        body: its bytes.
        client: the caller's address.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    client: str


class MalformedAnswer(ValueError):
    """A function's answer has not the shape that the gateway takes."""


def event_of(request: HttpRequest, kind: str) -> dict[str, Any]:
    """Return the event that a gateway makes of a request."""
    if kind in (HTTP_SECOND, URL):
        return _second_format(request, kind)
    event = _first_format(request, kind)
    return {"version": "1.0", **event} if kind == HTTP_FIRST else event


def _first_format(request: HttpRequest, kind: str) -> dict[str, Any]:
    single, several = _pairs(request.headers)
    query, queries = _pairs(parse_qsl(request.query, keep_blank_values=True))
    body, encoded = _body(request)
    resource = "/{proxy+}" if request.path != "/" else "/"
    proxy = {"proxy": request.path[1:]} if request.path != "/" else None
    return {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": single or None,
        "multiValueHeaders": several or None,
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": queries or None,
        "pathParameters": proxy,
        "stageVariables": None,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": _API,
            "stage": STAGE if kind == REST else "$default",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "resourcePath": resource,
            "httpMethod": request.method,
            "path": f"/{STAGE}{request.path}" if kind == REST else request.path,
            "requestTimeEpoch": _now(),
            "identity": {"sourceIp": request.client, "userAgent": single.get("User-Agent")},
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


def _second_format(request: HttpRequest, kind: str) -> dict[str, Any]:
    headers = [(name.lower(), value) for name, value in request.headers]
    joined = {name: ",".join(values) for name, values in _pairs(headers)[1].items()}
    cookies = joined.pop("cookie", "")
    queries = _pairs(parse_qsl(request.query, keep_blank_values=True))[1]
    body, encoded = _body(request)
    domain = f"{_API}.lambda-url.us-east-1.on.aws" if kind == URL else "execute-api.us-east-1"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": joined,
        "requestContext": {
            "accountId": "anonymous" if kind == URL else _ACCOUNT,
            "apiId": _API,
            "domainName": domain,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.client,
                "userAgent": joined.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": _now(),
        },
        "isBase64Encoded": encoded,
    }
    if cookies:
        event["cookies"] = cookies.split("; ")
    if queries:
        event["queryStringParameters"] = {name: ",".join(vs) for name, vs in queries.items()}
    if body is not None:
        event["body"] = body
    return event


def answer_of(returned: Any, kind: str) -> DirectAnswer:
    """Return the HTTP answer that a gateway makes of what a function returned.

    Raises:
        MalformedAnswer: it has another shape; the gateway answers with 502 then.
    """
    second = kind in (HTTP_SECOND, URL)
    if second and not (isinstance(returned, Mapping) and "statusCode" in returned):
        return DirectAnswer(
            200, {"content-type": "application/json"}, json.dumps(returned).encode()
        )
    try:
        allowed = {"statusCode", "headers", "body", "isBase64Encoded"}
        allowed |= {"cookies"} if second else {"multiValueHeaders"}
        if set(returned) - allowed:
            raise MalformedAnswer(f"not of this format: {sorted(set(returned) - allowed)}")
        body = returned.get("body") or ""
        raw = base64.b64decode(body) if returned.get("isBase64Encoded") else body.encode()
        headers = {name.lower(): str(value) for name, value in returned.get("headers", {}).items()}
        several = {n.lower(): vs for n, vs in returned.get("multiValueHeaders", {}).items()}
        cookies = tuple(returned.get("cookies", ())) + tuple(several.pop("set-cookie", ()))
        alone = headers.pop("set-cookie", None)
        cookies = cookies or (() if alone is None else (alone,))
        headers |= {name: ", ".join(values) for name, values in several.items()}
        return DirectAnswer(int(returned["statusCode"]), headers, raw, cookies)
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedAnswer("a function answers with statusCode, headers and body") from error


def _pairs(pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the last value of each name, and all of them."""
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    return {name: values[-1] for name, values in several.items()}, several


def _body(request: HttpRequest) -> tuple[str | None, bool]:
    """Return a body as an event holds it: text as it is, all else as base64."""
    if not request.body:
        return None, False
    kinds = [value for name, value in request.headers if name.lower() == "content-type"]
    try:
        if kinds and kinds[0].lower().startswith(_TEXT):
            return request.body.decode(), False
    except UnicodeError:
        pass
    return base64.b64encode(request.body).decode(), True


def _now() -> int:
    return round(1000 * time.time())

"""Events of API Gateway and of function URLs, read into requests, and answers for them.

Sources: Amazon API Gateway developer guide, proxy integrations of REST APIs and payload formats 1.0
and 2.0 of HTTP APIs; AWS Lambda developer guide, function URLs (format 2.0).
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from reviewdesk.errors import RequestError
from reviewdesk.serving.direct import DirectAnswer, DirectRequest

DEFAULT_STAGE: Final = "$default"
Event = Mapping[str, Any]


def is_second_format(event: Event) -> bool:
    """Say whether an event has payload format 2.0: of an HTTP API or of a function URL."""
    return event.get("version") == "2.0"


def read_event(event: Any) -> DirectRequest:
    """Return the request that an event is about.

    Raises:
        RequestError: it is no event of a gateway, or its body cannot be decoded.
    """
    try:
        return _second(event) if is_second_format(event) else _first(event)
    except (KeyError, TypeError, AttributeError) as error:
        raise RequestError(
            "this function answers events of API Gateway and of function URLs only"
        ) from error


def write_answer(answer: DirectAnswer, event: Any) -> dict[str, Any]:
    """Return an answer in the shape that the sender of an event takes."""
    text, encoded = _written(answer)
    written: dict[str, Any] = {
        "statusCode": answer.status,
        "headers": dict(answer.headers),
        "body": text,
        "isBase64Encoded": encoded,
    }
    if not isinstance(event, Mapping) or is_second_format(event):
        return written | ({"cookies": list(answer.cookies)} if answer.cookies else {})
    return written | (
        {"multiValueHeaders": {"set-cookie": list(answer.cookies)}} if answer.cookies else {}
    )


def _first(event: Event) -> DirectRequest:
    """Read an event of a REST API, or of an HTTP API with payload format 1.0."""
    context = event["requestContext"]
    several: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {}
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    headers |= {name.lower(): ",".join(values) for name, values in several.items()}
    query: Mapping[str, Sequence[str]] = event.get("multiValueQueryStringParameters") or {
        name: [value] for name, value in (event.get("queryStringParameters") or {}).items()
    }
    path = event["path"]
    if event.get("version") == "1.0":
        path = _without_stage(path, context)
    return DirectRequest(
        str(event["httpMethod"]),
        path,
        urlencode(query, doseq=True),
        headers,
        _body(event),
        str((context.get("identity") or {}).get("sourceIp", "")),
    )


def _second(event: Event) -> DirectRequest:
    """Read an event of an HTTP API with payload format 2.0, or of a function URL."""
    context = event["requestContext"]
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    if event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    return DirectRequest(
        str(context["http"]["method"]),
        _without_stage(event["rawPath"], context),
        str(event.get("rawQueryString", "")),
        headers,
        _body(event),
        str(context["http"].get("sourceIp", "")),
    )


def _without_stage(path: str, context: Event) -> str:
    """Return a path of an HTTP API without its stage, which stands before it unless default."""
    stage = f"/{context.get('stage', DEFAULT_STAGE)}"
    if stage != f"/{DEFAULT_STAGE}" and f"{path}/".startswith(f"{stage}/"):
        return path[len(stage) :] or "/"
    return path


def _body(event: Event) -> bytes:
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            return base64.b64decode(body, validate=True)
        return str(body).encode()
    except (UnicodeError, binascii.Error, ValueError) as error:
        raise RequestError("the body is neither UTF-8 nor base64") from error


def _written(answer: DirectAnswer) -> tuple[str, bool]:
    """Return a body as an event can hold it, and whether that is base64."""
    try:
        return answer.body.decode(), False
    except UnicodeError:
        return base64.b64encode(answer.body).decode(), True

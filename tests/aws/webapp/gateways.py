"""Events as AWS documents them, written by hand, and functions in front of small models."""

import base64
import json
from pathlib import Path
from typing import Any

import reviewdesk as rd
from reviewdesk.aws.webapp.bundled import bundle_backend
from reviewdesk.aws.webapp.handler import Handler
from reviewdesk.bundle import Bundle
from tests.aws.opt_ml import texts
from tests.serving.fakes import SENTIMENT, WordCounter, bundle_of, category, stars

ORIGIN = "https://d111111abcdef8.cloudfront.net"


def bundles() -> dict[str, Bundle]:
    return {
        "sentiment": bundle_of(WordCounter(SENTIMENT), "sentiment"),
        "stars": stars(),
        "category": category(),
    }


def small_bundle(out: Path, source: Path) -> Path:
    """Train a bundle on a few reviews of one kind of words or the other, and save it."""
    rows = [f"{n},{5 if label else 1},{text}" for n, (label, text) in enumerate(texts(300))]
    source.write_text("\n".join(["review_id,star_rating,review_body", *rows]) + "\n")
    rd.train(rd.read(source), target="sentiment").save(out)
    return out


def small_handler(**settings: Any) -> Handler:
    """Return a function with small models in it."""
    return Handler(bundle_backend(bundles()), [ORIGIN], **settings)


def rest(method: str, path: str, body: str | None = None, **headers: str) -> dict[str, Any]:
    """Return an event of a REST API."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": named or None,
        "multiValueHeaders": {name: [value] for name, value in named.items()} or None,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "resourceId": "6msgln",
            "resourcePath": "/{proxy+}",
            "httpMethod": method,
            "extendedRequestId": "EM0DdEj6IAMFVbw=",
            "requestTime": "03/Jun/2026:10:57:13 +0000",
            "path": f"/live{path}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "live",
            "domainPrefix": "3s6dfvmtac",
            "requestTimeEpoch": 1780484233000,
            "requestId": "3f6ad1b2-2b8f-4e23-8e28-1a0f3a3f5f1d",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"},
            "domainName": "3s6dfvmtac.execute-api.eu-central-1.amazonaws.com",
            "apiId": "3s6dfvmtac",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def http_first(method: str, path: str, body: str | None = None, **headers: str) -> dict[str, Any]:
    """Return an event of an HTTP API with payload format 1.0; it sends bodies as base64."""
    event = {"version": "1.0", **rest(method, path, body, **headers)}
    event["requestContext"] = {
        **event["requestContext"], "stage": "$default", "path": path, "resourcePath": "$default",
    }  # fmt: skip
    event["pathParameters"] = None
    if body is not None:
        event["body"] = base64.b64encode(body.encode()).decode()
        event["isBase64Encoded"] = True
    return event


def http_second(method: str, path: str, body: str | None = None, **headers: str) -> dict[str, Any]:
    """Return an event of an HTTP API with payload format 2.0."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "a=1&a=2",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "queryStringParameters": {"a": "1,2"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "domainName": "r3pmxmplak.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "r3pmxmplak",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "10/Mar/2026:05:16:23 +0000",
            "timeEpoch": 1773119783000,
        },
        "isBase64Encoded": False,
    }
    return event if body is None else {**event, "body": body}


def url(method: str, path: str, body: str | None = None, **headers: str) -> dict[str, Any]:
    """Return an event of a function URL."""
    event = http_second(method, path, body, **headers)
    name = "u5jxmple3dq"
    return {
        **event,
        "cookies": ["a=1", "b=2"],
        "requestContext": {
            **event["requestContext"],
            "accountId": "anonymous",
            "apiId": name,
            "domainName": f"{name}.lambda-url.eu-central-1.on.aws",
            "domainPrefix": name,
        },
    }


EVENTS = {"rest": rest, "http-1.0": http_first, "http-2.0": http_second, "url": url}


def review(text: str) -> str:
    return json.dumps({"instances": [{"review_body": text}]})

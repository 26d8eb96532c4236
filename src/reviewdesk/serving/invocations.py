"""Requests for scores: what is asked most, with as little as possible around it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from reviewdesk.errors import RequestError
from reviewdesk.serving.batching import Asked, work_of
from reviewdesk.serving.body import read_body
from reviewdesk.serving.media_types import answer_type, request_type
from reviewdesk.serving.service import Service
from reviewdesk.serving.traffic import Call

_AMZ: Final = "x-amzn-sagemaker-"
_VARIANT: Final = b"x-amzn-invoked-production-variant"
_ATTRIBUTES: Final = _AMZ + "custom-attributes"


class Invocations:
    """Answers ``POST /invocations`` and ``POST /endpoints/NAME/invocations``.

    Args:
        service: what answers; the first bundle where a request names none.
        others: the application for all other addresses.
    """

    def __init__(self, service: Service, others: ASGIApp) -> None:
        self._service = service
        self._others = others
        root = service.settings.root_path
        self._names = {f"{root}/invocations": ""}
        self._names |= {f"{root}/endpoints/{name}/invocations": name for name in service.bundles}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let others answer."""
        name = self._names.get(scope["path"]) if scope["type"] == "http" else None
        if name is None or scope["method"] != "POST":
            await self._others(scope, receive, send)
            return
        raw = reversed(scope["headers"])  # of a name that is there twice, the first counts
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
        headers, body = await self._answer(name, sent, receive)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, name: str, sent: Mapping[str, str], receive: Receive
    ) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Return headers and body of an answer.

        Args:
            name: the endpoint; empty for the first.
            sent: the request's headers.
            receive: gives the request's body.
        """
        service = self._service
        _check_headers(sent, bool(name))
        given = request_type(sent.get("content-type"), sent.get("content-encoding"))
        wanted = answer_type(given, sent.get("accept"))
        body = await read_body(sent, receive, service.settings.max_body_bytes)
        endpoint = service.endpoint(name or service.first)
        target = sent.get(_AMZ + "target-variant") if name else None
        call = service.traffic.named(
            Call(name or service.first, sent, given, wanted, body,
                 sent.get(_AMZ + "inference-id", ""), target)
        )  # fmt: skip
        variant, unit = service.traffic.dealt(call)
        asked = Asked(call, variant, unit, work_of(body))
        scored = await service.answer(asked)
        service.metrics.count_reviews(call.endpoint, scored.reviews)
        for listening in endpoint.listening(call.request) if endpoint.shadows else ():
            service.shadow(replace(asked, variant=listening, shadow=True, answer=None))
        return _headers(sent, wanted, len(scored.body), variant.name if name else ""), scored.body


def _headers(
    sent: Mapping[str, str], media_type: str, length: int, variant: str
) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer."""
    text = media_type.startswith("text/")
    kind = f"{media_type}; charset=utf-8" if text else media_type
    headers = [(b"content-length", b"%d" % length), (b"content-type", kind.encode())]
    if attributes := sent.get(_ATTRIBUTES):
        headers.append((_ATTRIBUTES.encode(), attributes.encode()))
    if variant:
        headers.append((_VARIANT, variant.encode()))
    return headers


def _check_headers(sent: Mapping[str, str], named: bool) -> None:
    """Check those headers that SageMaker's runtime API limits.

    Raises:
        RequestError: one is longer than that API allows.
    """
    attributes = sent.get(_ATTRIBUTES, "")
    if len(attributes) > 1024 or not attributes.isascii():
        raise RequestError("X-Amzn-SageMaker-Custom-Attributes may hold at most 1024 ASCII letters")
    if named and not 1 <= len(sent.get(_AMZ + "inference-id", "-")) <= 64:
        raise RequestError("X-Amzn-SageMaker-Inference-Id may hold at most 64 letters")

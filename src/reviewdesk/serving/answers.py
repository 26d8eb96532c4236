"""Answers that are errors: one JSON shape for everything that goes wrong."""

import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from reviewdesk.errors import ReviewdeskError
from reviewdesk.serving.body import BodyTooLarge, linger

logger: Final = logging.getLogger(__name__)


class ErrorAnswer(JSONResponse):
    """An error as JSON: ``{"error": {"code": ..., "message": ...}}``.

    Args:
        request: what is answered.
        code: a short machine-readable name.
        message: one sentence: what is wrong and what to do.
        status: the HTTP status.
        headers: further headers.
    """

    def __init__(
        self,
        request: Request,
        code: str,
        message: str,
        status: int,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        content: dict[str, object] = {"error": {"code": code, "message": message}}
        if "x-amz-date" in request.headers:  # an AWS SDK looks for the sentence here
            content["Message"] = message
        super().__init__(content, status, headers)
        request.state.error_code = code
        self.headers["x-amzn-errortype"] = _aws_type(status)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.headers["retry-after"] = "1"


class UnreadAnswer(ErrorAnswer):
    """An error that is answered while the client is still sending; the connection ends with it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole answer, then let the client notice it before the connection closes."""
        self.headers["connection"] = "close"
        head = {"type": "http.response.start", "status": self.status_code}
        await send({**head, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await linger(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def answer_error(request: Request, error: Exception) -> Response:
    """Return the answer to a request that failed, whatever the reason.

    A mistake of ours is logged with its place; nothing of a request is ever logged.
    """
    if isinstance(error, ReviewdeskError):
        return error_answer(request, error)
    if isinstance(error, HTTPException):
        return _answer_router(request, error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("%s at %s:%s", type(error).__name__, frame.filename, frame.lineno)
    message = "the server made a mistake; its log says where"
    return ErrorAnswer(request, ReviewdeskError.code, message, ReviewdeskError.http_status)


def error_answer(request: Request, error: ReviewdeskError) -> ErrorAnswer:
    """Return the answer to a request that failed for a reason that was foreseen."""
    kind = UnreadAnswer if isinstance(error, BodyTooLarge) else ErrorAnswer
    return kind(request, error.code, str(error), error.http_status)


def _answer_router(request: Request, error: HTTPException) -> Response:
    """Return the answer to a request that no route takes, or not by its method."""
    status = HTTPStatus(error.status_code)
    message = "there is nothing at this address; docs/serving.md lists what there is"
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"this address takes {(error.headers or {}).get('Allow', 'another method')}"
    code = status.phrase.lower().replace(" ", "_")
    return ErrorAnswer(request, code, message, status, error.headers)


def _aws_type(status: int) -> str:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "ServiceUnavailable"
    return "InternalFailure" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "ValidationError"

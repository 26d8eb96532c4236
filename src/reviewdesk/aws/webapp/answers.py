"""What is behind the function, and errors in the one JSON shape."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Final

from reviewdesk.errors import ReviewdeskError
from reviewdesk.serving.direct import DirectAnswer, DirectRequest
from reviewdesk.serving.guards import SECURITY_HEADERS

JSON: Final = "application/json"


Backend = Callable[[DirectRequest], "Future[DirectAnswer]"]
"""What is behind the function: a bundle in it, or an endpoint of SageMaker's."""


def error_answer(error: ReviewdeskError) -> DirectAnswer:
    """Return an error in the one JSON shape."""
    return _error(error.http_status, error.code, str(error))


def status_answer(status: HTTPStatus, message: str) -> DirectAnswer:
    """Return an error that HTTP has a name for, in the one JSON shape."""
    return _error(status, status.phrase.lower().replace(" ", "_"), message)


def _error(status: int, code: str, message: str) -> DirectAnswer:
    headers = {name.lower(): value for name, value in SECURITY_HEADERS.items()}
    headers["content-type"] = JSON
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["retry-after"] = "1"
    body = json.dumps({"error": {"code": code, "message": message}})
    return DirectAnswer(status, headers, body.encode())

"""The Lambda function: a gateway's event in, its answer out, whatever happens between.

What stands in its environment says what is behind it: ``REVIEWDESK_BUNDLES`` (bundles in the
function itself) or ``REVIEWDESK_ENDPOINT`` (an endpoint of SageMaker's).
"""

import json
import time
import traceback
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

from reviewdesk.aws.webapp.answers import Backend, error_answer, status_answer
from reviewdesk.aws.webapp.bundled import bundle_backend, bundle_places, open_bundles
from reviewdesk.aws.webapp.events import read_event, write_answer
from reviewdesk.aws.webapp.forwarding import endpoint_backend
from reviewdesk.errors import (
    PayloadTooLarge,
    ReviewdeskError,
    UpstreamTimeout,
    UsageError,
)
from reviewdesk.serving.direct import DirectAnswer, DirectRequest

BUNDLES: Final = "REVIEWDESK_BUNDLES"
ENDPOINT: Final = "REVIEWDESK_ENDPOINT"
ORIGINS: Final = "REVIEWDESK_ORIGINS"
ROOT_PATH: Final = "REVIEWDESK_ROOT_PATH"

MOST_SECONDS: Final = 28.0
"""Gateways of REST APIs give up after 29; of that one is for the way there and back."""

SPARE_SECONDS: Final = 0.5
MOST_BYTES: Final = 6_291_456
"""Of a request's body, and of an answer as JSON: Lambda takes and gives 6 MiB."""

ROUTES: Final = frozenset({"/", "/ping", "/invocations", "/desk/analyse", "/endpoints"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_PREFLIGHT: Final = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "content-type, accept",
    "access-control-max-age": "600",
}


class Context(Protocol):
    """What Lambda tells about an invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""


class Handler:
    """Answers events.

    Args:
        backend: what is behind the function.
        origins: the sites whose pages may read answers; ``*`` for all.
        seconds: how long a request may take at most.
    """

    def __init__(
        self, backend: Backend, origins: Collection[str] = (), seconds: float = MOST_SECONDS
    ) -> None:
        self._backend = backend
        self._origins = frozenset(origins)
        self._seconds = seconds

    def __call__(self, event: Any, context: Context | None = None) -> dict[str, Any]:
        """Return the answer to an event; nothing of what was sent gets into the log."""
        started = time.monotonic()
        request = DirectRequest("-", "-")
        try:
            request = read_event(event)
            answer = self._answer(request, self._left(context))
        except ReviewdeskError as error:
            answer = error_answer(error)
        except Exception as error:  # the boundary: Lambda would log and answer with its traceback
            frame = traceback.extract_tb(error.__traceback__)[-1]
            _log(error=type(error).__name__, at=f"{frame.filename}:{frame.lineno}")
            message = "the function made a mistake; its log says where"
            answer = status_answer(HTTPStatus.INTERNAL_SERVER_ERROR, message)
        written = write_answer(self._shared(answer, request), event)
        if len(json.dumps(written)) > MOST_BYTES:
            refused = error_answer(
                PayloadTooLarge(
                    f"the answer is larger than {MOST_BYTES} bytes; send fewer reviews at a time"
                )
            )
            answer = refused
            written = write_answer(self._shared(refused, request), event)
        _log(
            method=request.method if request.method in _METHODS else "-",
            route=request.path if request.path in ROUTES else "other",
            status=answer.status,
            ms=round(1000 * (time.monotonic() - started)),
        )
        return written

    def _left(self, context: Context | None) -> float:
        """Return how many seconds there are to answer in."""
        if context is None:
            return self._seconds
        left = context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
        return max(0.0, min(self._seconds, left))

    def _answer(self, request: DirectRequest, seconds: float) -> DirectAnswer:
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            allowed = self._allows(request.headers.get("origin", ""))
            return DirectAnswer(HTTPStatus.NO_CONTENT, _PREFLIGHT if allowed else {})
        if len(request.body) > MOST_BYTES:
            raise PayloadTooLarge(
                f"the body is larger than {MOST_BYTES} bytes; send it in several requests"
            )
        future = self._backend(request)
        try:
            return future.result(timeout=seconds)
        except TimeoutError as error:
            future.cancel()
            raise UpstreamTimeout(
                f"there was no answer within {seconds:.0f} seconds; send fewer reviews at a time, "
                "or the same again in a moment"
            ) from error

    def _allows(self, origin: str) -> bool:
        return origin in self._origins or "*" in self._origins

    def _shared(self, answer: DirectAnswer, request: DirectRequest) -> DirectAnswer:
        """Return an answer that pages of the allowed sites may read."""
        origin = request.headers.get("origin", "")
        more = {"vary": "origin"}
        if origin and self._allows(origin):
            more |= {"access-control-allow-origin": origin}
            more |= {"cross-origin-resource-policy": "cross-origin"}
        return DirectAnswer(answer.status, {**answer.headers, **more}, answer.body, answer.cookies)


def handler_of(environment: Mapping[str, str]) -> Handler:
    """Return the handler that environment variables describe.

    Raises:
        UsageError: they name neither bundles nor an endpoint, or both.
        BundleError: a bundle cannot be used.
        StorageError: a bundle cannot be read.
    """
    origins, bundles = (_words(environment.get(name, "")) for name in (ORIGINS, BUNDLES))
    endpoint = environment.get(ENDPOINT, "")
    if bool(bundles) == bool(endpoint):
        raise UsageError(f"set either {BUNDLES} (NAME=PLACE, ...) or {ENDPOINT}, and not both")
    if endpoint:
        return Handler(endpoint_backend(endpoint), origins)
    root_path = environment.get(ROOT_PATH, "")
    return Handler(
        bundle_backend(open_bundles(bundle_places(bundles)), root_path=root_path), origins
    )


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]


def _log(**line: object) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201  (a function's log)

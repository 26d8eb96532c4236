"""An endpoint of SageMaker's behind the function: requests passed on, answers passed back."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final

from reviewdesk.aws.webapp.answers import JSON, Backend, status_answer
from reviewdesk.desk.by_accept import ANALYSE, ANALYSIS
from reviewdesk.errors import Overloaded, UpstreamFailed, UpstreamTimeout
from reviewdesk.optional import require
from reviewdesk.serving.direct import DirectAnswer, DirectRequest

EXTRA: Final = "aws"
CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 27
THREADS: Final = 8

_BUSY: Final = frozenset(
    {"ThrottlingException", "ServiceUnavailable", "ModelNotReadyException", "InternalFailure"}
)
_METHODS: Final = {"/ping": "GET", "/invocations": "POST", ANALYSE: "POST"}


def endpoint_backend(name: str, client: Any = None) -> Backend:
    """Return what answers requests with an endpoint.

    Args:
        name: the endpoint's name.
        client: of SageMaker's runtime; by default that of the account boto3 is configured for.

    Raises:
        MissingExtra: boto3 is not installed.
    """
    forwarding = _Forwarding(name, client or _client())
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="forwarding")

    def answer(request: DirectRequest) -> "Future[DirectAnswer]":
        return threads.submit(forwarding.answer, request)

    return answer


def _client() -> Any:
    config = require("botocore.config", EXTRA).Config(
        connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"max_attempts": 0}
    )
    return require("boto3", EXTRA).client("sagemaker-runtime", config=config)


class _Forwarding:
    def __init__(self, name: str, client: Any) -> None:
        self._name = name
        self._client = client
        self._errors = require("botocore.exceptions", EXTRA)

    def answer(self, request: DirectRequest) -> DirectAnswer:
        method = _METHODS.get(request.path)
        if method is None:
            message = f"there is nothing at this address; there are: {', '.join(_METHODS)}"
            return status_answer(HTTPStatus.NOT_FOUND, message)
        if request.method != method:
            return status_answer(HTTPStatus.METHOD_NOT_ALLOWED, f"this address takes {method}")
        if request.path == "/ping":
            return DirectAnswer(HTTPStatus.OK)
        return self._invoke(request)

    def _invoke(self, request: DirectRequest) -> DirectAnswer:
        """Send a request to the endpoint.

        Raises:
            UpstreamTimeout: it takes too long.
            Overloaded: it has too much to do, or is not there yet.
            UpstreamFailed: it cannot answer.
        """
        errors = self._errors
        accept = ANALYSIS if request.path == ANALYSE else request.headers.get("accept", "*/*")
        try:
            answer = self._client.invoke_endpoint(
                EndpointName=self._name,
                ContentType=request.headers.get("content-type", "application/octet-stream"),
                Accept=accept,
                Body=request.body,
            )
            headers = {"content-type": answer.get("ContentType") or JSON}
            headers |= {"cache-control": "no-store", "x-content-type-options": "nosniff"}
            return DirectAnswer(HTTPStatus.OK, headers, answer["Body"].read())
        except errors.ClientError as error:
            return self._refused(error)
        except (errors.ReadTimeoutError, errors.ConnectTimeoutError) as error:
            raise UpstreamTimeout(
                "the endpoint took too long; send fewer reviews at a time, or the same again"
            ) from error
        except errors.BotoCoreError as error:
            raise UpstreamFailed("the endpoint cannot be reached") from error

    def _refused(self, error: Any) -> DirectAnswer:
        """Return what the model said of a request that it could not answer, or raise."""
        code = error.response["Error"]["Code"]
        status = int(error.response.get("OriginalStatusCode") or 0)
        if code == "ModelError" and status >= HTTPStatus.BAD_REQUEST:
            said = _own_error(error.response.get("OriginalMessage", ""))
            if said is not None:
                headers = {"content-type": JSON, "cache-control": "no-store"}
                return DirectAnswer(status, headers, said)
        if code in _BUSY:
            raise Overloaded("the endpoint has too much to do; send the request again in a moment")
        raise UpstreamFailed(f"the endpoint does not answer: SageMaker says {code}")


def _own_error(text: str) -> bytes | None:
    """Return an error in the one JSON shape, which the container gave; None for anything else."""
    try:
        said = json.loads(text)["error"]
        return json.dumps({"error": {"code": said["code"], "message": said["message"]}}).encode()
    except (ValueError, KeyError, TypeError):
        return None

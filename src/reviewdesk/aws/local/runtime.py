"""SageMaker's runtime API on this machine, in front of a container that runs here.

What boto3's ``invoke_endpoint`` asks goes to the container's ``/invocations``; what the container
refuses comes back as SageMaker says it, as ModelError with the container's own status and text.
"""

import http.client
import json
import re
from collections.abc import Callable
from typing import Final

from reviewdesk.aws.webapp.gateway import own_answer
from reviewdesk.aws.webapp.gateway_events import HttpRequest
from reviewdesk.serving.direct import DirectAnswer

HOST: Final = "127.0.0.1"
INVOKE_SECONDS: Final = 60
PAYLOAD_BYTES: Final = 6_291_456
MODEL_ERROR: Final = 424
_ENDPOINT: Final = re.compile(r"/endpoints/([a-zA-Z0-9](?:-*[a-zA-Z0-9])*)/invocations")
_PASSED: Final = frozenset({"content-type", "accept", "x-amzn-sagemaker-custom-attributes"})


def runtime_of(endpoint: str, port: int) -> Callable[[HttpRequest], DirectAnswer]:
    """Return what answers the runtime API for one endpoint.

    Args:
        endpoint: the endpoint's name.
        port: where its container listens on this machine.
    """

    def answer(request: HttpRequest) -> DirectAnswer:
        asked = _ENDPOINT.fullmatch(request.path)
        if request.method != "POST" or asked is None or asked[1] != endpoint:
            return _refused(400, "ValidationError", f"Endpoint {endpoint} is the only one here.")
        if len(request.body) > PAYLOAD_BYTES:
            return _refused(413, "ValidationError", "The body is too large.")
        sent = {n: v for n, v in request.headers if n.lower() in _PASSED}
        try:
            status, headers, body = _ask(port, sent, request.body)
        except TimeoutError:
            return _model_error(0, "Your model took too long.")
        except (OSError, http.client.HTTPException):
            return _refused(503, "ServiceUnavailable", "The container does not answer.")
        if status != http.HTTPStatus.OK:
            return _model_error(status, body.decode("utf-8", "replace"))
        return DirectAnswer(
            status, headers | {"x-amzn-invoked-production-variant": "AllTraffic"}, body
        )

    return answer


def _ask(port: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=INVOKE_SECONDS)
    try:
        connection.request("POST", "/invocations", body, headers)
        answer = connection.getresponse()
        kind = answer.getheader("content-type") or "application/octet-stream"
        return answer.status, {"content-type": kind}, answer.read()
    finally:
        connection.close()


def _refused(status: int, code: str, message: str) -> DirectAnswer:
    answer = own_answer(status, message)
    return DirectAnswer(status, {**answer.headers, "x-amzn-errortype": code}, answer.body)


def _model_error(status: int, text: str) -> DirectAnswer:
    said = {
        "Message": f"Received error ({status}) from primary with message.",
        "OriginalStatusCode": status,
        "OriginalMessage": text,
        "LogStreamArn": "",
    }
    headers = {"content-type": "application/json", "x-amzn-errortype": "ModelError"}
    return DirectAnswer(MODEL_ERROR, headers, json.dumps(said).encode())

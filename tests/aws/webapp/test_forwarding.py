"""An endpoint behind the function: boto3 itself, SageMaker's runtime API, our own container."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reviewdesk.aws.local.runtime import runtime_of
from reviewdesk.aws.webapp.forwarding import endpoint_backend
from reviewdesk.aws.webapp.gateway import Invocation, listening
from reviewdesk.aws.webapp.gateway_events import HttpRequest
from reviewdesk.aws.webapp.handler import Handler
from reviewdesk.desk.by_accept import AnalysisByAccept
from reviewdesk.desk.page import routes
from reviewdesk.serving.app import create_app
from reviewdesk.serving.direct import Application, DirectAnswer, DirectRequest
from reviewdesk.serving.service import Service
from reviewdesk.settings import ServeSettings
from tests.aws.webapp.gateways import EVENTS, bundles, review

NAME = "sentiment-live"


def container() -> Any:
    """Return what answers as our container does, of small models."""
    service = Service(bundles(), ServeSettings(host="0.0.0.0"))
    app = Application(AnalysisByAccept(create_app(service, routes)))

    def answer(asked: HttpRequest) -> DirectAnswer:
        headers = {name.lower(): value for name, value in asked.headers}
        request = DirectRequest(asked.method, asked.path, asked.query, headers, asked.body)
        return app.answer(request).result()

    return answer


@contextmanager
def runtime(of: Any) -> Iterator[str]:
    """Run SageMaker's runtime API in front of a container; yield its address."""
    with ExitStack() as stack:
        port = stack.enter_context(listening(of))
        at = stack.enter_context(listening(runtime_of(NAME, port)))
        yield f"http://127.0.0.1:{at}"


def handler_at(address: str, name: str = NAME, seconds: float = 5) -> Handler:
    client = boto3.client(
        "sagemaker-runtime", endpoint_url=address, region_name="us-east-1",
        aws_access_key_id="somebody", aws_secret_access_key="nothing",
        config=Config(read_timeout=seconds, retries={"max_attempts": 0}),
    )  # fmt: skip
    return Handler(endpoint_backend(name, client))


def asked(handler: Handler, method: str, path: str, body: str = "") -> tuple[int, Any]:
    event = EVENTS["http-2.0"](method, path, body, content_type="application/json")
    returned = handler(event, Invocation(30))
    return returned["statusCode"], json.loads(returned["body"] or "null")


def test_what_an_endpoint_answers() -> None:
    with runtime(container()) as address:
        handler = handler_at(address)
        status, scored = asked(handler, "POST", "/invocations", review("lovely"))
        assert (status, scored[0]["label"]) == (200, ["__label__positive"])
        sent = json.dumps({"review_headline": "", "review_body": "awful, it broke"})
        status, found = asked(handler, "POST", "/desk/analyse", sent)
        assert (status, found["judgements"][0]["verdict"]) == (200, "Negative")
        assert found["judgements"][0]["for"]["words"][0]["word"] == "awful"
        assert asked(handler, "GET", "/ping") == (200, None)


def test_what_a_container_refuses_is_said_as_it_says_it() -> None:
    with runtime(container()) as address:
        handler = handler_at(address)
        status, said = asked(
            handler, "POST", "/desk/analyse", '{"review_headline": "", "review_body": " "}'
        )
        assert (status, said["error"]["code"]) == (400, "bad_request")
        assert "There is no text to read" in said["error"]["message"]
        assert asked(handler, "POST", "/invocations", "{")[0] == 400
        assert asked(handler, "GET", "/invocations")[1]["error"]["code"] == "method_not_allowed"
        assert asked(handler, "GET", "/secret")[1]["error"]["code"] == "not_found"


def answering(status: int, body: str, **headers: str) -> Any:
    return lambda request: DirectAnswer(
        status, {"content-type": "application/json", **headers}, body.encode()
    )


def test_a_model_that_says_something_else() -> None:
    with runtime(answering(500, "Traceback: the secret text")) as address:
        status, said = asked(handler_at(address), "POST", "/invocations", "{}")
        assert (status, said["error"]["code"]) == (502, "upstream_failed")
        assert "secret" not in json.dumps(said)


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, "ValidationError", (502, "upstream_failed")),
        (400, "ThrottlingException", (503, "overloaded")),
        (429, "ModelNotReadyException", (503, "overloaded")),
        (503, "ServiceUnavailable", (503, "overloaded")),
        (403, "AccessDeniedException", (502, "upstream_failed")),
    ],
)
def test_what_sagemaker_itself_says(status: int, error: str, expected: tuple[int, str]) -> None:
    said = answering(status, json.dumps({"Message": "secret"}), **{"x-amzn-errortype": error})
    with listening(said) as port:
        got, body = asked(handler_at(f"http://127.0.0.1:{port}"), "POST", "/invocations", "{}")
    assert (got, body["error"]["code"]) == expected
    assert "secret" not in json.dumps(body)


def test_an_endpoint_that_is_not_there_or_too_slow() -> None:
    with listening(answering(200, "{}")) as port:
        pass
    status, said = asked(handler_at(f"http://127.0.0.1:{port}"), "POST", "/invocations", "{}")
    assert (status, said["error"]["code"]) == (502, "upstream_failed")
    let_go = threading.Event()

    def slow(request: HttpRequest) -> DirectAnswer:
        let_go.wait(20)
        return DirectAnswer(200)

    with listening(slow) as port:
        handler = handler_at(f"http://127.0.0.1:{port}", seconds=0.2)
        status, said = asked(handler, "POST", "/invocations", "{}")
        let_go.set()
    assert (status, said["error"]["code"]) == (504, "upstream_timeout")

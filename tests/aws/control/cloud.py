"""AWS on this machine: moto behind a door that counts calls, lets any of them fail, and answers
what moto has not: SageMaker's UpdateEndpoint and stops of jobs, the runtime, and the Pricing API.
"""

import io
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
import pytest
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
BUCKET: Final = "shop-bucket"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/SageMaker"
IMAGE: Final = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/reviewdesk:1"
GOOD: Final = [{"label": ["__label__positive"], "prob": [0.9]}]
XML_SERVICES: Final = ("s3", "iam", "cloudformation", "sts", "monitoring")

Answer = Callable[[str, str, bytes], tuple[int, Any]]


@dataclass
class Cloud:
    """The door before moto.

    Args:
        calls: each call as ``service:Operation``, or the path of one that has no operation.
        fails: the calls that fail, by number, and how: ``refused`` before it is carried out, or
            ``lost`` after.
        refuses: calls that are always refused, by their name.
        refuses_first: whether the first call of every name is refused.
        answer: what an endpoint answers, of its name, the variant and the body.
        rolls_back: whether SageMaker takes updates of endpoints back by itself.
        prices: the Pricing API's ``PriceList``.
    """

    endpoint: str = ""
    calls: list[str] = field(default_factory=list)
    fails: dict[int, str] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    refuses_first: bool = False
    answer: Answer = lambda name, variant, body: (200, GOOD)
    rolls_back: bool = False
    prices: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    @property
    def sagemaker(self) -> Any:
        """Moto's own state of SageMaker."""
        return get_backend("sagemaker")[ACCOUNT][REGION]

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint)

    def reset(self) -> None:
        """Forget everything, and make the bucket."""
        fresh = Cloud()
        for name in (
            "calls",
            "fails",
            "refuses",
            "refuses_first",
            "answer",
            "rolls_back",
            "prices",
        ):
            setattr(self, name, getattr(fresh, name))
        for service in ("sagemaker", "scheduler", "iam", "s3", "cloudformation", "cloudwatch",
                        "applicationautoscaling", "logs"):  # fmt: skip
            get_backend(service).reset()
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.calls.clear()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = Request(environ).get_data()
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        request = Request(environ)
        request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        service, name = _called(request)
        with self._lock:
            self.calls.append(f"{service}:{name}")
            failure = self.fails.pop(len(self.calls), "")
            if self.refuses_first and self.calls.count(self.calls[-1]) == 1:
                failure = "refused"
        if failure == "refused" or self.calls[-1] in self.refuses:
            return _refusal(service)(environ, start)
        response = self._own(name, request)
        if failure == "lost":
            if response is None:
                Response.from_app(self._moto, environ)
            return Response(b"", 500)(environ, start)
        if response is not None:
            return response(environ, start)
        result: Iterable[bytes] = self._moto(environ, start)
        return result

    def _own(self, name: str, request: Request) -> Response | None:
        """Answer what moto does not."""
        body = request.get_data()
        if name == "UpdateEndpoint":
            return self._update(json.loads(body))
        if name in ("StopTrainingJob", "StopTransformJob", "StopHyperParameterTuningJob"):
            return self._stop(name, json.loads(body))
        if name == "GetProducts":
            return _json({"FormatVersion": "aws_v1", "PriceList": self.prices})
        invoked = re.fullmatch(r"/endpoints/([^/]+)/invocations", request.path)
        if invoked:
            variant = request.headers.get("X-Amzn-SageMaker-Target-Variant", "")
            status, answer = self.answer(invoked[1], variant, body)
            return Response(json.dumps(answer), status, content_type="application/json")
        return None

    def _update(self, asked: dict[str, Any]) -> Response:
        there = self.sagemaker.endpoints.get(asked["EndpointName"])
        config = self.sagemaker.endpoint_configs.get(asked["EndpointConfigName"])
        if there is None or config is None:
            return _json({"__type": "ValidationException", "message": "Could not find it"}, 400)
        if self.rolls_back:
            there.failure_reason = "The primary container did not pass the ping health check"
        else:
            there.endpoint_config_name = asked["EndpointConfigName"]
            there.production_variants = there._process_production_variants(
                config.production_variants
            )
        return _json({"EndpointArn": there.arn})

    def _stop(self, name: str, asked: dict[str, Any]) -> Response:
        jobs, key, state = {
            "StopTrainingJob": (self.sagemaker.training_jobs, "TrainingJobName", "training_job"),
            "StopTransformJob": (
                self.sagemaker.transform_jobs,
                "TransformJobName",
                "transform_job",
            ),
            "StopHyperParameterTuningJob": (
                *(self.sagemaker.hyper_parameter_tuning_jobs, "HyperParameterTuningJobName"),
                "hyper_parameter_tuning_job",
            ),
        }[name]
        job = next(
            (one for one in jobs.values() if getattr(one, f"{state}_name") == asked[key]), None
        )
        if job is None:
            return _json({"__type": "ResourceNotFound", "message": "no such job"}, 400)
        setattr(job, f"{state}_status", "Stopped")
        return _json({})


def _called(request: Request) -> tuple[str, str]:
    """Return the service and the operation that a request is for."""
    scope = re.search(
        r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", request.headers.get("Authorization", "")
    )
    service = scope[1] if scope else ""
    target = request.headers.get("X-Amz-Target", "")
    if target:
        return service, target.rpartition(".")[2]
    rpc = re.search(r"/operation/(\w+)", request.path)
    if rpc:
        return service, rpc[1]
    if request.mimetype == "application/x-www-form-urlencoded":
        action = re.search(r"Action=(\w+)", request.get_data(as_text=True))
        if action:
            return service, action[1]
    return service, f"{request.method} {request.path}"


def _refusal(service: str) -> Response:
    if service in XML_SERVICES:
        error = "<Error><Code>AccessDenied</Code><Message>not allowed</Message></Error>"
        text = error if service == "s3" else f"<ErrorResponse>{error}</ErrorResponse>"
        return Response(text, 403, content_type="text/xml")
    return _json({"__type": "AccessDeniedException", "message": "not allowed"}, 400)


def _json(value: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(value),
        status,
        content_type="application/x-amz-json-1.1",
        headers={"x-amzn-ErrorType": value["__type"]} if "__type" in value else {},
    )


@contextmanager
def cloud() -> Iterator[Cloud]:
    """Run the door; while the block runs, boto3 goes through it."""
    one = Cloud()
    server = make_server("127.0.0.1", 0, one, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    one.endpoint = f"http://127.0.0.1:{server.server_port}"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ENDPOINT_URL", one.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        try:
            yield one
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

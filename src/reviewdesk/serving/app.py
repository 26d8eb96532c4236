"""The web application: which address does what.

The addresses are those of Amazon SageMaker's containers (``/ping``, ``/invocations``,
``/execution-parameters``) and of its runtime API (``/endpoints/NAME/invocations``), so that
what works against this server works there, boto3's client included.
"""

import functools
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from reviewdesk.bundle import Bundle
from reviewdesk.errors import (
    PayloadTooLarge,
    RequestError,
    ReviewdeskError,
    UnsupportedMediaType,
)
from reviewdesk.serving.answers import answer_error
from reviewdesk.serving.body import read_body
from reviewdesk.serving.guards import LastResort, LocalHosts, SecurityHeaders, Targets, is_loopback
from reviewdesk.serving.media_types import answer_type, request_type
from reviewdesk.serving.metrics import MEDIA_TYPE, Metrics
from reviewdesk.serving.observed import Observed
from reviewdesk.serving.readers import read_instances
from reviewdesk.serving.service import Service, is_large
from reviewdesk.serving.traffic import Call, Scored
from reviewdesk.serving.variants import Variant
from reviewdesk.serving.writers import evidence_of, write_answer
from reviewdesk.settings import ServeSettings

_AMZ: Final = "x-amzn-sagemaker-"
_LARGEST_BATCH_MB: Final = 100  # of all concurrent requests of a batch transform together

Pages = Callable[[Service], Sequence[BaseRoute]]
"""Further addresses, given what they may answer with."""


def create_app(service: Service, pages: Pages | None = None) -> Starlette:
    """Return the application.

    Args:
        service: what is served; ``/invocations`` is answered by the first bundle.
        pages: gives the routes of pages for people.
    """
    invoke = functools.partial(_invoke, service)
    routes = [
        Route("/ping", _ping),
        Route("/execution-parameters", functools.partial(_execution_parameters, service)),
        Route("/metrics", functools.partial(_metrics, service)),
        Route("/endpoints", functools.partial(_endpoints, service)),
        Route("/invocations", invoke, methods=["POST"]),
        Route("/endpoints/{name}/invocations", invoke, methods=["POST"]),
        *(pages(service) if pages else ()),
    ]
    app = Starlette(
        routes=routes,
        middleware=guards(service.settings, service.metrics, _addresses(service, routes)),
        exception_handlers={ReviewdeskError: answer_error, HTTPException: answer_error},
    )
    app.router.redirect_slashes = False  # a redirect would name a host that the client chose
    return app


def guards(
    settings: ServeSettings, metrics: Metrics, addresses: Collection[str]
) -> list[Middleware]:
    """Return what stands around every request.

    Args:
        settings: where the server listens.
        metrics: where requests are counted.
        addresses: those that metrics and log name; all others are ``other``.
    """
    around = [
        Middleware(Targets, root_path=settings.root_path),
        Middleware(Observed, metrics=metrics, routes=addresses),
        Middleware(SecurityHeaders),
        Middleware(LastResort),
    ]
    return [*around, Middleware(LocalHosts)] if is_loopback(settings.host) else around


def _addresses(service: Service, routes: Sequence[BaseRoute]) -> list[str]:
    """Return all addresses that there are, each endpoint's its own."""
    paths = [route.path for route in routes if isinstance(route, Route)]
    return [path.replace("{name}", name) for path in paths for name in service.bundles]


async def _ping(request: Request) -> Response:
    return Response(status_code=200)


async def _execution_parameters(service: Service, request: Request) -> Response:
    megabytes = max(1, service.settings.max_body_bytes // 2**20)
    return JSONResponse(
        {
            "MaxConcurrentTransforms": max(1, min(service.threads, _LARGEST_BATCH_MB // megabytes)),
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": megabytes,
        }
    )


async def _metrics(service: Service, request: Request) -> Response:
    text = service.metrics.text() + service.traffic.gauges()
    return Response(text, headers={"content-type": MEDIA_TYPE})


async def _endpoints(service: Service, request: Request) -> Response:
    return JSONResponse({"endpoints": [
        {
            "name": name,
            "address": f"{service.settings.root_path}/endpoints/{name}/invocations",
            "target": bundle.target,
            "labels": list(bundle.labels),
            "family": bundle.manifest["family"],
            "bundle": bundle.manifest["id"],
            "reads": bundle.reads,
            "learned_from_generated": bundle.is_example,
            "variants": service.endpoints[name].weights,
        }
        for name, bundle in service.bundles.items()
    ]})  # fmt: skip


async def _invoke(service: Service, request: Request) -> Response:
    named = "name" in request.path_params
    name = request.path_params["name"] if named else service.first
    endpoint = service.endpoint(name)
    headers = _runtime_headers(request, named)
    sent = request.headers
    given = request_type(sent.get("content-type"), sent.get("content-encoding"))
    wanted = answer_type(given, sent.get("accept"))
    body = await read_body(request, service.settings.max_body_bytes)
    inference_id, target = sent.get(_AMZ + "inference-id", ""), sent.get(_AMZ + "target-variant")
    call = service.traffic.named(
        Call(name, sent, given, wanted, body, inference_id, target if named else None)
    )
    large = is_large(body)
    async with service.hold(large):
        answered, scored = await service.run(functools.partial(_answer, service, call), large)
    service.metrics.count_reviews(name, scored.reviews)
    for variant in endpoint.listening(call.request) if endpoint.shadows else ():
        service.shadow(functools.partial(_shadow, service, call, variant))
    if named:
        headers["x-amzn-invoked-production-variant"] = answered.name
    return Response(scored.body, headers=headers, media_type=wanted)


def _runtime_headers(request: Request, named: bool) -> dict[str, str]:
    """Return the headers of an answer that SageMaker's runtime API gives, once the asked are sound.

    Raises:
        RequestError: a header is longer than that API allows.
    """
    attributes = request.headers.get(_AMZ + "custom-attributes", "")
    if len(attributes) > 1024 or not attributes.isascii():
        raise RequestError("X-Amzn-SageMaker-Custom-Attributes may hold at most 1024 ASCII letters")
    if named and not 1 <= len(request.headers.get(_AMZ + "inference-id", "-")) <= 64:
        raise RequestError("X-Amzn-SageMaker-Inference-Id may hold at most 64 letters")
    return {_AMZ + "custom-attributes": attributes} if attributes else {}


def _answer(service: Service, call: Call) -> tuple[Variant, Scored]:
    """Return who answers and what; all work that is not waiting."""
    variant, unit = service.traffic.dealt(call)
    return variant, _logged(service, call, variant, unit)


def _shadow(service: Service, call: Call, variant: Variant) -> None:
    """Let a shadow answer what another has answered; nobody reads it but the log."""
    _, unit = service.traffic.dealt(call)
    _logged(service, call, variant, unit, shadow=True)


def _logged(
    service: Service, call: Call, variant: Variant, unit: str, *, shadow: bool = False
) -> Scored:
    begun = time.perf_counter()
    log = functools.partial(service.traffic.log, call, variant, unit, begun, shadow=shadow)
    try:
        scored = _score(variant.bundle, service.settings, call)
    except ReviewdeskError as error:
        log(None, error.http_status)
        raise
    except Exception:
        log(None, ReviewdeskError.http_status)
        raise
    log(scored.body)
    return scored


def _score(bundle: Bundle, settings: ServeSettings, call: Call) -> Scored:
    """Return the answer's body and how many reviews it is about."""
    instances = read_instances(call.given, call.body, settings.max_instances)
    if instances.features is not None and not bundle.reads_features:
        raise UnsupportedMediaType("this endpoint reads reviews, not LIBSVM lines; send the texts")
    reviews = bundle.clean(instances.batch())
    probabilities = bundle.predict_proba(reviews)
    known = bundle.known_words(reviews) if any(instances.tell_known_words) else None
    evidence = evidence_of(known, instances.tell_known_words)
    answer = write_answer(call.wanted, bundle.labels, probabilities, instances.wanted, evidence)
    if len(answer) > settings.max_body_bytes:
        raise PayloadTooLarge(
            f"the answer would be larger than {settings.max_body_bytes} bytes; "
            "send fewer reviews or ask for a smaller k"
        )
    return Scored(answer, len(instances))

"""The web application: which address does what.

The addresses are those of Amazon SageMaker's containers (``/ping``, ``/invocations``,
``/execution-parameters``) and of its runtime API (``/endpoints/NAME/invocations``), so that
what works against this server works there, boto3's client included.
"""

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from reviewdesk.errors import ReviewdeskError
from reviewdesk.serving.about import about_bundle
from reviewdesk.serving.answers import answer_error
from reviewdesk.serving.guards import LastResort, LocalHosts, SecurityHeaders, Targets, is_loopback
from reviewdesk.serving.invocations import Invocations
from reviewdesk.serving.metrics import MEDIA_TYPE, Metrics
from reviewdesk.serving.observed import Observed
from reviewdesk.serving.service import Service
from reviewdesk.settings import ServeSettings

_LARGEST_BATCH_MB: Final = 100  # of all concurrent requests of a batch transform together

Pages = Callable[[Service], Sequence[BaseRoute]]
"""Further addresses, given what they may answer with."""


def create_app(service: Service, pages: Pages | None = None) -> ASGIApp:
    """Return the application.

    Args:
        service: what is served; ``/invocations`` is answered by the first bundle.
        pages: gives the routes of pages for people.
    """
    routes = [
        Route("/ping", _ping),
        Route("/execution-parameters", functools.partial(_execution_parameters, service)),
        Route("/metrics", functools.partial(_metrics, service)),
        Route("/endpoints", functools.partial(_endpoints, service)),
        Route("/invocations", _not_by_this_method, methods=["POST"]),
        Route("/endpoints/{name}/invocations", functools.partial(_unknown, service),
              methods=["POST"]),
        *(pages(service) if pages else ()),
    ]  # fmt: skip
    handlers = {ReviewdeskError: answer_error, HTTPException: answer_error}
    last = [Middleware(LastResort)]  # before Starlette's own, which answers with a line of text
    others = Starlette(routes=routes, middleware=last, exception_handlers=handlers)
    others.router.redirect_slashes = False  # a redirect would name a host that the client chose
    app: ASGIApp = Invocations(service, others)
    around = guards(service.settings, service.metrics, _addresses(service, routes))
    for cls, args, kwargs in reversed(around):
        app = cls(app, *args, **kwargs)
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
            **about_bundle(bundle),
            "family": bundle.manifest["family"],
            "learned_from_generated": bundle.is_example,
            "rests_on": bundle.rests_on,
            "variants": service.endpoints[name].weights,
        }
        for name, bundle in service.bundles.items()
    ]})  # fmt: skip


async def _not_by_this_method(request: Request) -> Response:
    """Never answers: what it would is answered by ``Invocations`` before; it names the method."""
    raise AssertionError


async def _unknown(service: Service, request: Request) -> Response:
    """Refuse the name of an endpoint that is not served."""
    service.endpoint(request.path_params["name"])
    return await _not_by_this_method(request)

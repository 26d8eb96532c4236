"""The process that serves: listens, says where, and ends without dropping a request."""

import asyncio
import contextlib
import errno
import functools
import logging
import math
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple, cast

import pyarrow as pa
import uvicorn
from starlette.types import ASGIApp

from reviewdesk.bundle import Bundle
from reviewdesk.errors import UsageError
from reviewdesk.models.sparse.lines import parse_lines
from reviewdesk.models.sparse.sparse_rows import FEATURES
from reviewdesk.serving.app import Pages, create_app
from reviewdesk.serving.body import LINGER_SECONDS
from reviewdesk.serving.connections import ACCEPTS_AT_ONCE, Connection, Connections
from reviewdesk.serving.exchange import Exchange, Load
from reviewdesk.serving.loop_errors import LoopErrors
from reviewdesk.serving.metrics import Metrics
from reviewdesk.serving.observed import access_log
from reviewdesk.serving.service import Service
from reviewdesk.serving.variants import ServedEndpoint
from reviewdesk.settings import EACH_REQUEST_ANEW, ServeSettings, TrafficSettings

BACKLOG: Final = 512

_NO_SUCH_ADDRESS: Final = (errno.EADDRNOTAVAIL, socket.EAI_NONAME, socket.EAI_AGAIN)


def serve(
    bundles: Mapping[str, Bundle | ServedEndpoint],
    settings: ServeSettings,
    on_ready: Callable[[int], None],
    pages: Pages | None = None,
    traffic: TrafficSettings = EACH_REQUEST_ANEW,
    *,
    load: Load | None = None,
    worker: "Worker | None" = None,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is in flight and return.

    At SIGHUP the bundles are loaded anew.

    Args:
        bundles: the bundles, or endpoints of several variants, by the name that they are served
            under.
        settings: where to listen and what to refuse.
        on_ready: called once with the port, as soon as requests are answered.
        pages: gives the routes of pages for people.
        traffic: how requests are dealt to variants, and logged.
        load: loads the bundles anew; without it those that are given stay.
        worker: what this process shares with others, if it is one of several.
        around: puts something around the application.

    Raises:
        UsageError: the address cannot be listened on, or a name cannot be served.
    """
    service = Service(bundles, settings, traffic)
    app = around(create_app(service, pages))
    exchange = Exchange(service, load or (lambda: bundles), _warm)
    if worker is not None:
        service.metrics.share(worker.folder)

    def begin(port: int) -> None:
        exchange.begin()
        on_ready(port)

    with worker.listener if worker else listen(settings) as listener, exchange.on_hangup():
        for endpoint in service.endpoints.values():
            _warm(endpoint)
        run_app(app, settings, service.metrics, listener, begin)
    service.finish_shadows()


class Worker(NamedTuple):
    """What one of several processes that serve together shares with the others.

    Args:
        listener: the socket that all listen on.
        folder: where their counts and weights are.
    """

    listener: socket.socket
    folder: Path


def _warm(endpoint: ServedEndpoint) -> None:
    for variant in (*endpoint.variants, *endpoint.shadows):
        warm_up(variant.bundle)


def run_app(
    app: ASGIApp,
    settings: ServeSettings,
    metrics: Metrics,
    listener: socket.socket,
    on_ready: Callable[[int], None],
) -> None:
    """Serve an application until SIGTERM or SIGINT; then finish what is in flight and return.

    Args:
        app: what answers.
        settings: what to refuse.
        metrics: where connections are counted.
        listener: from ``listen``.
        on_ready: called once with the port, as soon as requests are answered.
    """
    connections = Connections(settings, metrics)
    config = uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", functools.partial(Connection, connections)),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",  # its lines are about what clients do, and come as often
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=ACCEPTS_AT_ONCE,
        timeout_graceful_shutdown=math.ceil(settings.grace_seconds + LINGER_SECONDS),
    )
    server = _Server(config, connections, lambda: on_ready(listener.getsockname()[1]))
    with _ended_by_signals(server), _logged(settings):
        server.run(sockets=[listener])


def warm_up(bundle: Bundle) -> None:
    """Score one review, so that the first client does not wait for code to be compiled."""
    texts = {"review_headline": "Good", "review_body": "Works well, I like it.",
             "product_title": "Lamp"}  # fmt: skip
    review = pa.RecordBatch.from_pylist([texts])
    if bundle.reads == [FEATURES]:
        review = pa.record_batch({FEATURES: parse_lines(b"1 1:1\n").rows.column()})
    cleaned = bundle.clean(review)
    bundle.predict_proba(cleaned)
    bundle.known_words(cleaned)


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, connections: Connections, on_ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(LoopErrors())
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)  # asyncio takes one number for this and for accepts at once
        self._connections.watch(loop)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._connections.ending = True
        grace = self._connections.settings.grace_seconds
        asyncio.get_running_loop().call_later(grace, self._connections.give_up)
        await super().shutdown(sockets)


def listen(settings: ServeSettings) -> socket.socket:
    """Return a socket that listens where the settings say.

    Raises:
        UsageError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server(
            (settings.host, settings.port), family=family, backlog=BACKLOG
        )
        # Connections inherit it. Without it, an answer's body waits 40 ms for the client to
        # acknowledge its head: asyncio would set it, but not on sockets made in this way.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        if error.errno in _NO_SUCH_ADDRESS:
            raise UsageError(
                f"{settings.host} is no address of this machine; --host 127.0.0.1 lets this "
                "machine in, 0.0.0.0 all that can reach it"
            ) from error
        raise UsageError(
            f"cannot listen on port {settings.port} of {settings.host} "
            f"({(error.strerror or 'unknown reason').lower()}); choose another with --port, "
            "0 takes a free one"
        ) from error


@contextlib.contextmanager
def _logged(settings: ServeSettings) -> Iterator[None]:
    """Write the access log to standard error, if it is asked for."""
    if not settings.access_log:
        yield
        return
    handler = logging.StreamHandler()
    access_log.addHandler(handler)
    access_log.setLevel(logging.INFO)
    access_log.propagate = False
    try:
        yield
    finally:
        access_log.removeHandler(handler)


@contextlib.contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the server and nothing else.

    uvicorn raises the signal that ended it again, for those who come after it: nobody does here,
    and the process exits with 0 as it should after finishing its work.
    """

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    before = {one: signal.signal(one, end) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)

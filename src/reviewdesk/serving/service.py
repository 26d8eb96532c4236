"""The served bundles and the few threads that they work in."""

import asyncio
import contextlib
import functools
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from anyio import CapacityLimiter

from reviewdesk.bundle import Bundle
from reviewdesk.errors import Overloaded, UnknownEndpoint, UsageError
from reviewdesk.serving.metrics import Metrics
from reviewdesk.serving.traffic import MOST_SHADOWED, Traffic
from reviewdesk.serving.variants import ALL_TRAFFIC, Endpoint, Variant
from reviewdesk.settings import EACH_REQUEST_ANEW, ServeSettings, TrafficSettings

T = TypeVar("T")

MOST_THREADS: Final = 8
MOST_REQUESTS: Final = 64
"""Requests held at a time, working or waiting."""

MOST_LARGE: Final = 16
"""Large requests among them."""

LARGE_WORK: Final = 65_536
WORK_OF_A_REVIEW: Final = 50
"""What a review costs beside its bytes, as bytes."""

_ROOT_PATH: Final = re.compile(r"(/[a-zA-Z0-9._~-]+)*")
_ENDPOINT_NAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")  # as SageMaker has it
_LONGEST_NAME: Final = 63


class Service:
    """What requests are answered with.

    Args:
        bundles: the bundles, or endpoints of several variants, by the name that they are served
            under; the first answers requests that name none.
        settings: limits of a request.
        traffic: how requests are dealt to variants, and logged.

    Raises:
        UsageError: there is no bundle, or a name or the root path cannot stand in an address.
    """

    def __init__(
        self,
        bundles: Mapping[str, Bundle | Endpoint],
        settings: ServeSettings,
        traffic: TrafficSettings = EACH_REQUEST_ANEW,
    ) -> None:
        if not bundles:
            raise UsageError("there is nothing to serve; name at least one bundle")
        for name in bundles:
            if len(name) > _LONGEST_NAME or not _ENDPOINT_NAME.fullmatch(name):
                raise UsageError(
                    f"a bundle cannot be served as {name!r}; use letters, digits and - between "
                    f"them, at most {_LONGEST_NAME} characters"
                )
        if not _ROOT_PATH.fullmatch(settings.root_path):
            raise UsageError(
                f"the root path {settings.root_path!r} is none; write it as in /reviews, "
                "without a / at its end"
            )
        self.endpoints = {
            name: one if isinstance(one, Endpoint) else Endpoint([Variant(ALL_TRAFFIC, one)])
            for name, one in bundles.items()
        }
        self.bundles = {name: one.variants[0].bundle for name, one in self.endpoints.items()}
        self.traffic = Traffic(traffic, self.endpoints)
        self.settings = settings
        self.threads = min(MOST_THREADS, os.cpu_count() or 1)
        self._limiter = CapacityLimiter(self.threads)
        self._large_limiter = CapacityLimiter(max(1, self.threads - 1))
        self._shadows = CapacityLimiter(1)
        self._shadowed: set[asyncio.Task[None]] = set()
        self._not_shadowed = 0
        self._held = 0
        self._large_held = 0
        self.metrics = Metrics()
        self.metrics.gauge("requests_working", "Requests at work.", lambda: self._working)
        self.metrics.gauge("requests_queued", "Requests that wait for others to be worked on.",
                           lambda: self._held - self._working)  # fmt: skip
        for name, meaning, value in (
            ("requests_captured", "Requests logged.", lambda: self.traffic.captured),
            ("requests_not_captured", "Requests whose log could not be written.",
             lambda: self.traffic.not_captured),
            ("requests_not_shadowed", "Requests that a shadow had no time for.",
             lambda: self._not_shadowed),
        ):  # fmt: skip
            self.metrics.gauge(name, meaning, value)

    @property
    def _working(self) -> int:
        return self._limiter.borrowed_tokens

    @property
    def first(self) -> str:
        """The name of the bundle that answers requests that name none."""
        return next(iter(self.bundles))

    def endpoint(self, name: str) -> Endpoint:
        """Return what is served under a name.

        Raises:
            UnknownEndpoint: there is none of that name.
        """
        if name not in self.endpoints:
            raise UnknownEndpoint(
                f"there is no endpoint of that name; there are: {', '.join(self.bundles)}"
            )
        return self.endpoints[name]

    @asynccontextmanager
    async def hold(self, large: bool = False) -> AsyncIterator[None]:
        """Hold one request, from when its body is there until its answer is.

        Args:
            large: whether it takes long; of those fewer are held, so that others find a place.

        Raises:
            Overloaded: the server holds as many as it can.
        """
        if self._held >= MOST_REQUESTS or (large and self._large_held >= MOST_LARGE):
            raise Overloaded("the server has too much to do; send the request again in a moment")
        self._held += 1
        self._large_held += large
        try:
            yield
        finally:
            self._held -= 1
            self._large_held -= large

    def shadow(self, work: Callable[[], object]) -> None:
        """Do work that nobody waits for, one at a time, beside what is answered.

        Where much of it waits, further work is not done and counted.

        Args:
            work: what is done; what it raises is lost.
        """
        if len(self._shadowed) >= MOST_SHADOWED:
            self._not_shadowed += 1
            return
        task = asyncio.get_running_loop().create_task(self._run_shadow(work))
        self._shadowed.add(task)
        task.add_done_callback(self._shadowed.discard)

    async def _run_shadow(self, work: Callable[[], object]) -> None:
        async with self._shadows:
            with contextlib.suppress(Exception):  # its log has said it
                await _in_thread(work)

    async def run(self, work: Callable[[], T], large: bool = False) -> T:
        """Return what the work returns; it runs in a thread, so that others are answered.

        The threads are daemons: work that never ends does not keep the process from ending.

        Args:
            work: what is done.
            large: whether it takes long; then it leaves one of the threads to others, where there
                are several.
        """
        async with self._large_limiter if large else contextlib.nullcontext(), self._limiter:
            return await _in_thread(work)


def is_large(body: bytes) -> bool:
    """Say whether a request takes long, from its bytes and what may be its reviews."""
    reviews = body.count(b"\n") + body.count(b",")
    return len(body) + WORK_OF_A_REVIEW * reviews > LARGE_WORK


async def _in_thread(work: Callable[[], T]) -> T:
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()
    threading.Thread(target=_work, args=(work, result, loop), daemon=True).start()
    return await result


def _work(
    work: Callable[[], T], result: "asyncio.Future[T]", loop: asyncio.AbstractEventLoop
) -> None:
    """Do the work and hand over what it returns or raises, if anyone still waits for it."""
    hand_over: Callable[[], None]
    try:
        hand_over = functools.partial(result.set_result, work())
    except Exception as error:  # the boundary of the thread: whoever waits raises it again
        hand_over = functools.partial(result.set_exception, error)
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(lambda: None if result.cancelled() else hand_over())

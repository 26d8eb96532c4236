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
from reviewdesk.settings import ServeSettings

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
        bundles: the bundles by the name that they are served under; the first answers requests
            that name none.
        settings: limits of a request.

    Raises:
        UsageError: there is no bundle, or a name or the root path cannot stand in an address.
    """

    def __init__(self, bundles: Mapping[str, Bundle], settings: ServeSettings) -> None:
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
        self.bundles = dict(bundles)
        self.settings = settings
        self.threads = min(MOST_THREADS, os.cpu_count() or 1)
        self._limiter = CapacityLimiter(self.threads)
        self._large_limiter = CapacityLimiter(max(1, self.threads - 1))
        self._held = 0
        self._large_held = 0
        self.metrics = Metrics()
        self.metrics.gauge("requests_working", "Requests at work.", lambda: self._working)
        self.metrics.gauge("requests_queued", "Requests that wait for others to be worked on.",
                           lambda: self._held - self._working)  # fmt: skip

    @property
    def _working(self) -> int:
        return self._limiter.borrowed_tokens

    @property
    def first(self) -> str:
        """The name of the bundle that answers requests that name none."""
        return next(iter(self.bundles))

    def bundle(self, name: str) -> Bundle:
        """Return the bundle that is served under a name.

        Raises:
            UnknownEndpoint: there is none of that name.
        """
        if name not in self.bundles:
            raise UnknownEndpoint(
                f"there is no endpoint of that name; there are: {', '.join(self.bundles)}"
            )
        return self.bundles[name]

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

    async def run(self, work: Callable[[], T], large: bool = False) -> T:
        """Return what the work returns; it runs in a thread, so that others are answered.

        The threads are daemons: work that never ends does not keep the process from ending.

        Args:
            work: what is done.
            large: whether it takes long; then it leaves one of the threads to others, where there
                are several.
        """
        async with self._large_limiter if large else contextlib.nullcontext(), self._limiter:
            loop = asyncio.get_running_loop()
            result: asyncio.Future[T] = loop.create_future()
            threading.Thread(target=_work, args=(work, result, loop), daemon=True).start()
            return await result


def is_large(body: bytes) -> bool:
    """Say whether a request takes long, from its bytes and what may be its reviews."""
    reviews = body.count(b"\n") + body.count(b",")
    return len(body) + WORK_OF_A_REVIEW * reviews > LARGE_WORK


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

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
from reviewdesk.serving.batching import AT_ONCE_WORK, LARGE_WORK, Asked, Batches, Scoring
from reviewdesk.serving.metrics import Metrics
from reviewdesk.serving.traffic import MOST_SHADOWED, MOST_SHADOWED_WORK, Scored, Traffic
from reviewdesk.serving.variants import ALL_TRAFFIC, ServedEndpoint, Variant
from reviewdesk.settings import EACH_REQUEST_ANEW, ServeSettings, TrafficSettings

T = TypeVar("T")

MOST_THREADS: Final = 8
MOST_REQUESTS: Final = 64
"""Requests held at a time, working or waiting."""

GATHER_SECONDS: Final = 0.25
"""Requests wait so long for others before a shadow scores them together: nobody waits for it, and
the fewer moments it works in, the fewer answers come late."""

MOST_LARGE: Final = 16
"""Large requests among them."""

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
        bundles: Mapping[str, Bundle | ServedEndpoint],
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
        self.endpoints = _endpoints(bundles)
        self.bundles = {name: one.variants[0].bundle for name, one in self.endpoints.items()}
        self.traffic = Traffic(traffic, self.endpoints)
        self.settings = settings
        self.threads = min(MOST_THREADS, os.cpu_count() or 1)
        self._limiter = CapacityLimiter(self.threads)
        self._large_limiter = CapacityLimiter(max(1, self.threads - 1))
        self._shadow_limiter = CapacityLimiter(1)
        self._not_shadowed = 0
        self.scoring = Scoring(self.traffic, settings)
        self._batches: dict[tuple[Bundle, bool], Batches] = {}
        self._shadowed: dict[Bundle, Batches] = {}
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

    def exchange(self, bundles: Mapping[str, Bundle | ServedEndpoint]) -> None:
        """Serve other bundles under the same names from now on.

        Requests that are at work are finished by those before.

        Raises:
            UsageError: a name is new or gone, or another target would be predicted under it.
        """
        newer = _endpoints(bundles)
        targets = {name: one.variants[0].bundle.target for name, one in newer.items()}
        if targets != {name: bundle.target for name, bundle in self.bundles.items()}:
            raise UsageError(
                "the bundles predict something else than those that are served; start the server "
                "anew"
            )
        self.endpoints.update(newer)
        self.bundles.update({name: one.variants[0].bundle for name, one in newer.items()})
        self._batches.clear()
        self._shadowed.clear()
        self.traffic.weigh_anew()

    def endpoint(self, name: str) -> ServedEndpoint:
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

    def answers_at_once(self, bundle: Bundle, work: int) -> bool:
        """Say whether a request is answered faster than a thread could be given it.

        Where requests are logged, somebody who erases from the log may hold it for a while.
        """
        return bundle.classifier.quick and work <= AT_ONCE_WORK and not self.traffic.captures

    async def answer(self, asked: Asked) -> Scored:
        """Return the answer to a request; what waits at the same time is scored with it.

        Raises:
            Overloaded: the server holds as many requests as it can.
        """
        bundle = asked.variant.bundle
        at_once = self.answers_at_once(bundle, asked.work)
        if asked.work > LARGE_WORK:
            async with self.hold(large=True):
                work = functools.partial(self.scoring.answer, [asked])
                (outcome,) = await self.run(work, large=True)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
        batches = self._batches.get((bundle, at_once))
        if batches is None:
            batches = self._batches[bundle, at_once] = Batches(self.scoring, at_once, self.run)
        if at_once:  # it takes no place: it is answered in this turn
            return await batches.answer(asked)
        async with self.hold():
            return await batches.answer(asked)

    def shadow(self, asked: Asked) -> None:
        """Let a shadow score a request, beside what is answered; its log says how it went.

        Where many wait, further ones are not scored and counted.
        """
        waiting = self._shadowed.values()
        if (
            sum(map(len, waiting)) >= MOST_SHADOWED
            or sum(one.work for one in waiting) >= MOST_SHADOWED_WORK
        ):
            self._not_shadowed += 1
            return
        bundle = asked.variant.bundle
        batches = self._shadowed.get(bundle)
        if batches is None:
            batches = self._shadowed[bundle] = Batches(
                self.scoring, False, self._run_shadow, GATHER_SECONDS
            )
        batches.add(asked)

    def finish_shadows(self) -> None:
        """Score what waits for shadows, when no request comes any more."""
        for batches in self._shadowed.values():
            batches.finish()

    async def _run_shadow(self, work: Callable[[], T]) -> T:
        async with self._shadow_limiter:
            return await _in_thread(work)

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


def _endpoints(bundles: Mapping[str, Bundle | ServedEndpoint]) -> dict[str, ServedEndpoint]:
    return {
        name: one
        if isinstance(one, ServedEndpoint)
        else ServedEndpoint([Variant(ALL_TRAFFIC, one)])
        for name, one in bundles.items()
    }


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

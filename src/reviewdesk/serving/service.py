"""The served bundles and the few threads that they work in."""

import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread

from reviewdesk.bundle import Bundle
from reviewdesk.errors import Overloaded, UnknownEndpoint, UsageError
from reviewdesk.settings import ServeSettings

T = TypeVar("T")

MOST_THREADS: Final = 8
MOST_REQUESTS: Final = 64
"""Requests held at a time, working or waiting: it bounds the memory that bodies take."""

_ENDPOINT_NAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")  # as SageMaker has it
_LONGEST_NAME: Final = 63


class Service:
    """What requests are answered with.

    Args:
        bundles: the bundles by the name that they are served under; the first answers requests
            that name none.
        settings: limits of a request.

    Raises:
        UsageError: there is no bundle, or a name cannot stand in an address.
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
        self.bundles = dict(bundles)
        self.settings = settings
        self.threads = min(MOST_THREADS, os.cpu_count() or 1)
        self._limiter = CapacityLimiter(self.threads)
        self._held = 0

    def bundle(self, name: str | None = None) -> Bundle:
        """Return the bundle that is served under a name; without a name, the first.

        Raises:
            UnknownEndpoint: there is none of that name.
        """
        if name is None:
            return next(iter(self.bundles.values()))
        if name not in self.bundles:
            raise UnknownEndpoint(
                f"there is no endpoint of that name; there are: {', '.join(self.bundles)}"
            )
        return self.bundles[name]

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Hold one request, from before its body is read until it is answered.

        Raises:
            Overloaded: the server holds as many as it can.
        """
        if self._held >= MOST_REQUESTS:
            raise Overloaded("the server has too much to do; send the request again in a moment")
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns; it runs in a thread, so that others are answered."""
        return await to_thread.run_sync(work, limiter=self._limiter)

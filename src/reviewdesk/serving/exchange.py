"""Bundles exchanged while they are served: on SIGHUP, without a lost request."""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Final

from reviewdesk.bundle import Bundle
from reviewdesk.errors import ReviewdeskError
from reviewdesk.serving.service import Service
from reviewdesk.serving.variants import ServedEndpoint

Load = Callable[[], Mapping[str, Bundle | ServedEndpoint]]

logger: Final = logging.getLogger(__name__)


class Exchange:
    """Loads bundles anew beside those that are served, and puts them in their place.

    Where they cannot be loaded, those before go on.

    Args:
        service: what serves.
        load: loads what is to be served.
        warm: makes a loaded endpoint ready to answer.
    """

    def __init__(
        self, service: Service, load: Load, warm: Callable[[ServedEndpoint], None]
    ) -> None:
        self._service = service
        self._load = load
        self._warm = warm
        self._one_at_a_time = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """Work from now on; called in the event loop."""
        self._loop = asyncio.get_running_loop()

    @contextlib.contextmanager
    def on_hangup(self) -> Iterator[None]:
        """Exchange the bundles at each SIGHUP."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals belong to the main thread
            return

        def exchange(number: int, frame: FrameType | None) -> None:
            threading.Thread(target=self._exchange, daemon=True).start()

        before = signal.signal(signal.SIGHUP, exchange)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, before)

    def _exchange(self) -> None:
        with self._one_at_a_time:
            try:
                loaded = self._load()
                for one in loaded.values():
                    if isinstance(one, ServedEndpoint):
                        self._warm(one)
            except ReviewdeskError as error:
                logger.error("the bundles before go on: %s", error)
                return
            done = threading.Event()
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._put, loaded, done)
                done.wait()

    def _put(self, loaded: Mapping[str, Bundle | ServedEndpoint], done: threading.Event) -> None:
        try:
            self._service.exchange(loaded)
            logger.warning("other bundles are served from now on")
        except ReviewdeskError as error:
            logger.error("the bundles before go on: %s", error)
        finally:
            done.set()

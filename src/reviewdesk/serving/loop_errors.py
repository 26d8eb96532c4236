"""What goes wrong in the event loop: said once a minute, however often it happens."""

import asyncio
import errno
import logging
import traceback
from collections import defaultdict
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

EVERY_SECONDS: Final = 60.0

logger: Final = logging.getLogger(__name__)


class LoopErrors:
    """Logs errors that no request is answered with, such as a lack of file descriptors.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._logged: dict[str, float] = {}
        self._unlogged: defaultdict[str, int] = defaultdict(int)

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log an error of the loop, if none of its kind was logged within a minute."""
        error = context.get("exception")
        if isinstance(error, ConnectionError) or getattr(error, "errno", 0) == errno.ENOTCONN:
            return  # a client that has gone
        what = _described(error)
        if self._clock() - self._logged.get(what, float("-inf")) < EVERY_SECONDS:
            self._unlogged[what] += 1
            return
        self._logged[what] = self._clock()
        times = self._unlogged.pop(what, 0)
        logger.error(
            "%s%s", what, f"; {times:,} times more since it was last said" if times else ""
        )


def _described(error: BaseException | None) -> str:
    """Return what happened and where; never what an error says, which may quote a request."""
    if isinstance(error, OSError):
        return f"a connection cannot be taken or kept: {error.strerror or type(error).__name__}"
    if error is None:
        return "an error of the event loop"
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{at}"

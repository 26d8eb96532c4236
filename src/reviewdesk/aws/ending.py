"""Being asked to end: SIGTERM, and SIGKILL two minutes later, as SageMaker stops its jobs."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

STOP_SECONDS: Final = 110.0
"""After SIGTERM a job ends by itself at the latest; ten seconds later it is killed."""


class Ending:
    """Whether a process was asked to end.

    The system's signal handler writes into a pipe that a thread reads, so that it is noticed also
    while the main thread computes and runs no line of Python.

    Args:
        give_up: called when the time is over; it ends the process.
        seconds: how long that may take after SIGTERM.
    """

    def __init__(self, give_up: Callable[[], None], seconds: float = STOP_SECONDS) -> None:
        self._asked, self._over = threading.Event(), threading.Event()
        self._give_up, self._seconds = give_up, seconds

    def asked(self) -> bool:
        """Say whether SIGTERM has come."""
        return self._asked.is_set()

    @contextmanager
    def watched(self) -> Iterator["Ending"]:
        """Watch for SIGTERM while the block runs, in the main thread."""
        out, into = os.pipe()
        os.set_blocking(into, False)
        handler = signal.signal(signal.SIGTERM, lambda *_: None)
        woken = signal.set_wakeup_fd(into, warn_on_full_buffer=False)
        watcher = threading.Thread(target=self._watch, args=(out,), daemon=True)
        watcher.start()
        try:
            yield self
        finally:
            signal.set_wakeup_fd(woken)
            signal.signal(signal.SIGTERM, handler)
            self._over.set()
            os.close(into)
            watcher.join()
            os.close(out)

    def _watch(self, pipe: int) -> None:
        while numbers := os.read(pipe, 64):
            if signal.SIGTERM in numbers:
                self._asked.set()
                if not self._over.wait(self._seconds):
                    self._give_up()
                return

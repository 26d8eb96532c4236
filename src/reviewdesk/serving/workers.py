"""Several processes that serve on one port: started, watched, and ended together.

All listen on one socket, which the first process opened; the system gives each connection to one of
them. They are processes of their own and no forks, so that no library loses its threads; what they
share are weights, mapped from one file, and counts.
"""

import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final

from reviewdesk.errors import UsageError
from reviewdesk.serving.body import LINGER_SECONDS
from reviewdesk.serving.server import listen
from reviewdesk.settings import ServeSettings

READY: Final = b"R"
MOST_STARTS: Final = 5
"""Starts in a row of workers that end before they answer; then all end."""

LOOK_SECONDS: Final = 0.2
SPARE_SECONDS: Final = 5.0

logger: Final = logging.getLogger(__name__)


def serve_by_workers(
    module: str,
    request: dict[str, Any],
    number: int,
    settings: ServeSettings,
    on_ready: Callable[[int], None],
) -> int:
    """Serve by several processes until SIGTERM or SIGINT; return the exit status.

    SIGHUP goes to all of them. One that ends by itself is started again.

    Args:
        module: what each runs, with a JSON object as its argument: that of ``request``, and
            ``listener`` and ``ready``, descriptors of the socket and of a pipe that it writes
            ``READY`` to when it answers, and ``folder``, which all share.
        request: JSON values.
        number: how many processes.
        settings: where to listen.
        on_ready: called once with the port, as soon as all answer.

    Raises:
        UsageError: the address cannot be listened on, or a worker cannot start.
    """
    with (
        listen(settings) as listener,
        tempfile.TemporaryDirectory(prefix="reviewdesk-") as folder,
    ):
        command = [sys.executable, "-P", "-m", module]
        workers = _Workers(
            command,
            {**request, "listener": listener.fileno(), "folder": folder},
            number,
            settings.grace_seconds,
        )
        with workers.told_by_signals():
            for _ in range(number):  # the first compiles and copies for the others
                if not workers.ending and not workers.start():
                    workers.end()
                    raise UsageError("the server did not start; what is wrong is said above")
            if not workers.ending:
                on_ready(listener.getsockname()[1])
            return workers.watch()


class _Workers:
    def __init__(
        self, command: list[str], request: dict[str, Any], number: int, grace_seconds: float
    ) -> None:
        self._command = command
        self._request = request
        self._number = number
        self._grace_seconds = grace_seconds
        self._processes: list[subprocess.Popen[bytes]] = []
        self.ending = False

    def start(self) -> bool:
        """Start one more and say whether it answers."""
        reader, writer = os.pipe()
        try:
            request = json.dumps({**self._request, "ready": writer})
            process = subprocess.Popen(  # noqa: S603  (our own module)
                [*self._command, request],
                pass_fds=(self._request["listener"], writer),
                stdin=subprocess.DEVNULL,
            )
            os.close(writer)
            self._processes.append(process)
            answers = self._answers(process, reader)
            if not answers:
                self._processes.remove(process)
            return answers
        finally:
            os.close(reader)

    def _answers(self, process: "subprocess.Popen[bytes]", reader: int) -> bool:
        """Wait until a process answers or ends."""
        while process.poll() is None:
            if select.select([reader], [], [], LOOK_SECONDS)[0]:
                return os.read(reader, 1) == READY
            if self.ending:
                process.terminate()
        return False

    def watch(self) -> int:
        """Start workers again that end, until all are to end; return the exit status."""
        failed = 0
        while not self.ending:
            time.sleep(LOOK_SECONDS)
            for process in [one for one in self._processes if one.poll() is not None]:
                self._processes.remove(process)
                logger.warning("a worker ended with %s; another is started", process.returncode)
                failed = 0 if self.start() else failed + 1
            missing = self._number - len(self._processes)
            for _ in range(missing if failed else 0):
                if failed >= MOST_STARTS:
                    logger.error("workers do not start any more; the server ends")
                    self.end()
                    return 1
                failed = 0 if self.start() else failed + 1
        return self.end()

    def end(self) -> int:
        """Let all finish what they have and end; return the worst of their exit statuses."""
        self.ending = True
        for process in self._processes:
            process.terminate()
        until = time.monotonic() + self._grace_seconds + LINGER_SECONDS + SPARE_SECONDS
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(until - time.monotonic(), 0.1))
            process.kill()
            process.wait()
        return max((abs(process.returncode) for process in self._processes), default=0)

    @contextlib.contextmanager
    def told_by_signals(self) -> Iterator[None]:
        """Pass SIGHUP on, and end at SIGTERM and SIGINT."""

        def end(number: int, frame: FrameType | None) -> None:
            self.ending = True

        def pass_on(number: int, frame: FrameType | None) -> None:
            for process in self._processes:
                if process.poll() is None:
                    process.send_signal(signal.SIGHUP)

        handlers = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: pass_on}
        before = {one: signal.signal(one, handler) for one, handler in handlers.items()}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def tell_ready(descriptor: int) -> None:
    """Tell the process that started this one that it answers."""
    os.write(descriptor, READY)
    os.close(descriptor)

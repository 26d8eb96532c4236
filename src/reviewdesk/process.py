"""Processes of our own that do part of the work, and end when they take too much or are alone."""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from reviewdesk.errors import UsageError

LOOK_SECONDS: Final = 1.0
WATCH_SECONDS: Final = 0.05
GRACE_SECONDS: Final = 1.0
"""After its time a request that did not end by itself is ended with its process."""
SPARE_BYTES: Final = 128 << 20
"""What a process may take beside the memory that it was given."""
READY: Final = b"R"
HEAD_BYTES: Final = 9

Answer = tuple[bytes, bytes]
"""One byte that says what it is, and its content."""


def end_with_parent() -> None:
    """End this process when the one that started it is gone, as after a kill."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def answer_requests(run: Callable[[Any], Answer]) -> None:
    """Answer the requests of a ``WatchedProcess``, in that process, until there are no more.

    Args:
        run: gives the answer to one request.
    """
    end_with_parent()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else prints stays out of answers
    kind, content = READY, b""
    while True:
        answers.write(kind + len(content).to_bytes(HEAD_BYTES - 1, "big"))
        answers.write(content)
        answers.flush()
        line = sys.stdin.buffer.readline()
        if not line:
            return
        kind, content = run(json.loads(line))


class WatchedProcess:
    """A process that answers one request at a time, within limits of time and memory.

    Args:
        module: what it runs: it calls ``answer_requests``.
        words: the module's arguments.
        memory: bytes that it may take for a request.
        advice: how a request is made smaller, as in ``"bound it"``.

    Raises:
        ChildProcessError: it ended before it was ready.
    """

    def __init__(self, module: str, words: list[str], *, memory: int, advice: str) -> None:
        self.memory, self.advice = memory, advice
        self._command = [sys.executable, "-P", "-m", module, *words]
        self._lock = threading.Lock()
        self._start()

    def answer(self, request: Any, timeout: float) -> Answer:
        """Return the answer to a request; a process that was ended is started again.

        Args:
            request: a JSON value.
            timeout: most seconds that it may take.

        Raises:
            UsageError: it took too much.
        """
        with self._lock:
            if self._process.poll() is not None:
                self._start_again()
            try:
                stdin: IO[bytes] = self._process.stdin  # type: ignore[assignment]
                stdin.write(json.dumps(request).encode() + b"\n")
                stdin.flush()
                kind, content = self._read(timeout)
                if not kind:  # it ended by itself, or the system ended it
                    raise self.too_large()
            except BaseException:
                _end(self._process)
                raise
        return kind, content

    def end(self) -> None:
        """End the process."""
        _end(self._process)

    def too_long(self, timeout: float) -> UsageError:
        """Return the error of a request that took too long."""
        return UsageError(
            f"the query ran for more than {timeout:g} seconds and was stopped; {self.advice}, or "
            "allow more with --timeout"
        )

    def too_large(self) -> UsageError:
        """Return the error of a request that needed too much memory."""
        return UsageError(
            f"the query needs more than {self.memory >> 20:,} MiB; {self.advice}, or allow more "
            "with --memory-mb"
        )

    def _start_again(self) -> None:
        """Start a process in place of one that was ended.

        Raises:
            UsageError: it ended before it was ready.
        """
        try:
            self._start()
        except ChildProcessError as error:
            raise UsageError(
                "the process that answers could not be started again; what it works on may have "
                "been moved or changed: give the command again"
            ) from error

    def _start(self) -> None:
        self._idle = sys.maxsize  # no bound until it is ready
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        weakref.finalize(self, _end, self._process)
        kind, _ = self._read(float("inf"))
        if kind != READY:
            _end(self._process)
            raise ChildProcessError
        self._idle = self._resident_bytes()

    def _read(self, timeout: float) -> Answer:
        """Read one answer; its kind is empty where the process ended."""
        end = time.monotonic() + timeout + GRACE_SECONDS
        stdout: IO[bytes] = self._process.stdout  # type: ignore[assignment]
        answer, wanted = bytearray(), HEAD_BYTES
        while len(answer) < wanted:
            if select.select([stdout], [], [], WATCH_SECONDS)[0]:
                part = os.read(stdout.fileno(), 1 << 20)
                if not part:
                    return b"", b""
                answer += part
                if len(answer) >= HEAD_BYTES:
                    wanted = HEAD_BYTES + int.from_bytes(answer[1:HEAD_BYTES], "big")
            elif time.monotonic() > end:
                raise self.too_long(timeout)
            elif self._resident_bytes() - self._idle > self.memory + SPARE_BYTES:
                raise self.too_large()
        return bytes(answer[:1]), bytes(answer[HEAD_BYTES:])

    def _resident_bytes(self) -> int:
        """Return how much memory the process takes; 0 where the system does not tell."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and free what is held of it."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

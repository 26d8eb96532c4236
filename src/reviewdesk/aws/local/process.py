"""A container's process: started with what the platform sets, listened to, and ended by signals."""

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from reviewdesk.aws.container import BASE_VARIABLE
from reviewdesk.errors import UsageError

PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
"""What a process needs of this machine; an image has its own."""

CREDENTIALS: Final = "AWS_"
JOB_ACCOUNT: Final = "arn:aws:sagemaker:us-east-1:000000000000"
REGION: Final = "us-east-1"


class ContainerProcess:
    """A command that runs as a container's.

    Args:
        command: the command and its words.
        base: what stands for ``/opt/ml``.
        environment: what the platform sets beside that.
        hear: takes each line that it prints, without its end.

    Raises:
        UsageError: there is no such command.
    """

    def __init__(
        self,
        command: Sequence[str],
        base: Path,
        environment: Mapping[str, str],
        hear: Callable[[str], None],
    ) -> None:
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        kept |= {name: value for name, value in os.environ.items() if name.startswith(CREDENTIALS)}
        try:
            self._process = subprocess.Popen(  # noqa: S603  (the user's own command)
                list(command),
                env={**kept, BASE_VARIABLE: str(base), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(f"{command[0]} cannot be started: {error.strerror}") from error
        self._hear = hear
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs, negative where a signal ended it."""
        return self._process.poll()

    def wait(self, seconds: float | None) -> int | None:
        """Return the exit code; None when it still runs after so many seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds: float) -> int | None:
        """Send SIGTERM and return the exit code; None when it still ran then and was killed."""
        if self.code is None:
            self._process.terminate()
        code = self.wait(seconds)
        self.end()
        return code

    def left_running(self) -> int:
        """Return how many processes of its session go on without it."""
        return sum(_session(one) == self.pid for one in _processes() if one != self.pid)

    def end(self) -> None:
        """Kill whatever is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._listener.join(5.0)
        if self._process.stdout is not None and not self._listener.is_alive():
            self._process.stdout.close()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101  (it was asked for)
        for line in stream:
            self._hear(line.decode(errors="replace").rstrip("\n"))


def readers(pipe: Path) -> set[int]:
    """Return the processes that have a pipe open, but for this one."""
    numbers = set()
    for number in _processes():
        try:
            opened = [one.readlink() for one in Path(f"/proc/{number}/fd").iterdir()]
        except OSError:
            continue  # it has ended, or is another user's
        if pipe in opened:
            numbers.add(number)
    return numbers - {os.getpid()}


def _processes() -> list[int]:
    try:
        return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal()]
    except OSError:
        return []


def _session(process: int) -> int:
    """Return the session of a process that is not yet over; 0 where there is none."""
    try:
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if words[0] == "Z" else int(words[3])


def measured(pattern: "re.Pattern[str]", line: str) -> float | None:
    """Return the number that a metric definition's expression finds in a line."""
    found = pattern.search(line)
    if found is None or not found.groups():
        return None
    try:
        return float(found[1])
    except (TypeError, ValueError):
        return None

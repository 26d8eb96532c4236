"""New files in a folder: taken into the job by a process of its own, while the desk goes on."""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from reviewdesk.errors import InputError, ReviewdeskError, StorageError, UsageError
from reviewdesk.storage import read_json

EVERY_SECONDS: Final = 10.0
SUMMARY: Final = "job.json"
REFUSED: Final = (UsageError.exit_code, InputError.exit_code)
"""Exit codes after which the same files are not tried again."""
KILLED: Final = "killed"
"""In place of what a process said that has ended before it said anything."""
PARTIAL: Final = (".partial", ".tmp", ".part", ".crdownload")


class FolderWatch:
    """Looks into a folder, and takes what is new there into a job.

    A file is taken once it has not changed from one look to the next. One that cannot be used is
    not tried again before it changes; where taking it in was killed, or had no place to write to,
    it is tried again at the next look, and goes on where it was.

    Args:
        folder: where new files come.
        job: the folder of the job.
        findings: the folder of its findings; None without.
        on_done: called when a job has changed, also by somebody else.
        every: seconds between two looks.
    """

    def __init__(
        self,
        folder: Path,
        job: Path,
        findings: Path | None,
        on_done: Callable[[], None],
        every: float = EVERY_SECONDS,
    ) -> None:
        if not folder.is_dir():
            raise StorageError(f"{folder} is no folder; make it, and put new files there")
        self._folder = folder
        self._job = job
        self._findings = findings
        self._on_done = on_done
        self._every = every
        self._seen: dict[Path, tuple[int, int]] = {}
        self._refused: dict[Path, tuple[int, int]] = {}
        self._now = threading.Event()
        self._job_state = _state(job / SUMMARY)
        self.working = False
        self.last = ""
        """What the last taking-in said; empty before the first."""

    def start(self) -> None:
        """Look from now on, in a thread that ends with the process."""
        threading.Thread(target=self._run, daemon=True).start()

    def look_now(self) -> None:
        """Look at once."""
        self._now.set()

    def waiting(self) -> list[Path]:
        """Return the files that are not in the job yet, in the order of their names."""
        known = set(_inputs(self._job))
        return [
            path
            for path in sorted(self._folder.iterdir())
            if path.is_file()
            and not path.name.startswith(".")
            and path.suffix not in PARTIAL
            and str(path.absolute()) not in known
        ]

    def _run(self) -> None:
        while True:
            try:
                self._look()
            except (ReviewdeskError, OSError) as error:  # as of a folder that went
                self.last = str(error)
            self._now.wait(self._every)
            self._now.clear()

    def _look(self) -> None:
        state = _state(self._job / SUMMARY)
        if state != self._job_state:  # as by an update that went on after its desk was killed
            self._job_state = state
            self._on_done()
        states = {path: _state(path) for path in self.waiting()}
        settled = [
            path
            for path, state in states.items()
            if state is not None
            and self._seen.get(path) == state
            and self._refused.get(path) != state
        ]
        self._seen = {path: state for path, state in states.items() if state is not None}
        if settled:
            self._take(settled)

    def _take(self, files: Sequence[Path]) -> None:
        words = [sys.executable, "-m", "reviewdesk", "update", str(self._job)]
        words += [str(path.absolute()) for path in files]
        words += [] if self._findings is None else ["--findings", str(self._findings)]
        self.working = True
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
            lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
            self.last = "\n".join(lines if done.returncode == 0 else lines[-1:]) or KILLED
            if done.returncode in REFUSED:
                self._refused |= {path: self._seen[path] for path in files}
            elif not done.returncode:
                self._job_state = _state(self._job / SUMMARY)
                self._on_done()
        finally:
            self.working = False


def _inputs(job: Path) -> list[str]:
    record = read_json(job / SUMMARY)
    return [str(Path(place).absolute()) for place in record["inputs"]]


def _state(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:  # it went again
        return None
    return state.st_size, state.st_mtime_ns

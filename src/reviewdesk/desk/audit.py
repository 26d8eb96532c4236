"""The audit log: who logged in, took data along, decided about many things at once."""

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reviewdesk.storage import PRIVATE_FILE, storage_errors

FILE: Final = "audit.jsonl"
MOST_SHOWN: Final = 200
_TAIL_BYTES: Final = 131_072


class AuditLog:
    """A file that only grows; a line an event, on the disk before the answer.

    Args:
        folder: the desk's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()

    def note(self, who: str, what: str, **details: str | int) -> None:
        """Write down what somebody did; never a text of a review.

        Args:
            who: the name of the account, or what stands for it.
            what: a short machine-readable name, as in ``login``.
            details: plain facts, as in how many rows were exported.
        """
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "who": who[:100], "what": what, **details}) + "\n"
        with self._lock, storage_errors(str(self._path)):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            descriptor = os.open(self._path, flags, PRIVATE_FILE)
            try:
                os.write(descriptor, line.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def latest(self) -> list[dict[str, str | int]]:
        """Return the last events, the last first; half a line that a crash left is passed over."""
        if not self._path.exists():
            return []
        with storage_errors(str(self._path)), self._path.open("rb") as file:
            file.seek(max(0, self._path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
        events = []
        for line in reversed(lines):
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(event, dict):
                events.append(event)
        return events[:MOST_SHOWN]

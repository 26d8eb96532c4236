"""What every run leaves behind: settings, fingerprints, versions, row counts, timings."""

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from reviewdesk import __version__
from reviewdesk.storage import write_record

RECORDED_PACKAGES: Final = ("numpy", "pyarrow", "duckdb", "numba", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of Python, reviewdesk and the packages that results depend on."""
    found = {name: version(name) for name in RECORDED_PACKAGES}
    return {"reviewdesk": __version__, "python": platform.python_version(), **found}


@dataclass
class RunLog:
    """One run's log value.

    Args:
        step: the command or function that ran, as in ``"prepare"``.
        settings: its settings as JSON values.
    """

    step: str
    settings: dict[str, Any]
    fingerprints: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    started: str = field(default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the wall-clock time of the block to a part's seconds."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - begin

    def to_json(self) -> dict[str, Any]:
        """Return the log as plain JSON values."""
        return {
            "step": self.step,
            "started": self.started,
            "settings": self.settings,
            "fingerprints": self.fingerprints,
            "rows": self.rows,
            "seconds": {part: round(value, 3) for part, value in self.seconds.items()},
            "versions": versions(),
        }

    def write(self, path: Path) -> None:
        """Write the log with a digest, whole or not at all.

        Raises:
            StorageError: it cannot be written.
        """
        write_record(path, self.to_json())

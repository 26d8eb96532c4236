"""What a process may take, and how much lies in a folder while it works."""

import os
import resource
import threading
from pathlib import Path


def limit_memory(mib: int) -> None:
    """Let this process allocate so many MiB beyond what it holds now (RLIMIT_DATA)."""
    limit = _data_bytes() + (mib << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _data_bytes() -> int:
    """Return what the limit counts so far: Python, Arrow and numba themselves."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmData:")[2].split()[0]) << 10


class Watch(threading.Thread):
    """Looks how much is in a folder, again and again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.largest, self.done = folder, 0, threading.Event()
        self.start()

    def run(self) -> None:
        """Look until it is done."""
        while not self.done.wait(0.5):
            found = 0
            for root, _, files in os.walk(self.folder):
                for name in files:
                    try:
                        found += (Path(root) / name).stat().st_size
                    except FileNotFoundError:
                        continue
            self.largest = max(self.largest, found)

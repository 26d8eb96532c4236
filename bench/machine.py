"""What a figure was measured on, and how much a child process used."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

REVIEWDESK: Final = (sys.executable, "-m", "reviewdesk")


class Usage(NamedTuple):
    """What one command took: wall and CPU seconds, peak memory in MiB, and what it printed."""

    wall: float
    cpu: float
    peak_mib: float
    output: str


def machine() -> str:
    """Return one line about this machine: processor, cores, memory, Python."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def data_folder() -> Path:
    """Return the folder of real review files, or stop with the reason why there is none."""
    folder = os.environ.get("REVIEWDESK_DATA")
    if not folder:
        sys.exit("set REVIEWDESK_DATA to the folder with the real review files")
    return Path(folder)


def measured(command: Sequence[str], accept: Sequence[int] = (0,)) -> Usage:
    """Run a command in a process of its own and return what that process took."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if child.returncode not in accept:
            sys.exit(f"{' '.join(command)} failed: {errors.read()[-2000:].decode()}")
        output = out.read().decode()
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)

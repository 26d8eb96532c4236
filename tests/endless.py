"""A process that replaces a directory again and again, each time in a fork that is killed.

Usage: ``python -m tests.endless FOLDER HOW``. A line on standard input is the number of seconds
after which the fork gets SIGKILL; the answer is ``killed``.
"""

import os
import shutil
import signal
import sys
import time
from itertools import count
from pathlib import Path
from typing import Final

from reviewdesk import exchange

FILES: Final = 12


def main() -> None:
    folder, how = Path(sys.argv[1]), sys.argv[2]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            endless(folder, how)
        time.sleep(float(line))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sys.stdout.write("killed\n")
        sys.stdout.flush()


def endless(folder: Path, how: str) -> None:
    """Put one directory after the other in the same place; of each all files say its number."""
    if how == "steps":
        exchange.exchange = lambda *_: False
    for number in count():
        aside = folder / "aside"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        for name in range(FILES):
            (aside / str(name)).write_text(f"{os.getpid()} {number}")
        exchange.replace_directory(aside, folder / "final")


if __name__ == "__main__":
    main()

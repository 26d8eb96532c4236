"""A process that prepares the same inputs again and again, each time in a fork that can be killed.

Importing and compiling takes longer than a small preparation, so it is done once, here; every
preparation is a real process of its own all the same, and dies of a real signal.

Usage: ``python -m tests.prepare.preparing OUT OVERWRITE LAYOUT FORMAT INPUT...``. On standard
input, a line ``SIGNAL SECONDS`` starts a preparation and sends it a signal after so many seconds;
``step N`` starts one and kills it just before it renames, makes or removes its N-th file or folder.
The answer is the status it ended with.
"""

import os
import signal
import sys
import time
from pathlib import Path

from reviewdesk.prepare.identity import keys
from reviewdesk.settings import CleanSettings, PrepareSettings
from reviewdesk.text.clean import clean_batch
from tests.killing import Step

from .corpus import opened, prepared


def main() -> None:
    out, overwrite, layout, file_format, *names = sys.argv[1:]
    settings = PrepareSettings(partition_by=layout, format=file_format)
    paths = [Path(name) for name in names]
    for batch in opened(paths[0])[0].read():  # compile, or load what was compiled before
        keys(batch.reviews, clean_batch(batch.reviews, CleanSettings()), keep=False)
    say("ready")
    for line in sys.stdin:
        how, amount = line.split()
        child = os.fork()
        if child == 0:
            if how == "step":
                sys.addaudithook(Step(int(amount)))
            os._exit(prepare(Path(out), overwrite == "overwrite", settings, paths))
        say(str(end(child, how, float(amount))))


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def prepare(out: Path, overwrite: bool, settings: PrepareSettings, paths: list[Path]) -> int:
    try:
        prepared(out, *paths, settings=settings, overwrite=overwrite)
    except KeyboardInterrupt:
        return 130
    return 0


def end(child: int, how: str, amount: float) -> int:
    """Wait for the process, send the signal when it is due, and return the status."""
    due = time.monotonic() + amount
    sent = how == "step"
    while True:
        found, status = os.waitpid(child, 0 if sent else os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= due:
            os.kill(child, getattr(signal, how))
            sent = True
        time.sleep(0.001)


if __name__ == "__main__":
    main()

"""What a family is told of the run that it is fitted in, where learning takes long."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from reviewdesk.progress import SILENT, Progress


@dataclass(frozen=True)
class Epoch:
    """How far learning has come when it was measured.

    Args:
        number: how many epochs are over; a part of one counts as that part.
        accuracy: share of the texts held out whose label is right; None without such texts.
        improved: whether it is better than all before.
        rate: the rate of learning.
        loss: the mean loss since the last time.
    """

    number: float
    accuracy: float | None
    improved: bool
    rate: float
    loss: float


@dataclass(frozen=True)
class Run:
    """How learning runs; what is learnt does not depend on it, but for the time limit.

    Args:
        folder: where it keeps what a later run goes on from; None: nowhere.
        processes: how many processes learn together.
        time_limit: it ends after so many seconds with what it has learnt; None for never.
        stop: says whether somebody wants it to end now; it is saved, and ``Stopped`` is raised.
        keep_stopped: whether it ends with what it has learnt then, in place of raising.
        after_epoch: is told of each measurement while it learns.
        progress: shows how far it has come.
    """

    folder: Path | None = None
    processes: int = 1
    time_limit: float | None = None
    stop: Callable[[], bool] = lambda: False
    keep_stopped: bool = False
    after_epoch: Callable[[Epoch], None] = lambda epoch: None
    progress: Progress = SILENT


@contextmanager
def stopping(run: Run) -> Iterator[Run]:
    """Turn SIGTERM, as a service sends it before it kills, into a wish to stop.

    Only a program's main thread may do so; in others the signal does what it did.
    """
    if threading.current_thread() is not threading.main_thread():
        yield run
        return
    asked: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    try:
        yield replace(run, stop=lambda: bool(asked) or run.stop())
    finally:
        signal.signal(signal.SIGTERM, before)


@runtime_checkable
class Resumes(Protocol):
    """A classifier that goes on where an earlier run with the same folder was interrupted."""

    run: Run


@runtime_checkable
class Watched(Protocol):
    """A classifier that tells of each epoch, and ends after one when it is asked to."""

    watch: Run

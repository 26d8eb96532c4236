"""The one progress reporter: bars with rate and remaining time, silent when nobody watches."""

import contextlib
import math
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.progress import Task as RichTask
from rich.text import Text

T = TypeVar("T")

LINE_SECONDS: Final = 30.0
"""How often a line is written where there is no terminal."""
NOTEBOOK_SECONDS: Final = 0.2
"""How often a bar in a notebook is drawn anew."""


class Task(Protocol):
    """One bar, as the code that does the work sees it."""

    def advance(self, amount: float = 1) -> None:
        """Say that this much more is done."""

    def describe(self, title: str) -> None:
        """Say anew what is being done."""


class Progress:
    """Shows how far long work has come.

    Args:
        visible: whether to draw; by default in a terminal and in a notebook, and elsewhere a line
            is written now and then.
        every: seconds between two lines where there is no terminal.
    """

    def __init__(self, visible: bool | None = None, every: float = LINE_SECONDS) -> None:
        self._notebook = _notebook_display() if visible is None else None
        self.visible = sys.stderr.isatty() if visible is None else visible
        self._every = every if visible is None else math.inf

    @contextmanager
    def task(self, title: str, total: float | None = None, unit: str = "rows") -> Iterator[Task]:
        """Show one bar while the block runs.

        Args:
            title: what is being done, as in ``"Reading"``.
            total: how much there is to do, in ``unit``; None when it is not known.
            unit: what is counted, as in ``"reviews"`` or ``"bytes"``.
        """
        if self._notebook is not None:
            with _NotebookBar(self._notebook, title, total, unit) as bar:
                yield bar
            return
        if not self.visible:
            if math.isinf(self._every):
                yield _Silent()
                return
            with _Lines(title, total, unit, self._every) as lines:
                yield lines
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn() if unit == "bytes" else MofNCompleteColumn(),
            _RateColumn(unit),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with RichProgress(
            *columns, console=Console(stderr=True, force_terminal=True), transient=True
        ) as bars:
            yield _Bar(bars, bars.add_task(title, total=total))

    def track(self, items: Iterable[T], title: str, total: int | None, unit: str) -> Iterator[T]:
        """Yield the items and show one bar while they are worked on."""
        with self.task(title, total, unit) as task:
            for item in items:
                yield item
                task.advance()


SILENT = Progress(visible=False)

_listeners: list[Callable[[str], None]] = []
_told: set[str] = set()


def listen(listener: Callable[[str], None]) -> None:
    """Have sentences about unusual waiting shown; a library that nobody listens to says nothing."""
    _listeners[:] = [listener]


def tell(sentence: str) -> None:
    """Say once in this process why the user has to wait."""
    if sentence not in _told:
        _told.add(sentence)
        for listener in _listeners:
            listener(sentence)


class _Silent:
    def advance(self, amount: float = 1) -> None:
        pass

    def describe(self, title: str) -> None:
        pass


class _Bar:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def advance(self, amount: float = 1) -> None:
        self._bars.advance(self._task, amount)

    def describe(self, title: str) -> None:
        self._bars.update(self._task, description=title)


class _Lines:
    """A line on standard error every so many seconds, for logs and scheduled work."""

    def __init__(self, title: str, total: float | None, unit: str, every: float) -> None:
        self._title, self._total, self._unit, self._every = title, total, unit, every
        self._done, self._began = 0.0, time.monotonic()
        self._ended = threading.Event()
        self._writer = threading.Thread(target=self._write, name="progress", daemon=True)

    def __enter__(self) -> "_Lines":
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._writer.join()

    def describe(self, title: str) -> None:
        self._title = title

    def advance(self, amount: float = 1) -> None:
        self._done += amount

    def _write(self) -> None:
        while not self._ended.wait(self._every):
            with contextlib.suppress(OSError, ValueError):  # nobody reads any more
                sys.stderr.write(f"{self._line()}\n")
                sys.stderr.flush()

    def _line(self) -> str:
        seconds = time.monotonic() - self._began
        of = f" of {self._total:,.0f}" if self._total else ""
        pace = _pace(self._done, self._total, seconds)
        return f"{self._title}: {self._done:,.0f}{of} {self._unit} after {seconds:,.0f} s{pace}"


def _pace(done: float, total: float | None, seconds: float) -> str:
    """Return how fast work goes, where that is one a second or more, and how long it will take."""
    if not done or seconds <= 0:
        return ""
    rate = done / seconds
    fast = f", {rate:,.0f} a second" if rate >= 1 else ""
    left = f", about {max(total - done, 0) / rate:,.0f} s left" if total else ""
    return fast + left


class _NotebookBar:
    """A bar of the notebook's own, redrawn a few times a second and empty in the end."""

    def __init__(
        self, display: Callable[..., Any], title: str, total: float | None, unit: str
    ) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._done, self._began, self._drawn = 0.0, time.monotonic(), 0.0
        self._handle = display({"text/plain": title}, raw=True, display_id=True)

    def __enter__(self) -> "_NotebookBar":
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.update({"text/plain": ""}, raw=True)

    def describe(self, title: str) -> None:
        self._title = title

    def advance(self, amount: float = 1) -> None:
        self._done += amount
        now = time.monotonic()
        if now - self._drawn < NOTEBOOK_SECONDS:
            return
        self._drawn = now
        pace = _pace(self._done, self._total, now - self._began)
        share = f'value="{self._done:g}" max="{self._total:g}"' if self._total else ""
        text = f"{self._title}: {self._done:,.0f} {self._unit}{pace}"
        bar = f"<progress {share}></progress> {text}"
        self._handle.update({"text/html": bar, "text/plain": text}, raw=True)


def _notebook_display() -> Callable[..., Any] | None:
    """Return what shows something in the notebook that this process serves, if it serves one."""
    loaded = sys.modules.get("IPython.core.getipython"), sys.modules.get("IPython.display")
    if None in loaded:
        return None
    shell = loaded[0].get_ipython()  # type: ignore[union-attr]
    return loaded[1].display if hasattr(shell, "kernel") else None  # type: ignore[union-attr]


class _RateColumn(TextColumn):
    def __init__(self, unit: str) -> None:
        super().__init__("")
        self.unit = unit

    def render(self, task: RichTask) -> Text:
        rate = task.finished_speed or task.speed
        if rate is None:
            return Text("")
        if self.unit == "bytes":
            return Text(f"{rate / 1e6:,.1f} MB/s")
        if rate < 1:
            return Text(f"{1 / rate:,.1f} s/{self.unit.removesuffix('s')}" if rate else "")
        return Text(f"{rate:,.0f} {self.unit}/s")

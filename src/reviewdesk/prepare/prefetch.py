"""Reading ahead: an iterator runs in a thread of its own while its last items are worked on."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

DEPTH: Final = 2
"""Items that may wait; with them, the one being made and the one in use, memory stays bounded."""

_PAUSE: Final = 0.05


@contextmanager
def prefetch(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """Give the block an iterator over the same items, made in a thread.

    Decompressing and parsing release Python's lock most of the time, so that a second core takes
    part. An error of the iterator is raised where its item would have come. When the block ends
    early, the thread stops at its next item.
    """
    waiting: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(DEPTH)
    stop = threading.Event()

    def put(kind: str, item: T | BaseException | None) -> None:
        while not stop.is_set():
            try:
                waiting.put((kind, item), timeout=_PAUSE)
                return
            except queue.Full:
                continue

    def make() -> None:
        try:
            for item in items:
                put("item", item)
                if stop.is_set():
                    return
            put("end", None)
        except BaseException as error:
            put("error", error)

    def taken() -> Iterator[T]:
        while True:
            kind, item = waiting.get()
            if kind == "end":
                return
            if isinstance(item, BaseException) and kind == "error":
                raise item
            yield item  # type: ignore[misc]

    thread = threading.Thread(target=make, name="read-ahead")
    thread.start()
    try:
        yield taken()
    finally:
        stop.set()
        thread.join()

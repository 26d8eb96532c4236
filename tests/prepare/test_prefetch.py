import threading
from collections.abc import Iterator

import pytest

from reviewdesk.prepare.prefetch import DEPTH, prefetch


def test_gives_the_same_items_in_order_from_another_thread() -> None:
    threads = set()

    def items() -> Iterator[int]:
        for number in range(100):
            threads.add(threading.current_thread().name)
            yield number

    with prefetch(items()) as ahead:
        assert list(ahead) == list(range(100))
    assert threads == {"read-ahead"}


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with prefetch(items()) as ahead:
        assert next(ahead) == 1
        with pytest.raises(ValueError, match="broken"):
            next(ahead)


def test_an_exception_that_is_an_item_is_an_item() -> None:
    error = ValueError()
    with prefetch(iter([error])) as ahead:
        assert list(ahead) == [error]


def test_stops_when_nobody_reads_on() -> None:
    made = 0

    def items() -> Iterator[int]:
        nonlocal made
        while True:
            made += 1
            yield made

    with pytest.raises(KeyboardInterrupt), prefetch(items()) as ahead:
        next(ahead)
        raise KeyboardInterrupt
    assert made <= DEPTH + 3
    assert "read-ahead" not in {thread.name for thread in threading.enumerate()}

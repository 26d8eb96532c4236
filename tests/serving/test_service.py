import threading

import anyio
import pytest

from reviewdesk.errors import Overloaded, UnknownEndpoint, UsageError
from reviewdesk.serving.batching import is_large
from reviewdesk.serving.service import MOST_LARGE, MOST_REQUESTS, Service
from reviewdesk.settings import ServeSettings
from tests.serving.fakes import sentiment


@pytest.mark.parametrize("name", ["", "a b", "-a", "a-", "a/b", "ä", "a" * 64, "a\n", "__proto__"])
def test_names_that_cannot_stand_in_an_address(name: str) -> None:
    with pytest.raises(UsageError):
        Service({name: sentiment()}, ServeSettings())


def test_nothing_to_serve() -> None:
    with pytest.raises(UsageError, match="nothing to serve"):
        Service({}, ServeSettings())


def test_bundles_by_name() -> None:
    first, second = sentiment(), sentiment()
    service = Service({"a": first, "b-2": second}, ServeSettings())
    assert service.endpoint(service.first).variants[0].bundle is first
    assert service.endpoint("b-2").variants[0].bundle is second
    with pytest.raises(UnknownEndpoint, match="there are: a, b-2"):
        service.endpoint("c")


def test_the_number_of_requests_held_is_limited() -> None:
    async def fill(service: Service) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(MOST_REQUESTS):
                tasks.start_soon(hold, service)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(Overloaded):
                async with service.hold():
                    pass
            tasks.cancel_scope.cancel()
        async with service.hold():  # there is room again
            pass

    async def hold(service: Service) -> None:
        async with service.hold():
            await anyio.sleep_forever()

    anyio.run(fill, Service({"a": sentiment()}, ServeSettings()))


def test_the_number_of_threads_is_limited() -> None:
    service = Service({"a": sentiment()}, ServeSettings())
    running = 0
    most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    async def many() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(5 * service.threads):
                tasks.start_soon(service.run, work)

    anyio.run(many)
    assert 1 <= most <= service.threads


def test_large_requests_leave_places_and_a_thread_to_others() -> None:
    service = Service({"a": sentiment()}, ServeSettings())
    if service.threads == 1:
        pytest.skip("there is one thread only")
    end = threading.Event()

    async def fill() -> list[str]:
        answers: list[str] = []
        async with anyio.create_task_group() as tasks:
            for _ in range(MOST_LARGE):
                tasks.start_soon(ask, True)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(Overloaded):
                async with service.hold(large=True):
                    pass
            async with service.hold():
                answers.append(await service.run(lambda: "answered"))
            end.set()
        return answers

    async def ask(large: bool) -> None:
        async with service.hold(large):
            await service.run(end.wait, large)

    assert anyio.run(fill) == ["answered"]


@pytest.mark.parametrize(
    ("body", "large"),
    [
        (b"It works, and I like it." * 100, False),
        (b"x" * 100_000, True),
        (b"\n" * 9_999, True),
        (b'{"instances": [' + b'"",' * 5_000, True),
    ],
)
def test_what_a_large_request_is(body: bytes, large: bool) -> None:
    assert is_large(body) is large

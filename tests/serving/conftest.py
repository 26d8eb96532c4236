"""One server process for all tests that only ask."""

from collections.abc import Iterator

import httpx
import pytest

from tests.serving.process import Server, server


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """A server that is asked and left as it was."""
    with server() as one:
        yield one


@pytest.fixture
def client(running: Server) -> Iterator[httpx.Client]:
    """A client of that server."""
    with httpx.Client(base_url=running.url, timeout=60, trust_env=False) as one:
        yield one

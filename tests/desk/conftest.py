"""One server process for all tests of the page."""

from collections.abc import Iterator

import pytest

from tests.serving.process import Server, server


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """A server that is asked and left as it was."""
    with server() as one:
        yield one

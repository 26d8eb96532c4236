"""One server process for all tests of the page, and one of a desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.desks import RunningDesk, desk, make_job
from tests.serving.process import Server, server


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """A server that is asked and left as it was."""
    with server() as one:
        yield one


@pytest.fixture(scope="session")
def desk_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job with findings beside it; desks write into a copy of it or undo what they did."""
    return make_job(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="session")
def open_desk(desk_job: Path) -> Iterator[RunningDesk]:
    """A desk that is asked, and decided at."""
    with desk(desk_job, "--name", "Ada", "--audit-rate", "0") as running:
        yield running

"""One server process for all tests of the page, and one of a desk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reviewdesk.desk.decision_place import open_decisions
from reviewdesk.desk.decisions import DecisionLog
from tests.desk.desks import RunningDesk, desk, make_job, put_back
from tests.desk.postgres import Cluster, cluster
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
def shared_desk(desk_job: Path) -> Iterator[RunningDesk]:
    """A desk's process; tests ask for ``open_desk``."""
    with desk(desk_job, "--name", "Ada", "--audit-rate", "0") as running:
        yield running


@pytest.fixture
def open_desk(shared_desk: RunningDesk) -> RunningDesk:
    """A desk at which nothing is decided or held, whatever tests before have done."""
    put_back(shared_desk.job)
    return shared_desk


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server for all tests that need one."""
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Give the URLs of databases by name, a new one for each test; empty for SQLite in folders."""
    if request.param == "sqlite":
        return lambda _: ""
    running: Cluster = request.getfixturevalue("postgres")
    schemas: dict[str, str] = {}

    def url(name: str) -> str:
        if name not in schemas:
            schemas[name] = running.schema()
        return running.url(schemas[name])

    return url


@pytest.fixture
def open_at(place: Callable[[str], str], tmp_path: Path) -> Iterator[Callable[[str], DecisionLog]]:
    """Open decisions by name, the same ones again by the same name."""
    opened: list[DecisionLog] = []

    def open_one(name: str = "desk") -> DecisionLog:
        opened.append(open_decisions(tmp_path / name, place(name)))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()

"""From what the user asks for to the engine that does the work."""

from collections.abc import Iterator
from contextlib import contextmanager

from reviewdesk.engines.base import Engine
from reviewdesk.engines.spark import SparkEngine
from reviewdesk.errors import UsageError
from reviewdesk.settings import EngineSettings


@contextmanager
def cluster(settings: EngineSettings) -> Iterator[Engine | None]:
    """Give the block a cluster; None where this machine is to do the work.

    Raises:
        UsageError: a setting does not fit.
        MissingExtra: the engine's package is not installed.
        StorageError: the cluster cannot be reached.
    """
    settings.check()
    if settings.engine == "duckdb":
        if settings.master or settings.environment or settings.conf:
            raise UsageError(
                "--master, --environment and --conf are about a cluster; say --engine spark as well"
            )
        yield None
        return
    with SparkEngine(settings.master, settings.environment, _pairs(settings.conf)) as engine:
        yield engine


def _pairs(conf: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for word in conf:
        name, equals, value = word.partition("=")
        if not (name.startswith("spark.") and equals):
            raise UsageError(
                f"--conf takes NAME=VALUE, as in spark.executor.memory=4g, and not {word!r}"
            )
        pairs[name] = value
    return pairs

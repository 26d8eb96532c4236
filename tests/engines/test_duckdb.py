import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.errors import StorageError

DISTINCT = "SELECT n, count(*) AS c FROM t GROUP BY n HAVING count(*) > 1"


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({"n": np.arange(3_000_000)}), path)
    return path


def test_spills_when_memory_is_short(many: Path, tmp_path: Path) -> None:
    with DuckDBEngine(memory_limit="64MiB", temp_directory=tmp_path / "spill") as engine:
        engine.add_table("t", [many])
        assert list(engine.query(DISTINCT)) == []


def test_says_so_when_it_cannot_spill(many: Path) -> None:
    with DuckDBEngine(memory_limit="16MiB") as engine:
        engine.add_table("t", [many])
        with pytest.raises(StorageError, match="not enough memory.*run the same command again"):
            list(engine.query(DISTINCT))


def test_leaves_nothing_behind(many: Path, tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    with DuckDBEngine(memory_limit="64MiB", temp_directory=spill) as engine:
        engine.add_table("t", [many])
        list(engine.query(DISTINCT))
    assert not spill.exists() or not list(spill.iterdir())


@pytest.fixture
def heeded() -> Iterator[None]:
    """Ctrl-C is heeded: a process that a script starts in the background is born deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_ctrl_c_is_ctrl_c_in_the_middle_of_a_query_too() -> None:
    pressing = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    with DuckDBEngine() as engine:
        pressing.start()
        with pytest.raises(KeyboardInterrupt):
            list(
                engine.query("SELECT sum(a.range + b.range) FROM range(10000000) a, range(1000) b")
            )
    pressing.join()

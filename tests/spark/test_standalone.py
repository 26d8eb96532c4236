"""A real cluster on this machine: a master and two workers as processes, one of which is killed.

The workers have Python and Spark, and neither reviewdesk nor any package: both come as an archive.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reviewdesk.engines.archive import pack
from tests.cluster import missing
from tests.prepare.corpus import for_readers, review, write_lines

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "there is Spark"),
    pytest.mark.slow,
    pytest.mark.timeout(3000),
]

FILES = 12
ROWS = 1_500


def corpus(folder: Path) -> list[Path]:
    """Write files that are read by a task each; many of their reviews are copies of others."""
    padding = " and so on" * 20
    return [
        write_lines(
            folder / f"{file:02d}.jsonl",
            [
                review(number, review_body=f"Review {number}{padding}", helpful_votes=file)
                for number in range(file * ROWS // 2, file * ROWS // 2 + ROWS)
            ],
        )
        for file in range(FILES)
    ]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """Give the block the address of a master, and the processes of its two workers."""
    import pyspark

    home = Path(pyspark.__file__).parent
    environment = {
        "PATH": f"{Path(sys.base_prefix) / 'bin'}:{os.defpath}:/usr/bin",
        "HOME": str(folder),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    port = free_port()
    master = f"spark://127.0.0.1:{port}"
    web = ["--host", "127.0.0.1", "--webui-port", "0"]
    classes = [["org.apache.spark.deploy.master.Master", *web, "--port", str(port)]]
    for number in range(2):
        work = ["-c", "1", "-m", "1g", "-d", str(folder / f"work-{number}")]
        classes.append(["org.apache.spark.deploy.worker.Worker", *web, *work, master])
    processes = []
    with (folder / "cluster.log").open("wb") as log:
        try:
            for one in classes:
                command = [str(home / "bin" / "spark-class"), *one]
                processes.append(
                    subprocess.Popen(
                        command,
                        env=environment,
                        cwd=folder,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,  # so that a worker dies with its executors
                    )
                )
            yield master, processes[1:]
        finally:
            for process in processes:
                kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def prepare(folder: Path, out: str, files: list[Path], *more: str) -> list[str]:
    names = [str(file) for file in files]
    return [
        sys.executable,
        "-m",
        "reviewdesk",
        "prepare",
        *names,
        "--out",
        str(folder / out),
        *more,
    ]


def test_a_worker_killed_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    files = corpus(tmp_path)
    subprocess.run(prepare(tmp_path, "machine", files), check=True, capture_output=True)
    archive = tmp_path / "environment.tar"
    pack(archive)
    staged = tmp_path / ".cluster.partial" / "inputs"
    conf = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "512m",
        "spark.sql.shuffle.partitions": "4",
    }
    with cluster(tmp_path) as (master, workers):
        words = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
        spark = ["--engine", "spark", "--master", master, "--environment", str(archive), *words]
        with (tmp_path / "driver.log").open("wb") as log:
            driver = subprocess.Popen(
                prepare(tmp_path, "cluster", files, *spark), stdout=log, stderr=log
            )
            while driver.poll() is None and len(done(staged)) < 3:
                time.sleep(0.05)
            kill(workers[0])
            before = len(done(staged))
            status = driver.wait()
    assert status == 0, (tmp_path / "driver.log").read_text()[-3000:]
    assert 3 <= before < FILES  # it was in the middle
    assert for_readers(tmp_path / "cluster") == for_readers(tmp_path / "machine")


def done(staged: Path) -> list[Path]:
    """Return the inputs that tasks have staged to their end so far."""
    return list(staged.glob("*/staged/pieces.parquet"))

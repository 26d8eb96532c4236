"""`serve --workers`: one port, several processes, one server."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.formats.weights import load_weights, save_weights, shared_weights
from reviewdesk.models.linear.classifier import Linear
from tests.scoring import corpus

REQUEST = {"instances": ["great sound, poor battery"], "configuration": {"k": 2}}


class Running(NamedTuple):
    """`reviewdesk serve` as a process."""

    process: "subprocess.Popen[str]"
    url: str

    def ask(self) -> str:
        return httpx.post(f"{self.url}/invocations", json=REQUEST, trust_env=False).text

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(word) for word in children.read_text().split()}


@contextmanager
def serving(*words: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "reviewdesk", "serve", *words, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = next(line for line in process.stderr if "/invocations" in line)
            port = line.rpartition(":")[2].partition("/")[0]
            yield Running(process, f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workers")
    corpus.bundle(folder / "older", Linear, seed=0)
    corpus.bundle(folder / "newer", Linear, seed=5)
    return folder


@pytest.fixture
def served(bundles: Path, tmp_path: Path) -> Path:
    """A bundle that a test may exchange."""
    (tmp_path / "bundle").symlink_to(bundles / "older")
    return tmp_path / "bundle"


def exchange(served: Path, bundle: Path) -> None:
    aside = served.with_name("aside")
    aside.symlink_to(bundle)
    aside.rename(served)


def wait_until(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 200  # of a machine with much else to do
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_several_processes_answer_count_and_end_as_one(served: Path) -> None:
    with serving(f"sentiment={served}", "--workers", "2") as one:
        assert len(one.workers()) == 2
        alone = {one.ask() for _ in range(40)}
        assert len(alone) == 1

        def counted() -> int:
            text = httpx.get(f"{one.url}/metrics", trust_env=False).text
            return int(text.partition('reviews_total{endpoint="sentiment"} ')[2].split()[0])

        wait_until(lambda: {counted() for _ in range(20)} == {40})
        victim = min(one.workers())
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(one.workers() - {victim}) == 2)
        assert {one.ask() for _ in range(20)} == alone
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(30) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_bundles_are_exchanged_without_a_lost_request(
    bundles: Path, served: Path, workers: str
) -> None:
    answers: list[tuple[int, str]] = []
    done = threading.Event()
    with serving(f"sentiment={served}", "--workers", workers) as one:

        def send() -> None:
            with httpx.Client(trust_env=False, timeout=60) as client:
                while not done.is_set():
                    answer = client.post(f"{one.url}/invocations", json=REQUEST)
                    answers.append((answer.status_code, answer.text))

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        before = one.ask()
        exchange(served, bundles / "newer")
        one.process.send_signal(signal.SIGHUP)
        wait_until(lambda: all(one.ask() != before for _ in range(20)))
        exchange(served, served.parent)  # no bundle: what is there goes on
        one.process.send_signal(signal.SIGHUP)
        time.sleep(1)
        after = one.ask()
        done.set()
        for sender in senders:
            sender.join()
    assert {status for status, _ in answers} == {200}
    assert {text for _, text in answers} == {before, after}
    assert before != after


def test_a_bundle_that_is_none_ends_all(tmp_path: Path) -> None:
    words = ["serve", f"a={tmp_path}", "--workers", "2", "--port", "0"]
    found = subprocess.run(
        [sys.executable, "-m", "reviewdesk", *words], capture_output=True, text=True, check=False
    )
    assert found.returncode != 0
    assert "it has no manifest.json" in found.stderr
    assert "Traceback" not in found.stderr


def test_weights_are_shared_and_a_changed_file_changes_nothing(tmp_path: Path) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "a": np.arange(100_000, dtype=np.float32),
        "b": np.arange(3, dtype=np.uint8),
    }
    save_weights(tmp_path / "weights.npz", arrays)
    (tmp_path / "shared").mkdir()
    with shared_weights(tmp_path / "shared"):
        first, second = (load_weights(tmp_path / "weights.npz") for _ in range(2))
    (tmp_path / "weights.npz").write_bytes(b"")
    for name, array in arrays.items():
        np.testing.assert_array_equal(first[name], array, strict=True)
        np.testing.assert_array_equal(second[name], array, strict=True)
        assert first[name].flags.aligned
    (shared,) = (tmp_path / "shared").iterdir()
    assert Path("/proc/self/maps").read_text().count(str(shared)) == 2
    first["a"][0] = 7  # its own page
    assert second["a"][0] == 0

"""Run a step in a process of its own and kill it at a chosen moment.

A process that has imported everything forks one child a run, so that a run costs no imports.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

FORKER = """
import importlib, json, os, signal, sys, time, traceback

module, _, name = sys.argv[1].partition(":")
step = getattr(importlib.import_module(module), name)
for line in sys.stdin:
    order = json.loads(line)
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            step(*order["arguments"])
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    if order["kill_after"] is not None:
        time.sleep(order["kill_after"])
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    answer = {"code": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - begin}
    print(json.dumps(answer), flush=True)
"""


STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir")


class Step:
    """An audit hook that kills this process before its N-th rename, new folder or removal."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, event: str, _: object) -> None:
        if event in STEPS:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Killer:
    """Runs a step again and again.

    Args:
        step: the function, as in ``"tests.scoring.steps:predict_file"``; it gets texts.
    """

    def __init__(self, step: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", FORKER, step],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, *arguments: object) -> float:
        """Run the step to its end; return how many seconds it took."""
        answer = self._order(arguments, None)
        assert answer["code"] == 0
        return float(answer["seconds"])

    def kill(self, *arguments: object, after: float | None = None) -> bool:
        """Run the step and kill it after some seconds; return whether it was killed.

        Without a time the step kills itself, if it does.
        """
        code = self._order(arguments, after)["code"]
        assert code in (0, -signal.SIGKILL)
        return bool(code)

    def _order(self, arguments: tuple[object, ...], kill_after: float | None) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"arguments": [str(one) for one in arguments], "kill_after": kill_after}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def kill_and_resume(
    step: str,
    arguments: Callable[[Path], Sequence[object]],
    folder: Path,
    kills: int,
) -> None:
    """Kill a step at random moments and check that it ends in the same bytes nevertheless.

    A run is killed one to three times, at any moment of a whole run; then it is let finish, and
    what lies on disk is compared. So until it has been killed as often as wanted.

    Args:
        step: the function, as in ``"tests.scoring.steps:predict_file"``.
        arguments: from the folder that the step writes in to what the step is given.
        folder: where to work.
        kills: how many kills.
    """
    chance = random.Random(f"{step} {folder.name}")
    good, killed = folder / "good", folder / "killed"
    with Killer(step) as killer:
        killer.run(*arguments(good))
        whole = killer.run(*arguments(folder / "timed"))
        expected = everything(good)
        left = kills
        while left > 0:
            shutil.rmtree(killed, ignore_errors=True)
            for _ in range(min(left, chance.randint(1, 3))):
                left -= killer.kill(*arguments(killed), after=chance.random() * whole)
            killer.run(*arguments(killed))
            assert everything(killed) == expected


def everything(folder: Path) -> dict[str, bytes | None]:
    """Return all that lies below a folder, hidden things too, but not logs, which hold times."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.name != "log.json"
    }

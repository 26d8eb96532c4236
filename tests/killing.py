"""Run a step in a process of its own and kill it at a chosen moment.

A process that has imported everything forks one child a run, so that a run costs no imports.
"""

import json
import signal
import subprocess
import sys
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

    def kill(self, *arguments: object, after: float) -> bool:
        """Run the step and kill it after some seconds; return whether it was killed."""
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

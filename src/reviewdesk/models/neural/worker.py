"""Learning in a folder, by this process or by several that ``torchrun`` starts.

folder/
├── tokens/                 the rows, where they are words
├── chunks/                 the rows, where they are features, or where they are
├── plan.json               what is learnt, and how
├── first.npy               the words' first vectors, where a file gave them
├── checkpoint.safetensors  where learning stands
├── processes.log           what several processes wrote to standard error
└── learnt/                 network.safetensors, network.onnx, curve.json: what is kept
"""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import save_file

from reviewdesk.errors import ReviewdeskError, Stopped
from reviewdesk.exchange import replace_directory
from reviewdesk.models.curve import Curve
from reviewdesk.models.neural.export import export
from reviewdesk.models.neural.learning import Learnt, TrainingWatch, learn
from reviewdesk.models.neural.opening import open_material
from reviewdesk.models.neural.plan import TrainingPlan
from reviewdesk.models.neural.processes import Processes, joined
from reviewdesk.models.running import Run
from reviewdesk.progress import Progress
from reviewdesk.storage import private_directory, storage_errors, write_json

GRAPH: Final = "network.onnx"
WEIGHTS: Final = "network.safetensors"
CURVE: Final = "curve.json"
LEARNT: Final = "learnt"
LOG: Final = "processes.log"
LOOPBACK: Final = "127.0.0.1"
POLL_SECONDS: Final = 0.2


def learn_in(folder: Path, run: Run) -> None:
    """Learn what a folder's plan says, and write the result into it.

    Raises:
        Stopped: somebody wanted it to end; it can go on.
        ReviewdeskError: one of several processes failed.
    """
    if run.processes > 1:
        _learn_together(folder, run)
    else:
        watch = TrainingWatch(
            run.stop, run.time_limit, run.keep_stopped, run.after_epoch, run.progress
        )
        _write(folder, _learn(folder, watch, Processes()))
    if not (folder / LEARNT / GRAPH).exists():
        raise Stopped("stopped and saved; the same command goes on where it was")


def _learn(folder: Path, watch: TrainingWatch, processes: Processes) -> Learnt:
    plan = TrainingPlan.loads((folder / "plan.json").read_text())
    first = folder / "first.npy"
    vectors = torch.from_numpy(np.load(first)) if first.exists() else None
    material = open_material(plan, folder)
    return learn(plan, material, folder, first=vectors, watch=watch, processes=processes)


def _write(folder: Path, learnt: Learnt) -> None:
    """Write what was learnt, whole or not at all; nothing when learning was stopped."""
    if not learnt.done:
        return
    plan = TrainingPlan.loads((folder / "plan.json").read_text())
    aside = private_directory(folder / f"{LEARNT}.partial")
    with storage_errors(str(aside)):
        save_file(learnt.weights, aside / WEIGHTS)
        (aside / GRAPH).write_bytes(export(plan.shape, learnt.weights))
    write_json(aside / CURVE, Curve(tuple(learnt.curve), learnt.done).to_json())
    replace_directory(aside, folder / LEARNT)


def _learn_together(folder: Path, run: Run) -> None:
    """Start ``torchrun`` with a process for each share, and pass on that it is to end."""
    options: dict[str, Any] = {
        "time_limit": run.time_limit,
        "keep_stopped": run.keep_stopped,
        "visible": run.progress.visible,
    }
    # All processes are on this machine: its own name may lead nowhere.
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--local-addr", LOOPBACK]
    command = [*torchrun, "--nproc-per-node", str(run.processes), "-m", __spec__.name]
    log = folder / LOG
    with log.open("wb") as written:
        started = subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, *command, str(folder), json.dumps(options)],
            stdout=subprocess.DEVNULL,
            stderr=None if run.progress.visible else written,
        )
    stopping = False
    try:
        while started.poll() is None:
            if run.stop() and not stopping:
                started.terminate()
                stopping = True
            time.sleep(POLL_SECONDS)
    except BaseException:
        started.terminate()
        started.wait()
        raise
    if started.returncode and not stopping:
        raise ReviewdeskError(
            f"one of {run.processes} processes failed{_reason(log)}; "
            "`--processes 1` needs no others"
        )


def _reason(log: Path) -> str:
    """Return the error that ended a process, as its traceback's last line says it.

    Learning reads token ids, so that no traceback holds words of a review.
    """
    lines = log.read_text(errors="replace").splitlines()
    errors = [
        line for line in lines if re.match(r"(\[rank\d+\]: )?[\w.]*(Error|Exception): ", line)
    ]
    return f" ({errors[0][:300]})" if errors else ""


def main(folder: str, options: str) -> None:
    """Learn as one of several processes."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    given = json.loads(options)
    with joined() as processes:
        progress = Progress(given["visible"] and processes.rank == 0)
        watch = TrainingWatch(
            lambda: bool(asked), given["time_limit"], given["keep_stopped"], progress=progress
        )
        learnt = _learn(Path(folder), watch, processes)
        if processes.rank == 0:
            _write(Path(folder), learnt)


if __name__ == "__main__":
    main(*sys.argv[1:])

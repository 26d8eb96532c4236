"""Whether two processes can reach each other by gloo on this machine, without our own code.

Some sandboxes forbid it; what several processes learn can then not be tested.
"""

import os
import subprocess
import sys
from functools import cache

import torch
from torch import distributed


@cache
def why_processes_cannot_talk() -> str:
    """Return the reason, or nothing where two processes can sum a number."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    command = [sys.executable, *torchrun, "--nproc-per-node", "2", "-m", __name__]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo" if sys.platform == "linux" else "lo0"}
    try:
        run = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    except subprocess.TimeoutExpired:
        return "they wait for each other without end"
    return "" if run.returncode == 0 else (run.stderr.strip().splitlines() or ["no reason"])[-1]


if __name__ == "__main__":
    distributed.init_process_group("gloo")
    number = torch.ones(1)
    distributed.all_reduce(number)
    distributed.destroy_process_group()
    sys.exit(number.item() != 2)

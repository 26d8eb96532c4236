import subprocess
import sys

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
from reviewdesk.text.prefetch import prefetch


@compiled
def _sum(values: NDArray[np.float64], places: NDArray[np.int64]) -> float:
    total = 0.0
    for turn in range(len(places)):
        if turn + 8 < len(places):
            prefetch(values, places[turn + 8])
        total += values[places[turn]]
    return total


def test_a_kernel_that_asks_ahead_computes_the_same() -> None:
    random = np.random.default_rng(0)
    values, places = random.random(1000), random.integers(0, 1000, 500)
    assert np.isclose(_sum(values, places), values[places].sum())


def test_it_does_nothing_where_kernels_are_plain_python() -> None:
    code = "from reviewdesk.text.prefetch import prefetch; print(prefetch([1], 0))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"NUMBA_DISABLE_JIT": "1", "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout == "None\n"

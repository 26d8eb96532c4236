"""False alarms, power and coverage over looks after every request, on simulated experiments.

``bench/experiment.py`` does the same with 10,000 experiments; here are enough to notice a mistake.
"""

import numpy as np
import pytest
from bench.experiment import Simulated, simulate


@pytest.fixture(scope="module")
def none() -> Simulated:
    return simulate(experiments=400, requests=3_000, rates=(0.85, 0.85), horizon=1_500, seed=1)


def test_looking_after_every_request_raises_few_false_alarms(none: Simulated) -> None:
    limit = 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)
    assert none.exact <= limit
    assert none.asymptotic <= limit
    assert none.naive > 0.3


def test_the_truth_stays_inside_over_all_looks() -> None:
    there = simulate(experiments=300, requests=3_000, rates=(0.7, 0.8), horizon=1_500, seed=2)
    assert there.exact_uncovered <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)
    assert there.asymptotic_uncovered <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)

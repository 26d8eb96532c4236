"""The split's p-values are savvi's.

savvi 0.3.1 printed them: ``Multinomial(0.05, theta)``, updated with the counts below.
"""

import numpy as np
import pytest

from reviewdesk.experiments import sample_ratio

COUNTS = np.array([[13, 31, 56], [22, 59, 119], [62, 154, 284], [152, 464, 884]])
SAVVI = [1.6007670498719475, 2.8773022090698954, 1.417527841334706, 11.55336705166384]


def test_three_arms_over_four_looks() -> None:
    logs = sample_ratio.log_e_values(COUNTS, np.array([0.1, 0.3, 0.6]))
    assert np.exp(-logs) == pytest.approx(SAVVI)


def test_two_uneven_arms() -> None:
    logs = sample_ratio.log_e_values(np.array([[8_000, 1_000]]), np.array([0.9, 0.1]))
    assert np.exp(-logs[0]) == pytest.approx(0.0271368178462361)


def test_a_split_that_is_right_seldom_alarms_over_all_looks() -> None:
    rng = np.random.default_rng(4)
    counts = np.cumsum(rng.random((400, 2_000)) < 0.1, axis=1)
    alarms = 0
    for treated in counts:
        both = np.stack([np.arange(1, 2_001) - treated, treated], axis=1)
        logs = sample_ratio.log_e_values(both, np.array([0.9, 0.1]))
        alarms += int(np.exp(-logs.max()) < sample_ratio.ALARM)
    assert alarms <= 2

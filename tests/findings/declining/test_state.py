"""A change goes on, is made good, is followed by another one, or nothing is heard of it."""

import numpy as np
import pytest

from reviewdesk.findings.base import CHANGED_AGAIN, GOING_ON, LOST_AGAIN, NO_REVIEWS, RECOVERED
from reviewdesk.findings.declining.state import change_state, later_change, state_of


def stars(*parts: tuple[float, int], seed: int = 0) -> np.ndarray:
    """Return 0 to 4 around a mean for each part, so many reviews long."""
    random = np.random.default_rng(seed)
    drawn = [np.clip(np.rint(random.normal(mean - 1, 0.7, n)), 0, 4) for mean, n in parts]
    return np.concatenate(drawn).astype(np.int8)


@pytest.mark.parametrize(
    ("after", "silent", "state"),
    [
        (((2.0, 60),), 0, GOING_ON),
        (((2.0, 60), (4.4, 60)), 0, RECOVERED),
        (((2.0, 60), (3.2, 80)), 0, CHANGED_AGAIN),
        (((2.9, 60), (1.3, 80)), 0, CHANGED_AGAIN),
        (((2.0, 60),), 800, NO_REVIEWS),
        (((2.0, 60), (4.4, 40), (2.0, 60)), 0, CHANGED_AGAIN),
    ],
)
def test_states(after: tuple[tuple[float, int], ...], silent: int, state: str) -> None:
    said = stars((4.5, 60), *after)
    days = np.arange(len(said), dtype=np.int32)
    found = change_state(said, days, 60, int(days[-1]) + silent)
    assert found.state == state
    if len(after) > 1:
        assert abs(found.until - 120) < 12
        assert found.until <= found.last < len(said)
    else:
        assert found.until == len(said)


def test_another_mix_with_the_same_mean_is_no_later_change() -> None:
    """As where ratings rose from 1.8 to 3.8, and some months later to one star or five: 3.8."""
    middling, split = np.full(80, 2, np.int8), np.array([0, 4] * 60, np.int8)
    said = np.concatenate([np.full(60, 4, np.int8), middling, split])
    assert later_change(said[60:]) is not None
    days = np.arange(len(said), dtype=np.int32)
    assert change_state(said, days, 60, int(days[-1])) == (GOING_ON, len(said), 60)


def test_what_had_got_better_and_did_not_stay_so_has_not_recovered() -> None:
    assert state_of(RECOVERED, worse=True) == RECOVERED
    assert state_of(RECOVERED, worse=False) == LOST_AGAIN
    assert state_of(GOING_ON, worse=False) == GOING_ON


def test_stars_without_a_change_have_none() -> None:
    told = [later_change(stars((3.5, 120), seed=seed)) for seed in range(60)]
    assert sum(one is not None for one in told) <= 3
    assert later_change(np.zeros(1, np.int8)) is None

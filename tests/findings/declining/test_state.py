"""A change goes on, is made good, is followed by another one, or nothing is heard of it."""

import numpy as np
import pytest

from reviewdesk.findings.base import CHANGED_AGAIN, GOING_ON, NO_REVIEWS, RECOVERED
from reviewdesk.findings.declining.state import change_state, later_change


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


def test_stars_without_a_change_have_none() -> None:
    told = [later_change(stars((3.5, 120), seed=seed)) for seed in range(60)]
    assert sum(one is not None for one in told) <= 3
    assert later_change(np.zeros(1, np.int8)) is None

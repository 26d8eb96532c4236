"""Circles side by side."""

import math
import random
from itertools import combinations

import pytest

from reviewdesk.graph.packing import enclosing, pack


@pytest.mark.parametrize("number", [1, 2, 3, 4, 17, 120])
@pytest.mark.parametrize("seed", range(6))
def test_circles_do_not_overlap_and_stand_close(number: int, seed: int) -> None:
    chance = random.Random(seed)
    radii = [chance.choice([1.0, 3.0, chance.uniform(0.5, 20)]) for _ in range(number)]
    circles = pack(radii)
    assert [circle.r for circle in circles] == radii
    for a, b in combinations(circles, 2):
        assert math.hypot(a.x - b.x, a.y - b.y) >= a.r + b.r - 1e-4
    around = enclosing(circles)
    for circle in circles:
        assert math.hypot(circle.x - around.x, circle.y - around.y) + circle.r <= around.r + 1e-9
    if number == 120:
        assert sum(r * r for r in radii) > around.r**2 * 0.4


def test_nothing_to_pack() -> None:
    assert pack([]) == []

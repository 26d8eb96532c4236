"""Circles side by side without overlap, close around a middle.

A circle is put against two neighbours of the front, the closed chain of circles around those that
are placed (after Wang et al. 2006, Visualization of large hierarchical data by circle packing).
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

SLACK: Final = 1e-6


class Circle(NamedTuple):
    """A circle: its middle and radius, y downwards as on a page."""

    x: float
    y: float
    r: float


def pack(radii: Sequence[float]) -> list[Circle]:
    """Return circles of these radii, the first in the middle.

    Args:
        radii: above 0.
    """
    placed: list[Circle] = []
    front: list[int] = []
    for number, radius in enumerate(radii):
        if number < 2:
            placed.append(Circle(number * (radii[0] + radius), 0.0, radius))
            front.append(number)
        else:
            _add(placed, front, radius)
    return placed


def enclosing(circles: Sequence[Circle]) -> Circle:
    """Return a circle around circles, up to a few per cent larger than the smallest."""
    x = (min(c.x - c.r for c in circles) + max(c.x + c.r for c in circles)) / 2
    y = (min(c.y - c.r for c in circles) + max(c.y + c.r for c in circles)) / 2
    return Circle(x, y, max(math.hypot(c.x - x, c.y - y) + c.r for c in circles))


def _add(placed: list[Circle], front: list[int], radius: float) -> None:
    """Place one circle against the two of the front that leave it closest to the middle.

    Where another of the front is in its way, the part of the front between goes behind it.
    """
    distances = [placed[k].x ** 2 + placed[k].y ** 2 for k in front]
    left = min(range(len(front)), key=lambda k: distances[k] + distances[(k + 1) % len(front)])
    front[:] = front[left + 1 :] + front[: left + 1]  # the pair is now the last and the first
    while True:
        circle = _beside(placed[front[-1]], placed[front[0]], radius)
        hits = _in_the_way(circle, placed, front)
        if not hits:
            break
        from_start = sum(placed[k].r for k in front[: hits[0]])
        from_end = sum(placed[k].r for k in front[hits[-1] + 1 :])
        if from_start <= from_end:
            del front[: hits[0]]
        else:
            del front[hits[-1] + 1 :]
    front.append(len(placed))
    placed.append(circle)


def _in_the_way(circle: Circle, placed: list[Circle], front: list[int]) -> list[int]:
    """Return the places in the front, but for its two ends, of circles that overlap."""
    hits = []
    for at in range(1, len(front) - 1):
        other = placed[front[at]]
        x, y, reach = other.x - circle.x, other.y - circle.y, other.r + circle.r - SLACK
        if x * x + y * y < reach * reach:
            hits.append(at)
    return hits


def _beside(a: Circle, b: Circle, radius: float) -> Circle:
    """Return the circle that touches two, on the outer side of the way from one to the other."""
    x, y = b.x - a.x, b.y - a.y
    apart = math.hypot(x, y)
    from_a, from_b = a.r + radius, b.r + radius
    along = (apart**2 + from_a**2 - from_b**2) / (2 * apart)
    aside = math.sqrt(max(from_a**2 - along**2, 0.0))
    x, y = x / apart, y / apart
    return Circle(a.x + along * x + aside * y, a.y + along * y - aside * x, radius)

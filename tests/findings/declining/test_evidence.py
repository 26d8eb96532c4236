"""The evidence is that of the formula, and what it promises under stars without a change holds."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from reviewdesk.findings.declining.evidence import (
    KINDS,
    NOTHING,
    Baseline,
    candidates,
    follow,
)

GIVEN = candidates()
FLAT = Baseline(np.ones(1), np.ones((1, KINDS)), np.full(1, float(KINDS)))


def evidence(stars: list[int], looks: list[int]) -> tuple[list[float], list[float]]:
    ratio, process = np.empty(len(looks)), np.empty(len(looks))
    follow(np.array(stars, np.int8), np.array(looks, np.int64), FLAT, GIVEN, ratio, process)
    return ratio.tolist(), process.tolist()


def log_evidence(counts: NDArray[Any]) -> float:
    whole = gammaln(5) - gammaln(5 + counts.sum())
    return float(whole + gammaln(counts + 1).sum())


def test_it_is_the_weighted_mean_of_the_candidates_ratios() -> None:
    stars = [4, 4, 3, 4, 4, 0, 1, 0, 0]
    given = candidates()
    counts = np.array([np.bincount(stars[:n], minlength=5) for n in range(len(stars) + 1)])
    ratios, spacing, prior = [], [], []
    for place, gap, weight in zip(given.reviews, given.spacing, given.prior, strict=True):
        if place >= len(stars):
            break
        mix = (counts[place] + 1) / (place + 5)
        after = counts[-1] - counts[place]
        likely = []
        for tilt in given.tilts:
            tilted = mix * np.exp(-tilt * np.arange(5))
            likely.append(np.exp(after @ np.log(tilted / tilted.sum())))
        ratios.append(
            np.mean(likely) * math.exp(log_evidence(counts[place]) - log_evidence(counts[-1]))
        )
        spacing.append(gap)
        prior.append(weight)
    (ratio,), (process,) = evidence(stars, [len(stars)])
    assert math.isclose(ratio, math.log(np.average(ratios, weights=spacing)), abs_tol=1e-9)
    rest = 1 - sum(prior)
    assert math.isclose(process, math.log(np.dot(prior, ratios) + rest), abs_tol=1e-9)


def test_a_look_is_the_same_whatever_comes_after_it() -> None:
    stars = np.random.default_rng(1).integers(0, 5, 90).tolist()
    whole, whole_process = evidence(stars, [20, 50, 90])
    part, part_process = evidence(stars[:50], [20, 50])
    assert whole[:2] == part
    assert whole_process[:2] == part_process


def test_before_the_first_candidate_there_is_none() -> None:
    assert evidence([0, 4], [1, 2]) == ([NOTHING, NOTHING], [0.0, 0.0])


def test_equal_stars_are_no_change() -> None:
    ratio, process = evidence([4] * 200, [50, 100, 200])
    assert max(ratio) < 0.1
    assert max(process) <= 0.01


def test_a_drop_is_evidence_and_a_rise_is_none() -> None:
    high, low = [4, 4, 3, 4] * 10, [0, 1, 0, 4] * 10
    assert evidence(high + low, [80])[0][0] > 6
    assert evidence(low + high, [80])[0][0] < 0


def test_the_process_seldom_gets_high_without_a_change() -> None:
    generator = np.random.default_rng(2)
    looks = list(range(4, 121, 4))
    highest = [
        max(
            evidence(generator.choice(5, 120, p=generator.dirichlet(np.ones(5))).tolist(), looks)[1]
        )
        for _ in range(1500)
    ]
    for p_value in (0.5, 0.2, 0.1):
        share = np.mean(np.exp(highest) >= 1 / p_value)
        assert share <= p_value + 3 * math.sqrt(p_value * (1 - p_value) / 1500)
    assert max(highest) > 0.5  # it moves at all

"""From histories to levels: how much each look speaks for a change in one direction."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reviewdesk.findings.declining.alarms import exposure
from reviewdesk.findings.declining.baselines import FEWEST_REVIEWS
from reviewdesk.findings.declining.calibration import pooled_levels
from reviewdesk.findings.declining.evidence import (
    KINDS,
    NOTHING,
    Baselines,
    Floats,
    candidates,
    follow_all,
)
from reviewdesk.findings.declining.histories import Histories
from reviewdesk.findings.declining.permutations import Settled, p_values_of_all

SCREEN: Final = 2.0
"""Evidence up to this, as a logarithm, is never enough and is not looked into."""

OWN_ORDER: Final = 10.0
"""A product's own permutations may say that a look is at most so many times as likely to be chance
as the pooled ones say. They do not know what other products are like and so tell less, but they
hold whatever the product's mix is."""

CLEARLY: Final = 0.1
"""Levels that are surely above this need not be known any better."""


@dataclass(frozen=True)
class LookScores:
    """How much each look speaks for a change in one direction.

    Args:
        ratio: (k,) log Bayes factor of a change, at each look.
        process: (k,) log of the e-process.
        p_values: (k,) p-value by permuting the product's own stars, where the ratio is a new record
            and high enough; else 1.
        levels: (k,) false alarms for each exposure at this look's threshold; infinite where it
            tells nothing.
    """

    ratio: Floats
    process: Floats
    p_values: Floats
    levels: Floats


def turned(found: Histories) -> Histories:
    """Return the same histories with 5 stars called 1 star, to look for improvement."""
    return replace(found, stars=(KINDS - 1 - found.stars).astype(np.int8))


def score_looks(histories: Histories, baselines: Baselines) -> LookScores:
    """Weigh every look for a change for the worse.

    Args:
        histories: the products' stars.
        baselines: what each product is measured by.
    """
    changes = candidates()
    ratio, process = np.full(len(histories.looks), NOTHING), np.zeros(len(histories.looks))
    stars, looks = (histories.stars, histories.offsets), (histories.looks, histories.look_offsets)
    follow_all(*stars, *looks, baselines, changes, ratio, process)
    reaching = np.where(histories.looks >= FEWEST_REVIEWS, ratio, NOTHING)
    pooled = pooled_levels(histories, baselines, changes, ratio)
    exposed, p_values = exposure(histories.looks), np.ones(len(histories.looks))
    settled = Settled(OWN_ORDER * pooled * exposed, CLEARLY * exposed)
    p_values_of_all(
        *stars, *looks, histories.keys, baselines, changes, settled, SCREEN, reaching, p_values
    )
    levels = np.full(len(histories.looks), np.inf)
    permuted = p_values < 1
    levels[permuted] = np.maximum(pooled, p_values / np.maximum(exposed, 1e-9) / OWN_ORDER)[
        permuted
    ]
    return LookScores(ratio, process, p_values, levels)

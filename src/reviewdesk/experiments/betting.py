"""Exact confidence sequences for differences of rates: by betting, without any approximation.

Each observation is turned into a value whose expectation is the difference, however rates change
over time: that of the arm drawn, set right by the chance with which it was drawn (Robins, Rotnitzky
and Zhao 1994). Whoever bets a fixed part of his money on a difference above the true one cannot
expect to win; so a difference against which a thousand bets win a thousandfold is refuted, at any
time (Waudby-Smith and Ramdas 2023, Estimating means of bounded random variables by betting;
Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro 2022, Anytime-valid off-policy inference).
Money is dealt over bets of several sizes: most on those that are best at the planned end, some on
all others.
"""

import itertools
import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

SIZES: Final = 13
"""Sizes of bets, each half the one before: the smallest suit some ten million observations."""

LARGEST: Final = 0.75
"""The largest bet, as a part of what would lose everything at once."""

FIRST_BLOCK: Final = 16
BLOCK_GROWTH: Final = 1.5
HALVINGS: Final = 46

FALL: Final = 0.25
"""The money on a bet of half or twice the size, as a part of that on the bet of this size."""

VARIANCE: Final = 0.16
"""Variance of an outcome that bets are sized for: that of a rate of 0.8."""


class Bets(NamedTuple):
    """What was observed, counted by value; all that the wealth of bets depends on.

    Args:
        values: the values that an observation may have (m,).
        counts: how often each was there up to each look (looks, m).
        reach: the most that a difference may lie from a value.
        best: the size of a bet that is best at the planned end.
    """

    values: Floats
    counts: Counts
    reach: float
    best: float


def log_wealth(bets: Bets, differences: Floats, sign: int) -> Floats:
    """Return what has become of 1 at each look, as a logarithm (looks,).

    Args:
        bets: what was observed.
        differences: the difference that is bet against at each look (looks,).
        sign: 1 bets that the true difference is larger, -1 that it is smaller.
    """
    sizes, money = bet_sizes(bets.reach, bets.best)
    gains = np.log1p(sign * sizes * (bets.values[None, :, None] - differences[:, None, None]))
    logs = np.einsum("lm,lmj->lj", bets.counts, gains)
    return np.asarray(logsumexp(logs, axis=1, b=money))


def bet_sizes(reach: float, best: float) -> tuple[Floats, Floats]:
    """Return the sizes of the bets (j,), for a value one away, and the money on each (j,)."""
    sizes = np.asarray(LARGEST / reach * 0.5 ** np.arange(SIZES), np.float64)
    money = FALL ** np.abs(np.log2(sizes / best))
    return sizes, np.asarray(money / money.sum(), np.float64)


def best_size(variance: float, horizon: float, alpha: float) -> float:
    """Return the size of a bet that refutes the nearest difference after so many observations.

    Args:
        variance: of a value.
        horizon: observations that are planned for.
        alpha: chance that the true difference is ever refuted.
    """
    return math.sqrt(2 * math.log(2 / alpha) / (variance * horizon))


def log_e_values(bets: Bets) -> Floats:
    """Return the evidence against a difference of zero at each look, as a logarithm (looks,).

    Half of the money is bet on either side; the e-value is that of the side that did better.
    """
    zero = np.zeros(len(bets.counts))
    better = np.maximum(log_wealth(bets, zero, 1), log_wealth(bets, zero, -1))
    return np.asarray(better - math.log(2))


def intervals(bets: Bets, alpha: float | Floats) -> tuple[Floats, Floats]:
    """Return the lowest and the highest difference that is not refuted at each look.

    Zero lies outside exactly where ``log_e_values`` has reached 1/alpha.

    Args:
        bets: what was observed.
        alpha: chance that the true difference is ever refuted.
    """
    needed = np.log(2) - np.log(np.broadcast_to(alpha, len(bets.counts)))
    return _edge(bets, needed, 1), _edge(bets, needed, -1)


def _edge(bets: Bets, needed: Floats, sign: int) -> Floats:
    """Halve towards where bets against a difference have just not won enough to refute it."""
    refuted = np.full(len(bets.counts), -float(sign))
    kept = np.full(len(bets.counts), float(sign))
    never = log_wealth(bets, refuted, sign) < needed
    for _ in range(HALVINGS):
        middle = (refuted + kept) / 2
        enough = log_wealth(bets, middle, sign) >= needed
        refuted, kept = np.where(enough, middle, refuted), np.where(enough, kept, middle)
    return np.where(never, -float(sign), kept)


def paired_bets(differences: Floats, looks: Counts, horizon: float, alpha: float) -> Bets:
    """Count the differences of requests that both arms answered.

    Args:
        differences: -1, 0 or 1 for each request (n,).
        looks: how many requests had been seen at each look (looks,).
        horizon: observations that are planned for.
        alpha: chance that the true difference is ever refuted.
    """
    values = np.array([-1.0, 0.0, 1.0])
    counts = _counted(np.rint(differences).astype(np.int64) + 1, 3, looks)
    return Bets(values, counts, 2.0, best_size(VARIANCE, horizon, alpha))


def split_bets(
    treated: NDArray[np.bool_],
    outcomes: Floats,
    share: float,
    looks: Counts,
    horizon: float,
    alpha: float,
) -> Bets:
    """Count the values of observations of two arms.

    A value is the difference of the arms' rates so far, moved by how far the outcome is from its
    arm's rate, over the arm's share. Rates are those before the observation; they are taken anew
    when half as many again have been seen, so that there are few different values.

    Args:
        treated: whether each observation is of the second arm (n,).
        outcomes: 0 or 1 (n,).
        share: the chance with which the second arm was drawn.
        looks: how many observations had been seen at each look (looks,).
        horizon: observations that are planned for.
        alpha: chance that the true difference is ever refuted.
    """
    n = len(outcomes)
    starts = block_starts(n)
    block = np.searchsorted(starts, np.arange(n), side="right") - 1
    rates = np.stack([_rates_before(starts, outcomes, treated == arm) for arm in (False, True)])
    base = rates[1] - rates[0]
    values = np.stack([
        base - (0 - rates[0]) / (1 - share),
        base - (1 - rates[0]) / (1 - share),
        base + (0 - rates[1]) / share,
        base + (1 - rates[1]) / share,
    ], axis=1)  # (blocks, 4)  # fmt: skip
    kind = 4 * block + 2 * treated + (outcomes > 0.5)
    counts = _counted(kind, values.size, looks)
    best = best_size(VARIANCE / (share * (1 - share)), horizon, alpha)
    return Bets(values.ravel(), counts, 1 + 1 / min(share, 1 - share), best)


def block_starts(n: int) -> Counts:
    """Return at which observations the rates are taken anew."""
    starts = [0]
    while starts[-1] < n:
        starts.append(max(FIRST_BLOCK, int(starts[-1] * BLOCK_GROWTH)))
    return np.array(starts[:-1] or [0])


def _rates_before(starts: Counts, outcomes: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return an arm's rate before each block, drawn towards one half while it has seen little."""
    seen = np.concatenate([[0], np.cumsum(inside)])[starts]
    hits = np.concatenate([[0.0], np.cumsum(np.where(inside, outcomes, 0.0))])[starts]
    return np.asarray((hits + 0.5) / (seen + 1))


def _counted(kind: NDArray[np.int64], kinds: int, looks: Counts) -> Counts:
    """Count each kind up to each look."""
    edges = np.concatenate([[0], looks])
    steps = [
        np.bincount(kind[first:last], minlength=kinds)
        for first, last in itertools.pairwise(edges.tolist())
    ]
    return np.cumsum(steps, axis=0) if steps else np.zeros((0, kinds), np.int64)

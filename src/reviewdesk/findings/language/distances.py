"""How far one month's words are from those before, and how often chance gets so far.

Each term has a deviance: so many units of the month and of the time before have it and have it not,
and so many would if each star spoke in both as it did in both together; it is twice the log
likelihood ratio of the first against the second, over these four numbers. The distance is the sum
of the largest few, so that one new word on many products is seen as well as several.

What chance does is told by dealing the month out anew among units of the same stratum, which is the
same stars, and products spoken of about as often: a month with more low stars is so no other
language, nor is one with more of the products that many speak of. Beyond what orders can count, the
tail is taken to fall as the generalised Pareto that fits them, and no faster than an exponential.

Sources: Dunning 1993, Accurate methods for the statistics of surprise and coincidence; Besag and
Clifford 1991, Sequential Monte Carlo p-values; Knijnenburg et al. 2009, Fewer permutations, more
accurate P-values.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import xlogy

from reviewdesk.stats.generalised_pareto import GeneralisedPareto, fit_generalised_pareto

LARGEST: Final = 3
ORDERS: Final = 2_000
AT_ONCE: Final = 50
ENOUGH: Final = 10
"""So many orders that reach the distance, and no more are tried: it is nothing special."""

TAIL: Final = 0.1
_NONE: Final = 1e-12

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class MonthComparison(NamedTuple):
    """Two times of one category.

    Args:
        terms: (n, v) 1 where a unit has a term.
        now: (n,) whether it is of the month.
        strata: (n,) units are dealt out among those of the same, such as stars.
    """

    terms: csr_array
    now: NDArray[np.bool_]
    strata: Ints


class Distance(NamedTuple):
    """How far the month is.

    Args:
        value: such as the sum of the largest deviances.
        times_expected: how many times as far as by chance.
        p_value: the p-value.
    """

    value: float
    times_expected: float
    p_value: float


class Expected(NamedTuple):
    """What the month's units would say by their strata.

    Args:
        month: (v,) how many of them would have each term.
        both: (v,) how many units of both times have it.
        sizes: how many units the month has, and the time before.
    """

    month: Floats
    both: Floats
    sizes: tuple[int, int]


def expected(given: MonthComparison) -> Expected:
    """Return what the month's units would say by their strata."""
    strata, size = given.strata, int(given.now.sum())
    shares = np.bincount(strata, given.now) / np.maximum(np.bincount(strata), 1)
    month = np.asarray(given.terms.T @ shares[strata], np.float64)
    both = np.asarray(given.terms.sum(axis=0), np.float64).ravel()
    return Expected(month, both, (size, len(strata) - size))


def said_in(given: MonthComparison) -> Floats:
    """Return how many of the month's units have each term (v,)."""
    return np.asarray(given.terms.T @ given.now.astype(np.int64), np.float64)


def deviances(counts: Floats, expect: Expected) -> Floats:
    """Return each term's deviance, (..., v), below 0 where there are fewer than expected.

    Args:
        counts: (..., v) how many of the month's units have each term.
        expect: how many would.
    """
    value = _half(counts, expect.month, expect.sizes[0])
    value += _half(expect.both - counts, expect.both - expect.month, expect.sizes[1])
    return np.asarray(np.maximum(value, 0.0) * np.sign(counts - expect.month))


def _half(counts: Floats, expect: Floats, size: int) -> Floats:
    """Return the part of one time."""
    there, rest = np.maximum(expect, _NONE), np.maximum(size - expect, _NONE)
    value = xlogy(counts, counts / there) + xlogy(size - counts, (size - counts) / rest)
    return np.asarray(2 * value, np.float64)


def distance(signed: Floats) -> Floats:
    """Return the sum of the largest deviances of each row (...)."""
    size = np.abs(signed)
    if size.shape[-1] > LARGEST:
        size = np.partition(size, -LARGEST, axis=-1)[..., -LARGEST:]
    return np.asarray(size.sum(axis=-1))


def measure(given: MonthComparison, seed: int) -> Distance:
    """Return how far the month's words are from those before, and how often chance gets so far.

    Args:
        given: both times.
        seed: of the orders.
    """
    expect = expected(given)

    def far(months: csr_array) -> Floats:
        counts = (months @ given.terms).toarray().astype(np.float64)
        return distance(deviances(counts, expect))

    return beside_null(given, far, seed)


def beside_null(given: MonthComparison, far: Callable[[csr_array], Floats], seed: int) -> Distance:
    """Return how far the month is, and how often chance gets so far.

    Args:
        given: both times.
        far: tells how far each of some months is, (m, n) of 0 and 1.
        seed: of the orders.
    """
    value = float(far(csr_array(given.now[None].astype(np.int32)))[0])
    drawn = np.empty(0)
    random = np.random.default_rng(seed)
    while len(drawn) < ORDERS:
        drawn = np.append(drawn, far(deal(given, AT_ONCE, random)))
        if (drawn >= value - _NONE).sum() >= ENOUGH:
            break
    usual = max(float(drawn[:AT_ONCE].mean()), _NONE)
    return Distance(value, value / usual, p_value_of(value, drawn))


def deal(given: MonthComparison, orders: int, random: np.random.Generator) -> csr_array:
    """Return so many months dealt out anew within strata, (orders, n) of 0 and 1."""
    chosen = []
    for stratum in np.unique(given.strata[given.now]):
        units = np.flatnonzero(given.strata == stratum)
        many = int(given.now[units].sum())
        drawn = random.random((orders, len(units)))
        last = min(many, len(units) - 1)
        places = np.argpartition(drawn, last, axis=1)[:, :many]
        chosen.append(units[places])
    columns = np.concatenate(chosen, axis=1)
    ends = np.arange(orders + 1) * columns.shape[1]
    ones = np.ones(columns.size, np.int32)
    return csr_array((ones, columns.ravel(), ends), shape=(orders, len(given.now)))


def p_value_of(value: float, drawn: Floats) -> float:
    """Return the p-value of a distance among those that chance gave (m,), in the order drawn."""
    reached = np.flatnonzero(drawn >= value - _NONE)
    if len(reached) >= ENOUGH:
        return float(ENOUGH / (reached[ENOUGH - 1] + 1))
    start = float(np.quantile(drawn, 1 - TAIL))
    excess = drawn[drawn > start] - start
    if value <= start or not len(excess):
        return float((len(reached) + 1) / (len(drawn) + 1))
    tail = fit_generalised_pareto(excess)
    if tail.shape < 0:
        tail = GeneralisedPareto(0.0, float(excess.mean()))
    return float(len(excess) / len(drawn) * tail.share_above(np.array([value - start]))[0])

"""Simulated split tests with a look after every request: false alarms, power, coverage.

    python -m bench.experiment                          10,000 experiments of each kind
    python -m bench.experiment --experiments 100 planned split

Each experiment deals its requests to two arms by chance and looks after every one of them.
"""

import argparse
import time
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.machine import machine
from reviewdesk.experiments import betting, mixture, planning, sample_ratio
from reviewdesk.experiments.comparison import FEWEST, MANY

Floats = NDArray[np.float64]

ALPHA: Final = 0.05
AT_ONCE: Final = 50


class Simulated(NamedTuple):
    """Parts of the experiments in which something happened at any look.

    Args:
        exact: the exact sequence excluded 0.
        asymptotic: the asymptotic sequence excluded 0.
        naive: a 95 % interval for one look excluded 0.
        exact_uncovered: the exact sequence excluded the true difference.
        asymptotic_uncovered: the asymptotic sequence excluded the true difference.
        ratio: the split raised an alarm.
        exact_end: requests after which the exact sequence excluded 0, half of them sooner.
        asymptotic_end: the same for the asymptotic sequence.
    """

    exact: float
    asymptotic: float
    naive: float
    exact_uncovered: float
    asymptotic_uncovered: float
    ratio: float
    exact_end: float
    asymptotic_end: float


def simulate(
    experiments: int,
    requests: int,
    rates: tuple[float, float],
    horizon: float,
    seed: int,
    share: float = 0.5,
    dealt: float | None = None,
) -> Simulated:
    """Run experiments with outcomes of 0 and 1.

    Args:
        experiments: how many.
        requests: of each.
        rates: of the two arms.
        horizon: the requests that sequences are made for.
        seed: of the chance.
        share: the second arm's configured share.
        dealt: the share that it really gets; as configured by default.
    """
    rng = np.random.default_rng(seed)
    parts, ends = [], []
    for first in range(0, experiments, AT_ONCE):
        size = (min(AT_ONCE, experiments - first), requests)
        treated = rng.random(size) < (share if dealt is None else dealt)
        outcomes = (rng.random(size) < np.where(treated, rates[1], rates[0])).astype(float)
        seen, end = _at_once(treated, outcomes, rates[1] - rates[0], horizon, share)
        parts.append(seen)
        ends.append(end)
    halves = np.median(np.concatenate(ends, axis=1), axis=1)
    return Simulated(*np.concatenate(parts, axis=1).mean(axis=1).tolist(), *halves.tolist())


def _at_once(
    treated: NDArray[np.bool_], outcomes: Floats, difference: float, horizon: float, share: float
) -> tuple[NDArray[np.bool_], Floats]:
    """Return what happened in each of some experiments (6, e), and when it was decided (2, e)."""
    n = np.arange(1, treated.shape[1] + 1)
    counts = np.cumsum(treated, axis=1)
    hits = np.cumsum(np.where(treated, outcomes, 0.0), axis=1)
    others = np.cumsum(outcomes, axis=1) - hits
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.stack([others / (n - counts), hits / counts])  # (2, e, n)
        sizes = np.stack([n - counts, counts])
        own = rates * (1 - rates) / (sizes - 1)
        pooled = (sizes * rates * (1 - rates)).sum(axis=0) / (n - 2)
        few = sizes.min(axis=0) < np.minimum(MANY, sizes.max(axis=0) / 2)
        pooled = np.where(few, pooled, 0.0)
        error = np.sqrt(np.maximum(own, pooled / sizes).sum(axis=0))
    estimate = rates[1] - rates[0]
    enough = (sizes >= FEWEST).all(axis=0)
    estimate, error = np.where(enough, estimate, 0.0), np.where(enough, error, 0.0)
    freedom = np.where(enough, n - 3.0, 0.0)
    grown = np.broadcast_to(mixture.growth(n.astype(float), horizon, ALPHA), freedom.shape)
    limit = -np.log(ALPHA)
    about = mixture.log_e_values(estimate, error, grown, freedom) >= limit
    wrong = mixture.log_e_values(estimate - difference, error, grown, freedom) >= limit
    values = _values(treated, outcomes, share)
    exact = _log_e(values, 0.0, horizon, share) >= limit
    exact_wrong = _log_e(values, difference, horizon, share) >= limit
    naive = np.abs(estimate) > 1.959964 * np.sqrt(np.where(enough, own.sum(axis=0), 0.0))
    due = np.array([1 - share, share])
    split = np.stack([sizes[0].ravel(), counts.ravel()], axis=1)
    ratio = sample_ratio.log_e_values(split, due).reshape(counts.shape)
    alarm = ratio > -np.log(sample_ratio.ALARM)
    seen = [exact, about, naive & (error > 0), exact_wrong, wrong, alarm]
    return np.stack([one.any(axis=1) for one in seen]), np.stack([_first(exact), _first(about)])


def _first(decided: NDArray[np.bool_]) -> Floats:
    return np.asarray(np.where(decided.any(axis=1), decided.argmax(axis=1) + 1.0, np.inf))


def _values(treated: NDArray[np.bool_], outcomes: Floats, share: float) -> Floats:
    """Return what each observation says of the difference (e, n), as ``betting.split_bets``."""
    starts = betting.block_starts(treated.shape[1])
    block = np.searchsorted(starts, np.arange(treated.shape[1]), side="right") - 1
    rates = []
    for inside in (~treated, treated):
        zero = np.zeros((len(treated), 1))
        seen = np.concatenate([zero, np.cumsum(inside, axis=1)], axis=1)[:, starts]
        hits = np.concatenate([zero, np.cumsum(inside * outcomes, axis=1)], axis=1)[:, starts]
        rates.append(((hits + 0.5) / (seen + 1))[:, block])
    moved = np.where(treated, (outcomes - rates[1]) / share, (rates[0] - outcomes) / (1 - share))
    return np.asarray(rates[1] - rates[0] + moved)


def _log_e(values: Floats, difference: float, horizon: float, share: float) -> Floats:
    """Return the evidence against a difference after each observation (e, n)."""
    best = betting.best_size(betting.VARIANCE / (share * (1 - share)), horizon, ALPHA)
    sizes, money = betting.bet_sizes(1 + 1 / min(share, 1 - share), best)
    sides = []
    for sign in (1, -1):
        wealth = np.full(values.shape, -np.inf)
        for size, part in zip(sizes.tolist(), money.tolist(), strict=True):
            logs = np.cumsum(np.log1p(sign * size * (values - difference)), axis=1)
            wealth = np.logaddexp(wealth, logs + np.log(part))
        sides.append(wealth)
    return np.asarray(np.maximum(*sides) - np.log(2))


def main() -> None:
    """Print all figures as a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="beginnings of the names of some; all by default")
    parser.add_argument("--experiments", type=int, default=10_000)
    given = parser.parse_args()
    experiments = given.experiments
    made = planning.plan(planning.rate_variance(0.85, 0.03, 0.5), 0.03)
    horizon, requests = made.fixed, 2 * made.fixed
    print(machine())
    print(
        f"{experiments:,} experiments of {requests:,} requests, a look after each; planned "
        f"{made.fixed:,} for one look, expected {made.expected:,}, 80 % by {made.units:,}\n"
    )
    print(
        "| what | exact | asymptotic | naive | not covered, exact | not covered, asymptotic | "
        "split alarm | half end by, exact | half end by, asymptotic | seconds |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    cases = {
        "none, .85": {"rates": (0.85, 0.85)},
        "none, .98": {"rates": (0.98, 0.98)},
        "none, shares .9/.1": {"rates": (0.85, 0.85), "share": 0.1},
        "planned, .85 to .88": {"rates": (0.85, 0.88)},
        "split .5/.5 dealt .45/.55": {"rates": (0.85, 0.85), "dealt": 0.55},
    }
    for name, options in cases.items():
        if given.kinds and not name.startswith(tuple(given.kinds)):
            continue
        begin = time.perf_counter()
        found = simulate(experiments, requests, horizon=horizon, seed=24, **options)  # type: ignore[arg-type]
        spent = time.perf_counter() - begin
        shares = " | ".join(f"{value:.4f}" for value in found[:6])
        ends = " | ".join("–" if np.isinf(end) else f"{end:,.0f}" for end in found[6:])
        print(f"| {name} | {shares} | {ends} | {spent:.0f} |", flush=True)


if __name__ == "__main__":
    main()

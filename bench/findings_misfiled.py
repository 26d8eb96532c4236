"""Misfiled reviews: promised against delivered precision, and recall beside other ways.

    python -m bench.findings_misfiled --worlds categories14-random --seeds 6 --shares 0.03 0.1

Errors are planted in real reviews; two heads are cross-fitted; 5,000 reviews that stand right are
the reference. Beside the finder, on the same probabilities (both heads combined, and the first
alone): "predicted differs" from where the review stands, and cleanlab's flags and rankings. As a
ranking promises nothing, it is told the truth: its recall is that of its longest list that has the
precision.
"""

import argparse
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.findings_data import PlantedWorld, load, plant
from bench.machine import machine
from bench.trials import kept
from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.misfiled.audit import choose_questions, fit_correction
from reviewdesk.findings.misfiled.combination import log_probabilities
from reviewdesk.findings.misfiled.lists import (
    Lists,
    lists_with_reference,
    lists_without_reference,
    ranked_rows,
)
from reviewdesk.findings.misfiled.ranking import Ranking, rank_plainly, rank_with_reference

TRUSTED: Final = 5_000
QUESTIONS: Final = 80

Planted = tuple[float, str]
Way = tuple[str, float]
Rows = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Outcome(NamedTuple):
    """What one list held."""

    listed: int
    hits: int
    wrong: int  # in all that might have been listed


class Trial(NamedTuple):
    """Reviews with planted errors, what heads say of them, and the reference."""

    planted: PlantedWorld
    heads: list[NDArray[np.float32]]
    wrong: Rows
    trusted: Rows


def trial(world: str, share: float, moves: str, seed: int) -> Trial:
    """Plant errors, and draw a reference from what stands right."""
    planted = plant(load(world, seed), misfiled=share, moves=moves, seed=seed)
    wrong = planted.misfiled
    random = np.random.default_rng([seed, 5])
    right = np.flatnonzero(~wrong)
    trusted = np.zeros(len(wrong), np.bool_)
    trusted[random.choice(right, min(TRUSTED, len(right) // 2), replace=False)] = True
    return Trial(planted, planted.heads(), wrong, trusted)


def results(of: Trial) -> Iterator[tuple[str, float, Outcome]]:
    """Yield what every way lists at every promise."""
    labels, rest = of.planted.assigned, ~of.trusted
    logs = [log_probabilities(head) for head in of.heads]
    wrong = int(of.wrong[rest].sum())

    def outcomes(way: str, found: Lists) -> Iterator[tuple[str, float, Outcome]]:
        for one in found.lists:
            hits = int(of.wrong[found.rows[: one.listed]].sum())
            yield way, one.promise, Outcome(one.listed, hits, wrong)

    best = rank_with_reference(logs, labels, of.trusted)
    yield from outcomes("reference", lists_with_reference(best, rest, of.trusted))
    yield from told("reference, told the truth", best.score, of, rest)
    plain = rank_plainly(logs, labels)
    yield from outcomes("probabilities", lists_without_reference(plain, rest, None))
    yield from outcomes("80 answers", _asked(plain, of, rest))
    yield from told("probabilities, told the truth", plain.score, of, rest)
    yield from _peers("both heads", np.exp(plain.combination.logs(logs)), of, rest)
    yield from _peers("linear", of.heads[0].astype(np.float64), of, rest)


def _asked(plain: Ranking, of: Trial, rest: Rows) -> Lists:
    rows = ranked_rows(plain, rest)
    rows = rows[choose_questions(plain.posterior[rows], QUESTIONS)]
    return lists_without_reference(
        plain, rest, fit_correction(plain.posterior[rows], of.wrong[rows])
    )


def _peers(
    heads: str, shares: Floats, of: Trial, rest: Rows
) -> Iterator[tuple[str, float, Outcome]]:
    from cleanlab.filter import find_label_issues  # noqa: PLC0415  (not needed for the rest)
    from cleanlab.rank import get_label_quality_scores  # noqa: PLC0415

    labels = of.planted.assigned.astype(np.int64)
    wrong = int(of.wrong[rest].sum())
    shares = shares / shares.sum(axis=1, keepdims=True)
    flags: dict[str, Rows] = {"predicted differs": shares.argmax(axis=1) != labels}
    for name in ("prune_by_noise_rate", "both"):
        flags[f"cleanlab {name}"] = find_label_issues(labels, shares, filter_by=name, n_jobs=1)
    for way, flagged in flags.items():
        listed = flagged & rest
        yield (
            f"{way}, {heads}",
            0.0,
            Outcome(int(listed.sum()), int((listed & of.wrong).sum()), wrong),
        )
    for method in ("self_confidence", "normalized_margin"):
        quality = get_label_quality_scores(labels, shares, method=method)
        yield from told(f"cleanlab {method}, {heads}", -np.asarray(quality), of, rest)


def told(way: str, score: Floats, of: Trial, rest: Rows) -> Iterator[tuple[str, float, Outcome]]:
    """Yield the longest list of each precision, for which the truth must be known."""
    order = np.flatnonzero(rest)
    order = order[np.argsort(-score[order], kind="stable")]
    hits = np.cumsum(of.wrong[order])
    precise = hits / np.arange(1, len(order) + 1)
    for promise in PROMISES:
        kept = np.flatnonzero(precise >= promise)
        length = int(kept[-1]) + 1 if len(kept) else 0
        found = int(hits[length - 1]) if length else 0
        yield way, promise, Outcome(length, found, int(hits[-1]) if len(hits) else 0)


def interval(outcomes: list[Outcome], of: Callable[[NDArray[np.int64]], float]) -> str:
    """Return a pooled figure with its 90 % interval over seeds drawn anew."""
    table = np.array(outcomes, np.int64)
    random = np.random.default_rng(0)
    draws = [of(table[random.integers(0, len(table), len(table))]) for _ in range(1000)]
    low, high = np.nanquantile(draws, [0.05, 0.95]) if not np.isnan(draws).all() else (0, 0)
    return f"{of(table):.3f} ({low:.3f}-{high:.3f})"


def precision(table: NDArray[np.int64]) -> float:
    """Return the sum of hits over the sum of what is listed."""
    listed = int(table[:, 0].sum())
    return float(table[:, 1].sum() / listed) if listed else float("nan")


def recall(table: NDArray[np.int64]) -> float:
    """Return the sum of hits over the sum of errors."""
    return float(table[:, 1].sum() / max(int(table[:, 2].sum()), 1))


def main() -> None:
    """Measure and print one table for each world, share and kind of moves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", nargs="+", default=["categories14-random"])
    parser.add_argument("--shares", nargs="+", type=float, default=[0.01, 0.03, 0.1])
    parser.add_argument("--moves", nargs="+", default=["uniform", "confusable", "clustered"])
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    print(machine())
    for world in given.worlds:
        found: dict[Planted, dict[Way, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
        for seed, share, moves in itertools.product(range(given.seeds), given.shares, given.moves):
            rows = kept(__file__, tried, world=world, share=share, moves=moves, seed=seed)
            for way, promise, *outcome in rows:
                found[share, moves][way, promise].append(Outcome(*outcome))
        for (share, moves), ways in found.items():
            print(f"\n{world}, {share:.0%} {moves}, {given.seeds} seeds")
            _show(ways)


def tried(
    world: str, share: float, moves: str, seed: int
) -> list[tuple[str, float, int, int, int]]:
    """Return what every way listed at every promise, in rows."""
    found = results(trial(world, share, moves, seed))
    return [(way, promise, *outcome) for way, promise, outcome in found]


def _show(found: dict[Way, list[Outcome]]) -> None:
    print(f"{'way':40} {'promise':>7} {'listed':>7} {'delivered':>21} {'recall':>21} worst none")
    for (way, promise), outcomes in found.items():
        mean = np.mean([one.listed for one in outcomes])
        worst = min((one.hits / one.listed for one in outcomes if one.listed), default=float("nan"))
        none = sum(one.listed == 0 for one in outcomes)
        print(
            f"{way:40} {promise or '':>7} {mean:7.0f} {interval(outcomes, precision):>21} "
            f"{interval(outcomes, recall):>21} {worst:5.3f} {none:4}",
            flush=True,
        )


if __name__ == "__main__":
    main()

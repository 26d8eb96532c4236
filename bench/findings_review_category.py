"""Reviews in the wrong category: promised and delivered precision, and recall beside other ways.

    python -m bench.findings_review_category --worlds categories14-random --seeds 6 --shares 0.03

Errors are planted in real reviews; two base models are cross-fitted; 5,000 reviews that stand right
are the reference. Beside the finder, on the same probabilities (the first base model alone, as a
user of cleanlab has it, and both combined): "predicted differs" from where the review stands, and
cleanlab. Its own ranking is that of ``find_label_issues`` with all defaults, ordered by its default
score (self-confidence): what it flags, and nothing else. As a ranking promises nothing, it is told
the truth: its recall is that of its longest list that has the precision.

"Apart" is the recall among errors between categories that do not overlap, by what both base models
say where all labels are right: of an error between two that do, a text can hardly tell.
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
from reviewdesk.findings.review_category.audit import choose_questions, fit_correction
from reviewdesk.findings.review_category.combination import fit_combination, log_probabilities
from reviewdesk.findings.review_category.lists import (
    Lists,
    lists_with_reference,
    lists_without_reference,
    ranked_rows,
)
from reviewdesk.findings.review_category.overlaps import OVERLAPPING, confusions, mutual
from reviewdesk.findings.review_category.ranking import (
    Ranking,
    rank_by_mixture,
    rank_with_reference,
)

TRUSTED: Final = 5_000
QUESTIONS: Final = 80
OURS: Final = "reference, told the truth"
PEER: Final = "cleanlab's own"

Planted = tuple[float, str]
Way = tuple[str, float]
Rows = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Outcome(NamedTuple):
    """What one list held."""

    listed: int
    hits: int
    wrong: int  # in all that might have been listed
    hits_apart: int  # of these, between categories that do not overlap
    wrong_apart: int


class Trial(NamedTuple):
    """Reviews with planted errors, what base models say of them, and the reference."""

    planted: PlantedWorld
    probabilities: list[NDArray[np.float32]]
    wrong: Rows
    apart: Rows  # whether the category where it stands does not overlap with the right one
    trusted: Rows

    def outcome(self, rows: NDArray[np.integer] | Rows) -> Outcome:
        """Return what a list of rows holds."""
        wrong, apart = self.wrong[rows], self.apart[rows]
        rest = self.wrong & ~self.trusted
        return Outcome(
            len(wrong),
            int(wrong.sum()),
            int(rest.sum()),
            int((wrong & apart).sum()),
            int((rest & self.apart).sum()),
        )


def trial(world: str, share: float, moves: str, seed: int) -> Trial:
    """Plant errors, and draw a reference from what stands right."""
    planted = plant(load(world, seed), review_category=share, moves=moves, seed=seed)
    wrong = planted.review_category
    random = np.random.default_rng([seed, 5])
    right = np.flatnonzero(~wrong)
    trusted = np.zeros(len(wrong), np.bool_)
    trusted[random.choice(right, min(TRUSTED, len(right) // 2), replace=False)] = True
    probabilities = planted.probabilities()
    return Trial(planted, probabilities, wrong, _apart(planted, probabilities), trusted)


def _apart(planted: PlantedWorld, probabilities: list[NDArray[np.float32]]) -> Rows:
    logs = [log_probabilities(each) for each in probabilities]
    says = fit_combination(logs, planted.assigned).logs(logs).argmax(axis=1)
    both = mutual(confusions(planted.right, says, len(planted.world.names)))
    apart: Rows = both[planted.right, planted.assigned] < OVERLAPPING
    return apart


def results(of: Trial) -> Iterator[tuple[str, float, Outcome]]:
    """Yield what every way lists at every promise."""
    labels, rest = of.planted.assigned, ~of.trusted
    logs = [log_probabilities(each) for each in of.probabilities]

    def outcomes(way: str, found: Lists) -> Iterator[tuple[str, float, Outcome]]:
        for one in found.lists:
            yield way, one.promise, of.outcome(found.rows[: one.listed])

    best = rank_with_reference(logs, labels, of.trusted)
    yield from outcomes("reference", lists_with_reference(best, rest, of.trusted))
    yield from told(OURS, best.score, of, rest)
    lengths = of.planted.lengths
    plain = rank_by_mixture(logs, labels, of.planted.product.astype(np.int64), lengths)
    yield from outcomes("probabilities", lists_without_reference(plain, rest, None))
    yield from outcomes("80 answers", _asked(plain, of, rest))
    yield from told("probabilities, told the truth", plain.score, of, rest)
    yield from _peers("linear", of.probabilities[0].astype(np.float64), of, rest)
    yield from _peers("both base models", plain.probabilities(logs, lengths), of, rest)


def _asked(plain: Ranking, of: Trial, rest: Rows) -> Lists:
    rows = ranked_rows(plain, rest)
    rows = rows[choose_questions(plain.posterior[rows], QUESTIONS)]
    return lists_without_reference(
        plain, rest, fit_correction(plain.posterior[rows], of.wrong[rows])
    )


def _peers(
    probabilities: str, shares: Floats, of: Trial, rest: Rows
) -> Iterator[tuple[str, float, Outcome]]:
    from cleanlab.filter import find_label_issues  # noqa: PLC0415  (not needed for the rest)
    from cleanlab.rank import get_label_quality_scores  # noqa: PLC0415

    labels = of.planted.assigned.astype(np.int64)
    shares = shares / shares.sum(axis=1, keepdims=True)
    yield (
        f"predicted differs, {probabilities}",
        0.0,
        of.outcome((shares.argmax(axis=1) != labels) & rest),
    )
    flagged = find_label_issues(labels, shares, n_jobs=1)
    yield f"cleanlab flags, {probabilities}", 0.0, of.outcome(flagged & rest)
    for method in ("self_confidence", "normalized_margin"):
        quality = np.asarray(get_label_quality_scores(labels, shares, method=method))
        if method == "self_confidence":
            yield from told(f"{PEER}, {probabilities}", -quality, of, flagged & rest)
        yield from told(f"cleanlab {method}, {probabilities}", -quality, of, rest)


def told(way: str, score: Floats, of: Trial, rest: Rows) -> Iterator[tuple[str, float, Outcome]]:
    """Yield the longest list of each precision, for which the truth must be known."""
    order = np.flatnonzero(rest)
    order = order[np.argsort(-score[order], kind="stable")]
    precise = np.cumsum(of.wrong[order]) / np.arange(1, len(order) + 1)
    for promise in PROMISES:
        kept = np.flatnonzero(precise >= promise)
        yield way, promise, of.outcome(order[: int(kept[-1]) + 1 if len(kept) else 0])


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


def apart(table: NDArray[np.int64]) -> float:
    """Return the recall among errors between categories that do not overlap."""
    return float(table[:, 3].sum() / max(int(table[:, 4].sum()), 1))


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


def tried(world: str, share: float, moves: str, seed: int) -> list[tuple[str | float, ...]]:
    """Return what every way listed at every promise, in rows."""
    found = results(trial(world, share, moves, seed))
    return [(way, promise, *outcome) for way, promise, outcome in found]


def _show(found: dict[Way, list[Outcome]]) -> None:
    print(
        f"{'way':40} {'promise':>7} {'listed':>7} {'delivered':>21} {'recall':>21} apart worst none"
    )
    for (way, promise), outcomes in found.items():
        mean = np.mean([one.listed for one in outcomes])
        worst = min((one.hits / one.listed for one in outcomes if one.listed), default=float("nan"))
        none = sum(one.listed == 0 for one in outcomes)
        print(
            f"{way:40} {promise or '':>7} {mean:7.0f} {interval(outcomes, precision):>21} "
            f"{interval(outcomes, recall):>21} {apart(np.array(outcomes)):5.3f} "
            f"{worst:5.3f} {none:4}",
            flush=True,
        )
    for probabilities in ("linear", "both base models"):
        _compare(found, probabilities)


def _compare(found: dict[tuple[str, float], list[Outcome]], probabilities: str) -> None:
    """Print how many times the recall of cleanlab's own ranking ours is, at equal precision."""
    ratios = []
    for promise in PROMISES:
        peer = recall(np.array(found[f"{PEER}, {probabilities}", promise]))
        ours = recall(np.array(found[OURS, promise]))
        ratios.append(f"{promise} {ours / peer if peer else np.inf:.2f}")
    print(f"recall over that of {PEER} on {probabilities}: {', '.join(ratios)}")


if __name__ == "__main__":
    main()

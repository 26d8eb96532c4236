"""Shares of rows that are set aside: to calibrate on, and to choose settings on."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.rows import Rows
from reviewdesk.models.linear.solver import Solver
from reviewdesk.models.linear.weights import Weights
from reviewdesk.text.hashing import combine64, hash64_text

LOTS: Final = 2**32
SHARE: Final = 0.1
CHOOSING_SHARE: Final = 0.2
MOST_ROWS: Final = 20_000
ENOUGH_ROWS: Final = 1_500
SMALL_SHARE: Final = 0.02  # what little such a share would add is not worth learning again
FEW_GROUPS: Final = 50

Parts = Callable[[], Iterator[Rows]]


class Plan(NamedTuple):
    """How much is set aside: ``folds`` times a share of the rows, each time another one."""

    share: float
    folds: int
    learn_again: bool  # whether the kept weights are learnt from all rows, also those set aside


def plan_for(rows: int) -> Plan:
    """Set aside a tenth, a smaller share of very many rows, and in turn all of few rows."""
    share = min(SHARE, MOST_ROWS / max(rows, 1))
    folds = min(-(-ENOUGH_ROWS // max(int(rows * share), 1)), int(1 / SHARE))
    return Plan(share, folds, learn_again=folds * share > SMALL_SHARE)


def plan_to_choose(rows: int) -> Plan:
    """Set aside a fifth to compare settings on, and in turn all of few rows."""
    folds = min(-(-ENOUGH_ROWS // max(int(rows * CHOOSING_SHARE), 1)), int(1 / CHOOSING_SHARE))
    return Plan(CHOOSING_SHARE, folds, learn_again=False)


def fit_calibrated(
    solver: Solver, plan: Plan, strength: float
) -> tuple[Weights, Calibration, NDArray[np.float64]]:
    """Learn weights, and their calibration from rows set aside.

    Args:
        solver: learns weights.
        plan: how many rows are set aside.
        strength: see ``Solver.fit``.

    Returns:
        The weights, the calibration, and the log-likelihood of each row that was set aside.
    """
    scores, labels = [], []
    weights = None
    for fold in range(plan.folds):
        low, high = int(fold * plan.share * LOTS), int((fold + 1) * plan.share * LOTS)

        def aside(part: Rows, low: int = low, high: int = high) -> NDArray[np.bool_]:
            return (part.lots >= low) & (part.lots < high)

        def learnt(
            part: Rows, aside: Callable[[Rows], NDArray[np.bool_]] = aside
        ) -> NDArray[np.bool_]:
            return ~aside(part)

        if not _both(solver, learnt):
            continue
        weights = solver.fit(learnt, strength)
        for part in solver.parts():
            chosen = np.flatnonzero(aside(part))
            scores.append(weights.scores(part.ids, part.ends, chosen))
            labels.append(part.labels[chosen])
    unseen = np.concatenate([np.empty((0, solver.k), np.float32), *scores])
    truth = np.concatenate([np.empty(0, np.int32), *labels])
    calibration = Calibration.fit(unseen, truth, solver.costs)
    likely = calibration.probabilities(unseen)[np.arange(len(truth)), truth]
    if weights is None or plan.learn_again:
        weights = solver.fit(_all, strength)
    return weights, calibration, np.log(np.maximum(likely, 1e-12))


def _all(part: Rows) -> NDArray[np.bool_]:
    return np.ones(len(part), np.bool_)


def _both(solver: Solver, choose: Callable[[Rows], NDArray[np.bool_]]) -> bool:
    """Say whether the chosen rows have two labels or more."""
    found: set[int] = set()
    for part in solver.parts():
        found.update(np.unique(part.labels[choose(part)]).tolist())
        if len(found) > 1:
            return True
    return False


def draw_lots(groups: NDArray[np.uint64], seed: int) -> NDArray[np.uint32]:
    """Return a number for each row that is the same within a group, and otherwise random."""
    # The name keeps these lots from being those by which somebody split the rows before.
    salt = hash64_text(f"linear lots {seed}")
    salted = combine64(groups, np.full(len(groups), salt, np.uint64))
    return (salted >> np.uint64(32)).astype(np.uint32)


def enough_lots(parts: Parts, seed: int) -> Parts:
    """Return the same parts; where there are hardly any groups, each row is one by itself."""
    first = next(iter(parts()))
    if len(np.unique(first.lots)) >= FEW_GROUPS:
        return parts
    lots = draw_lots(np.arange(len(first), dtype=np.uint64), seed)
    return lambda: iter([replace(first, lots=lots)])

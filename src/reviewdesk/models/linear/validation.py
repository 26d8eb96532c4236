"""Shares of rows that are held out: to calibrate on, and to choose settings on."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.few_texts import FEW
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.hashed_rows import HashedRows, shortened
from reviewdesk.models.linear.sharpness import Sharpness
from reviewdesk.models.linear.solver import Choose, Solver
from reviewdesk.models.linear.weights import Weights
from reviewdesk.models.short_texts import MOST_CUT, CutTexts, ShortTexts, cut_rows
from reviewdesk.text.hashing import combine64, hash64_text

GROUP_HASHES: Final = 2**32
SHARE: Final = 0.2
SMALL_SHARE: Final = 0.1  # of few rows, where each fold's weights should be nearly the kept ones
FEW_ROWS: Final = 5_000
MANY_ROWS: Final = 300_000
MOST_ROWS: Final = 30_000
ENOUGH_ROWS: Final = 60_000
ENOUGH_ROWS_OF_TWO: Final = 12_000
ENOUGH_TO_CHOOSE: Final = 1_500
NOT_WORTH_IT: Final = 0.03  # what little such a share would add is not worth learning again
FEW_GROUPS: Final = 50
SLOTS_A_TEXT: Final = 256

Parts = Callable[[], Iterator[HashedRows]]


class HoldOutPlan(NamedTuple):
    """How much is held out: ``folds`` times a share of the rows, each time another one."""

    share: float
    folds: int
    learn_again: bool  # whether the kept weights are learnt from all rows, also those held out


def plan_for(rows: int, k: int, most: int = 0) -> HoldOutPlan:
    """Hold out a fifth in turn, as often as is needed to calibrate; of very many rows once.

    How sure a classifier of many labels may be takes more numbers to say than of two. A number
    other than 0 is how often it may be at the most.
    """
    share = min(SMALL_SHARE if rows <= FEW_ROWS else SHARE, MOST_ROWS / max(rows, 1))
    enough = ENOUGH_ROWS_OF_TWO if k == 2 else ENOUGH_ROWS
    folds = -(-enough // max(int(rows * share), 1)) if rows <= MANY_ROWS else 1
    folds = min(folds, round(1 / share), most or folds)
    return HoldOutPlan(share, folds, learn_again=folds * share > NOT_WORTH_IT)


def plan_to_choose(rows: int) -> HoldOutPlan:
    """Hold out a fifth to compare settings on, and in turn all of few rows."""
    folds = min(-(-ENOUGH_TO_CHOOSE // max(int(rows * SHARE), 1)), round(1 / SHARE))
    return HoldOutPlan(SHARE, folds, learn_again=False)


def fit_calibrated(
    solver: Solver, plan: HoldOutPlan, strength: float, label_rows: NDArray[np.int64]
) -> tuple[Weights, Calibration, NDArray[np.float64]]:
    """Learn weights, and their calibration from held-out rows.

    Rows held out share neither group nor text with the rows that are learnt from meanwhile.

    Args:
        solver: learns weights.
        plan: how many rows are held out.
        strength: see ``Solver.fit``.
        label_rows: (k,) how many rows have each label.

    Returns:
        The weights, the calibration, and the log-likelihood of each row that was held out.
    """
    unseen, cut = _Unseen(solver.k), _Unseen(solver.k)
    weights = None
    for number in range(plan.folds):
        fold = _Fold(solver.parts, number * plan.share, (number + 1) * plan.share)
        if not _both(solver, fold.learnt):
            fold = fold.with_equal_texts()
            if not _both(solver, fold.learnt):
                continue
        weights = solver.fit(fold.learnt, strength)
        for part in solver.parts():
            held_out = np.flatnonzero(fold.held_out(part))
            unseen.add(weights, part, held_out)
            some, most = cut_rows(len(held_out), MOST_CUT // plan.folds)
            few = shortened(part, held_out[some], most)
            cut.add(weights, few, np.arange(len(few)))
    scores, lengths, labels, known = unseen.rows()
    copies = unseen.copies()
    rows = (label_rows * solver.costs).astype(np.float64)
    if (1 / copies).sum() < FEW:
        sharpness = Sharpness.level()
        calibration = Calibration.fit_few(scores, labels, solver.costs[labels] / copies)
    else:
        sharpness = Sharpness.fit(scores, lengths, labels, solver.costs)
        scores *= sharpness(lengths)[:, None]
        calibration = Calibration.fit(scores, labels, solver.costs, known, cut.cut(sharpness))
    short = calibration.short or ShortTexts.level(rows)
    calibration = replace(calibration, short=replace(short, label_rows=rows))
    likely = calibration.probabilities(scores, known)[np.arange(len(labels)), labels]
    if weights is None or plan.learn_again:
        weights = solver.fit(_all, strength)
    kept = replace(weights, sharpness=sharpness)
    return kept, calibration, np.log(np.maximum(likely, 1e-12))


class _Unseen:
    """Rows that were held out, with the scores of weights that had not seen them."""

    def __init__(self, k: int) -> None:
        self._scores = [np.empty((0, k), np.float32)]
        self._lengths = [np.empty(0, np.float32)]
        self._labels = [np.empty(0, np.int32)]
        self._keys = [np.empty(0, np.uint64)]
        self._known = [np.empty(0, np.int64)]

    def add(self, weights: Weights, part: HashedRows, chosen: NDArray[np.int64]) -> None:
        scores, lengths = weights.scored(part.ids, part.ends, chosen)
        self._scores.append(scores)
        self._lengths.append(lengths)
        self._labels.append(part.labels[chosen])
        self._keys.append(part.text_keys[chosen])
        self._known.append(weights.known(part.ids, part.ends, chosen))

    def copies(self) -> NDArray[np.int64]:
        """Return how many of the rows have the same text as each of them, (n,)."""
        keys = np.concatenate(self._keys)
        _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return np.asarray(counts[place], np.int64)

    def cut(self, sharpness: Sharpness) -> CutTexts:
        """Return the rows as such that were cut short."""
        scores, lengths, labels, known = self.rows()
        return CutTexts(scores * sharpness(lengths)[:, None], known, labels)

    def rows(
        self,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32], NDArray[np.int64]]:
        """Return scores (n, k), lengths (n,), labels (n,) and known n-grams (n,)."""
        return (
            np.concatenate(self._scores),
            np.concatenate(self._lengths),
            np.concatenate(self._labels),
            np.concatenate(self._known),
        )


class _Fold:
    """Which rows are held out, and which are learnt from meanwhile.

    Texts that are held out are known by some bits of a hash, so that a few rows in a thousand are
    left out by chance.

    Args:
        parts: gives the rows.
        low: group hashes from this share of all group hashes on are held out.
        high: up to this one.
        texts: whether rows with a text that is held out are left out.
    """

    def __init__(self, parts: Parts, low: float, high: float, *, texts: bool = True) -> None:
        self._parts, self._low, self._high = parts, low, high
        self._taken: NDArray[np.bool_] | None = None
        self._known: tuple[HashedRows, NDArray[np.bool_]] | None = None
        if texts:
            keys = np.concatenate([part.text_keys[self.held_out(part)] for part in parts()])
            bits = max(len(keys) * SLOTS_A_TEXT, 2).bit_length()
            self._taken = np.zeros(1 << bits, np.bool_)
            self._taken[_slots(keys, bits)] = keys != 0

    def with_equal_texts(self) -> "_Fold":
        """Return the same fold, with equal texts on both sides: there are too few others."""
        return _Fold(self._parts, self._low, self._high, texts=False)

    def held_out(self, part: HashedRows) -> NDArray[np.bool_]:
        """Return which rows are held out."""
        found: NDArray[np.bool_] = (part.group_hash >= int(self._low * GROUP_HASHES)) & (
            part.group_hash < int(self._high * GROUP_HASHES)
        )
        return found

    def learnt(self, part: HashedRows) -> NDArray[np.bool_]:
        """Return which rows are learnt from; the same part, as in memory, is answered at once."""
        if self._known is None or self._known[0] is not part:
            found = ~self.held_out(part)
            if self._taken is not None:
                bits = len(self._taken).bit_length() - 1
                found &= ~self._taken[_slots(part.text_keys, bits)] | (part.text_keys == 0)
            self._known = part, found
        return self._known[1]


def _slots(keys: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    return (keys >> np.uint64(64 - bits)).astype(np.int64)


def _all(part: HashedRows) -> NDArray[np.bool_]:
    return np.ones(len(part), np.bool_)


def _both(solver: Solver, choose: Choose) -> bool:
    """Say whether the chosen rows have two labels or more."""
    found: set[int] = set()
    for part in solver.parts():
        found.update(np.unique(part.labels[choose(part)]).tolist())
        if len(found) > 1:
            return True
    return False


def hash_groups(groups: NDArray[np.uint64], seed: int) -> NDArray[np.uint32]:
    """Return a number for each row that is the same within a group, and otherwise random."""
    # The name keeps these group hashes from being those by which somebody split the rows before.
    salt = hash64_text(f"linear group hashes {seed}")
    salted = combine64(groups, np.full(len(groups), salt, np.uint64))
    return (salted >> np.uint64(32)).astype(np.uint32)


def enough_groups(parts: Parts, seed: int) -> Parts:
    """Return the same parts; where there are hardly any groups, each row is one by itself."""
    first = next(iter(parts()))
    if len(np.unique(first.group_hash)) >= FEW_GROUPS:
        return parts
    group_hash = hash_groups(np.arange(len(first), dtype=np.uint64), seed)
    alone = replace(first, group_hash=group_hash)
    return lambda: iter([alone])

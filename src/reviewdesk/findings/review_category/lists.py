"""The lists of reviews in the wrong category: which, how sure, and why one is empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.base import PROMISES, PromisedList
from reviewdesk.findings.review_category.audit import ScoreCorrection
from reviewdesk.findings.review_category.promises import (
    FEWEST_LISTED,
    ListCut,
    ReferenceTail,
    cut_lists,
    false_by_posterior,
    false_by_reference,
)
from reviewdesk.findings.review_category.ranking import Ranking
from reviewdesk.report.numbers import count

Floats = NDArray[np.float64]

FEWEST_TRUSTED: Final = 5_000
"""A smaller reference says too little of the tail."""
LEAST_EXPLAINED: Final = 0.1
"""Classifiers that explain less of the labels' entropy say nothing of single labels."""
MOST_NOISE: Final = 0.5
"""If more labels were wrong than right, they would not say what the categories are."""
NO_MIXTURE: Final = "no more reviews look wrong than would if all of them were filed rightly"
ONLY_CLASSIFIERS: Final = (
    "by what the classifiers say alone. Answers to the questions (--audit), or a reference "
    "(--reference), can make it longer"
)
WINDOW: Final = 20
"""How sure a finding is, is told from so many neighbours at least."""


@dataclass(frozen=True, eq=False)
class Lists:
    """The lists, nested.

    Args:
        rows: (m,) the reviews of the longest list, the surest first.
        score: (m,) how likely each is wrong.
        promise: (m,) of the strictest list that holds each.
        lists: one for each promise, the strictest first.
        intervals: of the precision of each list, where a person was asked.
    """

    rows: NDArray[np.int64]
    score: Floats
    promise: Floats
    lists: tuple[PromisedList, ...]
    intervals: tuple[tuple[float, float], ...] = ()


def lists_with_reference(
    ranking: Ranking, candidates: NDArray[np.bool_], trusted: NDArray[np.bool_]
) -> Lists:
    """Return the lists that the reference allows.

    Args:
        ranking: of n reviews.
        candidates: (n,) which may be listed.
        trusted: (n,) which are the reference.
    """
    rows = ranked_rows(ranking, candidates)
    ranked = ranking.score[rows]
    false = false_by_reference(ranked, ReferenceTail(ranking.score[trusted]))
    cuts = cut_lists(false, ranked, PROMISES)
    most = max((cut.listed for cut in cuts), default=0)
    reason = f"by the {count(int(trusted.sum()))} reviews known to be right"
    return _lists(rows, surenesses(false[:most]), cuts, reason)


def lists_without_reference(
    ranking: Ranking,
    candidates: NDArray[np.bool_],
    correction: ScoreCorrection | None,
    why_not: str | None = None,
) -> Lists:
    """Return the lists that probabilities allow, corrected by a person's answers where there are.

    Without answers there are no lists where the classifiers hardly tell the categories apart, nor
    where no more reviews look wrong than would if all were filed rightly.

    Args:
        ranking: of n reviews.
        candidates: (n,) which may be listed.
        correction: what a person's answers ask for.
        why_not: why there is none without such answers; None where there may be one.
    """
    if correction is None and why_not is not None:
        return _none(why_not)
    if correction is None:
        return _unaided_lists(ranking, candidates)
    rows = ranked_rows(ranking, candidates)
    before = ranking.posterior[rows]
    posterior = correction.posterior(before)
    false = false_by_posterior(posterior)
    false[before < correction.least] = np.inf
    cuts = cut_lists(false, ranking.score[rows], PROMISES)
    reason = "by what the classifiers say, corrected by the answers"
    lists = _lists(rows, np.minimum.accumulate(posterior), cuts, reason)
    intervals = tuple(
        correction.precision(before[: one.listed]) if one.listed else (0.0, 1.0)
        for one in lists.lists
    )
    return Lists(lists.rows, lists.score, lists.promise, lists.lists, intervals)


def _unaided_lists(ranking: Ranking, candidates: NDArray[np.bool_]) -> Lists:
    if not _believable(ranking):
        return _none("the classifiers hardly tell the categories apart")
    if ranking.mixture is not None and not ranking.mixture.clear:
        return _none(NO_MIXTURE)
    posterior = ranking.posterior if ranking.unaided is None else ranking.unaided
    rows = _sorted(candidates, posterior)
    posterior = posterior[rows]
    cuts = cut_lists(false_by_posterior(posterior), posterior, PROMISES)
    return _lists(rows, posterior, cuts, ONLY_CLASSIFIERS)


def ranked_rows(ranking: Ranking, candidates: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the candidates, the surest first."""
    return _sorted(candidates, ranking.score)


def surenesses(false: Floats) -> Floats:
    """Return how likely each of a list is right, from how many of the first are false.

    Never more likely than one before: neighbours that are in the wrong order are pooled.
    (Barlow et al. 1972, Statistical inference under order restrictions.)

    Args:
        false: (m,) how many of the first 1, 2, ... are expected to be false.
    """
    if not len(false):
        return np.empty(0)
    edges = np.unique(np.append(np.arange(0, len(false), WINDOW), len(false)))
    up_to = np.append(0.0, false)[edges]
    pools: list[tuple[float, int]] = []
    for gained, width in zip(np.diff(up_to), np.diff(edges), strict=True):
        pools.append((float(gained), int(width)))
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            gain, wide = pools.pop()
            pools[-1] = pools[-1][0] + gain, pools[-1][1] + wide
    shares = [1 - gain / wide for gain, wide in pools]
    return np.asarray(np.clip(np.repeat(shares, [wide for _, wide in pools]), 0.0, 1.0))


def _sorted(candidates: NDArray[np.bool_], by: Floats) -> NDArray[np.int64]:
    rows = np.flatnonzero(candidates)
    return rows[np.argsort(-by[rows], kind="stable")]


def _lists(rows: NDArray[np.int64], score: Floats, cuts: Sequence[ListCut], reason: str) -> Lists:
    most = max((cut.listed for cut in cuts), default=0)
    promise = np.zeros(most)
    for cut, promised in reversed(list(zip(cuts, PROMISES, strict=True))):
        promise[: cut.listed] = promised
    lists = tuple(
        PromisedList(promised, cut.listed, cut.false, _why(cut, promised, len(rows), reason))
        for cut, promised in zip(cuts, PROMISES, strict=True)
    )
    return Lists(rows[:most], score[:most], promise, lists)


def _believable(ranking: Ranking) -> bool:
    """Say whether classifiers tell enough for their probabilities to be believed."""
    return ranking.explained >= LEAST_EXPLAINED and ranking.combination.noise <= MOST_NOISE


def _none(why: str) -> Lists:
    """Return empty lists."""
    nothing = np.empty(0)
    asks = f"{why}. Answers to the questions (--audit), or a reference (--reference), can tell"
    lists = tuple(PromisedList(promised, 0, 0.0, asks) for promised in PROMISES)
    return Lists(np.empty(0, np.int64), nothing, nothing, lists)


def _why(cut: ListCut, promised: float, candidates: int, reason: str) -> str | None:
    if cut.listed:
        return None
    if not candidates:
        return "there is no review that could be judged"
    return (
        f"no list of {count(FEWEST_LISTED)} reviews or more can be expected to be right "
        f"{promised * 100:.0f} times in 100, {reason}"
    )

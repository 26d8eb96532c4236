"""Reviews ranked by how surely they stand under the wrong category."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.review_category.combination import (
    Combination,
    Lengths,
    Logs,
    explained,
    fit_combination,
    spread_rows,
)
from reviewdesk.findings.review_category.mixture import MixtureFit, fit_mixture
from reviewdesk.findings.review_category.null_draws import make_null_draws
from reviewdesk.findings.review_category.products import ProductTopics
from reviewdesk.findings.review_category.promises import (
    ReferenceTail,
    cut_lists,
    false_by_reference,
)
from reviewdesk.findings.review_category.transitions import Transitions, alike, fit_transitions
from reviewdesk.findings.review_category.trusted import CleanModel, cross_fitted, fit_clean

Floats = NDArray[np.float64]

BLOCK: Final = 65_536
PRIORS: Final = (60.0, 20.0)
"""How many moved reviews of each category the prior of transitions is worth: each is tried."""
WORTH: Final = 1.1
"""Freer transitions have to make lists so many times as long: the reference is not larger than that
lengths differ by a tenth by chance."""
PARTS: Final = 5
MOST_DECOYS: Final = 100_000
"""Reviews that are put elsewhere by way of trial, of more every second one, or third, and so on."""
MOST_FITTED: Final = 400_000
"""Reviews that the plateau is fitted to."""
SEEMS_RIGHT: Final = 0.05
"""The probability of its label from which on a review may be a null draw."""
LEAST_NOISE: Final = 1e-4
JUDGED_BY: Final = (0.95, 0.9, 0.8)


@dataclass(frozen=True, eq=False)
class Ranking:
    """How surely each review is in the wrong category.

    Args:
        score: (n,) higher is surer.
        posterior: (n,) 0 to 1, as probable as it is by the model behind the score.
        combination: how the base models were combined.
        way: which way of ranking was used: ``null_draws``, ``alike``, ``transitions-N``.
        clean: probabilities where labels are right; None without a reference.
        explained: what share of the labels' entropy the base models explain; 1 where a reference
            tells how far they can be believed.
        mixture: how many labels look wrong, as null draws show; None with a reference.
        unaided: (n,) as probable as it is where nobody answered, when some of what looks wrong is
            odd and right; None with a reference.
    """

    score: Floats
    posterior: Floats
    combination: Combination
    way: str = "null draws"
    clean: CleanModel | None = None
    explained: float = 1.0
    mixture: MixtureFit | None = None
    unaided: Floats | None = None

    def probabilities(self, base_logs: Sequence[Logs], lengths: Lengths) -> Floats:
        """Return the probability of each category for some rows, (m, k).

        Args:
            base_logs: for each base model (m, k) log-probabilities.
            lengths: (m,) of the texts in bytes.
        """
        if self.clean is not None:
            return self.clean.probabilities(base_logs)
        return np.exp(self.combination.logs(base_logs, lengths))


def rank_by_mixture(
    base_logs: Sequence[Logs],
    labels: NDArray[np.integer],
    product: NDArray[np.integer],
    lengths: Lengths,
) -> Ranking:
    """Rank by how surprising a label is, beside what other reviews of the product speak of.

    How likely a label is wrong is told by reviews that are put elsewhere by way of trial.

    Args:
        base_logs: for each base model (n, k) log-probabilities by classifiers that have not seen
            the row.
        labels: (n,) 0 to k - 1.
        product: (n,) 0 to p - 1; -1 for reviews of no known product.
        lengths: (n,) of the texts in bytes.
    """
    n, k = base_logs[0].shape
    combination = fit_combination(base_logs, labels, lengths)
    shares = np.empty((n, k), np.float32)
    for rows in _blocks(n):
        shares[rows] = np.exp(combination.logs([logs[rows] for logs in base_logs], lengths[rows]))
    topics = ProductTopics.of(shares, labels, product)
    surprisal = np.empty(n)
    for rows in _blocks(n):
        surprisal[rows] = topics.surprisal(shares[rows], labels[rows], product[rows])
    some = spread_rows(n, MOST_DECOYS)
    seem_right = shares[some, labels[some]] >= SEEMS_RIGHT
    null_draws = make_null_draws(shares[some], labels[some], product[some], seem_right, topics)
    fitted = spread_rows(n, MOST_FITTED)
    mixture = fit_mixture(surprisal[fitted], labels[fitted], null_draws, k)
    posterior = mixture.posterior(surprisal, labels, combination.noise)
    entropy_explained = explained(base_logs, labels, combination, lengths)
    odds = np.log(posterior) - np.log1p(-posterior)
    unaided = posterior * mixture.are_wrong()[labels]
    return Ranking(
        odds, posterior, combination, explained=entropy_explained, mixture=mixture, unaided=unaided
    )


def rank_with_reference(
    base_logs: Sequence[Logs],
    labels: NDArray[np.integer],
    trusted: NDArray[np.bool_],
) -> Ranking:
    """Rank by probabilities that hold where labels are right, as the reference favours.

    Wrong labels are taken to be any others alike, unless by the reference the lists are clearly
    longer when reviews are taken to move from certain categories to certain others.

    Args:
        base_logs: for each base model (n, k) log-probabilities by classifiers that have not seen
            the row.
        labels: (n,) 0 to k - 1.
        trusted: (n,) the reference: whose labels are right.
    """
    base = fit_combination(base_logs, labels)
    known, own = [logs[trusted] for logs in base_logs], labels[trusted]
    clean = fit_clean(known, own, base)
    models = cross_fitted(known, own, base)
    ways = _ways(base_logs, labels, trusted, clean, models, base.noise)
    scores = _all_log_odds(base_logs, labels, clean, ways)
    best, most = "", -1.0
    for way, odds in scores.items():
        odds[trusted] = _reference_log_odds(known, own, models, ways[way].reference)
        reach = _reach(odds, trusted)
        if reach > WORTH * most:
            best, most = way, reach
    odds = scores[best]
    return Ranking(odds, 1 / (1 + np.exp(-odds)), base, best, clean)


class _Way(NamedTuple):
    """How labels become wrong, by what all but one part of the rows teach.

    Args:
        candidates: transitions for each of ``PARTS`` parts of the rows.
        reference: for each part of the reference, of ``FOLDS``.
    """

    candidates: list[Transitions]
    reference: list[Transitions]


def _ways(
    base_logs: Sequence[Logs],
    labels: NDArray[np.integer],
    trusted: NDArray[np.bool_],
    clean: CleanModel,
    models: Sequence[tuple[NDArray[np.bool_], CleanModel]],
    noise: float,
) -> dict[str, _Way]:
    """Return, for each way of ranking, the transitions that each part of the rows is judged by.

    They are not learnt from the part's own rows: what moves by chance from one category to another
    would make these look wrong, and the reference not. Nor is a part of the reference judged by
    transitions beside a model that has seen it: of a pair of categories that the reference holds
    few oddly filed reviews of by chance, that model takes those of the candidates to have moved.
    """
    sample = np.flatnonzero(~trusted)
    sample = sample[spread_rows(len(sample))]
    sampled, own = [logs[sample] for logs in base_logs], labels[sample]
    part_of = sample % PARTS
    same = alike(sampled[0].shape[1], max(noise, LEAST_NOISE))
    ways = {f"transitions-{prior:g}": _Way([], []) for prior in PRIORS}
    shares = clean.probabilities(sampled)
    for part in range(PARTS):
        rest = part_of != part
        for prior, way in zip(PRIORS, ways.values(), strict=True):
            way.candidates.append(fit_transitions(shares[rest], own[rest], prior))
    for number, (_, model) in enumerate(models):
        rest = part_of != number % PARTS
        shares = model.probabilities([logs[rest] for logs in sampled])
        for prior, way in zip(PRIORS, ways.values(), strict=True):
            way.reference.append(fit_transitions(shares, own[rest], prior))
    return {"alike": _Way([same] * PARTS, [same] * len(models)), **ways}


def _all_log_odds(
    base_logs: Sequence[Logs],
    labels: NDArray[np.integer],
    clean: CleanModel,
    ways: dict[str, _Way],
) -> dict[str, Floats]:
    odds_by_way = {way: np.empty(len(labels)) for way in ways}
    for rows in _blocks(len(labels)):
        shares = clean.probabilities([logs[rows] for logs in base_logs])
        part_of = np.arange(rows.start, rows.start + len(shares)) % PARTS
        for way, (candidates, _) in ways.items():
            for part, transitions in enumerate(candidates):
                some = part_of == part
                odds = transitions.log_odds(shares[some], labels[rows][some])
                odds_by_way[way][rows][some] = odds
    return odds_by_way


def _reference_log_odds(
    base_logs: Sequence[Logs],
    labels: NDArray[np.integer],
    models: Sequence[tuple[NDArray[np.bool_], CleanModel]],
    reference: Sequence[Transitions],
) -> Floats:
    """Return the log-odds of the reference, each row's by what has not been learnt from it."""
    log_odds = np.empty(len(labels))
    for (held_out, model), transitions in zip(models, reference, strict=True):
        shares = model.probabilities([logs[held_out] for logs in base_logs])
        log_odds[held_out] = transitions.log_odds(shares, labels[held_out])
    return log_odds


def _reach(score: Floats, trusted: NDArray[np.bool_]) -> int:
    """Return how many reviews all lists together would hold."""
    ranked = np.sort(score[~trusted])[::-1]
    false = false_by_reference(ranked, ReferenceTail(score[trusted]))
    return sum(cut.listed for cut in cut_lists(false, ranked, JUDGED_BY))


def _blocks(rows: int) -> Iterator[slice]:
    for at in range(0, rows, BLOCK):
        yield slice(at, at + BLOCK)

"""How many reviews are wrong, and how likely each is, from scores and null draws.

Reviews that stand where they do not belong have the scores of null draws; those that belong have
high scores ever more rarely. So the ratio of the two densities, reviews over null draws, falls as
scores rise, until it stays at the share of reviews that are wrong:

    ratio(s) = noise + exp(start - slope * (s - first))    for s above first

How high it starts and how fast it falls depends on how much the review says and on how many reviews
the product has: start and the logarithm of slope are quadratic in the logarithms of both. All are
those under which reviews and null draws are told apart best (density ratio by logistic regression,
Qin 1998, Inferences for case-control and semiparametric two-sample density ratio models). No list
is made where a ratio without noise explains the scores as well, nor where the noise is so high
that texts cannot be what tells these products apart.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from reviewdesk.findings.review_product.misfit import Fit, MisfitScores

HIGHEST_FIRST: Final = 0.0
BULK: Final = 0.85
"""The curve begins where this share of reviews lies below, and not above the score of reviews that
fit as well as anywhere: below, its form is another."""
FEWEST_DRAWS: Final = 100
"""Null draws above that say what reviews under the wrong product would be like."""
FEWEST_ABOVE: Final = 20
"""Reviews above that a curve can be fitted to."""
MOST: Final = 400_000
"""Reviews, and null draws, that it is fitted to: of more every second one, or third, and so on."""
MOST_NOISE: Final = 0.3
"""No shop has so many reviews under the wrong product."""
CLEAR: Final = 6.0
"""Twice the log-likelihood that the noise has to gain; by chance alone it gains so much in less
than one of a hundred cases."""
ODD: Final = 0.001
"""The share of reviews that read as if they stood wrong and do not: they digress, or praise one
product under another. They are part of every fit, and nothing tells them from those that do."""
PENALTY: Final = 2.0
"""What the square of each coefficient of length and size costs, in log-likelihood."""
WIDEST: Final = 3.0
"""Length and size count up to so many standard deviations from their means."""
STARTS: Final = (-3.0, -6.0)  # logs of the noise

Floats = NDArray[np.float64]


class Mixture(NamedTuple):
    """The ratio of reviews to null draws; noise 0 where no review is surely wrong."""

    noise: float
    start: Floats  # (5,) of 1, length, size and their squares
    slope: Floats  # (5,)
    first: float
    means: Floats  # (2,) of length and size
    spreads: Floats  # (2,)

    @property
    def wrong(self) -> float:
        """The share of reviews that stand wrong, without those that only read so."""
        return max(self.noise - ODD, 0.0)

    def posterior(self, misfit: Fit) -> Floats:
        """Return how likely each review is wrong, (n,)."""
        design = _design(misfit, self.means, self.spreads)
        right = _right(np.maximum(misfit.scores - self.first, 0.0), design, self.start, self.slope)[
            0
        ]
        share = self.wrong / np.maximum(self.noise + right, 1e-300)
        return np.asarray(np.where(misfit.scores > max(self.first, 0.0), share, 0.0))


def fit_mixture(misfit: MisfitScores, most: int = MOST) -> Mixture | None:
    """Return the curve; None where there are too few reviews or null draws to fit it to.

    Args:
        misfit: how reviews and null draws fit the products that they stand under.
        most: it is fitted to so many of each at the most, evenly spread.
    """
    scores = misfit.observed.scores
    if not len(scores):
        return None
    first = min(float(np.quantile(scores, BULK)), HIGHEST_FIRST)
    reviews, each = _above(misfit.observed, first, most)
    null_draws, stands_for = _above(misfit.null_draws, first, most)
    if len(null_draws.scores) < FEWEST_DRAWS or len(reviews.scores) < FEWEST_ABOVE:
        return None
    features = np.stack([reviews.terms, reviews.reviews])
    means, spreads = features.mean(axis=1), features.std(axis=1) + 1e-9
    problem = _DensityRatio(
        *(reviews.scores - first, _design(reviews, means, spreads)),
        *(null_draws.scores - first, _design(null_draws, means, spreads)),
        stands_for * len(scores) / (each * len(misfit.null_draws.scores)),
    )
    without, loss = _least(problem, [_guess(problem)])
    best, least = _least(problem, [np.append(_guess(problem), start) for start in STARTS])
    noise = float(np.exp(best[-1]))
    if 2 * each * (loss - least) < CLEAR or noise > MOST_NOISE:
        best, noise = np.append(without, -np.inf), 0.0
    start, slope = np.split(best[:-1], 2)
    return Mixture(noise, start, slope, first, means, spreads)


def _above(fit: Fit, first: float, most: int) -> tuple[Fit, int]:
    """Return those above a score, or evenly spaced ones, and how many each stands for."""
    rows = np.flatnonzero(fit.scores > first)
    each = -(-len(rows) // most) or 1
    return fit.take(rows[::each]), each


def _design(fit: Fit, means: Floats, spreads: Floats) -> Floats:
    """Return 1, length, size and the squares of both, (n, 5)."""
    both = np.stack([fit.terms, fit.reviews], axis=1)
    both = np.clip((both - means) / spreads, -WIDEST, WIDEST)
    return np.concatenate([np.ones((len(both), 1)), both, both**2], axis=1)


def _right(above: Floats, design: Floats, start: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Return the ratio of rightly placed reviews to null draws, and how fast it falls, (n,)."""
    falls = np.exp(np.clip(design @ slope, -4.0, 4.0))
    return np.exp(np.clip(np.clip(design @ start, -20, 8) - falls * above, -40, 8)), falls


class _DensityRatio(NamedTuple):
    """Minus the log-likelihood that reviews are reviews and null draws null draws, with its
    gradient."""

    above: Floats  # (n,) scores of reviews, above the first
    of_review: Floats  # (n, 5)
    null_draws: Floats  # (d,)
    of_decoy: Floats  # (d, 5)
    weight: float
    """Reviews for each null draw."""

    def __call__(self, logs: Floats) -> tuple[float, Floats]:
        terms = self.of_review.shape[1]
        start, slope, rest = logs[:terms], logs[terms : 2 * terms], logs[2 * terms :]
        noise = float(np.exp(rest[0])) if len(rest) else 0.0
        gradient, loss = np.zeros(len(logs)), 0.0
        for above, design, is_draw in (
            (self.above, self.of_review, False),
            (self.null_draws, self.of_decoy, True),
        ):
            right, falls = _right(above, design, start, slope)
            ratio = np.maximum(noise + right, 1e-18)
            if is_draw:
                loss += self.weight * float(np.log1p(ratio).sum())
                by_ratio = self.weight / (1 + ratio)
            else:
                loss -= float(np.log(ratio / (1 + ratio)).sum())
                by_ratio = 1 / (1 + ratio) - 1 / ratio
            gradient[:terms] += design.T @ (by_ratio * right)
            gradient[terms : 2 * terms] -= design.T @ (by_ratio * right * falls * above)
            gradient[2 * terms :] += noise * by_ratio.sum()
        for bent in (slice(1, terms), slice(terms + 1, 2 * terms)):
            loss += PENALTY * float(np.square(logs[bent]).sum())
            gradient[bent] += 2 * PENALTY * logs[bent]
        return loss, gradient


def _guess(problem: _DensityRatio) -> Floats:
    terms = problem.of_review.shape[1]
    guess = np.zeros(2 * terms)
    guess[0] = np.log(len(problem.above) / (problem.weight * len(problem.null_draws)))
    guess[terms] = 1.0
    return guess


def _least(problem: _DensityRatio, guesses: list[Floats]) -> tuple[Floats, float]:
    bounds = [(-20.0, 8.0)] * 10
    tries = [
        minimize(
            problem,
            guess,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds + [(-20.0, 0.0)] * (len(guess) - len(bounds)),
            options={"maxiter": 500},
        )
        for guess in guesses
    ]
    best = min(tries, key=lambda one: float(one.fun))
    return np.asarray(best.x, np.float64), float(best.fun)

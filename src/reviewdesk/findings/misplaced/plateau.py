"""How many reviews are misplaced, and how likely each is, from scores and decoys.

Reviews that stand where they do not belong have the scores of decoys; those that belong have high
scores ever more rarely. So the ratio of the two densities, reviews over decoys, falls as scores
rise, until it stays at the share of reviews that are misplaced:

    ratio(s) = noise + start * exp(-slope * (s - first))    for s above first

Noise, start and slope are those under which reviews and decoys are told apart best (density ratio
by logistic regression, Qin 1998, Inferences for case-control and semiparametric two-sample density
ratio models). No list is made where a ratio without a plateau explains the scores as well, nor
where the plateau is so high that texts cannot be what tells these products apart.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from reviewdesk.findings.misplaced.standing import Standing

HIGHEST_FIRST: Final = 0.0
BULK: Final = 0.85
"""The curve begins where this share of reviews lies below, and not above the score of reviews that
fit as well as anywhere: below, its form is another."""
FEWEST_DECOYS: Final = 100
"""Decoys above that say what misplaced reviews would be like."""
FEWEST_ABOVE: Final = 20
"""Reviews above that a curve can be fitted to."""
MOST_NOISE: Final = 0.3
"""No shop has so many reviews under the wrong product."""
CLEAR: Final = 6.0
"""Twice the log-likelihood that the plateau has to gain; by chance alone it gains so much in less
than one of a hundred cases."""
STARTS: Final = (-2.0, -4.0, -7.0)  # logs of the noise
HIGHEST: Final = 7.0  # of the logs of start and slope

Floats = NDArray[np.float64]


class Plateau(NamedTuple):
    """The ratio of reviews to decoys; noise 0 where no review is surely misplaced."""

    noise: float
    start: float
    slope: float
    first: float

    def posterior(self, scores: Floats) -> Floats:
        """Return how likely each review is misplaced, (n,)."""
        right = self.start * np.exp(-self.slope * np.maximum(scores - self.first, 0.0))
        share = self.noise / np.maximum(self.noise + right, 1e-300)
        return np.asarray(np.where(scores > max(self.first, 0.0), share, 0.0))


def fit_plateau(found: Standing) -> Plateau | None:
    """Return the curve; None where there are too few reviews or decoys to fit it to."""
    if not len(found.scores):
        return None
    first = min(float(np.quantile(found.scores, BULK)), HIGHEST_FIRST)
    above = found.scores[found.scores > first] - first
    decoys = found.decoys[found.decoys > first] - first
    if len(decoys) < FEWEST_DECOYS or len(above) < FEWEST_ABOVE:
        return None
    problem = _Told(above, decoys, len(found.scores) / len(found.decoys))
    level = np.log(len(above) * problem.weight / len(decoys))
    scale = -np.log(float(np.median(decoys)))
    falls = [np.array([level + higher, scale + higher]) for higher in (0.0, 1.5, 3.0)]
    without = _least(problem, falls)
    best = _least(problem, [np.append(fall, noise) for fall in falls for noise in STARTS])
    if 2 * (without.fun - best.fun) < CLEAR or np.exp(best.x[2]) > MOST_NOISE:
        best = without
    start, slope, noise = np.append(np.exp(np.minimum(best.x, HIGHEST)), 0.0)[:3]
    return Plateau(float(noise), float(start), float(slope), first)


class _Told(NamedTuple):
    """Minus the log-likelihood that reviews are reviews and decoys decoys."""

    above: Floats
    decoys: Floats
    weight: float
    """Reviews for each decoy."""

    def __call__(self, logs: Floats) -> float:
        start, slope = np.exp(np.clip(logs[:2], -20, HIGHEST))
        noise = np.exp(np.clip(logs[2], -20, 0)) if len(logs) == 3 else 0.0
        ratios = [
            np.maximum(noise + start * np.exp(-slope * scores), 1e-12)
            for scores in (self.above, self.decoys)
        ]
        told = np.log(ratios[0] / (1 + ratios[0])).sum()
        return float(self.weight * np.log1p(ratios[1]).sum() - told)


def _least(problem: _Told, guesses: list[Floats]) -> Any:
    options = {"maxiter": 4000, "xatol": 1e-5, "fatol": 1e-7}
    tries = [minimize(problem, guess, method="Nelder-Mead", options=options) for guess in guesses]
    return min(tries, key=lambda one: one.fun)

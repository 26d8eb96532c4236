"""How many reviews are misplaced, and how likely each is, from scores and decoys.

Reviews that stand where they do not belong have the scores of decoys; those that belong have high
scores ever more rarely. So the ratio of the two densities, reviews over decoys, falls as scores
rise, until it stays at the share of reviews that are misplaced:

    ratio(s) = noise + start * exp(-slope * s)    for s above 0

Noise, start and slope are those under which reviews and decoys are told apart best (density ratio
by logistic regression, Qin 1998, Inferences for case-control and semiparametric two-sample density
ratio models). No list is made where a ratio without a plateau explains the scores as well.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from reviewdesk.findings.misplaced.standing import Standing

FROM: Final = 0.0
"""Lower scores, of reviews that fit better than anywhere, are of none that is misplaced."""
FEWEST_ABOVE: Final = 100
"""Reviews above that a curve can be fitted to."""
CLEAR: Final = 6.0
"""Twice the log-likelihood that the plateau has to gain; by chance alone it gains so much in less
than one of a hundred cases."""
STARTS: Final = (-2.0, -4.0, -7.0)  # logs of the noise
STEEPEST: Final = 5.0  # log of the slope

Floats = NDArray[np.float64]


class Plateau(NamedTuple):
    """The ratio of reviews to decoys; noise 0 where no review is surely misplaced."""

    noise: float
    start: float
    slope: float

    def posterior(self, scores: Floats) -> Floats:
        """Return how likely each review is misplaced, (n,)."""
        right = self.start * np.exp(-self.slope * np.maximum(scores - FROM, 0.0))
        share = self.noise / np.maximum(self.noise + right, 1e-300)
        return np.asarray(np.where(scores > FROM, share, 0.0))


def fit_plateau(found: Standing) -> Plateau | None:
    """Return the curve; None where there are too few reviews to fit it to."""
    above = found.scores[found.scores > FROM] - FROM
    decoys = found.decoys[found.decoys > FROM] - FROM
    if len(above) < FEWEST_ABOVE or len(decoys) < FEWEST_ABOVE:
        return None
    problem = _Told(above, decoys, len(found.scores) / max(len(found.decoys), 1))
    guess = np.log(max(len(above) * problem.weight / len(decoys), 1e-3))
    without = _least(problem, [np.array([guess, 1.0])])
    best = _least(problem, [np.array([guess, 1.0, noise]) for noise in STARTS])
    start, slope, noise = np.exp(best.x)
    if 2 * (without.fun - best.fun) < CLEAR or noise >= 1:
        start, slope = np.exp(without.x)
        noise = 0.0
    return Plateau(float(noise), float(start), float(slope))


class _Told(NamedTuple):
    """Minus the log-likelihood that reviews are reviews and decoys decoys."""

    above: Floats
    decoys: Floats
    weight: float
    """Reviews for each decoy."""

    def __call__(self, logs: Floats) -> float:
        start, slope = np.exp(np.clip(logs[:2], -20, STEEPEST))
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

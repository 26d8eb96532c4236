"""How many labels are wrong, and how likely each is, from surprisals of reviews and of null draws.

Wrong labels are as surprising as those of null draws; right ones are very surprising ever more
rarely. So among the labels of a category the ratio of reviews to null draws falls as surprisal
rises, until it stays at the share of labels that are wrong:

    ratio(s) = noise + exp(start - slope * s) * (1 - size) / size

Were probabilities right, start would be 0 and slope 1; size is the category's share of the reviews.
All are those under which reviews and null draws are told apart best (density ratio by logistic
regression, Qin 1998, Inferences for case-control and semiparametric two-sample density ratio
models), with a prior that holds start near 0, slope near 1, and the noise of all categories near
each other. Where ratios without a plateau explain the surprisals as well, data do not show that any
label is wrong.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from reviewdesk.findings.review_category.null_draws import NullDraws

Floats = NDArray[np.float64]

FIRST: Final = 1.5
"""The curve is fitted to labels that are more surprising; below, hardly any is wrong."""
CLEAR: Final = 6.0
"""Twice the log-likelihood that plateaus have to gain; where nothing is wrong they gain less than 2
in four sets of reviews."""
ODD: Final = 0.001
"""The share of reviews that speak of another category and are filed rightly all the same. They are
part of every plateau, and nothing tells them from errors; so many there are among reviews under
the wrong product too (``review_product.mixture``)."""
PENALTY: Final = 2.0
"""What the square of the log of a category's noise over that of all costs, in log-likelihood."""
CALIBRATED: Final = 20.0
"""What the squares of start and of the log of slope cost: probabilities were fitted to labels, and
few very surprising labels are not explained by their being far off."""
SMALLEST: Final = 1e-9
FIRST_NOISES: Final = (-3.0, -6.0)  # logs


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """The ratio of reviews to null draws.

    Args:
        start: of its logarithm.
        slope: how fast it falls.
        odds: (k,) logs of how many other reviews there are for one of each category.
        noise: (k,) the share of wrong labels of each; 0 where data do not show that any is wrong.
        sizes: (k,) the categories' shares of the reviews.
    """

    start: float
    slope: float
    odds: Floats
    noise: Floats
    sizes: Floats

    @property
    def wrong(self) -> float:
        """The share of wrong labels among all."""
        return float(self.sizes @ self.noise)

    @property
    def clear(self) -> bool:
        """Whether data show that labels are wrong."""
        return bool(self.noise.any())

    def posterior(
        self, surprisal: Floats, labels: NDArray[np.integer], supposed: float = SMALLEST
    ) -> Floats:
        """Return how likely each label looks wrong, (n,).

        Args:
            surprisal: (n,)
            labels: (n,)
            supposed: the noise where data show none, to ask about the most surprising labels first.
        """
        noise = (self.noise if self.clear else np.full(len(self.noise), supposed))[labels]
        right = _right(self.start, np.log(self.slope), self.odds[labels], surprisal)
        return np.asarray(np.clip(noise / (noise + right), SMALLEST, 1 - SMALLEST))

    def are_wrong(self) -> Floats:
        """Return the share of labels that look wrong and are, (k,): of all but the odd ones."""
        return np.maximum(1 - ODD / np.maximum(self.noise, ODD), 0.0)


def fit_mixture(
    surprisal: Floats, labels: NDArray[np.integer], null_draws: NullDraws, k: int
) -> MixtureFit:
    """Return the curve that tells reviews and null draws apart best.

    Args:
        surprisal: (n,) of the labels that stand there.
        labels: (n,) 0 to k - 1.
        null_draws: what wrong labels would look like.
        k: how many categories there are.
    """
    sizes = np.bincount(labels, minlength=k).astype(np.float64)
    share = np.clip(sizes / max(len(labels), 1), SMALLEST, 1 - SMALLEST)
    odds = np.log1p(-share) - np.log(share)
    stands_for = sizes / np.maximum(np.bincount(null_draws.labels, minlength=k), 1)
    seen, drawn = surprisal > FIRST, null_draws.surprisal > FIRST
    problem = _DensityRatio(
        surprisal[seen], labels[seen], null_draws.surprisal[drawn], null_draws.labels[drawn],
        stands_for, odds,
    )  # fmt: skip
    without, loss = _least(problem, [np.zeros(2)])
    starts = [np.concatenate([np.zeros(2), [noise], np.zeros(k)]) for noise in FIRST_NOISES]
    best, least = _least(problem, starts)
    if 2 * (loss - least) < CLEAR:
        return MixtureFit(float(without[0]), float(np.exp(without[1])), odds, np.zeros(k), share)
    return MixtureFit(float(best[0]), float(np.exp(best[1])), odds, _noise(best), share)


def _right(start: float, log_slope: float, odds: Floats, surprisal: Floats) -> Floats:
    """Return the ratio of rightly filed reviews to null draws, (n,)."""
    return np.asarray(np.exp(np.clip(start + odds - np.exp(log_slope) * surprisal, -40, 20)))


def _noise(parameters: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(parameters[2] + parameters[3:], -20.0, 0.0)))


class _DensityRatio(NamedTuple):
    """Minus the log-likelihood that reviews are reviews and null draws null draws, with its
    gradient.

    The parameters are start, the log of slope and, with plateaus, the log of the noise of all
    categories and by how much that of each differs.
    """

    surprisal: Floats  # (n,)
    labels: NDArray[np.integer]  # (n,)
    of_null_draws: Floats  # (d,)
    labels_of_null_draws: NDArray[np.integer]  # (d,)
    stands_for: Floats  # (k,) reviews for each null draw
    odds: Floats  # (k,)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        k = len(self.odds)
        noise = _noise(parameters) if len(parameters) > 2 else np.zeros(k)
        gradient, loss = np.zeros(len(parameters)), 0.0
        for surprisal, labels, is_null_draw in (
            (self.surprisal, self.labels, False),
            (self.of_null_draws, self.labels_of_null_draws, True),
        ):
            right = _right(parameters[0], parameters[1], self.odds[labels], surprisal)
            ratio = np.maximum(noise[labels] + right, 1e-18)
            if is_null_draw:
                weight = self.stands_for[labels]
                loss += float((weight * np.log1p(ratio)).sum())
                by_ratio = weight / (1 + ratio)
            else:
                loss -= float(np.log(ratio / (1 + ratio)).sum())
                by_ratio = 1 / (1 + ratio) - 1 / ratio
            gradient[0] += float((by_ratio * right).sum())
            gradient[1] -= np.exp(parameters[1]) * float((by_ratio * right * surprisal).sum())
            if len(parameters) > 2:
                by_noise = np.bincount(labels, by_ratio * noise[labels], minlength=k)
                gradient[2] += by_noise.sum()
                gradient[3:] += by_noise
        held = np.full(len(parameters), PENALTY)
        held[:3] = [CALIBRATED, CALIBRATED, 0.0][: len(parameters)]
        loss += float(held @ np.square(parameters))
        gradient += 2 * held * parameters
        return loss, gradient


def _least(problem: _DensityRatio, guesses: list[Floats]) -> tuple[Floats, float]:
    bounds = [(-10.0, 10.0), (-3.0, 3.0), (-20.0, 0.0)]
    tries = [
        minimize(
            problem,
            guess,
            jac=True,
            method="L-BFGS-B",
            bounds=[*bounds[: len(guess)], *[(-5.0, 5.0)] * (len(guess) - 3)],
            options={"maxiter": 500},
        )
        for guess in guesses
    ]
    best = min(tries, key=lambda one: float(one.fun))
    return np.asarray(best.x, np.float64), float(best.fun)

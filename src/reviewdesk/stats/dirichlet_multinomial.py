"""What counts look like when each group draws from its own mix: mixtures of Dirichlet-multinomials.

Each product has its own mix of stars; over products the mixes follow a Dirichlet distribution, or
one of a few. Fitted by maximum likelihood: an outer EM over the few, and within it the fixed point
of Minka 2000, Estimating a Dirichlet distribution, equation 55.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

ROUNDS: Final = 40
STEPS: Final = 4
LEAST: Final = 1e-3
MOST: Final = 200.0
"""Bounds of a concentration and of their sum: beyond it, products are as good as equal."""

Floats = NDArray[np.float64]


class DirichletMixture(NamedTuple):
    """A few Dirichlet distributions over mixes of k kinds."""

    weights: Floats  # (c,) how much of all groups each is; they add up to 1
    concentrations: Floats  # (c, k)

    def means(self) -> Floats:
        """Return the mean mix of each component (c, k)."""
        return np.asarray(self.concentrations / self.concentrations.sum(axis=1, keepdims=True))


def log_probabilities(counts: NDArray[Any], concentrations: Floats) -> Floats:
    """Return the log probability of each group's counts, in one given order (m,).

    Args:
        counts: how often each kind was drawn in each group (m, k).
        concentrations: (k,).
    """
    total = concentrations.sum()
    whole = gammaln(total) - gammaln(total + counts.sum(axis=1))
    parts = gammaln(counts + concentrations) - gammaln(concentrations)
    return np.asarray(whole + parts.sum(axis=1))


def fit_dirichlet_mixture(
    counts: NDArray[Any], components: int, rounds: int = ROUNDS
) -> DirichletMixture:
    """Fit a mixture by maximum likelihood.

    It begins with groups of equal size by their mean kind, so that the result depends on nothing
    but the counts.

    Args:
        counts: how often each kind was drawn in each group (m, k); every group has some.
        components: how many Dirichlet distributions (c).
        rounds: of EM.

    Raises:
        ValueError: there is no group, or one without counts.
    """
    drawn = counts.sum(axis=1).astype(np.float64)
    if not len(counts) or drawn.min() <= 0:
        raise ValueError("every group needs counts")
    means = counts @ np.arange(counts.shape[1]) / drawn
    place = np.argsort(np.argsort(means, kind="stable"), kind="stable") * components // len(means)
    shares = 0.9 * np.eye(components)[place] + 0.1 / components  # (m, c)
    pooled = shares.T @ counts + LEAST
    concentrations = 10 * pooled / pooled.sum(axis=1, keepdims=True)
    weights = shares.mean(axis=0)
    for _ in range(rounds):
        likelihoods = [log_probabilities(counts, one) for one in concentrations]
        logs = np.stack(likelihoods, axis=1) + np.log(weights)
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        weights = np.maximum(shares.mean(axis=0), LEAST)
        weights /= weights.sum()
        for component in range(components):
            concentrations[component] = _climbed(
                counts, drawn, shares[:, component], concentrations[component]
            )
    return DirichletMixture(weights, concentrations)


def _climbed(counts: NDArray[Any], drawn: Floats, shares: Floats, start: Floats) -> Floats:
    """Take steps of Minka's fixed point, each of which raises the weighted likelihood."""
    parameters = start
    for _ in range(STEPS):
        total = parameters.sum()
        above = shares @ (digamma(counts + parameters) - digamma(parameters))
        below = shares @ (digamma(drawn + total) - digamma(total))
        parameters = np.maximum(parameters * above / max(below, 1e-300), LEAST)
        parameters = parameters * min(1.0, MOST / parameters.sum())
    return np.asarray(parameters)

"""From what a product's reviews say together to how likely its category is wrong.

The right category y of a product with m reviews and summed log-probabilities S_1, S_2 ... of the
base models has the probability

    P = E_x softmax(exp(s x) (w_1 S_1 + w_2 S_2 + ...) / (1 + (m - 1) r) + b),  x normal,

since reviews of one product resemble each other (r), some products' more than others' (s), and
products are not spread over the categories as reviews are (b). It stands in category a with

    (1 - e) P_a + e sum_y P_y T_ya

where e is the share of products in a wrong category. All of it is found by maximum likelihood from
the categories that products stand in, without knowing which are wrong.

Source: Natarajan et al. 2013, Learning with noisy labels; the discount for correlated reviews is
the design effect of Kish 1965, Survey sampling.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.optimize import minimize

from reviewdesk.findings.product_category.pooling import Pooled
from reviewdesk.findings.product_category.transitions import alike, confused, fit_transitions

NODES: Final = 5
"""Points at which the mean over x is taken (Gauss–Hermite)."""
STEPS: Final = 300
BIAS_PRIOR: Final = 1.0
"""Precision of the normal prior of b: a category's bias is a few units at most."""
SPREAD_PRIOR: Final = (-2.0, 4.0)
"""Centre and precision of the prior of log s."""
NOISE_PRIOR: Final = (-3.5, 5.0)
"""The same for the log-odds of e: it is as if five errors among 170 products were known. Without
it, errors of one batch that base models have learnt with the category pass for what is usual."""
FULL_PRIOR: Final = 4_000
"""So many products bear it whole; fewer bear it in proportion, or it would say all there is."""
MIX_PRIOR: Final = 0.1
"""Precision of the prior of the log-odds of the share of moves to categories that are confused."""
LIMITS: Final = ((-8.0, 8.0), (-6.0, 1.0), (-14.0, 3.0), (-10.0, 10.0))
"""Of the log-odds of r, log s, the log-odds of e and of the share of moves."""
FIRST_NOISE: Final = 0.03
FIRST_CORRELATION: Final = 0.3

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PooledModel:
    """What was found out about products and the categories they stand in.

    Args:
        weights: (base models,) what each base model counts (w).
        correlation: how alike reviews of one product are, 0–1 (r).
        spread: how much that differs between products (s).
        bias: (k,) by category (b).
        noise: the share of products in a wrong category (e).
        transitions: (k, k) from the right category to the wrong one (T); rows add up to 1.
    """

    weights: Floats
    correlation: float
    spread: float
    bias: Floats
    noise: float
    transitions: Floats

    def probabilities(self, pooled: Pooled) -> Floats:
        """Return how likely each category is the right one, (p, k), the shown one not asked."""
        scores = _scores(pooled, self.weights, self.correlation)
        nodes, shares = hermegauss(NODES)
        scales = np.exp(self.spread * nodes)
        parts = [_softmax(scores * scale + self.bias) for scale in scales]
        return _mixed(parts, shares / shares.sum())

    def wrong(self, pooled: Pooled, assigned: Ints) -> tuple[Floats, Ints]:
        """Return how likely each product's category is wrong, and which is then the likeliest.

        Args:
            pooled: p products.
            assigned: (p,) the categories they stand in.
        """
        right = self.probabilities(pooled)
        rows = np.arange(len(assigned))
        moved = self.noise * right * self.transitions.T[assigned]  # (p, k) by the right category
        stays = (1 - self.noise) * right[rows, assigned]
        share = moved.sum(axis=1) / np.maximum(moved.sum(axis=1) + stays, 1e-300)
        right[rows, assigned] = -1.0
        moved[rows, assigned] = -1.0
        best = np.where(moved.max(axis=1) > 0, moved.argmax(axis=1), right.argmax(axis=1))
        return share, best


def fit_model(pooled: Pooled, assigned: Ints) -> PooledModel:
    """Find the model under which the assigned categories are most likely.

    Args:
        pooled: p products, none without reviews, of 2 categories or more.
        assigned: (p,) the categories they stand in, 0 to k - 1.
    """
    problem = _Likelihood(pooled, assigned)
    start = problem.start()
    bounds: list[tuple[float | None, float | None]] = [(0.0, None)] * len(pooled.sums)
    bounds += LIMITS
    bounds += [(None, None)] * (len(start) - len(bounds))
    parameters = minimize(
        problem, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS}
    ).x
    parts = problem.parts(parameters)
    k = pooled.sums[0].shape[1]
    mix = _logistic(parts.mix)
    first = PooledModel(
        weights=parts.weights,
        correlation=_logistic(parts.correlation),
        spread=float(np.exp(parts.spread)),
        bias=parts.bias,
        noise=_logistic(parts.noise),
        transitions=(1 - mix) * alike(k) + mix * problem.confused,
    )
    right = first.probabilities(pooled)
    table = fit_transitions(right, assigned, first.noise, first.transitions)
    return replace(first, transitions=table)


@dataclass(frozen=True, eq=False)
class _Parts:
    """The parameters, each on a scale without bounds."""

    weights: Floats
    correlation: float  # log-odds
    spread: float  # log
    noise: float  # log-odds
    mix: float  # log-odds
    bias: Floats


class _Likelihood:
    """Minus the log-likelihood of the assigned categories and the priors, and its gradient."""

    def __init__(self, pooled: Pooled, assigned: Ints) -> None:
        self.pooled = pooled
        self.base_models = len(pooled.sums)
        self.k = pooled.sums[0].shape[1]
        first = np.full(self.base_models, 1 / self.base_models)
        self.confused = confused(_softmax(_scores(pooled, first, 1.0)), assigned)
        rows = np.arange(len(assigned))
        self.bears = min(len(assigned) / FULL_PRIOR, 1.0)
        self.alike = alike(self.k).T[assigned]  # (p, k) by the right category
        self.seldom = self.confused.T[assigned]
        self.own = np.zeros((len(assigned), self.k))
        self.own[rows, assigned] = 1.0
        nodes, shares = hermegauss(NODES)
        self.nodes, self.shares = nodes, shares / shares.sum()

    def start(self) -> Floats:
        """Return where to begin."""
        odds = [np.log(share / (1 - share)) for share in (FIRST_CORRELATION, FIRST_NOISE)]
        weights = np.full(self.base_models, 1.4 / self.base_models)
        scalars = [odds[0], SPREAD_PRIOR[0], odds[1], 0.0]
        return np.concatenate([weights, scalars, np.zeros(self.k)])

    def parts(self, parameters: Floats) -> _Parts:
        """Return parameters by name."""
        correlation, spread, noise, mix = parameters[
            self.base_models : self.base_models + 4
        ].tolist()
        bias = parameters[self.base_models + 4 :]
        return _Parts(parameters[: self.base_models], correlation, spread, noise, mix, bias)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        parts = self.parts(parameters)
        noise, mix, correlation = map(_logistic, (parts.noise, parts.mix, parts.correlation))
        spread = float(np.exp(parts.spread))
        scores = _scores(self.pooled, parts.weights, correlation)
        others = (1 - mix) * self.alike + mix * self.seldom
        seen = (1 - noise) * self.own + noise * others  # (p, k) how likely seen as it is
        scales = np.exp(spread * self.nodes)
        shares = [_softmax(scores * scale + parts.bias) for scale in scales]
        right = _mixed(shares, self.shares)
        likely = np.maximum((right * seen).sum(axis=1), 1e-300)  # (p,)
        by_score, by_bias, by_scale = np.zeros_like(scores), np.zeros(self.k), []
        for weight, scale, share in zip(self.shares, scales, shares, strict=True):
            mean = (share * seen).sum(axis=1, keepdims=True)
            slope = -weight * share * (seen - mean) / likely[:, np.newaxis]
            by_score += slope * scale
            by_bias += slope.sum(axis=0)
            by_scale.append(float((slope * scores).sum()) * scale)
        by_noise = -float(((right * (others - self.own)).sum(axis=1) / likely).sum())
        by_mix = -float(((right * (self.seldom - self.alike)).sum(axis=1) / likely).sum())
        scalars = [
            self._by_correlation(by_score, scores, correlation),
            float(np.dot(by_scale, self.nodes)) * spread,
            by_noise * noise * (1 - noise),
            by_mix * noise * mix * (1 - mix),
        ]
        gradient = np.concatenate([self._by_weights(by_score, correlation), scalars, by_bias])
        loss, slopes = self._priors(parts)
        return loss - float(np.log(likely).sum()), gradient + slopes

    def _priors(self, parts: _Parts) -> tuple[float, Floats]:
        """Return minus the log of the priors, up to a constant, and its gradient."""
        scalars = (
            (parts.correlation, (0.0, 0.0)),
            (parts.spread, SPREAD_PRIOR),
            (parts.noise, (NOISE_PRIOR[0], NOISE_PRIOR[1] * self.bears)),
            (parts.mix, (0.0, MIX_PRIOR)),
        )
        loss = 0.5 * BIAS_PRIOR * float((parts.bias**2).sum())
        loss += sum(0.5 * sure * (value - centre) ** 2 for value, (centre, sure) in scalars)
        slopes = [sure * (value - centre) for value, (centre, sure) in scalars]
        return loss, np.concatenate([np.zeros(self.base_models), slopes, BIAS_PRIOR * parts.bias])

    def _by_weights(self, by_score: Floats, correlation: float) -> Floats:
        slope = by_score * _discount(self.pooled.reviews, correlation)[:, np.newaxis]
        return np.array([float((slope * one).sum()) for one in self.pooled.sums])

    def _by_correlation(self, by_score: Floats, scores: Floats, correlation: float) -> float:
        more = self.pooled.reviews - 1
        change = -more * _discount(self.pooled.reviews, correlation)  # of the log of the discount
        slope = float(((by_score * scores).sum(axis=1) * change).sum())
        return slope * correlation * (1 - correlation)


def _scores(pooled: Pooled, weights: Floats, correlation: float) -> Floats:
    scores = np.zeros(pooled.sums[0].shape)
    for sums, weight in zip(pooled.sums, weights, strict=True):
        scores += weight * sums
    scores *= _discount(pooled.reviews, correlation)[:, np.newaxis]
    return scores


def _mixed(parts: Sequence[Floats], shares: Floats) -> Floats:
    total = np.zeros_like(parts[0])
    for part, share in zip(parts, shares, strict=True):
        total += share * part
    return total


def _discount(reviews: Ints, correlation: float) -> Floats:
    """Return what each of m correlated reviews counts, beside one alone, (p,)."""
    discount: Floats = 1 / (1 + (reviews - 1) * correlation)
    return discount


def _softmax(scores: Floats) -> Floats:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def _logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))

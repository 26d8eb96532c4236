"""Simulated base models: they know what a review is about, with errors of their own."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.review_category.combination import Logs, log_softmax, weighted


class Simulated(NamedTuple):
    """Rows of which some labels are wrong."""

    base_logs: list[Logs]  # (n, k) each
    labels: NDArray[np.int64]  # (n,) as they stand
    wrong: NDArray[np.bool_]  # (n,)


def simulated(
    n: int = 20_000,
    k: int = 5,
    *,
    noise: float = 0.05,
    weights: tuple[float, ...] = (0.8, 0.6),
    spread: float = 5.0,
    together: bool = False,
    seed: int = 0,
) -> Simulated:
    """Return rows whose right labels are as likely as ``softmax(sum of weights * base models)``
    says.

    With ``together``, wrong labels all go from each category to the next one.
    """
    random = np.random.default_rng(seed)
    about = random.normal(0, spread, (n, k))
    noisy = [log_softmax(about + random.normal(0, 1, (n, k))) for _ in weights]
    base_logs = [logs.astype(np.float32) for logs in noisy]
    shares = np.exp(log_softmax(weighted(base_logs, np.array(weights))))
    right = (shares.cumsum(axis=1) < random.random(n)[:, None]).sum(axis=1).clip(0, k - 1)
    wrong = random.random(n) < noise
    step = np.ones(n, np.int64) if together else random.integers(1, k, n)
    labels = np.where(wrong, (right + step) % k, right)
    return Simulated(base_logs, labels, wrong)

"""Evidence that may be looked at whenever one likes: e-values and e-processes.

An e-process of a null hypothesis stays below 1 in expectation at any moment that one may stop at
(Ramdas, Grünwald, Vovk and Shafer 2023, Game-theoretic statistics and safe anytime-valid
inference). So the chance that it ever reaches 1/a is at most a (Ville 1939). The highest value that
it has reached is no e-value: its expectation may be infinite.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ever_p_values(log_highest: Floats) -> Floats:
    """Return p-values that hold however often and whenever one has looked (m,).

    Args:
        log_highest: natural logarithm of the highest value that each e-process has reached (m,).
    """
    return np.asarray(np.exp(-np.maximum(log_highest, 0.0)))


def e_values_looked_back(log_highest: Floats, log_last: Floats) -> Floats:
    """Return e-values of e-processes that were followed for some time, as logarithms (m,).

    Half of each is the last value, half an adjuster of the highest one,
    ``(M - 1 - log M) / (log M)^2``, which is an e-value too (Shafer, Shen, Vereshchagin and Vovk
    2011, Test martingales, Bayes factors and p-values).

    Args:
        log_highest: natural logarithm of the highest value that each has reached (m,).
        log_last: natural logarithm of its value now, at a time fixed beforehand (m,).
    """
    highest = np.maximum(log_highest, 0.0)
    safe = np.maximum(highest, 1e-3)  # below, the series tells it better than the difference
    adjusted = safe + np.log1p(-(1 + safe) * np.exp(-safe)) - 2 * np.log(safe)
    adjusted = np.where(highest < 1e-3, np.log(0.5 + highest / 6), adjusted)
    return np.asarray(np.logaddexp(adjusted, log_last) - np.log(2.0))


def e_benjamini_hochberg(log_values: Floats) -> Floats:
    """Return for each test the share of false findings in the list that begins with it (m,).

    Wang and Ramdas 2022, False discovery rate control with e-values: it holds however the tests
    depend on each other, if each value is an e-value: at most 1 in expectation without a finding.
    The highest value of an e-process is none; see ``e_values_looked_back``.

    Args:
        log_values: natural logarithm of each test's e-value (m,).
    """
    count = len(log_values)
    order = np.argsort(-log_values, kind="stable")
    shares = np.log(max(count, 1)) - np.log(np.arange(1, count + 1)) - log_values[order]
    adjusted = np.empty(count)
    adjusted[order] = np.minimum.accumulate(shares[::-1])[::-1]
    return np.exp(np.minimum(adjusted, 0.0))

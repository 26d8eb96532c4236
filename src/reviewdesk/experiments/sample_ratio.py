"""Whether arms received the shares that they were to receive, looked at any time.

Lindon and Malek 2022, Anytime-valid inference for multinomial count data: the counts' likelihood
under a Dirichlet mixture around the shares, over that under the shares themselves.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

CONCENTRATION: Final = 100.0
"""How near to the configured shares a broken split is looked for first, as in savvi."""

ALARM: Final = 0.001
"""The p-value below which the split counts as broken."""


def log_e_values(
    counts: NDArray[np.int64], shares: NDArray[np.float64], concentration: float = CONCENTRATION
) -> NDArray[np.float64]:
    """Return the evidence that units are not dealt by the shares, as a logarithm (looks,).

    Its inverse is a p-value that holds over all looks.

    Args:
        counts: units of each arm at each look (looks, k).
        shares: what each arm was to receive; their sum is 1 (k,).
        concentration: of the Dirichlet distribution around the shares.
    """
    prior = concentration * shares
    total = counts.sum(axis=1)
    mixed = (gammaln(prior + counts) - gammaln(prior)).sum(axis=1)
    mixed -= gammaln(concentration + total) - gammaln(concentration)
    return np.asarray(mixed - counts @ np.log(shares))

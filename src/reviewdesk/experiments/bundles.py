"""Bundles on the same reviews as a split test: every one answered every review."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.experiments.design import Design, ExperimentSettings, Metric
from reviewdesk.experiments.status import Status, status

CORRECT: Final = "correct"


def bundles_status(right: Mapping[str, NDArray[np.bool_]], groups: NDArray[np.uint64]) -> Status:
    """Compare which reviews bundles are right about, each against the first.

    Args:
        right: for each bundle, whether it is right about each review (n,).
        groups: reviews of equal value resemble each other, as those of a product (n,).
    """
    n = len(groups)
    order = np.random.default_rng(0).permutation(n)
    table = pa.table(
        {
            "unit": np.repeat(groups[order], len(right)),
            "request": np.repeat(np.arange(n), len(right)),
            "arm": pa.array(list(right) * n),
            CORRECT: np.stack([one[order] for one in right.values()], axis=1).ravel(),
        }
    )
    settings = ExperimentSettings(request_column="request", horizon=max(len(np.unique(groups)), 10))
    shares = dict.fromkeys(right, 1 / len(right))
    return status(table, Design(shares, (Metric(CORRECT),), settings))

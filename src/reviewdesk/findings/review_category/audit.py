"""A few answers of a person, by which probabilities are corrected.

Questions are spread over the reviews that might be listed. From the answers a line through the
log-odds is learnt, held near the identity as long as answers are few; its uncertainty gives the
interval of a list's precision.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.questions import read_filled_in

Floats = NDArray[np.float64]

WIDEST: Final = 0.6
"""Questions are asked about the longest list whose mean probability is at least so much."""
SHIFT_SPREAD: Final = 1.5  # standard deviations of what the line may be before any answer
SLOPE_SPREAD: Final = 0.4
STEPS: Final = 50
DRAWS: Final = 400
INTERVAL: Final = (0.05, 0.95)
ANSWERS: Final = {"wrong": True, "right": False}


@dataclass(frozen=True, eq=False)
class ScoreCorrection:
    """Corrected log-odds are ``shift + slope * log-odds``.

    Args:
        mean: (2,) shift and slope.
        covariance: (2, 2).
        least: the lowest posterior that was asked about; of what is below, nothing is known.
    """

    mean: Floats
    covariance: Floats
    least: float

    def draws(self, posterior: Floats) -> Floats:
        """Return corrected probabilities by lines drawn at random, (draws, n)."""
        lines = np.random.default_rng(0).multivariate_normal(self.mean, self.covariance, DRAWS)
        odds = _log_odds(posterior)
        return _share(lines[:, :1] + np.maximum(lines[:, 1:], 0.0) * odds)

    def posterior(self, posterior: Floats) -> Floats:
        """Return the mean corrected probability of each review, (n,)."""
        corrected = np.empty(len(posterior))
        for at in range(0, len(posterior), 4096):
            corrected[at : at + 4096] = self.draws(posterior[at : at + 4096]).mean(axis=0)
        return corrected

    def precision(self, posterior: Floats) -> tuple[float, float]:
        """Return the interval, 90 %, of the precision of a list of reviews."""
        low, high = np.quantile(self.draws(posterior).mean(axis=1), INTERVAL)
        return float(low), float(high)


def choose_questions(posterior: Floats, count: int) -> NDArray[np.int64]:
    """Return places of the reviews to ask about, spread evenly over those that might be listed.

    Args:
        posterior: (n,) how likely each is wrong, the surest first.
        count: how many questions.
    """
    mean = np.cumsum(posterior) / np.arange(1, len(posterior) + 1)
    might = np.flatnonzero(mean >= WIDEST)
    length = max(int(might[-1]) + 1 if len(might) else 0, min(count, len(posterior)))
    places = (np.arange(count) + 0.5) / max(count, 1) * length
    return np.unique(places[: count if length else 0].astype(np.int64))


def fit_correction(posterior: Floats, wrong: NDArray[np.bool_]) -> ScoreCorrection:
    """Return the correction that answers ask for.

    Args:
        posterior: (m,) what was thought of the reviews that were asked about.
        wrong: (m,) the answers.
    """
    design = np.column_stack([np.ones(len(wrong)), _log_odds(posterior)])
    precision = np.diag([SHIFT_SPREAD**-2, SLOPE_SPREAD**-2])
    prior = np.array([0.0, 1.0])
    parameters = prior.copy()
    for _ in range(STEPS):
        shares = _share(design @ parameters)
        gradient = design.T @ (shares - wrong) + precision @ (parameters - prior)
        hessian = design.T @ (design * (shares * (1 - shares))[:, None]) + precision
        step = np.linalg.solve(hessian, gradient)
        parameters = parameters - step / max(1.0, float(np.abs(step).max()))
    covariance = np.asarray(np.linalg.inv(hessian), np.float64)
    return ScoreCorrection(parameters, covariance, float(posterior.min()))


def read_answers(path: Path) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Read the answers to questions: a CSV with ``review_id`` and ``answer``, right or wrong.

    Rows without an answer are passed over.

    Returns:
        The review_ids, and whether each is filed wrongly, (m,).

    Raises:
        InputError: a column is missing, or an answer is neither right nor wrong.
        StorageError: it cannot be read.
    """
    ids, wrong = read_filled_in(path, ANSWERS, "right or wrong")
    return ids, np.array(wrong, np.bool_)


def _log_odds(posterior: Floats) -> Floats:
    inside = np.clip(posterior, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _share(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))))

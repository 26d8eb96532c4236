"""E-values as p-values, and as lists with a false discovery rate."""

import numpy as np

from reviewdesk.stats.e_values import (
    e_benjamini_hochberg,
    e_values_looked_back,
    ever_p_values,
)

NULLS = 20
CAP = 1e4


def test_chances_are_one_over_the_highest_value() -> None:
    found = ever_p_values(np.log([0.5, 1.0, 20.0]))
    assert np.allclose(found, [1, 1, 0.05])


def test_the_list_is_that_of_wang_and_ramdas() -> None:
    values = np.array([2.0, 100.0, 30.0, 0.1])
    # the k largest are called at alpha when the k-th is at least 4 / (k alpha)
    assert np.allclose(e_benjamini_hochberg(np.log(values)), [4 / 6, 0.04, 4 / 60, 1])


def test_stronger_evidence_never_has_a_larger_share() -> None:
    logs = np.random.default_rng(0).normal(0, 4, 200)
    shares = e_benjamini_hochberg(logs)[np.argsort(-logs)]
    assert (np.diff(shares) >= 0).all()
    assert len(e_benjamini_hochberg(np.empty(0))) == 0


def followed(draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw twenty e-processes without a finding, as dependent as is worst for Benjamini-Hochberg.

    Each grows until it breaks down to 0, and reaches ``y`` with the chance ``1 / y``; at ``CAP`` it
    is stopped. When k of them break down late, they do so together, just where k are called.

    Returns:
        The logarithms of the highest and of the last values, (draws, NULLS).
    """
    random = np.random.default_rng(0)
    p_value = np.empty((draws, NULLS))
    rounds = 0.1 * np.arange(1, NULLS + 1) / NULLS
    late_together = 0.1 / np.arange(1, NULLS + 1)
    shares = [1 - late_together.sum(), *late_together]
    for one in p_value:
        together = random.choice(NULLS + 1, p=shares)
        one[:] = random.uniform(rounds[-1], 1, NULLS)
        if together:
            low = rounds[together - 2] if together > 1 else 0.0
            late = random.choice(NULLS, together, replace=False)
            one[late] = random.uniform(low, rounds[together - 1])
    highest = np.minimum(1 / p_value, CAP)
    with np.errstate(divide="ignore"):
        return np.log(highest), np.log(np.where(highest < CAP, 0.0, CAP))


def test_calls_stay_within_the_level_under_the_worst_dependence() -> None:
    highest, last = followed(20_000)
    naive = np.mean([(e_benjamini_hochberg(one) <= 0.1).any() for one in highest])
    assert 0.3 < naive < 0.4  # the highest values themselves are no e-values
    honest = e_values_looked_back(highest, last)
    called = float(np.mean([(e_benjamini_hochberg(one) <= 0.1).any() for one in honest]))
    assert called <= 0.1


def test_what_is_looked_back_at_is_an_e_value() -> None:
    highest, last = followed(20_000)
    assert np.exp(e_values_looked_back(highest, last)).mean() < 1.05
    # by the integral of the adjuster over all highest values, each y with the chance 1 / y
    y = np.exp(np.linspace(0, 60, 200_001))
    adjusted = 2 * np.exp(e_values_looked_back(np.log(y), np.full(len(y), -np.inf)))
    assert abs(float(np.trapezoid(adjusted / y, np.log(y))) + 1 / 60 - 1) < 1e-3  # 1/60: beyond


def test_a_last_value_that_is_high_counts_half() -> None:
    assert np.allclose(np.exp(e_values_looked_back(np.log([1.0, 100.0]), np.log([1.0, 100.0]))),
                       [0.75, 50 + (99 - np.log(100)) / np.log(100) ** 2 / 2])  # fmt: skip

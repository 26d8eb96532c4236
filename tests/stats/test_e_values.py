"""E-values as p-values, and as lists with a false discovery rate."""

import numpy as np

from reviewdesk.stats.e_values import e_benjamini_hochberg, ever_chances


def test_chances_are_one_over_the_highest_value() -> None:
    found = ever_chances(np.log([0.5, 1.0, 20.0]))
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

import numpy as np
import pytest

from reviewdesk.stats.false_discovery import benjamini_hochberg


def test_known_values() -> None:
    p_values = np.array([0.04, 0.01, 0.02, 0.9])
    assert benjamini_hochberg(p_values) == pytest.approx([0.16 / 3, 0.04, 0.04, 0.9])


def test_no_tests() -> None:
    assert len(benjamini_hochberg(np.empty(0))) == 0


def test_few_of_the_findings_are_chance() -> None:
    generator = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        p_values = np.r_[generator.uniform(size=90), generator.uniform(0, 1e-4, 10)]
        found = benjamini_hochberg(p_values) <= 0.1
        assert found[90:].all()
        shares.append(found[:90].sum() / found.sum())
    assert np.mean(shares) == pytest.approx(0.09, abs=0.02)

import math

import numpy as np
import pytest
from scipy.stats import linregress, t

from reviewdesk.stats.trend import fit_trend, student_quantile


def test_the_line_and_its_interval_are_those_of_scipy() -> None:
    random = np.random.default_rng(1)
    x = np.arange(2000, 2016)
    y = 3.0 * x + random.normal(0, 20, len(x))
    found = fit_trend(x.tolist(), y.tolist())
    expected = linregress(x, y)
    assert found is not None
    assert found.slope == pytest.approx(expected.slope)
    assert found.at(2004) == pytest.approx(expected.intercept + expected.slope * 2004)
    reach = expected.stderr * t.ppf(0.975, len(x) - 2)
    assert found.high - found.slope == pytest.approx(reach, rel=0.001)
    assert found.is_clear


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 10, 30, 200])
@pytest.mark.parametrize("share", [0.025, 0.9, 0.975])
def test_quantiles_of_students_t(degrees: int, share: float) -> None:
    assert student_quantile(share, degrees) == pytest.approx(t.ppf(share, degrees), rel=0.005)


def test_a_line_without_noise_has_no_width() -> None:
    found = fit_trend([1, 2, 3, 4], [2, 4, 6, 8])
    assert found is not None
    assert (found.slope, found.low, found.high) == pytest.approx((2, 2, 2))


def test_points_that_are_not_there_are_left_out() -> None:
    whole = fit_trend([1, 2, 4, 5], [1, 3, 4, 4])
    assert whole == fit_trend([1, 2, 3, 4, 5], [1, 3, math.nan, 4, 4])


@pytest.mark.parametrize("x", [[], [1, 2, 3], [2, 2, 2, 2]])
def test_too_few_points_have_no_trend(x: list[float]) -> None:
    assert fit_trend(x, [1.0] * len(x)) is None


def test_points_all_alike_go_nowhere() -> None:
    found = fit_trend([1, 2, 3, 4], [5, 5, 5, 5])
    assert found is not None
    assert not found.is_clear

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.margin_calibration import MarginCalibration


def drawn(calibration: MarginCalibration, n: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return margins and labels drawn from the probabilities that they stand for."""
    random = np.random.default_rng(5)
    margins = random.normal(-0.5, 0.7, (n, len(calibration.bias)))
    ends = calibration.probabilities(margins).cumsum(axis=1)
    labels = (ends < random.random((n, 1))).sum(axis=1)
    return margins, np.minimum(labels, len(calibration.bias) - 1)


@pytest.mark.parametrize("k", [2, 3, 12])
def test_it_finds_the_probabilities_that_labels_were_drawn_from(k: int) -> None:
    truth = MarginCalibration(2.0, 1.0, 3.0, np.linspace(-1, 1, k))
    margins, labels = drawn(truth, 20_000)
    found = MarginCalibration.fit(margins, labels)
    wanted = truth.probabilities(margins)
    assert np.abs(found.probabilities(margins) - wanted).mean() < 0.01


def test_a_larger_margin_is_a_larger_probability() -> None:
    margins, labels = drawn(MarginCalibration(2.0, 1.0, 3.0, np.zeros(3)), 500)
    found = MarginCalibration.fit(margins, labels)
    line = np.zeros((50, 3))
    line[:, 1] = np.linspace(-5, 5, 50)
    assert (np.diff(found.probabilities(line)[:, 1]) >= 0).all()


def test_labels_that_fit_perfectly_do_not_drive_it_to_infinity() -> None:
    margins = np.array([[1.0, -1.0]] * 10 + [[-1.0, 1.0]] * 10)
    labels = np.repeat([0, 1], 10)
    found = MarginCalibration.fit(margins, labels).probabilities(margins)
    np.testing.assert_allclose(found[:10, 0], 11 / 12, atol=0.01)


def test_margins_that_say_nothing_give_the_share_of_each_label() -> None:
    labels = np.repeat([0, 1, 2], [700, 200, 100])
    found = MarginCalibration.fit(np.zeros((1000, 3)), labels).probabilities(np.zeros((1, 3)))
    np.testing.assert_allclose(found[0], [0.7, 0.2, 0.1], atol=0.01)


def test_no_rows_are_taken_for_log_odds() -> None:
    found = MarginCalibration.fit(np.zeros((0, 2)), np.zeros(0, np.int64))
    np.testing.assert_allclose(
        found.probabilities(np.array([[-1.5, 1.5]]))[0, 1], 0.8176, atol=1e-4
    )


def test_extreme_margins_stay_probabilities() -> None:
    calibration = MarginCalibration(1e3, 20.0, 1e3, np.array([50.0, -50.0, -np.inf]))
    margins = np.array([[1e6, -1e6, 0], [-1e6, 1e6, 0], [-1e6, -1e6, 1e6]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = calibration.probabilities(margins)
    assert np.isfinite(found).all()
    assert (found[:, 2] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_spread_over_more_labels() -> None:
    few = MarginCalibration(2.0, 1.0, 3.0, np.array([0.1, -0.1]))
    many = few.spread(np.array([0, 2]), 3)
    margins = np.array([[0.3, 9.0, -0.4]])
    np.testing.assert_array_equal(
        many.probabilities(margins)[:, [0, 2]], few.probabilities(margins[:, [0, 2]])
    )


@pytest.mark.parametrize(
    "damage",
    [
        {"calibration.curve": np.zeros(2)},
        {"calibration.curve": np.array([1.0, np.nan, 1.0])},
        {"calibration.bias": np.zeros(3)},
        {"calibration.bias": np.zeros(2, np.float32)},
        {"calibration.bias": np.array([0.0, np.nan])},
        {"calibration.bias": np.array([0.0, np.inf])},
        {"calibration.bias": np.array([-np.inf, -np.inf])},
    ],
)
def test_damaged_arrays_are_refused(damage: dict[str, NDArray[np.float64]]) -> None:
    arrays = MarginCalibration(2.0, 1.0, 3.0, np.zeros(2)).to_arrays()
    assert MarginCalibration.from_arrays(arrays, 2).power == 3.0
    with pytest.raises(BundleError):
        MarginCalibration.from_arrays({**arrays, **damage}, 2)

import numpy as np
import pytest

from reviewdesk.stats.calibration import perfect_error, reliability


def test_bins_hold_equal_mass_and_sum_to_all_rows() -> None:
    confidence = np.random.default_rng(0).random(1000)
    bins = reliability(confidence, confidence > 0.5)
    assert len(bins.rows) == 15
    assert set(bins.rows.tolist()) == {66, 67}
    assert np.all(np.diff(bins.confidence) > 0)
    assert np.average(bins.confidence, weights=bins.rows) == pytest.approx(confidence.mean())


def test_error_of_known_bins() -> None:
    confidence = np.repeat([0.6, 0.9], 10)
    correct = np.arange(20) % 10 < np.repeat([8, 9], 10)  # right 0.8 and 0.9 of the time
    bins = reliability(confidence, correct, bins=2)
    assert bins.accuracy.tolist() == [0.8, 0.9]
    assert bins.error == pytest.approx(0.1)


def test_ties_stay_together_whatever_their_order() -> None:
    confidence = np.array([0.7] * 90 + [0.9] * 10)
    correct = np.random.default_rng(1).random(100) < 0.8
    shuffled = np.random.default_rng(2).permutation(100)
    bins = reliability(confidence, correct)
    again = reliability(confidence[shuffled], correct[shuffled])
    assert bins.rows.tolist() == again.rows.tolist() == [90, 10]
    assert bins.error == pytest.approx(again.error)


def test_one_row() -> None:
    bins = reliability(np.array([0.75]), np.array([True]))
    assert bins.rows.tolist() == [1]
    assert bins.error == pytest.approx(0.25)
    assert perfect_error(np.array([0.75])) == pytest.approx(0.75)


@pytest.mark.parametrize("rows", [300, 20_000])
def test_perfect_error_is_the_95th_percentile_of_perfect_models(rows: int) -> None:
    generator = np.random.default_rng(3)
    confidence = 0.5 + generator.beta(3, 1, rows) / 2
    limit = perfect_error(confidence, simulations=2000)
    errors = [
        reliability(confidence, generator.random(rows) < confidence).error for _ in range(400)
    ]
    assert 0.91 < np.mean(np.array(errors) <= limit) < 0.985


def test_overconfidence_is_above_what_a_perfect_model_shows() -> None:
    generator = np.random.default_rng(4)
    confidence = np.full(2000, 0.95) + generator.random(2000) / 50
    assert reliability(confidence, generator.random(2000) < 0.85).error > perfect_error(confidence)


def test_perfect_error_of_certainty_is_zero() -> None:
    assert perfect_error(np.ones(100, np.float32)) == 0


def test_bins_of_few_products_have_no_interval() -> None:
    confidence = np.linspace(0.5, 1, 60)
    bins = reliability(confidence, confidence > 0.6, np.arange(60) % 4, bins=3)
    assert np.isnan(bins.low).all()
    bins = reliability(confidence, confidence > 0.6, np.arange(60) % 6, bins=3)
    assert np.all(bins.low < bins.high)

"""Where a product changed is found within its interval, and means come with honest ones."""

import numpy as np

from reviewdesk.findings.declining.changes import locate, mean_stars

BASELINE = (np.ones(1), np.ones((1, 5)))


def test_a_clear_drop_is_located() -> None:
    stars = np.array([4, 4, 3, 4] * 10 + [0, 0, 1, 0] * 5, np.int8)
    change = locate(stars, *BASELINE)
    assert change.place == 40
    assert change.earliest <= 40 <= change.latest
    assert change.latest - change.earliest < 10


def test_the_interval_holds_most_true_changes() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(150):
        place = int(generator.integers(20, 80))
        before = generator.choice(5, place, p=[0.05, 0.05, 0.1, 0.2, 0.6])
        after = generator.choice(5, 100 - place, p=[0.3, 0.2, 0.15, 0.1, 0.25])
        change = locate(np.concatenate([before, after]).astype(np.int8), *BASELINE)
        held += change.earliest <= place <= change.latest
    assert held >= 0.8 * 150  # 90 % are meant, three standard deviations are 7 points


def test_two_reviews_can_be_asked() -> None:
    assert locate(np.array([4, 0], np.int8), *BASELINE) == (1, 1, 1)


def test_means() -> None:
    mean = mean_stars(np.array([0, 4, 2, 2] * 25, np.int8))
    assert mean.value == 3
    assert 0.2 < mean.high - 3 < 0.4
    few = mean_stars(np.array([4, 4], np.int8))
    assert few.value == few.high == 5
    assert few.low < 3
    assert mean_stars(np.array([2], np.int8)).low == 1

"""Many words that each move a little."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from reviewdesk.findings.language.distances import MonthComparison
from reviewdesk.findings.language.topics import TOPICS, measure_topics, topics, weighted, within

WORDS = 600


def texts(count: int, about: slice, random: np.random.Generator) -> np.ndarray:
    """Return texts of twenty words each out of a part of all."""
    said = np.zeros((count, WORDS), np.int32)
    words = np.arange(WORDS)[about]
    for one in said:
        one[random.choice(words, 20, replace=False)] = 1
    return said


def compared(other: int, seed: int, month: int = 120, before: int = 350) -> MonthComparison:
    """Return texts of which one in five is about another matter, and so many more in the month."""
    random = np.random.default_rng(seed)
    now = np.arange(month + before) < month
    about_other = random.random(len(now)) < 0.2
    about_other[:other] = True
    said = np.where(
        about_other[:, None],
        texts(len(now), slice(400, WORDS), random),
        texts(len(now), slice(0, 400), random),
    )
    return MonthComparison(csr_array(said), now, random.integers(1, 6, len(now)))


def test_more_texts_about_one_matter_are_seen() -> None:
    p_values = [measure_topics(compared(40, seed), 1).p_value for seed in range(5)]
    assert np.median(p_values) < 5e-3
    assert max(p_values) < 0.05


def test_chances_of_noise_are_even() -> None:
    p_values = [measure_topics(compared(0, seed, 40, 60), seed).p_value for seed in range(120)]
    below = [np.mean(np.array(p_values) <= level) for level in (0.1, 0.3, 0.6)]
    assert np.abs(np.array(below) - (0.1, 0.3, 0.6)).max() < 0.13


def test_directions_are_orthonormal_and_nothing_on_the_mean_of_a_stratum() -> None:
    given = compared(10, 3)
    found = topics(given, 5)
    assert found.shape == (470, TOPICS)
    assert found.T @ found == pytest.approx(np.eye(TOPICS), abs=1e-9)
    for stratum in range(1, 6):
        assert found[given.strata == stratum].mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert (topics(given, 5) == found).all()


def test_texts_weigh_alike_and_rare_words_more() -> None:
    found = weighted(csr_array([[1, 1, 0], [1, 0, 1], [1, 0, 1], [0, 0, 0]])).toarray()
    assert np.square(found).sum(axis=1) == pytest.approx([1, 1, 1, 0])
    assert found[0, 1] > found[1, 2] > found[1, 0] > 0


def test_what_is_left_within_strata() -> None:
    left = within(np.array([[1.0], [3.0], [8.0]]), np.array([5, 5, 1]))
    assert left.ravel().tolist() == [-1, 1, 0]


def test_texts_that_are_all_alike_or_empty_are_no_surprise() -> None:
    for said in ([[1, 1]] * 50, [[0, 0]] * 50):
        given = MonthComparison(csr_array(said), np.arange(50) < 25, np.ones(50, np.int64))
        assert measure_topics(given, 0).p_value == 1

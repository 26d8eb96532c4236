import random
from collections import Counter
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.prepare.lengths import LengthBounds, derived_bounds
from reviewdesk.settings import PrepareSettings

from .corpus import prepared, review, write_lines


def test_bounds_are_tukeys_fences_on_the_logarithm() -> None:
    lengths = np.random.default_rng(1).lognormal(5, 1, 5_000).astype(int) + 1
    found = derived_bounds(Counter(lengths.tolist()))
    lower, upper = np.quantile(np.log(lengths), [0.25, 0.75], method="inverted_cdf")
    assert found.quartiles == (round(exp(lower)), round(exp(upper)))
    assert found.max_chars == int(exp(upper + 1.5 * (upper - lower)))
    assert found.min_chars == int(exp(lower - 1.5 * (upper - lower))) + 1


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ({}, LengthBounds(1, 0)),
        ({0: 5}, LengthBounds(1, 0)),
        ({10: 1}, LengthBounds(4, 28, (10, 10))),
        ({100: 99, 120: 1}, LengthBounds(36, 282, (100, 100))),
        ({1: 3, 50: 1}, LengthBounds(1, 2, (1, 1))),
    ],
)
def test_small_and_even_data(lengths: dict[int, int], expected: LengthBounds) -> None:
    assert derived_bounds(lengths) == expected


def test_each_bound_is_the_last_that_fits() -> None:
    """In real numbers: a length stays when its logarithm is within the fences."""
    choose = random.Random(2)
    for _ in range(200):
        lower, upper = sorted(choose.sample(range(1, 5_000), 2))
        found = derived_bounds({lower: 2, upper: 2, upper + 1: 1})
        assert found.quartiles is not None
        first, third = found.quartiles
        spread = max(log(third / first), log(2))
        assert found.min_chars >= first * exp(-1.5 * spread) - 1e-6
        assert found.max_chars <= third * exp(1.5 * spread) + 1e-6
        assert found.min_chars - 1 < first * exp(-1.5 * spread) + 1e-6 or found.min_chars == 1
        assert found.max_chars + 1 > third * exp(1.5 * spread) - 1e-6


def test_preparing_with_bounds_of_the_data(tmp_path: Path) -> None:
    bodies = ["a" * n for n in (*range(40, 80), 1, 2_000)]
    rows = [review(n, review_body=f"{body}") for n, body in enumerate(bodies)]
    random.Random(3).shuffle(rows)
    one = write_lines(tmp_path / "one.jsonl", rows[:30])
    two = write_lines(tmp_path / "two.jsonl", rows[30:])
    auto = PrepareSettings(length="auto", min_chars=50, max_chars=60)
    data = prepared(tmp_path / "out", one, two, settings=auto)
    assert data.manifest["length"] == {"min_chars": 18, "max_chars": 197, "quartiles": [49, 70]}
    assert data.manifest["dropped"]["too_short"] == 1
    assert data.manifest["dropped"]["too_long"] == 1
    assert data.rows == 40
    other = prepared(tmp_path / "other", two, one, settings=auto)
    assert other.fingerprint == data.fingerprint


def test_given_bounds_are_recorded(tmp_path: Path) -> None:
    data = prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", [review(1)]))
    assert data.manifest["length"] == {"min_chars": 1, "max_chars": 5000}


def test_a_text_too_long_for_the_data_does_not_hide_an_older_one(tmp_path: Path) -> None:
    """Of one id the latest stays, among those whose length fits."""
    rows = [review(n, review_body="a" * (40 + n)) for n in range(20)]
    rows.append(review(3, review_body="b" * 5_000, review_date="2019-01-01"))
    path = write_lines(tmp_path / "a.jsonl", rows)
    data = prepared(tmp_path / "out", path, settings=PrepareSettings(length="auto"))
    assert data.rows == 20
    assert data.manifest["dropped"]["too_long"] == 1
    assert data.manifest["dropped"]["duplicate_id"] == 0

"""Identifiers: their form, and that different numbers get different ones."""

import re

import numpy as np

from reviewdesk.sources.generated import identifiers

NUMBERS = np.concatenate([np.arange(50_000), np.arange(20_000_000, 20_000_500)])


def test_they_look_as_they_should_and_differ() -> None:
    made = {
        r"R[0-9A-Z]{13}": identifiers.review_ids(NUMBERS, 3),
        r"B00[0-9A-Z]{7}": identifiers.product_ids(NUMBERS),
        r"[1-9][0-9]{8}": identifiers.parent_ids(NUMBERS),
        r"[1-9][0-9]{7}": identifiers.customer_ids(NUMBERS),
    }
    for pattern, names in made.items():
        assert all(re.fullmatch(pattern, name) for name in names.to_pylist())
        assert len(names.unique()) == len(NUMBERS)


def test_another_seed_names_reviews_otherwise() -> None:
    one, other = identifiers.review_ids(NUMBERS, 1), identifiers.review_ids(NUMBERS, 2)
    assert not set(one.to_pylist()) & set(other.to_pylist())

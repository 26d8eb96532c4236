"""Identifiers: their form, and that different numbers get different ones."""

import re

import numpy as np
import pyarrow as pa

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


def test_generated_products_are_recognised_and_real_ones_are_not() -> None:
    generated = identifiers.product_ids(np.arange(20_000))
    assert identifiers.is_generated(generated).all()
    random = np.random.default_rng(0).integers(36**7, size=20_000)
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    others = ["B00" + "".join(letters[n // 36**k % 36] for k in range(7)) for n in random.tolist()]
    assert identifiers.is_generated(pa.array(others)).mean() < 0.001
    mixed = pa.array(["", None, "0439023483", "b00000000a", generated[7].as_py()])
    assert identifiers.is_generated(mixed).tolist() == [False] * 4 + [True]

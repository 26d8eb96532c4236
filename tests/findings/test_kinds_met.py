"""How many products of a category classifiers have met."""

import numpy as np
import pytest

from reviewdesk.findings.kinds_met import products_of_each


def test_products_are_counted_once_a_category() -> None:
    product = np.array([0, 0, 1, 2, 2, -1])
    category = np.array([0, 0, 0, 1, 0, 1])
    assert products_of_each(product, category) == pytest.approx((3 + 1) / 2)
    assert products_of_each(product[:0], category[:0]) == 0

"""scikit-learn's own checks of estimators, as far as they apply to texts."""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils import estimator_checks

from reviewdesk.models.linear.classifier import Linear

APPLY = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)

DO_NOT_APPLY = {
    "numbers": "they fit tables of numbers; this classifier reads texts",
    "features": "n_features_in_ and feature names are of tables; a text is one value",
    "sparse": "texts have no sparse form",
    "weights of samples": "fit has no sample_weight; labels are weighed by `balanced`",
}
"""What the other checks are about, and why they are left out."""


@pytest.mark.parametrize("name", APPLY)
def test_a_check_of_scikit_learn(name: str) -> None:
    check: Callable[[str, Any], None] = getattr(estimator_checks, name)
    check("Linear", Linear())


def test_what_is_left_out_has_a_reason() -> None:
    assert all(DO_NOT_APPLY.values())

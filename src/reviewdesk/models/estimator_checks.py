"""Which of scikit-learn's own checks of estimators do not apply to ``linear``, and why.

All others are run: those that need a table run on its rows written as words. The list has the form
of scikit-learn's ``expected_failed_checks``, and ``docs/scikit-learn.md`` shows it.
"""

from typing import Final

EXPECTED_FAILED_CHECKS: Final = {
    "check_array_api_input": "a text is no array of another array library",
    "check_classifiers_multilabel_output_format_decision_function": (
        "there is no decision_function; decision_scores has the scores of all labels, also of two"
    ),
    "check_estimators_partial_fit_n_features": (
        "texts have no number of columns that could differ between calls"
    ),
    "check_n_features_in_after_fitting": "texts have no number of columns",
    "check_supervised_y_2d": (
        "a table of labels means several labels a text, also when it has one column"
    ),
}
"""Name of each check to the reason why it cannot pass."""

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
    "check_classifiers_one_label": (
        "one label alone is nothing to learn: it is an error, which says how many labels there are"
    ),
    "check_classifiers_regression_target": (
        "labels that are not names or whole numbers are refused with an error of ours, InputError, "
        "which is no ValueError"
    ),
    "check_classifiers_train": (
        "texts and labels that are not equally many are refused with InputError, no ValueError; "
        "that it learns what is easy, the rest of the check, is a test of ours"
    ),
    "check_estimators_partial_fit_n_features": (
        "texts have no number of columns that could differ between calls"
    ),
    "check_fit2d_1sample": (
        "one text is nothing to learn from and refused with NotEnoughData, no ValueError"
    ),
    "check_n_features_in_after_fitting": "texts have no number of columns",
    "check_requires_y_none": (
        "a fit without labels is refused with UsageError, no ValueError, in the words of the check"
    ),
    "check_supervised_y_2d": (
        "a table of labels means several labels a text, also when it has one column"
    ),
    "check_supervised_y_no_nan": (
        "labels that are no numbers are refused with an error of ours, InputError, no ValueError"
    ),
}
"""Name of each check to the reason why it cannot pass."""

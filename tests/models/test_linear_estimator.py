"""scikit-learn's own checks of estimators, all of them but those declared with a reason."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.utils import Tags
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import check_is_fitted, validate_data

from reviewdesk.errors import InputError, NotEnoughData, UsageError
from reviewdesk.models.estimator import Linear
from reviewdesk.models.estimator_checks import EXPECTED_FAILED_CHECKS
from tests.training.reviews import prepared, write_reviews

PAGE: Final = Path(__file__).parents[2] / "docs" / "scikit-learn.md"


class TableLinear(Linear):  # type: ignore[misc, valid-type]
    """Reads each row of a table as words, so that the checks, which have tables, run on texts."""

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        return cast("Self", super().fit(words(validate_data(self, X)), y))

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> Self:  # noqa: N803
        return cast("Self", super().partial_fit(words(X), y, classes))

    def predict_proba(self, X: Any) -> NDArray[np.float32]:  # noqa: N803
        check_is_fitted(self)
        rows = words(validate_data(self, X, reset=False))
        return cast("NDArray[np.float32]", super().predict_proba(rows))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string = True, False
        tags.no_validation = False
        return tags


TableLinear.__name__ = "Linear"  # some checks look for it in the repr


def words(table: Any) -> list[str]:
    """Return a row as words: which column, and about how much is in it."""
    return [
        " ".join(f"c{at} c{at}v{int(np.floor(4 * v))} c{at}w{int(np.floor(v))}" for at, v in
                 enumerate(row))
        for row in np.asarray(table)
    ]  # fmt: skip


def name_of(check: Any) -> str:
    return str(check.func.__name__)


CHECKS = [check for _, check in estimator_checks_generator(TableLinear(), legacy=True)]
APPLY = [check for check in CHECKS if name_of(check) not in EXPECTED_FAILED_CHECKS]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("check", APPLY, ids=name_of)
def test_a_check_of_scikit_learn(check: Callable[[Any], None]) -> None:
    check(TableLinear())


def test_the_page_shows_what_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(write_reviews(tmp_path / "r.tsv", 200), tmp_path / "prepared")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 3
    (tmp_path / "page.py").write_text("\n".join(blocks))
    found = runpy.run_path(str(tmp_path / "page.py"))
    assert found["fitted"].classes_.tolist() == ["negative", "positive"]
    assert found["fitted"].predict(["splendid", "shoddy"]).tolist() == ["positive", "negative"]


def test_most_checks_apply() -> None:
    assert len(APPLY) > 4 * len(EXPECTED_FAILED_CHECKS)


def test_what_is_left_out_is_a_check_that_fails_and_has_a_reason_in_the_documents() -> None:
    page = " ".join(PAGE.read_text().split())
    by_name = {name_of(check): check for check in CHECKS}
    for name, reason in EXPECTED_FAILED_CHECKS.items():
        assert f"`{name}`" in page
        assert reason in page
        with pytest.raises(BaseException):  # noqa: B017  (a skipped check is none of Exception)
            by_name[name](TableLinear())


def test_what_those_checks_ask_for_beside_the_kind_of_error() -> None:
    texts = ["good", "bad", "fine"]
    for wrong in ([0.5, 1.5, 2.5], [0.0, np.inf, 1.0]):
        with pytest.raises(InputError, match="Unknown label type"):
            Linear().fit(texts, wrong)
    with pytest.raises(InputError, match="3 texts and 2 labels"):
        Linear().fit(texts, ["x", "y"])
    with pytest.raises(UsageError, match="requires y to be passed, but the target y is None"):
        Linear().fit(texts)
    with pytest.raises(NotEnoughData, match="one class"):
        Linear().fit(texts, ["x"] * 3)
    fitted = Linear().fit(["good", "bad"] * 20, np.array([1.0, 0.0] * 20))
    assert fitted.predict(["good"]).tolist() == [1.0]


@pytest.mark.parametrize(
    ("texts", "labels", "told"),
    [
        (["a", "b"], ["x", None], "contains NaN or None"),
        (["a", "b"], ["x", float("nan")], "contains NaN or None"),
        (["a", "b"], np.array([1, np.nan]), "contains NaN or None"),
        (["a", "b"], np.array(["x", None], dtype=object), "contains NaN or None"),
        (["a", "b"], [["x"], ["y", None]], "contains NaN or None"),
        (["a", "b"], np.array(["x", 1], dtype=object), "of several types"),
        (["a", "b"], np.array([["x"], ["y"]]), "table of one column"),
        (np.array([["a"], ["b"]]), ["x", "y"], "table of 1 columns"),
        (np.array([["a", "b"], ["c", "d"]]), ["x", "y"], "table of 2 columns"),
    ],
)
def test_what_are_no_labels_or_no_texts(texts: Any, labels: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Linear().fit(texts, labels)


def test_tables_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"text": ["good", "bad"], "label": ["x", pandas.NA]})
    with pytest.raises(InputError, match="table of 1 columns"):
        Linear().fit(table[["text"]], ["x", "y"])
    with pytest.raises(InputError, match="contains NaN or None"):
        Linear().fit(table["text"], table["label"])
    with pytest.raises(InputError, match="contains NaN or None"):
        Linear().fit(table["text"], list(table["label"]))


def test_generators_of_texts_and_labels() -> None:
    texts, labels = ["good one", "bad one"] * 10, ["x", "y"] * 10
    expected = Linear(epochs=1).fit(texts, labels).predict_proba(texts)
    learnt = Linear(epochs=1).fit(iter(texts), iter(labels))
    found = learnt.predict_proba(iter(texts))
    assert np.array_equal(found, expected)

import json
import math
import tracemalloc
from statistics import NormalDist

import numpy as np
import pytest
from sklearn import metrics as reference

from reviewdesk.errors import InputError, NotEnoughData
from reviewdesk.training.measures import evaluate_probabilities

AREA = NormalDist().cdf(1.5)
"""The ROC area of ``sample`` with two labels: Φ(3 / 2)."""


def sample(
    rows: int, labels: int, seed: int = 0, missing: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    true = generator.integers(labels, size=rows)
    if missing is not None:
        true[true == missing] = (missing + 1) % labels
    logits = generator.normal(size=(rows, labels))
    logits[np.arange(rows), true] += 1.5
    odds = np.exp(logits)
    return true, odds / odds.sum(axis=1, keepdims=True)


def test_two_labels_equal_scikit_learn() -> None:
    true, probabilities = sample(600, 2)
    found = evaluate_probabilities(true, probabilities, ["negative", "positive"])
    said = probabilities.argmax(axis=1)
    expected = {
        "accuracy": reference.accuracy_score(true, said),
        "macro_f1": reference.f1_score(true, said, average="macro"),
        "weighted_precision": reference.precision_score(true, said, average="weighted"),
        "roc_auc": reference.roc_auc_score(true, probabilities[:, 1]),
        "pr_auc": reference.average_precision_score(true, probabilities[:, 1]),
        "log_loss": reference.log_loss(true, probabilities),
        "brier": reference.brier_score_loss(true, probabilities[:, 1]),
    }
    for name, value in expected.items():
        figure = found.figures[name]
        assert figure.value == pytest.approx(value, rel=1e-6), name
        assert figure.low < figure.value < figure.high, name
    assert "weighted_roc_auc" not in found.figures
    assert found.to_json()["areas_are_of"] == "positive"


def test_many_labels_equal_scikit_learn() -> None:
    true, probabilities = sample(800, 6)
    labels = [f"c{n}" for n in range(6)]
    found = evaluate_probabilities(true, probabilities, labels)
    onehot = np.eye(6)[true]
    for average, prefix in (("macro", ""), ("weighted", "weighted_")):
        assert found.figures[f"{prefix}roc_auc"].value == pytest.approx(
            reference.roc_auc_score(true, probabilities, multi_class="ovr", average=average)
        )
        assert found.figures[f"{prefix}pr_auc"].value == pytest.approx(
            reference.average_precision_score(onehot, probabilities, average=average)
        )
    by_hand = reference.precision_recall_fscore_support(true, probabilities.argmax(axis=1))
    for n, one in enumerate(found.by_label):
        assert one.support == by_hand[3][n]
        assert [one.figures[k].value for k in ("precision", "recall", "f1")] == pytest.approx(
            [by_hand[0][n], by_hand[1][n], by_hand[2][n]]
        )


def test_a_label_without_rows_has_no_areas_and_does_not_spoil_the_averages() -> None:
    true, probabilities = sample(400, 4, missing=2)
    found = evaluate_probabilities(true, probabilities, list("abcd"))
    assert math.isnan(found.by_label[2].figures["roc_auc"].value)
    assert found.to_json()["by_label"][2]["roc_auc"] == {"value": None, "low": None, "high": None}
    defined = [found.by_label[n].figures["roc_auc"].value for n in (0, 1, 3)]
    assert found.figures["roc_auc"].value == pytest.approx(np.mean(defined))
    assert found.figures["roc_auc"].low < np.mean(defined) < found.figures["roc_auc"].high


def test_one_label_present_is_measured_as_far_as_it_can_be() -> None:
    true, probabilities = np.zeros(50, np.int32), np.tile([0.8, 0.2], (50, 1))
    found = evaluate_probabilities(true, probabilities, ["a", "b"])
    accuracy = found.figures["accuracy"]
    assert accuracy.value == accuracy.high == 1
    assert 0.9 < accuracy.low < 0.96
    assert math.isnan(found.figures["roc_auc"].value)
    label, share = found.most_frequent
    assert label == "a"
    assert share == 1
    json.dumps(found.to_json(), allow_nan=False)


def test_all_areas_undefined_with_three_labels() -> None:
    found = evaluate_probabilities(np.zeros(5, int), np.full((5, 3), 1 / 3), list("abc"))
    assert math.isnan(found.figures["weighted_pr_auc"].value)
    json.dumps(found.to_json(), allow_nan=False)


def test_stars_are_off_by_their_distance() -> None:
    true, probabilities = sample(500, 3)
    found = evaluate_probabilities(true, probabilities, ["1", "4", "5"])
    stars = np.array([1, 4, 5])
    expected = reference.mean_absolute_error(stars[true], stars[probabilities.argmax(axis=1)])
    figure = found.figures["mean_absolute_error"]
    assert figure.value == pytest.approx(expected)
    assert figure.low < expected < figure.high
    others = evaluate_probabilities(true, probabilities, ["1", "4", "toys"])
    assert "mean_absolute_error" not in others.figures


def test_the_most_frequent_mistakes_come_first() -> None:
    true = np.array([0] * 5 + [1] * 3 + [2])
    found = evaluate_probabilities(true, np.tile([0.2, 0.5, 0.3], (9, 1)), list("abc"))
    assert found.mistakes(10) == [("a", "b", 5), ("c", "b", 1)]
    assert found.mistakes(1) == [("a", "b", 5)]


def test_hundreds_of_labels_need_little_memory() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(400), size=2000)
    tracemalloc.start()
    evaluate_probabilities(
        generator.integers(400, size=2000), probabilities, list(map(str, range(400)))
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 << 20


def test_one_row() -> None:
    found = evaluate_probabilities(np.array([1]), np.array([[0.1, 0.9]]), ["a", "b"])
    assert found.rows == 1
    assert found.units == ("reviews", 1)
    assert found.figures["accuracy"].low < 0.21
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("products", "units"),
    [(200, ("products", 200)), (10, ("products", 10)), (1000, ("reviews", 1000))],
)
def test_products_are_what_is_independent_where_they_have_several_reviews(
    products: int, units: tuple[str, int]
) -> None:
    true, probabilities = sample(1000, 2)
    groups = np.arange(1000, dtype=np.uint64) % products
    found = evaluate_probabilities(true, probabilities, ["a", "b"], groups=groups)
    assert found.units == units
    assert found.to_json()["intervals"]["of"] == units[1]


def test_of_fewer_than_five_products_figures_have_no_interval() -> None:
    true, probabilities = sample(300, 2)
    found = evaluate_probabilities(
        true, probabilities, ["a", "b"], groups=np.arange(300, dtype=np.uint64) % 4
    )
    assert all(one.too_few for one in found.figures.values())
    assert found.figures["accuracy"].spread(str) == "too few products to say"
    assert found.to_json()["figures"]["accuracy"]["low"] is None
    json.dumps(found.to_json(), allow_nan=False)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = 0
    for seed in range(40):
        true, probabilities = sample(300, 2, seed=seed)
        found = evaluate_probabilities(true, probabilities, ["a", "b"])
        low, high = found.figures["roc_auc"][1:]
        held += low <= AREA <= high
    assert 34 <= held <= 40


def test_the_area_of_many_rows_nears_the_truth() -> None:
    true, probabilities = sample(400_000, 2)
    assert reference.roc_auc_score(true, probabilities[:, 1]) == pytest.approx(AREA, abs=0.002)


def test_same_seed_same_figures_and_no_text_in_json() -> None:
    true, probabilities = sample(200, 3)
    one, other = (evaluate_probabilities(true, probabilities, list("abc")) for _ in range(2))
    assert one.to_json() == other.to_json()


def test_label_names_must_fit() -> None:
    with pytest.raises(InputError, match="3 labels do not fit 2"):
        evaluate_probabilities(np.array([0]), np.array([[1.0, 0.0]]), list("abc"))


def test_nothing_to_measure() -> None:
    with pytest.raises(NotEnoughData):
        evaluate_probabilities(np.zeros(0, int), np.zeros((0, 2)), ["a", "b"])


def test_tens_of_thousands_of_rows_are_quick_work_and_give_finite_json() -> None:
    true, probabilities = sample(30_000, 5)
    found = evaluate_probabilities(true, probabilities, list("12345"))
    assert found.reliability.rows.sum() == 30_000
    assert len(found.by_label[0].roc[0]) <= 101
    json.dumps(found.to_json(), allow_nan=False)

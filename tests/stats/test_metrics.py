import numpy as np
import pytest
from sklearn import metrics as reference

from reviewdesk.errors import InputError, NotEnoughData
from reviewdesk.stats.metrics import (
    brier_scores,
    check_probabilities,
    confusion_matrix,
    label_scores,
    log_losses,
    macro_average,
    weighted_average,
)


def sample(rows: int, labels: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(labels)
    true = generator.integers(labels, size=rows) ** 2 // labels
    logits = generator.normal(size=(rows, labels))
    logits[np.arange(rows), true] += 1
    exponentials = np.exp(logits)
    return true, (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("labels", [2, 3, 30])
def test_scores_equal_scikit_learn(labels: int) -> None:
    true, probabilities = sample(400, labels)
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(true, predicted, labels)
    everything = list(range(labels))
    assert confusion.tolist() == (
        reference.confusion_matrix(true, predicted, labels=everything).tolist()
    )
    scores = label_scores(confusion)
    expected = reference.precision_recall_fscore_support(
        true, predicted, labels=everything, zero_division=0
    )
    for values, theirs in zip(scores[:4], expected, strict=True):
        np.testing.assert_allclose(values, theirs)
    for mean, average in ((macro_average, "macro"), (weighted_average, "weighted")):
        theirs = reference.f1_score(true, predicted, average=average, zero_division=0)
        assert float(mean(scores.f1, scores)) == pytest.approx(theirs)


def test_scores_of_many_confusion_matrices_at_once() -> None:
    one, other = np.array([[5, 1], [2, 4]]), np.array([[0, 3], [0, 7]])
    scores = label_scores(np.stack([one, other]))
    np.testing.assert_allclose(scores.f1, [label_scores(one).f1, label_scores(other).f1])


def test_label_never_predicted_and_label_never_there() -> None:
    scores = label_scores(np.array([[0, 2, 0], [0, 3, 0], [0, 0, 0]]))
    assert scores.precision.tolist() == [0, 3 / 5, 0]
    assert scores.recall.tolist() == [0, 1, 0]
    assert float(macro_average(scores.recall, scores)) == 0.5  # the third label does not count
    assert float(weighted_average(scores.recall, scores)) == 3 / 5


@pytest.mark.parametrize("labels", [2, 4])
def test_losses_equal_scikit_learn(labels: int) -> None:
    true, single = sample(200, labels)
    probabilities = single / single.sum(axis=1, keepdims=True, dtype=np.float64)
    assert log_losses(true, probabilities).mean() == pytest.approx(
        reference.log_loss(true, probabilities, labels=list(range(labels))),
        rel=1e-6,
    )
    if labels == 2:
        theirs = reference.brier_score_loss(true, probabilities[:, 1])
    else:
        theirs = reference.brier_score_loss(true, probabilities, labels=list(range(labels)))
    assert brier_scores(true, probabilities).mean() == pytest.approx(theirs, rel=1e-5)


def test_certainty_gone_wrong_has_a_finite_loss() -> None:
    certain = np.array([[1.0, 0.0]], np.float32)
    assert 15 < log_losses(np.array([1]), certain)[0] < 17
    assert brier_scores(np.array([1]), certain)[0] == 1


@pytest.mark.parametrize(
    ("true", "probabilities", "says"),
    [
        ([0], [[np.nan, 0.5]], "finite"),
        ([0], [[np.inf, 0.5]], "finite"),
        ([0], [[0.9, 0.9]], "add up"),
        ([0], [[1.5, -0.5]], "add up"),
        ([2], [[0.5, 0.5]], "outside"),
        ([-1], [[0.5, 0.5]], "outside"),
        ([0, 1], [[0.5, 0.5]], "fit"),
        ([0], [0.5], "fit"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    true: list[int], probabilities: list[list[float]], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        check_probabilities(np.array(true), np.array(probabilities, np.float32))


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="no labelled rows"):
        check_probabilities(np.zeros(0, np.int32), np.zeros((0, 2), np.float32))
    with pytest.raises(NotEnoughData, match="two labels"):
        check_probabilities(np.zeros(1, np.int32), np.ones((1, 1), np.float32))

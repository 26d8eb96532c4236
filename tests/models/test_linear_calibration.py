"""How sure `linear` is, on generated reviews whose truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.models.linear.likelihood import most_likely
from reviewdesk.models.linear.sharpness import Sharpness
from reviewdesk.models.linear.top_curve import TopCurve
from reviewdesk.models.linear.validation import plan_for
from reviewdesk.models.linear.weights import Weights
from reviewdesk.stats.calibration import perfect_error, reliability

from .corpus import learn

Scores = NDArray[np.float32]


def generated(rows: int, seed: int, k: int) -> tuple[list[str], NDArray[np.int32]]:
    """Return texts of one to sixty words; some words tell the label, and a tenth of labels lie."""
    random = np.random.default_rng(seed)
    words = np.random.default_rng(0).dirichlet(np.full(400, 0.3), k) * 0.4 + 0.6 / 400
    labels = random.integers(0, k, rows)
    sizes = np.exp(random.uniform(0, np.log(60), rows)).astype(int) + 1
    texts = [
        " ".join(f"w{word}" for word in random.choice(400, size, p=words[label]))
        for label, size in zip(labels.tolist(), sizes.tolist(), strict=True)
    ]
    lies = random.random(rows) < 0.1
    return texts, np.where(lies, random.integers(0, k, rows), labels).astype(np.int32)


@pytest.mark.parametrize("k", [2, 6])
def test_confidence_is_what_a_perfect_models_could_be_cross_validated(k: int) -> None:
    texts, labels = generated(6000, 1, k)
    fold = np.random.default_rng(2).integers(0, 3, len(texts))
    confidence, right = np.zeros(len(texts)), np.zeros(len(texts), np.bool_)
    for one in range(3):
        learnt, asked = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        fitted = learn(Linear(ngrams=1, strength=0.7), [texts[i] for i in learnt], labels[learnt])
        found = fitted.predict_proba([texts[i] for i in asked])
        confidence[asked], right[asked] = found.max(axis=1), found.argmax(axis=1) == labels[asked]
    assert 0.5 < right.mean() < 0.9
    assert reliability(confidence, right).error < perfect_error(confidence)


def test_short_texts_are_believed_less() -> None:
    texts, labels = generated(6000, 1, 6)
    fitted = learn(Linear(ngrams=1, strength=0.7), texts, labels)
    fresh, truth = generated(6000, 2, 6)
    found = fitted.predict_proba(fresh)
    short = np.array([text.count(" ") < 3 for text in fresh])
    gap = found.max(axis=1)[short].mean() - (found.argmax(axis=1) == truth)[short].mean()
    assert abs(gap) < 0.08  # 0.16 when all rows are believed alike
    assert isinstance(fitted.weights_, Weights)
    sharpness = fitted.weights_.sharpness
    assert sharpness is not None
    assert sharpness.factors[0] < sharpness.factors[-1]


def test_texts_that_recur_do_not_make_it_too_sure() -> None:
    texts, labels = generated(1500, 1, 4)
    random = np.random.default_rng(3)
    copies = random.integers(0, 1500, 3000)  # each under another product
    everything = [*texts, *(texts[i] for i in copies)]
    fitted = learn(
        Linear(ngrams=1, strength=0.7), everything, np.concatenate([labels, labels[copies]])
    )
    fresh, truth = generated(4000, 2, 4)
    found = fitted.predict_proba(fresh)
    assert found.max(axis=1).mean() - (found.argmax(axis=1) == truth).mean() < 0.05


def test_more_is_set_aside_of_few_rows_and_of_many_labels() -> None:
    shares = [plan.share * plan.folds for plan in (plan_for(n, 5) for n in (1000, 50_000, 10**7))]
    assert shares[0] == pytest.approx(1)
    assert shares[1] == pytest.approx(1)
    assert shares[2] == pytest.approx(0.003)
    assert plan_for(50_000, 2).folds < plan_for(50_000, 5).folds
    assert not plan_for(10**7, 5).learn_again


def test_rows_are_set_aside_no_more_often_than_asked() -> None:
    assert plan_for(50_000, 5).folds > 1
    assert plan_for(50_000, 5, 1) == plan_for(50_000, 5)._replace(folds=1)
    assert plan_for(10**7, 5, 5) == plan_for(10**7, 5)


def scores_of(rows: int, seed: int, k: int) -> tuple[Scores, NDArray[np.int32]]:
    """Return scores under which the labels are drawn by softmax."""
    random = np.random.default_rng(seed)
    scores = random.normal(0, 1.5, (rows, k)).astype(np.float32)
    noisy = scores + random.gumbel(size=scores.shape)
    return scores, noisy.argmax(axis=1).astype(np.int32)


def test_scores_that_are_right_stay_as_they_are() -> None:
    scores, labels = scores_of(20_000, 0, 4)
    costs = np.ones(4, np.float32)
    found = Calibration.fit(scores, labels, costs).probabilities(scores)
    exact = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert np.abs(found - exact).max() < 0.06
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_the_surest_label_stays_the_surest() -> None:
    scores, labels = scores_of(5000, 0, 5)
    upside_down = ((labels + scores.argmax(axis=1)) % 5).astype(np.int32)
    fitted = Calibration.fit(scores, upside_down, np.ones(5, np.float32))
    bent, plain = fitted.probabilities(scores), Calibration(fitted.curve, fitted.shift)
    assert fitted.top is not None
    np.testing.assert_array_equal(bent.argmax(axis=1), plain.probabilities(scores).argmax(axis=1))
    assert (bent >= 0).all()


def test_the_curve_of_the_surest_label_never_falls() -> None:
    random = np.random.default_rng(0)
    sure = random.uniform(0.2, 1, 5000)
    right = random.random(5000) < np.where(sure < 0.6, sure, 0.3)
    curve = TopCurve.fit(sure, right, np.ones(5000))
    assert (np.diff(curve(np.linspace(0.01, 0.99, 200))) >= 0).all()
    assert TopCurve.fit(sure[:0], right[:0], np.ones(0))(np.array([0.3])) == pytest.approx(0.3)


def test_sharpness_is_found() -> None:
    random = np.random.default_rng(0)
    lengths = np.exp(random.normal(0, 1, 20_000)).astype(np.float32)
    scores, labels = scores_of(20_000, 1, 3)
    loud = scores / np.clip(lengths, 0.3, 3)[:, None]
    found = Sharpness.fit(loud, lengths, labels, np.ones(3, np.float32))
    asked = np.array([0.4, 1.0, 2.5], np.float32)
    np.testing.assert_allclose(found(asked), asked, rtol=0.25)
    assert found(np.array([0.0, 1e9], np.float32)).tolist() == pytest.approx(
        [found.factors[0], found.factors[-1]], rel=1e-6
    )


def test_the_likeliest_factors_have_no_slope() -> None:
    random = np.random.default_rng(0)
    terms = random.normal(size=(500, 2, 3)).astype(np.float32)
    labels = random.integers(0, 3, 500).astype(np.int32)
    start, precision = np.array([1.0, 0, 0, 0, 0]), np.eye(5)
    found = most_likely(terms, labels, np.ones(500), start, precision)

    def loss(at: NDArray[np.float64]) -> float:
        scores = np.einsum("m,nmk->nk", at[:2], terms.astype(np.float64)) + at[2:]
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        away = at - start
        return float(away @ precision @ away / 2 - logs[np.arange(500), labels].sum())

    for direction in np.eye(5):
        assert loss(found) <= loss(found + 1e-3 * direction)
        assert loss(found) <= loss(found - 1e-3 * direction)


def test_probabilities_add_up_however_sure_the_surest_is() -> None:
    top = TopCurve(np.array([-5.0, 16.0]), np.array([-5.0, 3.0]))  # bends sure ones down
    curve = np.array([1.0, 0.0, 0.0, 0.0])
    scores = np.zeros((60, 5), np.float32)
    scores[:, 2] = np.arange(60)
    scores[:, 3] = -np.arange(60)
    found = Calibration(curve, np.zeros(5), top).probabilities(scores)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert np.all(found.argmax(axis=1)[1:] == 2)
    far = np.array([[5_000.0, 0, 0, 0, 0]], np.float32)
    assert Calibration(curve, np.zeros(5), top).probabilities(far).tolist() == [[1, 0, 0, 0, 0]]

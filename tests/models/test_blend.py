"""Blends as a family: weights, windows, who is in it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.models.blend.classifier import Blend
from reviewdesk.models.blend.stack import Stack, log_probabilities, sure_enough
from reviewdesk.models.blend.windows import averaged, in_windows
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.naive_bayes import NaiveBayes

from .corpus import LABELS, learn, reviews

TRAIN = reviews()
TEST = reviews(60, seed=1)


def test_weights_are_those_that_made_the_labels() -> None:
    random = np.random.default_rng(0)
    logs = [np.log(random.dirichlet(np.ones(3), 4000)).astype(np.float32) for _ in range(3)]
    scores = 0.8 * logs[0] + 1.5 * logs[1]
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (random.random((4000, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    stack = Stack.fit(logs, labels)
    np.testing.assert_allclose(stack.weights, [0.8, 1.5, 0], atol=0.1)
    assert stack.weights[2] == 0
    assert stack.shares.sum() == pytest.approx(1)
    assert stack.shares[1] > stack.shares[0]


def test_what_knows_nothing_has_no_weight_however_flat_it_is() -> None:
    """Flat probabilities could get a large power by chance."""
    for seed in range(10):
        random = np.random.default_rng(seed)
        labels = random.integers(0, 2, 600)
        good = np.where(labels == 1, 0.8, 0.2) + random.normal(0, 0.05, 600)
        flat = 0.5 + random.normal(0, 0.01, 600)
        logs = [log_probabilities(np.stack([1 - p, p], axis=1)) for p in (good, flat)]
        assert Stack.fit(logs, labels).shares[1] < 0.05


def test_a_cascade_loses_no_more_than_it_may() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 5000)
    sureness = random.uniform(0.5, 1, 5000)
    right = random.random(5000) < sureness
    said = np.where(right, labels, 1 - labels)
    fast = np.full((5000, 2), np.log(1 - sureness)[:, None])
    fast[np.arange(5000), said] = np.log(sureness)
    best = np.log(np.where(np.arange(2) == labels[:, None], 0.9, 0.1))
    sure = sure_enough(fast, best, labels)
    alone = sureness >= sure
    assert 0 < alone.mean() < 0.5
    assert (~right[alone]).sum() <= 5
    assert sure_enough(best, best, labels) <= 0.9 + 1e-9  # equally right: it answers all alone


def test_long_reviews_are_read_in_windows() -> None:
    batch = pa.record_batch(
        {"review_headline": ["h", "i", None], "review_body": ["a b c d e", "f", None]}
    )
    cut, begins = in_windows(batch, 2)
    assert cut.column("review_body").to_pylist() == ["a b", "c", "d e", "f", None]
    assert cut.column("review_headline").to_pylist() == ["h", "h", "h", "i", None]
    assert begins.tolist() == [0, 3, 4]
    means = averaged(np.array([[1], [2], [6], [4], [5]], np.float32), begins)
    assert means.tolist() == [[3], [4], [5]]
    members = {"members": ["naive-bayes"], "weights": [1.0]}
    whole = learn(Blend(**members), [TRAIN], LABELS)
    parts = learn(Blend(**members, windows=3), [TRAIN], LABELS)
    row = TEST.slice(0, 1)
    text = row.column("review_body")[0].as_py().split()
    assert len(text) > 3
    alone = learn(NaiveBayes(), [TRAIN], LABELS)
    cut, _ = in_windows(row, 3)
    wanted = np.exp(log_probabilities(alone.predict_proba(cut)).mean(axis=0))
    np.testing.assert_allclose(parts.predict_proba(row)[0], wanted / wanted.sum(), atol=1e-5)
    assert (parts.predict_proba(row) != whole.predict_proba(row)).any()


def test_members_are_weighed_on_products_that_they_had_not_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learnt: list[set[int]] = []
    fit = NaiveBayes._fit

    def spied(self: NaiveBayes, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        groups = [one for batch in train.batches() for one in batch.column("group").to_pylist()]
        learnt.append(set(groups))
        fit(self, train, validation)

    monkeypatch.setattr(NaiveBayes, "_fit", spied)
    blend = learn(Blend(members=["naive-bayes"], folds=4), [TRAIN], LABELS)
    *folds, whole = learnt
    assert len(folds) == 4
    assert whole == set(TRAIN.column("group").to_pylist())
    missing = [whole - one for one in folds]
    assert all(missing)
    assert set().union(*missing) == whole
    assert sum(map(len, missing)) == len(whole)
    assert blend.stack_.weights.tolist() != [1.0]


def test_who_may_be_in_a_blend() -> None:
    wrongs: list[list[Any]] = [
        ["blend"],
        ["no-such-model"],
        [],
        [{"model": "cnn", "set": {}}],
        [{}],
    ]
    for wrong in wrongs:
        with pytest.raises(UsageError, match="members"):
            Blend(members=wrong)
    with pytest.raises(UsageError, match="no setting 'grams'"):
        Blend(members=[{"model": "linear", "settings": {"grams": 2}}])
    with pytest.raises(UsageError, match="weights"):
        Blend(members=["linear"], weights=[1.0, 2.0])
    with pytest.raises(UsageError, match="weights"):
        Blend(members=["linear"], weights=[-1.0])
    with pytest.raises(UsageError, match="3 labels"):
        learn(Blend(weights=[1.0, 1.0], shifts=[0.0]), [TRAIN], LABELS)

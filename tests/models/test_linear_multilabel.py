"""Several labels a text."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, InputError, NotEnoughData, UsageError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.estimator import Linear as LinearEstimator
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.models.linear.multilabel import LabelSets
from reviewdesk.models.tfidf_svc import TfidfSVC
from reviewdesk.stats.calibration import reliability

from .corpus import learn, train_incrementally

TOPICS = ["price", "quality", "shipping", "size"]


def texts(n: int, seed: int) -> tuple[list[str], NDArray[np.int64]]:
    """Return texts about none, one or several topics, and which (n, 4)."""
    random = np.random.default_rng(seed)
    table = (random.random((n, 4)) < [0.5, 0.3, 0.2, 0.1]).astype(np.int64)
    rows = []
    for row in table:
        words = random.choice(["the", "box", "it", "was", "and"], 6).tolist()
        for topic, there in zip(TOPICS, row, strict=True):
            if there != (random.random() < 0.05):
                words += [f"{topic}{number}" for number in random.integers(0, 5, 2)]
        rows.append(" ".join(random.permutation(words)))
    return rows, table


def sets_of(table: NDArray[np.int64]) -> list[list[str]]:
    return [[TOPICS[place] for place in np.flatnonzero(row)] for row in table]


def batch_of(rows: list[str], labels: list[list[int] | None]) -> pa.RecordBatch:
    column = pa.array(labels, pa.list_(pa.int32()))
    return pa.record_batch({"review_body": pa.array(rows), "label": column})


@pytest.fixture(scope="module")
def fitted() -> Linear:
    rows, table = texts(3000, 0)
    return learn(Linear(ngrams=1), rows, sets_of(table))


def test_each_label_has_a_probability_of_its_own(fitted: Linear) -> None:
    rows, table = texts(2000, 1)
    found = fitted.predict_proba(rows)
    assert fitted.labels_ == TOPICS
    assert found.shape == (2000, 4)
    assert found.dtype == np.float32
    assert found.sum(axis=1).std() > 0.5
    said = fitted.predict_proba(rows) > 0.5
    assert (said == table).mean(axis=0).min() > 0.93
    assert (table.sum(axis=1) != 1).mean() > 0.5  # so one label each could not be that right


def test_each_probability_can_be_taken_at_its_word(fitted: Linear) -> None:
    rows, table = texts(6000, 2)
    found = fitted.predict_proba(rows)
    for label in range(4):
        sure = np.maximum(found[:, label], 1 - found[:, label])
        right = (found[:, label] > 0.5) == table[:, label]
        assert reliability(sure, right).error < 0.045
        assert abs(found[:, label].mean() - table[:, label].mean()) < 0.025


def test_sets_tables_and_lists_in_batches_are_the_same() -> None:
    rows, table = texts(400, 0)
    by_sets = learn(Linear(ngrams=1), rows, sets_of(table))
    by_table = learn(Linear(ngrams=1), rows, table)
    by_rows = learn(Linear(ngrams=1), rows, table.tolist())
    lists: list[list[int] | None] = [np.flatnonzero(row).tolist() for row in table]
    half = 150
    batches = [batch_of(rows[:half], lists[:half]), batch_of(rows[half:], lists[half:])]
    by_batches = learn(Linear(ngrams=1), batches, TOPICS)
    wanted = by_sets.predict_proba(rows).tobytes()
    assert by_table.predict_proba(rows).tobytes() == wanted
    assert by_batches.predict_proba(rows).tobytes() == wanted
    assert by_rows.predict_proba(rows).tobytes() == wanted
    assert by_table.labels_ == ["0", "1", "2", "3"]
    assert ((by_table.predict_proba(rows) > 0.5) == table).all(axis=1).mean() > 0.7
    estimator = LinearEstimator(ngrams=1).fit(rows, table)
    assert estimator.classes_.tolist() == [0, 1, 2, 3]
    assert estimator.score(rows, table) > 0.7


def test_rows_without_a_list_are_passed_over_and_empty_lists_are_not() -> None:
    rows, table = texts(400, 0)
    lists: list[list[int] | None] = [np.flatnonzero(row).tolist() for row in table]
    null: list[list[int] | None] = [None] * 50
    more = batch_of(["price1 price2"] * 50 + rows, null + lists)
    wanted = learn(Linear(ngrams=1), batch_of(rows, lists), TOPICS).predict_proba(rows)
    assert learn(Linear(ngrams=1), more, TOPICS).predict_proba(rows).tobytes() == wanted.tobytes()
    empty: list[list[int] | None] = [[]] * 50
    other = learn(Linear(ngrams=1), batch_of(["price1 price2"] * 50 + rows, empty + lists), TOPICS)
    assert other.predict_proba(["price1 price2"])[0, 0] < 0.7


def test_labels_that_no_text_has_or_all_have() -> None:
    rows, table = texts(400, 0)
    table[:, 2], table[:, 3] = 0, 1
    fitted = learn(Linear(ngrams=1), rows, table)
    found = fitted.predict_proba(rows)
    assert (found[:, 2] == 0).all()
    assert (found[:, 3] == 1).all()
    table[:, :3] = 0
    with pytest.raises(NotEnoughData):
        learn(Linear(ngrams=1), rows, table)


def test_it_is_saved_and_loaded(fitted: Linear, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = Linear.load(tmp_path)
    rows, _ = texts(300, 3)
    assert loaded.predict_proba(rows).tobytes() == fitted.predict_proba(rows).tobytes()


@pytest.mark.parametrize("name", ["0.weights.table", "3.calibration.shift", "shares"])
def test_damaged_files_are_refused(fitted: Linear, tmp_path: Path, name: str) -> None:
    fitted.save(tmp_path)
    arrays = load_weights(tmp_path / "weights.npz")
    good = arrays.pop(name)
    for wrong in ({}, {name: good[:-1]}, {name: good.astype(np.float16)}, {name: good * np.nan}):
        save_weights(tmp_path / "weights.npz", {**arrays, **wrong})
        with pytest.raises(BundleError):
            Linear.load(tmp_path)


def test_explanations_add_up_to_the_decision_scores(fitted: Linear) -> None:
    rows, _ = texts(10, 4)
    for row in rows:
        found = fitted.explain({"review_body": row})
        added = found.weights.sum(axis=0) + found.bias
        np.testing.assert_allclose(added, fitted.decision_scores([row])[0], atol=1e-5)
    found = fitted.explain({"review_body": "the box was price1"})
    assert found.words[0] == "price1"
    assert found.weights[0, 0] > 0


def test_a_new_month_with_several_labels() -> None:
    rows, table = texts(1500, 0)
    table[:, 3] = 0
    fitted = learn(Linear(ngrams=1), rows, table)
    assert (fitted.predict_proba(["size1 size2"])[:, 3] == 0).all()
    quality = fitted.predict_proba(["quality1 quality2"])[0, 1]
    rows, table = texts(1500, 1)
    table[:, 1] = 0  # nothing new about this label
    table[:, 2] = [("shipping" in row) or ("parcel" in row) for row in rows]
    train_incrementally(fitted, rows, table)
    assert fitted.predict_proba(["size1 size2"])[0, 3] > 0.5
    assert fitted.predict_proba(["quality1 quality2"])[0, 1] == quality


def test_rows_on_disk_are_the_same_questions() -> None:
    rows, table = texts(2000, 0)
    padded = [f"{row} " + " ".join(f"w{n}x{at}" for at in range(400)) for n, row in enumerate(rows)]
    small = learn(Linear(ngrams=2, memory_mb=16), padded, table)
    found = small.predict_proba(padded) > 0.5
    assert (found == table).mean() > 0.82  # what is most frequent would be right in 0.73


def test_a_label_may_stand_twice_in_a_list_and_in_any_order() -> None:
    sets = LabelSets(5)
    first = sets.add(pa.array([[3, 1], [], [1, 3, 3], [1]], pa.list_(pa.int32())))
    assert first.tolist() == [0, 1, 0, 2]
    again = sets.add(pa.array([[1], [4], [1, 3]], pa.large_list(pa.int32())))
    assert again.tolist() == [2, 3, 0]
    assert sets.holding(3).tolist() == [True, False, False, False]


def test_wrong_use_is_an_error() -> None:
    rows = ["a", "b", "c"]
    with pytest.raises(InputError, match="zeros and ones"):
        learn(Linear(), rows, np.array([[0, 2], [1, 0], [0, 1]]))
    with pytest.raises(InputError, match="beyond"):
        learn(Linear(), batch_of(rows, [[0], [1], [7]]), TOPICS)
    with pytest.raises(UsageError, match="linear gives several"):
        learn(TfidfSVC(), rows, [["x"], ["y"], []])
    fitted = learn(Linear(ngrams=1), rows * 5, ["x", "y", "x"] * 5)
    with pytest.raises(InputError, match="one label each"):
        train_incrementally(fitted, rows, [["x"], ["y"], []])

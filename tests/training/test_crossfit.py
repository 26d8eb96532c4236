from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import Examples, load_examples
from reviewdesk.examples.folds import NO_FOLD, product_folds, with_unlabelled
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import prediction_labels
from reviewdesk.settings import TargetSettings, TextSettings
from reviewdesk.training.crossfit import BaseModel, cross_fit
from tests.scoring import corpus


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    place = tmp_path_factory.mktemp("crossfit")
    reviews = corpus.write_reviews(place / "r.tsv", 400, unrated_every=9)
    return corpus.prepared(reviews, place / "prepared")


@pytest.fixture(scope="module")
def examples(data: PreparedData) -> Examples:
    return load_examples(data, TargetSettings(), TextSettings())


def base_model(
    examples: Examples, data: PreparedData, model: str = "linear", **settings: int
) -> BaseModel:
    return BaseModel.of_family(model, settings, examples, data.fingerprint)


def test_every_review_is_predicted_without_its_product(
    data: PreparedData, examples: Examples, tmp_path: Path
) -> None:
    found = cross_fit(examples, base_model(examples, data), tmp_path / "p.parquet", folds=3)
    table = pq.read_table(tmp_path / "p.parquet")
    assert table["review_id"].to_pylist() == examples.column("review_id").to_pylist()
    assert prediction_labels(table.schema) == ["negative", "positive"]
    assert table.schema.metadata[b"target"] == b"sentiment"
    folds = table["fold"].to_numpy()
    assert set(folds) == {0, 1, 2}
    for product in np.unique(examples.groups):
        assert len(set(folds[examples.groups == product])) == 1
    labelled = examples.labelled
    assert (found.rows, found.unlabelled) == (labelled.sum(), (~labelled).sum())
    given = np.array(table["label"].to_pylist())
    right = np.array(examples.labels)[examples.label[labelled]] == given[labelled]
    assert right.mean() > 0.8


def test_a_head_is_named_by_all_that_it_depends_on(data: PreparedData, examples: Examples) -> None:
    other = load_examples(data, TargetSettings(), TextSettings(fields=("review_body",)))
    names = {
        base_model(examples, data).id,
        base_model(examples, data, ngrams=1).id,
        base_model(examples, data, "tfidf-svc").id,
        base_model(other, data).id,
    }
    assert len(names) == 4
    assert base_model(examples, data).id == base_model(examples, data).id
    assert base_model(examples, data).id.startswith("linear-")


def test_the_same_command_does_nothing_and_another_is_refused(
    data: PreparedData, examples: Examples, tmp_path: Path
) -> None:
    out = tmp_path / "p.parquet"
    cross_fit(examples, base_model(examples, data), out, folds=2)
    before = out.read_bytes()
    assert cross_fit(examples, base_model(examples, data), out, folds=2).already
    with pytest.raises(UsageError, match="something else"):
        cross_fit(examples, base_model(examples, data, ngrams=1), out, folds=2)
    cross_fit(examples, base_model(examples, data, ngrams=1), out, folds=2, overwrite=True)
    assert out.read_bytes() != before
    cross_fit(examples, base_model(examples, data), out, folds=2, overwrite=True)
    assert out.read_bytes() == before


def test_what_cannot_be(data: PreparedData, examples: Examples, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no setting 'epoch'"):
        base_model(examples, data, epoch=3)
    with pytest.raises(UsageError, match="unknown model"):
        base_model(examples, data, "oracle")
    with pytest.raises(UsageError, match="2 folds or more"):
        cross_fit(examples, base_model(examples, data), tmp_path / "p.parquet", folds=1)
    nothing = load_examples(data, TargetSettings(), TextSettings(), labels=["none of them"])
    with pytest.raises(NotEnoughData):
        cross_fit(nothing, base_model(nothing, data), tmp_path / "p.parquet")


def test_reviews_without_a_label_are_in_the_fold_of_their_product(examples: Examples) -> None:
    folds = product_folds(examples, 3)
    assert (folds == NO_FOLD).any()
    whole = with_unlabelled(examples, folds, 3)
    np.testing.assert_array_equal(whole[folds != NO_FOLD], folds[folds != NO_FOLD])
    assert set(whole.tolist()) == {0, 1, 2}
    for product in np.unique(examples.groups):
        assert len(set(whole[examples.groups == product])) == 1

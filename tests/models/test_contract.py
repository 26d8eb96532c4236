"""What every family of classifiers must do; run over all of them."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from reviewdesk.errors import InputError, MissingColumn, NotEnoughData, UsageError
from reviewdesk.models.base import Classifier
from reviewdesk.models.catalog import CLASSIFIERS

from .corpus import LABELS, cut, names_of, new, reviews, texts_of

FAMILIES = CLASSIFIERS.names()
every_family = pytest.mark.parametrize("family", FAMILIES)
TRAIN = reviews()
TEST = reviews(60, seed=1)


@pytest.fixture(scope="module", params=FAMILIES)
def fitted(request: pytest.FixtureRequest) -> Classifier:
    return new(request.param).fit([TRAIN], LABELS)


def bits(values: NDArray[np.float32]) -> bytes:
    return values.tobytes()


def test_the_catalog_knows_its_families() -> None:
    assert "tfidf-svc" in FAMILIES
    for family in FAMILIES:
        assert new(family).family == family


def test_probabilities(fitted: Classifier) -> None:
    found = fitted.predict_proba(TEST)
    assert found.dtype == np.float32
    assert found.shape == (len(TEST), len(LABELS))
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_labels_keep_their_order(fitted: Classifier) -> None:
    assert fitted.labels_ == LABELS
    assert list(fitted.classes_) == LABELS
    found = fitted.predict_proba(TEST).argmax(axis=1)
    assert (found == TEST.column("label").to_numpy()).mean() > 0.8
    assert (fitted.predict(TEST) == np.array(LABELS)[found]).all()


def test_rows_keep_their_order(fitted: Classifier) -> None:
    order = np.random.default_rng(0).permutation(len(TEST))
    shuffled = TEST.take(pa.array(order))
    assert bits(fitted.predict_proba(shuffled)) == bits(fitted.predict_proba(TEST)[order])


def test_a_single_row_is_the_row_in_a_batch(fitted: Classifier) -> None:
    whole = fitted.predict_proba(TEST)
    for row in range(len(TEST)):
        assert bits(fitted.predict_proba(TEST.slice(row, 1))) == bits(whole[row : row + 1])


@every_family
def test_how_rows_are_cut_into_batches_makes_no_difference(family: str) -> None:
    whole = new(family).fit(TRAIN, LABELS).predict_proba(TEST)
    for rows in (1, 7, 239):
        pieces = new(family).fit(cut(TRAIN, rows), LABELS)
        assert bits(pieces.predict_proba(TEST)) == bits(whole)
    empty = [TRAIN.slice(0, 0), TRAIN, TRAIN.slice(0, 0)]
    assert bits(new(family).fit(empty, LABELS).predict_proba(TEST)) == bits(whole)


@every_family
def test_the_same_seed_gives_the_same_classifier(family: str) -> None:
    one, other = (new(family, seed=7).fit(TRAIN, LABELS) for _ in range(2))
    assert bits(one.predict_proba(TEST)) == bits(other.predict_proba(TEST))


@every_family
def test_any_kind_of_arrow_strings(family: str) -> None:
    wanted = new(family).fit(TRAIN, LABELS).predict_proba(TEST)
    for kind in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):

        def retyped(batch: pa.RecordBatch, kind: pa.DataType = kind) -> pa.RecordBatch:
            place = batch.schema.get_field_index("review_body")
            return batch.set_column(place, "review_body", batch.column(place).cast(kind))

        found = new(family).fit(retyped(TRAIN), LABELS).predict_proba(retyped(TEST))
        assert bits(found) == bits(wanted)


@pytest.mark.parametrize(
    "body",
    [
        "",
        None,
        " \n\t",
        "quux xyzzy",
        "!!! ???",
        "\0",
        "<script>alert('great')</script>",
        "é ß 👍🏽 愛してる مرحبا",
        "great" * 50_000,
        "%s %d {0} {great}",
    ],
)
def test_odd_texts(fitted: Classifier, body: str | None) -> None:
    batch = pa.record_batch(
        {
            "review_headline": pa.array([None], pa.string()),
            "review_body": pa.array([body], pa.string()),
            "product_title": pa.array(["A thing"], pa.string()),
        }
    )
    found = fitted.predict_proba(batch)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    fitted.explain({"review_headline": None, "review_body": body})


def test_a_text_of_a_million_words(fitted: Classifier) -> None:
    found = fitted.predict_proba(["great phone " * 500_000, "great phone"])
    assert found.argmax(axis=1).tolist() == [LABELS.index("happy")] * 2


@every_family
def test_learning_from_odd_texts(family: str) -> None:
    bodies = ["", "great", "!!!", "awful awful", "\0", "great <b>it"] * 5
    labels = ["a", "b", "a", "a", "b", "b"] * 5
    found = new(family).fit([*bodies, "x " * 100_000], [*labels, "a"]).predict_proba(bodies)
    assert np.isfinite(found).all()


@every_family
def test_texts_without_a_word_give_the_share_of_each_label(family: str) -> None:
    labels = ["a"] * 30 + ["b"] * 10
    found = new(family).fit([""] * 40, labels).predict_proba(["", "unseen"])
    np.testing.assert_allclose(found[:, 0], 0.75, atol=0.05)


def test_no_rows_to_predict(fitted: Classifier) -> None:
    assert fitted.predict_proba(TEST.slice(0, 0)).shape == (0, 3)
    assert fitted.predict_proba([]).shape == (0, 3)


@every_family
def test_too_little_to_learn_from(family: str) -> None:
    with pytest.raises(NotEnoughData):
        new(family).fit(["good", "great", "fine"], ["a", "a", "a"])
    with pytest.raises(NotEnoughData):
        new(family).fit([], [])
    with pytest.raises(NotEnoughData):
        new(family).fit(iter(()), LABELS)
    one = TRAIN.filter(pc.equal(TRAIN.column("label"), 1))
    with pytest.raises(NotEnoughData):
        new(family).fit(one, LABELS)


@every_family
def test_two_rows_are_enough(family: str) -> None:
    found = new(family).fit(["good", "bad"], ["a", "b"]).predict_proba(["good"])
    assert found.shape == (1, 2)


@every_family
def test_rows_without_a_label_are_passed_over(family: str) -> None:
    labels = TRAIN.column("label").to_numpy().copy()
    labels[::5] = -1
    place = TRAIN.schema.get_field_index("label")
    mixed = TRAIN.set_column(place, "label", pa.array(labels))
    kept = TRAIN.filter(pa.array(labels >= 0))
    one, other = new(family).fit(mixed, LABELS), new(family).fit(kept, LABELS)
    assert bits(one.predict_proba(TEST)) == bits(other.predict_proba(TEST))


@every_family
def test_a_label_that_no_row_has_gets_no_probability(family: str) -> None:
    two = TRAIN.filter(pc.not_equal(TRAIN.column("label"), 1))
    found = new(family).fit(two, LABELS).predict_proba(TEST)
    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@every_family
def test_groups_may_be_missing_or_few(family: str) -> None:
    without = TRAIN.drop_columns(["group"])
    assert new(family).fit(without, LABELS).predict_proba(TEST).shape == (60, 3)
    one_group = without.append_column("group", pa.array(np.zeros(len(TRAIN), np.uint64)))
    assert new(family).fit(one_group, LABELS).predict_proba(TEST).shape == (60, 3)


@every_family
def test_wrong_use_is_an_error_in_one_sentence(family: str) -> None:
    with pytest.raises(UsageError, match="labels"):
        new(family).fit(TRAIN)
    with pytest.raises(MissingColumn, match="label"):
        new(family).fit(TRAIN.drop_columns(["label"]), LABELS)
    with pytest.raises(MissingColumn, match="review_body"):
        new(family).fit(TRAIN.select(["review_id", "label"]), LABELS)
    with pytest.raises(InputError, match="beyond"):
        new(family).fit(TRAIN, LABELS[:2])
    with pytest.raises(InputError, match="2 texts and 3 labels"):
        new(family).fit(["a", "b"], ["x", "y", "x"])
    with pytest.raises(InputError, match="not a text"):
        new(family).fit(["a", 5], ["x", "y"])


@every_family
def test_one_text_instead_of_a_list_is_an_error(family: str) -> None:
    classifier = new(family).fit(TRAIN, LABELS)
    with pytest.raises(InputError, match="list of texts"):
        classifier.predict_proba("great")


@every_family
def test_settings_are_checked_when_it_is_fitted_and_not_before(family: str) -> None:
    for name, (low, high) in new(family).limits.items():
        for wrong in (low - 1, high + 1, "many", None, True):
            if wrong in (low, high):  # no limit on that side
                continue
            classifier = new(family, **{name: wrong})
            with pytest.raises(UsageError, match=name):
                classifier.fit(TRAIN, LABELS)


@every_family
def test_fitting_leaves_the_settings_alone(family: str) -> None:
    classifier = new(family, seed=3)
    before = classifier.get_params()
    classifier.fit(TRAIN, LABELS)
    assert classifier.get_params() == before
    again = clone(classifier)
    assert again.get_params() == before
    assert not hasattr(again, "labels_")
    assert classifier.set_params(seed=4).get_params()["seed"] == 4


@every_family
def test_fitting_again_forgets_what_was_learnt(family: str) -> None:
    classifier = new(family).fit(["aa bb", "bb cc", "dd"] * 4, ["x", "y", "z"] * 4)
    classifier.fit(TRAIN, LABELS)
    assert bits(classifier.predict_proba(TEST)) == bits(
        new(family).fit(TRAIN, LABELS).predict_proba(TEST)
    )


def test_only_the_declared_columns_are_read(fitted: Classifier) -> None:
    assert set(fitted.columns_) <= set(fitted.columns)
    wanted = bits(fitted.predict_proba(TEST))
    assert bits(fitted.predict_proba(TEST.select(list(fitted.columns_)))) == wanted
    other = TEST.set_column(0, "review_id", pa.array(["great love perfect"] * len(TEST)))
    assert bits(fitted.predict_proba(other)) == wanted
    reordered = TEST.select(TEST.schema.names[::-1])
    assert bits(fitted.predict_proba(reordered)) == wanted


def test_a_missing_column_is_named(fitted: Classifier) -> None:
    for name in fitted.columns_:
        with pytest.raises(MissingColumn, match=name):
            fitted.predict_proba(TEST.drop_columns([name]))


@every_family
def test_it_reads_the_columns_that_it_was_fitted_on(family: str) -> None:
    classifier = new(family).fit(TRAIN.select(["review_body", "label"]), LABELS)
    assert classifier.columns_ == ("review_body",)
    bodies = TEST.select(["review_body"])
    assert bits(classifier.predict_proba(bodies)) == bits(classifier.predict_proba(TEST))
    assert bits(classifier.predict_proba(texts_of(TEST))) == bits(classifier.predict_proba(TEST))


def test_saved_and_loaded_it_is_the_same(fitted: Classifier, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = type(fitted).load(tmp_path)
    assert loaded.labels_ == fitted.labels_
    assert loaded.columns_ == fitted.columns_
    assert loaded.get_params() == fitted.get_params()
    assert bits(loaded.predict_proba(TEST)) == bits(fitted.predict_proba(TEST))
    assert (loaded.predict(TEST) == fitted.predict(TEST)).all()


@every_family
def test_saving_writes_no_pickle_and_always_the_same_bytes(family: str, tmp_path: Path) -> None:
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        new(family).fit(TRAIN, LABELS).save(tmp_path / place)
    files = sorted((tmp_path / "one").iterdir())
    assert files
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype.kind in "biuf" for name in arrays.files)
        else:
            assert path.suffix in (".json", ".safetensors")
        if path.suffix == ".json":
            json.loads(path.read_text())


def test_explanations_add_up_to_the_decision_score(fitted: Classifier) -> None:
    for row in range(10):
        one = TEST.slice(row, 1)
        found = fitted.explain(one.select(list(fitted.columns_)).to_pylist()[0])
        assert found.weights.shape == (len(found.words), len(LABELS))
        assert len(found.columns) == len(found.words)
        assert set(found.columns) <= set(fitted.columns_)
        added = found.weights.sum(axis=0) + found.bias
        np.testing.assert_allclose(added, fitted.decision_scores(one)[0], atol=1e-5)


def test_an_explanation_names_the_words_that_matter_first(fitted: Classifier) -> None:
    found = fitted.explain({"review_body": "the box broke and it was awful"})
    happy, unhappy = LABELS.index("happy"), LABELS.index("unhappy")
    first = dict(zip(found.words, found.weights, strict=True))
    assert {"broke", "awful"} & set(found.words[:3])
    assert first["awful"][unhappy] > 0 > first["awful"][happy]


@every_family
def test_it_works_in_scikit_learn(family: str) -> None:
    def shout(texts: list[str]) -> list[str]:
        return [text.upper() for text in texts]

    pipeline = make_pipeline(FunctionTransformer(shout), new(family))
    texts, names = texts_of(TRAIN), names_of(TRAIN)
    assert cross_val_score(pipeline, texts, names, cv=3).mean() > 0.7
    assert cross_val_score(new(family), np.array(texts), names, cv=3).mean() > 0.7
    assert cross_val_score(new(family), texts, names, cv=3, scoring="neg_log_loss").mean() > -1
    numbers = np.unique(names, return_inverse=True)[1]
    assert new(family).fit(texts, numbers).score(texts, numbers) > 0.7

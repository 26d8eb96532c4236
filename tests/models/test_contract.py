"""What every family of classifiers must do; run over all of them."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from reviewdesk.models.base import Classifier, Explains
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.estimator import estimator_of
from reviewdesk.models.labelled import LabelledReviews

from .corpus import LABELS, cut, learn, names_of, new, predicted, quick, reviews, texts_of

FAMILIES = CLASSIFIERS.names()
# Networks differ in one module; of those that learn anew for each test, one is quick enough.
SLOW = ("lstm", "attention", "transformer")
every_family = pytest.mark.parametrize(
    "family",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in FAMILIES],
)
TRAIN = reviews()
TEST = reviews(60, seed=1)


@pytest.fixture(scope="module", params=FAMILIES)
def fitted(request: pytest.FixtureRequest) -> Classifier:
    return learn(new(request.param), [TRAIN], LABELS)


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
    found = fitted.predict_proba(TEST).argmax(axis=1)
    assert (found == TEST.column("label").to_numpy()).mean() > 0.8


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
    whole = learn(new(family), TRAIN, LABELS).predict_proba(TEST)
    for rows in (1, 7, 239):
        pieces = learn(new(family), cut(TRAIN, rows), LABELS)
        assert bits(pieces.predict_proba(TEST)) == bits(whole)
    empty = [TRAIN.slice(0, 0), TRAIN, TRAIN.slice(0, 0)]
    assert bits(learn(new(family), empty, LABELS).predict_proba(TEST)) == bits(whole)


@every_family
def test_the_same_seed_gives_the_same_classifier(family: str) -> None:
    one, other = (learn(new(family, seed=7), TRAIN, LABELS) for _ in range(2))
    assert bits(one.predict_proba(TEST)) == bits(other.predict_proba(TEST))


@every_family
def test_any_kind_of_arrow_strings(family: str) -> None:
    wanted = learn(new(family), TRAIN, LABELS).predict_proba(TEST)
    for kind in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):

        def retyped(batch: pa.RecordBatch, kind: pa.DataType = kind) -> pa.RecordBatch:
            place = batch.schema.get_field_index("review_body")
            return batch.set_column(place, "review_body", batch.column(place).cast(kind))

        found = learn(new(family), retyped(TRAIN), LABELS).predict_proba(retyped(TEST))
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
    if isinstance(fitted, Explains):
        fitted.explain({"review_headline": None, "review_body": body})


def test_a_text_of_a_million_words(fitted: Classifier) -> None:
    found = fitted.predict_proba(["great phone " * 500_000, "great phone"])
    assert found.argmax(axis=1).tolist() == [LABELS.index("happy")] * 2


@every_family
def test_learning_from_odd_texts(family: str) -> None:
    bodies = ["", "great", "!!!", "awful awful", "\0", "great <b>it"] * 5
    labels = ["a", "b", "a", "a", "b", "b"] * 5
    found = learn(new(family), [*bodies, "x " * 100_000], [*labels, "a"]).predict_proba(bodies)
    assert np.isfinite(found).all()


@every_family
def test_texts_without_a_word_give_the_share_of_each_label(family: str) -> None:
    labels = ["a"] * 30 + ["b"] * 10
    found = learn(new(family), [""] * 40, labels).predict_proba(["", "unseen"])
    np.testing.assert_allclose(found[:, 0], 0.75, atol=0.05)


def test_no_rows_to_predict(fitted: Classifier) -> None:
    assert fitted.predict_proba(TEST.slice(0, 0)).shape == (0, 3)
    assert fitted.predict_proba([]).shape == (0, 3)


@every_family
def test_too_little_to_learn_from(family: str) -> None:
    with pytest.raises(NotEnoughData):
        learn(new(family), ["good", "great", "fine"], ["a", "a", "a"])
    with pytest.raises(NotEnoughData):
        learn(new(family), [], [])
    with pytest.raises(NotEnoughData):
        learn(new(family), iter(()), LABELS)
    one = TRAIN.filter(pc.equal(TRAIN.column("label"), 1))
    with pytest.raises(NotEnoughData):
        learn(new(family), one, LABELS)


@every_family
def test_two_rows_are_enough(family: str) -> None:
    found = learn(new(family), ["good", "bad"], ["a", "b"]).predict_proba(["good"])
    assert found.shape == (1, 2)


@every_family
def test_rows_without_a_label_are_passed_over(family: str) -> None:
    labels = TRAIN.column("label").to_numpy().copy()
    labels[::5] = -1
    place = TRAIN.schema.get_field_index("label")
    mixed = TRAIN.set_column(place, "label", pa.array(labels))
    kept = TRAIN.filter(pa.array(labels >= 0))
    one, other = learn(new(family), mixed, LABELS), learn(new(family), kept, LABELS)
    assert bits(one.predict_proba(TEST)) == bits(other.predict_proba(TEST))


@every_family
def test_a_label_that_no_row_has_gets_no_probability(family: str) -> None:
    two = TRAIN.filter(pc.not_equal(TRAIN.column("label"), 1))
    found = learn(new(family), two, LABELS).predict_proba(TEST)
    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@every_family
def test_groups_may_be_missing_or_few(family: str) -> None:
    without = TRAIN.drop_columns(["group"])
    assert learn(new(family), without, LABELS).predict_proba(TEST).shape == (60, 3)
    one_group = without.append_column("group", pa.array(np.zeros(len(TRAIN), np.uint64)))
    assert learn(new(family), one_group, LABELS).predict_proba(TEST).shape == (60, 3)


@every_family
def test_wrong_use_is_an_error_in_one_sentence(family: str) -> None:
    with pytest.raises(MissingColumn, match="label"):
        learn(new(family), TRAIN.drop_columns(["label"]), LABELS)
    with pytest.raises(MissingColumn, match="review_body"):
        learn(new(family), TRAIN.select(["review_id", "label"]), LABELS)
    with pytest.raises(InputError, match="beyond"):
        learn(new(family), TRAIN, LABELS[:2])
    with pytest.raises(InputError, match="2 texts and 3 labels"):
        learn(new(family), ["a", "b"], ["x", "y", "x"])
    with pytest.raises(InputError, match="not a text"):
        learn(new(family), ["a", 5], ["x", "y"])


@every_family
def test_one_text_instead_of_a_list_is_an_error(family: str) -> None:
    classifier = learn(new(family), TRAIN, LABELS)
    with pytest.raises(InputError, match="list of texts"):
        classifier.predict_proba("great")


@every_family
def test_settings_are_checked_when_it_is_made(family: str) -> None:
    for name, default, _, limits in new(family).settings_class.described():
        wrong: list[Any] = [["many"], {"so": "many"}]
        if isinstance(default, int | float):
            wrong += ["many", None] + ([] if isinstance(default, bool) else [True])
        wrong += [] if limits.minimum is None else [limits.minimum - 1]
        wrong += [] if limits.maximum is None else [limits.maximum + 1]
        wrong += ["no such choice"] if limits.choices else []
        for value in wrong:
            with pytest.raises(UsageError, match=name):
                new(family, **{name: value})


@every_family
def test_a_setting_that_it_does_not_have_is_named(family: str) -> None:
    with pytest.raises(UsageError, match="has no setting 'sede'; it has: .*seed"):
        new(family, sede=3)


@every_family
def test_the_reviews_may_be_read_again(family: str) -> None:
    readings = []

    def read() -> Iterator[pa.RecordBatch]:
        readings.append(1)
        return cut(TRAIN, 50)

    train = LabelledReviews(LABELS, tuple(TRAIN.schema.names), False, read)
    found = new(family).fit(train, train).predict_proba(TEST)
    assert readings
    again = LabelledReviews(LABELS, train.columns, False, lambda: [TRAIN])
    assert bits(found) == bits(new(family).fit(again, again).predict_proba(TEST))


@every_family
def test_fitting_leaves_the_settings_alone(family: str) -> None:
    classifier = new(family, seed=3)
    before = classifier.settings
    learn(classifier, TRAIN, LABELS)
    assert classifier.settings == before
    again = classifier.unfitted()
    assert again.settings == before
    with pytest.raises(UsageError, match="not been fitted"):
        again.predict_proba(TEST)


@every_family
def test_fitting_again_forgets_what_was_learnt(family: str) -> None:
    classifier = learn(new(family), ["aa bb", "bb cc", "dd"] * 4, ["x", "y", "z"] * 4)
    learn(classifier, TRAIN, LABELS)
    assert bits(classifier.predict_proba(TEST)) == bits(
        learn(new(family), TRAIN, LABELS).predict_proba(TEST)
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
    classifier = learn(new(family), TRAIN.select(["review_body", "label"]), LABELS)
    assert classifier.columns_ == ("review_body",)
    bodies = TEST.select(["review_body"])
    assert bits(classifier.predict_proba(bodies)) == bits(classifier.predict_proba(TEST))
    assert bits(classifier.predict_proba(texts_of(TEST))) == bits(classifier.predict_proba(TEST))


def test_saved_and_loaded_it_is_the_same(fitted: Classifier, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = type(fitted).load(tmp_path)
    assert loaded.labels_ == fitted.labels_
    assert loaded.columns_ == fitted.columns_
    assert loaded.settings == fitted.settings
    assert bits(loaded.predict_proba(TEST)) == bits(fitted.predict_proba(TEST))
    assert (predicted(loaded, TEST) == predicted(fitted, TEST)).all()


@every_family
def test_saving_writes_no_pickle_and_always_the_same_bytes(family: str, tmp_path: Path) -> None:
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        learn(new(family), TRAIN, LABELS).save(tmp_path / place)
    everything = sorted((tmp_path / "one").rglob("*"))
    files = [path for path in everything if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in everything)
    for path in files:
        other = tmp_path / "other" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype.kind in "biuf" for name in arrays.files)
        else:
            assert path.suffix in (".json", ".safetensors", ".onnx")
        if path.suffix == ".json":
            json.loads(path.read_text())


def test_explanations_add_up_to_the_decision_score(fitted: Classifier) -> None:
    assert isinstance(fitted, Explains)
    for row in range(10):
        one = TEST.slice(row, 1)
        found = fitted.explain(one.select(list(fitted.columns_)).to_pylist()[0])
        assert found.weights.shape == (len(found.words), len(LABELS))
        assert len(found.columns) == len(found.words)
        assert set(found.columns) <= set(fitted.columns_)
        added = found.weights.sum(axis=0) + found.bias
        np.testing.assert_allclose(added, fitted.decision_scores(one)[0], atol=1e-5)


def test_an_explanation_names_the_words_that_matter_first(fitted: Classifier) -> None:
    assert isinstance(fitted, Explains)
    found = fitted.explain({"review_body": "the box broke and it was awful"})
    happy, unhappy = LABELS.index("happy"), LABELS.index("unhappy")
    first = dict(zip(found.words, found.weights, strict=True))
    assert {"broke", "awful"} & set(found.words[:3])
    assert first["awful"][unhappy] > 0 > first["awful"][happy]


@every_family
def test_it_works_in_scikit_learn(family: str) -> None:
    def shout(texts: list[str]) -> list[str]:
        return [text.upper() for text in texts]

    estimator = functools.partial(estimator_of(CLASSIFIERS.load(family)), **quick(family))
    pipeline = make_pipeline(FunctionTransformer(shout), estimator())
    texts, names = texts_of(TRAIN), names_of(TRAIN)
    assert cross_val_score(pipeline, texts, names, cv=3).mean() > 0.7
    assert cross_val_score(estimator(), np.array(texts), names, cv=3).mean() > 0.7
    assert cross_val_score(estimator(), texts, names, cv=3, scoring="neg_log_loss").mean() > -1
    numbers = np.unique(names, return_inverse=True)[1]
    fitted = estimator(seed=3).fit(texts, numbers)
    assert fitted.score(texts, numbers) > 0.6
    assert fitted.classes_.tolist() == [0, 1, 2]
    again = clone(fitted)
    assert again.get_params() == fitted.get_params()
    assert not hasattr(again, "classes_")
    assert again.set_params(seed=4).get_params()["seed"] == 4

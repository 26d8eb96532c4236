from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from reviewdesk.errors import UsageError
from reviewdesk.models.labelled import LabelledReviews, text_batch
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.stats.calibration import perfect_error, reliability

from .corpus import LABELS, cut, learn, predicted, reviews, score, texts_of, train_incrementally

TRAIN = reviews(1200)
TEST = reviews(400, seed=1)


def right(found: NDArray[np.float32], batch: pa.RecordBatch = TEST) -> float:
    return float((found.argmax(axis=1) == batch.column("label").to_numpy()).mean())


def test_two_labels_and_more_are_learnt() -> None:
    for k in (2, 3):
        train, test = reviews(1200, k=k), reviews(400, seed=1, k=k, noise=0)
        found = learn(Linear(), train, LABELS[:k]).predict_proba(test)
        assert right(found, test) > 0.97


def drawn(n: int, seed: int, k: int) -> tuple[list[str], NDArray[np.int64]]:
    """Return texts of words that stand a little more often under one label than another."""
    shares = np.random.default_rng(0).dirichlet(np.full(300, 2.0), k)
    random = np.random.default_rng(seed)
    labels = random.integers(0, k, n)
    rows = [random.choice(300, 8, p=shares[label]) for label in labels]
    return [" ".join(f"w{word}" for word in row) for row in rows], labels


@pytest.mark.parametrize("k", [2, 4])
def test_probabilities_can_be_taken_at_their_word(k: int) -> None:
    fitted = learn(Linear(ngrams=1), *drawn(8000, 1, k))
    texts, labels = drawn(4000, 2, k)
    found = fitted.predict_proba(texts)
    confidence, correct = found.max(axis=1), found.argmax(axis=1) == labels
    assert 0.4 < correct.mean() < 0.9
    assert reliability(confidence, correct).error < 1.3 * perfect_error(confidence)


@pytest.mark.parametrize("k", [2, 3])
def test_rows_on_disk_are_learnt_as_well_as_rows_in_memory(k: int) -> None:
    long = reviews(1200, k=k)
    padding = [" ".join(f"w{row}x{place}" for place in range(600)) for row in range(len(long))]
    texts = [f"{a} {b}" for a, b in zip(texts_of(long), padding, strict=True)]
    place = long.schema.get_field_index("review_body")
    long = long.set_column(place, "review_body", pa.array(texts))
    small = Linear(ngrams=2, strength=1.0, memory_mb=16)
    test = reviews(400, seed=1, k=k)
    found = learn(small, long, LABELS[:k]).predict_proba(test)
    assert right(found, test) > 0.85
    again = learn(Linear(ngrams=2, strength=1.0, memory_mb=16), cut(long, 100), LABELS[:k])
    assert found.tobytes() == again.predict_proba(test).tobytes()


def test_the_length_of_ngrams_is_chosen_where_order_matters() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 2000)
    texts = []
    for label in labels:
        words = ["good", "not"] if label else ["not", "good"]
        texts.append(" ".join([*random.choice(list("abcdef"), 3), *words, "x"]))
    chosen = learn(Linear(), texts, labels)
    assert chosen.ngrams_ == 2
    assert score(chosen, texts, labels) == 1
    order_does_not_matter = learn(Linear(), ["good x"] * 50 + ["bad y"] * 50, [1] * 50 + [0] * 50)
    assert order_does_not_matter.ngrams_ == 1


def test_fields_are_kept_apart() -> None:
    fields = {"review_headline": ["up", "down"] * 100, "review_body": ["down", "up"] * 100}
    batch = pa.record_batch({**fields, "label": pa.array([1, 0] * 100, pa.int32())})
    fitted = learn(Linear(ngrams=1), batch, ["bad", "good"])
    swapped = pa.record_batch({"review_headline": ["down"], "review_body": ["up"]})
    assert predicted(fitted, swapped).tolist() == ["bad"]
    found = fitted.explain({"review_headline": "up", "review_body": "up"})
    sides = {
        column: weight[1] > 0 for column, weight in zip(found.columns, found.weights, strict=True)
    }
    assert sides == {"review_headline": True, "review_body": False}


def test_marks_of_punctuation_are_words_where_asked(tmp_path: Path) -> None:
    """What differs is a comma; contractions and words of one letter are words either way."""
    texts = [f"fine{mark} thing number{n % 7}" for n in range(60) for mark in (",", ".")]
    batch = text_batch(pa.array(texts, pa.large_string()), ("review_body",))
    batch = batch.append_column("label", pa.array([0, 1] * 60, pa.int32()))
    train = LabelledReviews.of_batches(batch, ["comma", "stop"])
    without = Linear(ngrams=1, strength=0.7).fit(train)
    marked = Linear(ngrams=2, strength=0.7, marks=True).fit(train)
    labels = np.array([0, 1] * 60)
    assert (without.predict_proba(texts).argmax(axis=1) == labels).mean() == 0.5
    assert (marked.predict_proba(texts).argmax(axis=1) == labels).all()
    assert {",", "fine ,"} <= set(marked.explain({"review_body": "fine, thing"}).words)
    marked.save(tmp_path)
    assert (Linear.load(tmp_path).predict_proba(texts) == marked.predict_proba(texts)).all()
    assert marked.known_words(["fine, thing"]).tolist() == [1]  # the words weigh nothing


def test_contractions_and_words_of_one_letter_are_words() -> None:
    texts = [f"it {word} so number{n % 7}" for n in range(60) for word in ("isn't", "is")]
    batch = text_batch(pa.array(texts, pa.large_string()), ("review_body",))
    batch = batch.append_column("label", pa.array([0, 1] * 60, pa.int32()))
    found = Linear(ngrams=2).fit(LabelledReviews.of_batches(batch, ["no", "yes"]))
    assert "isn't" in found.explain({"review_body": "it isn’t so"}).words
    assert (found.predict_proba(["I say it isn't so", "it is so"]).argmax(axis=1) == [0, 1]).all()


def test_scripts_other_than_latin() -> None:
    good = ["ПРЕКРАСНАЯ КНИГА", "ΥΠΈΡΟΧΟ ΒΙΒΛΊΟ", "这本书很好看", "とても良い本です", "หนังสือดีมาก"]
    bad = ["ужасная вещь", "χάλια πράγμα", "质量太差了", "ひどい商品だった", "แย่ที่สุดเลย"]
    fitted = learn(Linear(), (good + bad) * 20, (["good"] * 5 + ["bad"] * 5) * 20)
    lowered = ["прекрасная", "υπέροχο", "很好", "良い本", "ดีมาก"]
    assert predicted(fitted, lowered).tolist() == ["good"] * 5


def test_balanced_labels_count_the_same() -> None:
    rare = reviews(2000, k=2, noise=0.5)
    keep = (rare.column("label").to_numpy() == 1) | (np.arange(2000) % 10 == 0)
    rare = rare.filter(pa.array(keep))
    plain = learn(Linear(ngrams=1), rare, LABELS[:2]).predict_proba(rare)[:, 0].mean()
    balanced = learn(Linear(ngrams=1, balanced=True), rare, LABELS[:2]).predict_proba(rare)[:, 0]
    assert balanced.mean() > plain + 0.1


def test_an_ngram_of_an_explanation_is_in_the_text() -> None:
    fitted = learn(Linear(ngrams=3), TRAIN, LABELS)
    found = fitted.explain({"review_body": "It WAS awful, awful! And broke."})
    assert {"awful", "awful awful", "was awful"} & set(found.words)
    text = "it was awful awful and broke"
    assert all(words in text for words in found.words if "!" not in words)
    assert len(set(found.words)) == len(found.words)


def test_stars_have_an_expected_value() -> None:
    stars = reviews(600, k=3)
    fitted = learn(Linear(ngrams=1), stars, ["1", "3", "5"])
    found = fitted.expected(stars)
    wanted = fitted.predict_proba(stars) @ np.array([1, 3, 5], np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    with pytest.raises(UsageError, match="numbers"):
        learn(Linear(ngrams=1), stars, LABELS).expected(stars)


@pytest.mark.parametrize("k", [2, 3])
def test_free_threads_learn_too(k: int) -> None:
    train, test = reviews(3000, k=k), reviews(400, seed=1, k=k)
    found = learn(Linear(ngrams=1, free_threads=3), train, LABELS[:k]).predict_proba(test)
    assert right(found, test) > 0.85


@pytest.mark.parametrize("k", [2, 3])
def test_a_new_month_is_learnt_and_the_old_ones_are_not_forgotten(k: int) -> None:
    fitted = learn(Linear(ngrams=1), reviews(1200, k=k), LABELS[:k])
    new = pa.record_batch(
        {
            "review_headline": pa.array([None] * 300, pa.string()),
            "review_body": ["splendid box", "dreadful box"] * 150,
            "product_title": pa.array([None] * 300, pa.string()),
            "label": pa.array([1, 0] * 150, pa.int32()),
        }
    )
    before = len(fitted.vocabulary_)
    assert fitted.predict_proba(["splendid"])[0].max() < 0.75
    train_incrementally(fitted, new)
    assert len(fitted.vocabulary_) == before + 2
    assert predicted(fitted, ["splendid", "dreadful"]).tolist() == [LABELS[1], LABELS[0]]
    test = reviews(400, seed=1, k=k)
    assert right(fitted.predict_proba(test), test) > 0.85


def test_a_new_month_may_bring_a_label_that_had_no_rows() -> None:
    two = TRAIN.filter(pa.array(TRAIN.column("label").to_numpy() != 2))
    fitted = learn(Linear(ngrams=1), two, LABELS)
    assert (fitted.predict_proba(TEST)[:, 2] == 0).all()
    train_incrementally(fitted, cut(TRAIN, 500))
    assert right(fitted.predict_proba(TEST)) > 0.85


def test_nothing_of_the_text_is_kept() -> None:
    fitted = learn(Linear(), TRAIN, LABELS)
    kept = vars(fitted.vocabulary_) | vars(fitted.weights_)
    assert not any(isinstance(value, str | bytes) for value in kept.values())

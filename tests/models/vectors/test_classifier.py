"""``fasttext``: all losses, both families of names, files for fastText, what is kept of words."""

from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.formats.fasttext_model import write_fasttext
from reviewdesk.models.vectors.classifier import FastText
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.review_lines import review_lines

from ..corpus import LABELS, learn, reviews, score, texts_of

TRAIN = reviews(400)
TEST = reviews(100, seed=1)
LOSSES = ["softmax", "ns", "hs", "ova"]


def tokenised(batch: pa.RecordBatch, columns: tuple[str, ...]) -> list[str]:
    lines = review_lines(batch, columns)
    return [
        lines.data[start:end].tobytes().decode()
        for start, end in zip(lines.starts.tolist(), lines.ends.tolist(), strict=True)
    ]


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns_and_fasttext_gives_the_same(loss: str, tmp_path: Path) -> None:
    ours = learn(FastText(loss=loss, epoch=10, bucket=5000, minn=2, maxn=3), TRAIN, LABELS)
    names = np.array(LABELS)[TEST.column("label").to_numpy()]
    assert score(ours, TEST, names) > 0.8
    write_fasttext(tmp_path / "m.bin", ours.to_fasttext())
    theirs = fasttext.load_model(str(tmp_path / "m.bin"))
    raw = ours.raw_probabilities(TEST)
    for row, line in enumerate(tokenised(TEST, ours.columns_)):
        labels, probabilities = theirs.predict(line, k=-1)
        places = [LABELS.index(label.removeprefix("__label__")) for label in labels]
        np.testing.assert_allclose(raw[row, places], probabilities, atol=2e-6)


def test_the_library_is_not_needed_to_use_what_was_written(tmp_path: Path) -> None:
    ours = learn(FastText(bucket=5000), TRAIN, LABELS)
    write_fasttext(tmp_path / "m.bin", ours.to_fasttext())
    again = FastTextUser.open(tmp_path / "m.bin")
    lines = review_lines(TEST, ours.columns_)
    order = [LABELS.index(label.removeprefix("__label__")) for label in again.labels]
    found, _ = again.probabilities(lines)
    np.testing.assert_allclose(found, ours.raw_probabilities(TEST)[:, order], atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_explanations_add_up(loss: str) -> None:
    ours = learn(FastText(loss=loss, bucket=5000, word_ngrams=3, maxn=3, minn=2), TRAIN, LABELS)
    texts = {"review_headline": "Broke twice", "review_body": "it broke; awful, AWFUL zzz unseen"}
    found = ours.explain(texts)
    row = pa.record_batch({name: [texts.get(name)] for name in ours.columns_})
    np.testing.assert_allclose(
        found.weights.sum(axis=0) + found.bias, ours.decision_scores(row)[0], atol=1e-5
    )
    assert found.words.count("awful") == 1
    assert ("broke", "review_headline") in zip(found.words, found.columns, strict=True)


def test_names_of_blazingtext_and_fasttext() -> None:
    both = FastText(vector_dim=8, learning_rate=0.1, epochs=3, buckets=100, loss="one-vs-all")
    assert both.settings == FastText(dim=8, lr=0.1, epoch=3, bucket=100, loss="ova").settings
    assert FastText(wordNgrams=3, minCount=2).settings.word_ngrams == 3
    with pytest.raises(UsageError, match="given twice"):
        FastText(dim=8, vector_dim=8)


@pytest.mark.parametrize("loss", LOSSES)
def test_no_rate_of_learning_ends_in_numbers_that_are_not_finite(loss: str) -> None:
    wild = learn(FastText(loss=loss, lr=100.0, epoch=30, dim=10, bucket=1000), TRAIN, LABELS)
    assert np.isfinite(wild.model_.inputs).all()
    assert np.isfinite(wild.model_.outputs).all()
    assert np.isfinite(wild.predict_proba(TEST)).all()


def test_several_labels(tmp_path: Path) -> None:
    labels = [[0], [1], [0, 1], []] * 60
    texts = ["good", "cheap", "good cheap", "thing"] * 60
    batch = pa.record_batch({"review_body": texts, "label": pa.array(labels, pa.list_(pa.int32()))})
    ours = learn(FastText(epoch=20, bucket=100), batch, ["good", "cheap"])
    assert ours.model_.loss == "ova"
    found = ours.predict_proba(["good thing", "cheap", "good cheap", "thing"])
    assert (found > 0.5).tolist() == [[True, False], [False, True], [True, True], [False, False]]
    ours.save(tmp_path)
    assert np.array_equal(
        FastText.load(tmp_path).predict_proba(["good"]), ours.predict_proba(["good"])
    )


def with_customers(customers: list[int]) -> pa.RecordBatch:
    """Return reviews of which every tenth says a word of its own."""
    batch = reviews(len(customers))
    bodies = [
        f"{body} wordof{customer}"
        for body, customer in zip(texts_of(batch), customers, strict=True)
    ]
    place = batch.schema.get_field_index("review_body")
    batch = batch.set_column(place, "review_body", pa.array(bodies))
    return batch.append_column("customer", pa.array(customers, pa.uint64()))


def test_words_of_few_customers_are_not_kept_in_clear(tmp_path: Path) -> None:
    batch = with_customers([1 + number % 20 for number in range(200)])  # each word ten times
    ours = learn(FastText(bucket=100), batch, LABELS)
    assert b"wordof7" not in ours.model_.vocabulary.spelling
    ours.save(tmp_path)
    assert b"wordof" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    write_fasttext(tmp_path / "m.bin", ours.to_fasttext())
    assert b"wordof" not in (tmp_path / "m.bin").read_bytes()
    clear = learn(FastText(bucket=100, clear_words=True), batch, LABELS)
    assert b"wordof7" in clear.model_.vocabulary.spelling
    assert np.array_equal(clear.predict_proba(TEST), ours.predict_proba(TEST))


def test_labels_with_blanks_become_one_word() -> None:
    ours = learn(FastText(bucket=100), TRAIN, ["home and  garden", "home_and_garden", "b c"])
    names = ours.to_fasttext().labels
    assert sorted(names) == [
        b"__label__b_c",
        b"__label__home_and_garden",
        b"__label__home_and_garden_2",
    ]


def test_vectors_of_texts() -> None:
    ours = learn(FastText(dim=7, bucket=100), TRAIN, LABELS)
    found = ours.embed(TEST)
    assert found.shape == (len(TEST), 7)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found @ ours.model_.outputs.T, ours.decision_scores(TEST), atol=1e-4)

"""``fasttext`` that begins with vectors of words which were learnt before."""

from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.fasttext_model import write_fasttext
from reviewdesk.formats.word_vectors import WordVectors, write_binary_vectors, write_text_vectors
from reviewdesk.models.vectors.classifier import FastText

from ..corpus import LABELS, learn, reviews

TRAIN = reviews(200)
SYNONYMS = {"broke": "kaputt", "awful": "furchtbar", "great": "prima", "love": "liebe"}


@pytest.fixture
def vectors(tmp_path: Path) -> WordVectors:
    """Vectors of words, of which each has a synonym that no review holds, with the same one."""
    random = np.random.default_rng(0)
    words = ["broke", "awful", "great", "love", "zzz", "dull"]
    values = random.normal(size=(6, 8)).astype(np.float32)
    own = [words.index(word) for word in SYNONYMS]
    return WordVectors([*words, *SYNONYMS.values()], np.concatenate([values, values[own]]))


def test_words_that_no_review_holds_are_known(vectors: WordVectors, tmp_path: Path) -> None:
    write_text_vectors(tmp_path / "v.vec", vectors)
    settings = {"dim": 8, "bucket": 500, "epoch": 10, "lr": 0.1}
    file = str(tmp_path / "v.vec")
    ours = learn(FastText(**settings, pretrainedVectors=file), TRAIN, LABELS)
    texts = ["kaputt furchtbar kaputt", "prima prima liebe"]
    assert ours.known_words(texts).tolist() == [2, 2]
    said = ours.predict_proba(texts).argmax(axis=1)
    assert [LABELS[label] for label in said] == ["unhappy", "happy"]
    without = learn(FastText(**settings), TRAIN, LABELS)
    assert without.known_words(texts).tolist() == [0, 0]


def test_saved_loaded_and_read_by_fasttext(vectors: WordVectors, tmp_path: Path) -> None:
    write_binary_vectors(tmp_path / "v.w2v", vectors)
    file = str(tmp_path / "v.w2v")
    ours = learn(FastText(dim=8, bucket=500, pretrained_vectors=file), TRAIN, LABELS)
    ours.save(tmp_path)
    (tmp_path / "v.w2v").unlink()
    texts = ["kaputt and it broke", "prima"]
    again = FastText.load(tmp_path)
    assert again.predict_proba(texts).tobytes() == ours.predict_proba(texts).tobytes()
    write_fasttext(tmp_path / "m.bin", ours.to_fasttext())
    theirs = fasttext.load_model(str(tmp_path / "m.bin"))
    raw = ours.raw_probabilities(
        pa.record_batch(
            {"review_headline": ["", ""], "review_body": texts, "product_title": ["", ""]}
        )
    )
    for row, text in enumerate(texts):
        labels, probabilities = theirs.predict(text, k=-1)
        places = [LABELS.index(label.removeprefix("__label__")) for label in labels]
        np.testing.assert_allclose(raw[row, places], probabilities, atol=2e-6)


def test_what_does_not_fit_is_said(vectors: WordVectors, tmp_path: Path) -> None:
    write_text_vectors(tmp_path / "v.vec", vectors)
    with pytest.raises(UsageError, match="of 8 numbers, and dim is 16; set dim=8"):
        learn(FastText(pretrained_vectors=str(tmp_path / "v.vec")), TRAIN, LABELS)
    (tmp_path / "v.txt").write_text("nothing")
    with pytest.raises(InputError, match="no file of word vectors"):
        learn(FastText(pretrained_vectors=str(tmp_path / "v.txt")), TRAIN, LABELS)

"""Vectors of words: what stands together lies together, the same bits for a seed."""

import random
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from reviewdesk.errors import MissingColumn, NotEnoughData
from reviewdesk.formats.fasttext_model import write_fasttext
from reviewdesk.formats.word_vectors import WordVectors
from reviewdesk.models.base import Embeds
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.mapping import choose_rows
from reviewdesk.models.vectors.neighbours import Neighbourhood
from reviewdesk.models.vectors.reading import VectorShape, reading
from reviewdesk.models.vectors.sif import TextVectors
from reviewdesk.models.vectors.text_rows import TextLines
from reviewdesk.models.vectors.word_learning import (
    LearntWords,
    WordVectorSettings,
    kept_share,
    learn_word_vectors,
)

KINDS = [[f"{name}{number}" for number in range(12)] for name in ("pot", "song", "shoe")]


def texts(count: int = 600) -> list[bytes]:
    """Return texts each of which is about one kind of thing."""
    chance = random.Random(0)
    lines = []
    for number in range(count):
        own = KINDS[number % 3]
        words = [chance.choice([*own, "the", "it"]) for _ in range(12)]
        lines.append(" ".join(words).encode())
    return lines


def learnt(lines: list[bytes] | None = None, **settings: Any) -> LearntWords:
    lines = texts() if lines is None else lines
    given = WordVectorSettings.from_json({"dim": 20, "epoch": 4, "sampling": 0.0, **settings})
    with reading(VectorShape(line_ends=False)) as reader:
        reader.add(TextLines.of(lines), np.arange(1, len(lines) + 1, dtype=np.uint64))
        vocabulary, mapped = choose_rows(reader.finish(), given.min_count, 1, 0)
        return learn_word_vectors(vocabulary, mapped, given)


def neighbourhood(found: LearntWords) -> Neighbourhood:
    words = [word.decode() for word in found.vocabulary.spelling]
    return Neighbourhood(WordVectors(words, found.vectors))


@pytest.mark.parametrize("mode", ["skipgram", "cbow", "batch_skipgram"])
@pytest.mark.parametrize("loss", ["ns", "hs"])
def test_what_stands_together_lies_together(mode: str, loss: str) -> None:
    near = neighbourhood(learnt(mode=mode, loss=loss))
    for kind in KINDS:
        own = [one.word in kind for one in near.near(kind[0], 8)]
        assert sum(own) >= 7


def bits(found: LearntWords) -> tuple[bytes, bytes]:
    return found.vectors.tobytes(), found.outputs.tobytes()


@pytest.mark.parametrize("mode", ["skipgram", "cbow"])
def test_the_same_seed_gives_the_same_bits(mode: str) -> None:
    assert bits(learnt(mode=mode, epoch=2)) == bits(learnt(mode=mode, epoch=2))
    assert bits(learnt(mode=mode, epoch=2)) != bits(learnt(mode=mode, epoch=2, seed=1))


def test_threads_learn_as_well() -> None:
    near = neighbourhood(learnt(threads=2))
    assert sum(one.word in KINDS[1] for one in near.near("song3", 8)) >= 7


def test_subwords_and_the_file_of_fasttext(tmp_path: Any) -> None:
    found = learnt(minn=3, maxn=4, bucket=500)
    write_fasttext(tmp_path / "m.bin", found.to_fasttext())
    theirs = fasttext.load_model(str(tmp_path / "m.bin"))
    words = [*(word.decode() for word in found.vocabulary.spelling), "pot99", "unseen"]
    wanted = np.array([theirs.get_word_vector(word) for word in words])
    np.testing.assert_allclose(FastTextUser.open(tmp_path / "m.bin").word_vectors(words), wanted)
    np.testing.assert_allclose(found.vectors, wanted[:-2], atol=1e-6)
    assert np.abs(wanted[-2]).max() > 0  # a word that was not there has a vector by its parts


def test_words_of_few_customers_are_left_out() -> None:
    lines = [*texts(300), *[b"mine mine mine the it pot0"] * 4]
    assert b"mine" not in learnt(lines, epoch=1).vocabulary.spelling
    assert b"mine" in learnt(lines, epoch=1, clear_words=True).vocabulary.spelling


def test_lines_of_more_than_1024_words_are_read_whole() -> None:
    line = b" ".join([b"first"] * 1500 + [b"last"] * 10)
    found = learnt([line] * 6, epoch=1)
    assert dict(zip(found.vocabulary.spelling, found.vocabulary.counts, strict=True)) == {
        b"first": 9000,
        b"last": 60,
    }
    assert found.centres == 6 * 1510


def test_too_few_words() -> None:
    with pytest.raises(NotEnoughData, match="there are 1"):
        learnt([b"alone alone alone"] * 5)


def test_frequent_words_are_left_out_at_random() -> None:
    share = kept_share(np.array([9_000, 900, 100]), 1e-2)
    np.testing.assert_allclose(share, [0.1165, 0.4444, 2.0], atol=0.3)
    assert share[0] < share[1] < share[2]


def test_text_vectors_count_frequent_words_little() -> None:
    vectors: NDArray[np.float32] = np.array([[1, 0], [0, 1]], np.float32)
    lines = TextLines.of([b"rare often", b"unknown", b""])
    weighted = vectors * np.array([[0.01], [1]], np.float32)
    found = TextVectors([b"often", b"rare"], weighted, np.zeros(2, np.float32))
    wanted = np.array([[0.005, 0.5], [0, 0], [0, 0]], np.float32)
    np.testing.assert_allclose(found.vectors(lines), wanted)
    learned = TextVectors.of([b"often", b"rare"], vectors, np.array([99_900, 100]), lines)
    assert learned.weighted[0, 0] < 0.01
    assert learned.weighted[1, 1] > 0.4
    np.testing.assert_allclose(np.linalg.norm(learned.common), 1, atol=1e-6)


def test_text_vectors_embed_reviews_and_plain_texts() -> None:
    vectors: NDArray[np.float32] = np.eye(2, dtype=np.float32)
    fields = ("review_headline", "review_body")
    maker = TextVectors([b"often", b"rare"], vectors, np.zeros(2, np.float32), fields)
    assert isinstance(maker, Embeds)
    batch = pa.record_batch({"review_headline": ["Often!", None], "review_body": ["rare", "Rare"]})
    np.testing.assert_allclose(maker.embed(batch), np.array([[0.5, 0.5], [0, 1]]))
    np.testing.assert_allclose(maker.embed(["rare", None]), np.array([[0, 1], [0, 0]]))
    with pytest.raises(MissingColumn, match="review_headline"):
        maker.embed(batch.select(["review_body"]))

"""Files of word vectors: gensim reads what is written, ours reads what gensim writes."""

from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from reviewdesk.errors import InputError
from reviewdesk.formats.word_vectors import (
    WordVectors,
    read_word_vectors,
    write_binary_vectors,
    write_text_vectors,
)

WORDS = ["good", "größe", "愛", "don't", "w\u00a0x"]
VALUES = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_ours(binary: bool, tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    write = write_binary_vectors if binary else write_text_vectors
    write(path, WordVectors(WORDS[:4], VALUES[:4]))
    theirs = KeyedVectors.load_word2vec_format(str(path), binary=binary)
    assert theirs.index_to_key == WORDS[:4]
    assert np.array_equal(theirs.vectors, VALUES[:4])


@pytest.mark.parametrize("binary", [False, True])
def test_ours_reads_gensims(binary: bool, tmp_path: Path) -> None:
    theirs = KeyedVectors(7)
    theirs.add_vectors(WORDS, VALUES)
    theirs.save_word2vec_format(str(tmp_path / "v"), binary=binary)
    found = read_word_vectors(tmp_path / "v")
    assert found.words == WORDS
    np.testing.assert_allclose(found.vectors, VALUES, rtol=1e-6)


@pytest.mark.parametrize("binary", [False, True])
def test_what_is_written_is_read_bit_for_bit(binary: bool, tmp_path: Path) -> None:
    write = write_binary_vectors if binary else write_text_vectors
    write(tmp_path / "v", WordVectors(WORDS, VALUES))
    found = read_word_vectors(tmp_path / "v")
    assert found.words == WORDS
    assert np.array_equal(found.vectors, VALUES)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"word 1 2 3\n", "first line is not two numbers"),
        (b"0 3\n", "cannot be"),
        (b"3 99999999\nw", "cannot be"),
        (b"99999999999 3\ngood 1 2 3\n", "more vectors than it has bytes"),
        (b"2 3\ngood 1 2 3\nbad 1 2\n", "not a whole file"),
        (b"1 3\ngood 1 nan 3\n", "not finite"),
        (b"2 2\ngood \0\0\0\0\0\0\0\0bad \0\0", "not a whole file"),
        (b"1 2\n\xff\xfe\xfd 1 2\n", "not a whole file"),
    ],
)
def test_damage_is_one_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_word_vectors(tmp_path / "v")


def test_a_pickle_of_gensims_is_refused_and_nothing_in_it_runs(tmp_path: Path) -> None:
    theirs = KeyedVectors(7)
    theirs.add_vectors(WORDS, VALUES)
    theirs.save(str(tmp_path / "v.kv"))
    with pytest.raises(InputError, match="is a pickle.*save_word2vec_format"):
        read_word_vectors(tmp_path / "v.kv")


def test_words_that_a_file_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds a blank"):
        write_text_vectors(tmp_path / "v", WordVectors(["two words"], VALUES[:1]))

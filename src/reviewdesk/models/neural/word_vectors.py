"""The first vectors of a network's words, from a file as word2vec and fastText write them."""

import codecs
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.formats.fasttext_model import is_fasttext
from reviewdesk.formats.word_vectors import read_word_vectors
from reviewdesk.models.neural.words import WordVocabulary, hash_word
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.storage import storage_errors

Vectors = NDArray[np.float32]

LOOKED_AT: Final = 1 << 16
"""Bytes that say whether a file is text."""


def first_vectors(path: Path, vocabulary: WordVocabulary, seed: int) -> Vectors:
    """Return the words' vectors in a file, (ids, d); words that are not there get random ones.

    Args:
        path: text, a line a word: the word and its d numbers, with spaces between, and perhaps a
            first line that says how many there are; or word2vec's or fastText's binary file.
        vocabulary: the words wanted.
        seed: another seed gives other random ones.

    Raises:
        InputError: the file is none of word vectors.
        StorageError: it cannot be opened.
    """
    places = {int(value): place for place, value in enumerate(vocabulary.hashes)}
    named: dict[int, Vectors] = {}
    for word, vector in _vectors(path, places):
        place = _place(word, places)
        if place is not None:
            named.setdefault(place, vector)  # the first of several spellings is the most frequent
    if not named:
        raise InputError(f"{path} has no vector of any word that is learnt from")
    known = np.stack(list(named.values()))
    random = np.random.default_rng(seed)
    vectors = random.normal(0, known.std(), (len(vocabulary), known.shape[1])).astype(np.float32)
    vectors[np.array(list(named)) + vocabulary.first] = known
    return vectors


def _place(word: str, places: Mapping[int, int]) -> int | None:
    value = hash_word(word)
    return None if value is None else places.get(int(value))


def _vectors(path: Path, places: Mapping[int, int]) -> Iterator[tuple[str, Vectors]]:
    """Yield words of a file and their vectors; of a fastText file those that are wanted."""
    if is_fasttext(path):
        user = FastTextUser.open(path)  # a word's vector is made of those of its parts
        words = [word.decode(errors="replace") for word in user.model.words]
        words = [word for word in words if _place(word, places) is not None]
        yield from zip(words, user.word_vectors(words), strict=True)
    elif _is_binary(path):
        found = read_word_vectors(path)
        yield from zip(found.words, found.vectors, strict=True)
    else:
        yield from _lines(path)


def _is_binary(path: Path) -> bool:
    with storage_errors(str(path)), path.open("rb") as file:
        begin = file.read(LOOKED_AT)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begin)
    except UnicodeDecodeError:
        return True
    return b"\0" in begin


def _lines(path: Path) -> Iterator[tuple[str, Vectors]]:
    size = 0
    with storage_errors(str(path)), path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            word, *numbers = line.rstrip().split(" ")
            if number == 1 and len(numbers) == 1:
                continue  # how many words and numbers there are
            try:
                vector = np.array(numbers, np.float32)
            except ValueError:
                vector = np.empty(0, np.float32)
            size = size or len(vector)
            if not size or len(vector) != size or not np.isfinite(vector).all():
                raise InputError(f"line {number} of {path} is not a word and its {size} numbers")
            yield word, vector

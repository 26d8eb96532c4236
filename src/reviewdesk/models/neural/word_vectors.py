"""Word vectors of a text file, as word2vec and fastText write them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.models.neural.words import WordVocabulary, hash_word
from reviewdesk.storage import storage_errors

Vectors = NDArray[np.float32]


def first_vectors(path: Path, vocabulary: WordVocabulary, seed: int) -> Vectors:
    """Return the words' vectors in a file, (ids, d); words that are not there get random ones.

    Args:
        path: a line a word: the word and its d numbers, with spaces between; the first line may
            say how many there are.
        vocabulary: the words wanted.
        seed: another seed gives other random ones.

    Raises:
        InputError: the file is none of word vectors.
        StorageError: it cannot be opened.
    """
    places = {int(value): place for place, value in enumerate(vocabulary.hashes)}
    named: dict[int, Vectors] = {}
    for word, vector in _lines(path):
        value = hash_word(word)
        place = None if value is None else places.get(int(value))
        if place is not None:
            named.setdefault(place, vector)  # the first of several spellings is the most frequent
    if not named:
        raise InputError(f"{path} has no vector of any word that is learnt from")
    known = np.stack(list(named.values()))
    random = np.random.default_rng(seed)
    vectors = random.normal(0, known.std(), (len(vocabulary), known.shape[1])).astype(np.float32)
    vectors[np.array(list(named)) + vocabulary.first] = known
    return vectors


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

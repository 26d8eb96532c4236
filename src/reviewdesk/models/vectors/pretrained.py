"""Vectors of words that were learnt before, as rows that learning labels begins with."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from reviewdesk.errors import UsageError
from reviewdesk.formats.word_vectors import WordVectors, read_word_vectors
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.mapping import MappedTexts, VectorVocabulary
from reviewdesk.models.vectors.reading import FEW_CUSTOMERS
from reviewdesk.models.vectors.supervised import FirstRows
from reviewdesk.models.vectors.words import WordIndex, find_words, word_keys

FASTTEXT_SUFFIXES: Final = (".bin", ".ftz")


def read_pretrained(path: Path, dim: int) -> WordVectors:
    """Read vectors of words from either form of word2vec or a file of fastText.

    Raises:
        UsageError: they have another number of numbers than is learnt with.
        InputError: it is no such file, or damaged.
        StorageError: it cannot be opened.
    """
    if path.suffix in FASTTEXT_SUFFIXES:
        user = FastTextUser.open(path)
        words = [word.decode(errors="replace") for word in user.model.words]
        found = WordVectors(words, user.word_vectors(words))
    else:
        found = read_word_vectors(path)
    own = found.vectors.shape[1]
    if own != dim:
        raise UsageError(f"{path} has vectors of {own} numbers, and dim is {dim}; set dim={own}")
    return found


def with_pretrained(
    vocabulary: VectorVocabulary, texts: MappedTexts, pretrained: WordVectors
) -> tuple[VectorVocabulary, MappedTexts, FirstRows]:
    """Give every word that was learnt before a row, also those that stand in none of the texts.

    Args:
        vocabulary: the words and n-grams of the texts.
        texts: as its rows; they are used up.
        pretrained: words and their vectors; of equal words the first counts.
    """
    keys = word_keys([word.encode() for word in pretrained.words])
    first = np.sort(np.unique(keys, return_index=True)[1])
    keys = keys[first]
    places = find_words(WordIndex.of_keys(vocabulary.keys), keys)
    fresh, known = np.flatnonzero(places < 0), len(vocabulary.keys)
    places[fresh] = known + np.arange(len(fresh))
    zeros = np.zeros(len(fresh), np.int64)
    customers = vocabulary.customers
    wider = replace(
        vocabulary,
        keys=np.concatenate([vocabulary.keys, keys[fresh]]),
        counts=np.concatenate([vocabulary.counts, zeros]),
        spelling=[
            *vocabulary.spelling,
            *(pretrained.words[place].encode() for place in first[fresh].tolist()),
        ],
        # Who wrote these words is known of no customer: they come from a file.
        customers=None if customers is None else np.append(customers, zeros + FEW_CUSTOMERS),
    )
    texts.rows[texts.rows >= known] += len(fresh)
    return wider, texts, FirstRows(places, pretrained.vectors[first])

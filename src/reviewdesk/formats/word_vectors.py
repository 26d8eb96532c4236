"""Vectors of words in the formats of word2vec and fastText: text and binary.

Text (``.vec``, ``vectors.txt``): a line with how many words and how many numbers, then a line a
word. Binary (``.w2v``, ``vectors.bin`` of word2vec and gensim): the same first line, then each
word, a blank and its numbers as 32-bit floats. gensim's ``KeyedVectors`` reads and writes both,
without pickle, by ``load_word2vec_format`` and ``save_word2vec_format``.
"""

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.storage import storage_errors, write_then_rename

LARGEST_DIM: Final = 65_536
LONGEST_WORD: Final = 1 << 16
HEAD_BYTES: Final = 64
PICKLE: Final = b"\x80"
"""What pickles of protocol 2 and later begin with."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors.

    Args:
        words: n words, most frequent first by custom.
        vectors: (n, dim) float32.
    """

    words: list[str]
    vectors: Floats


def write_text_vectors(path: Path, vectors: WordVectors) -> None:
    """Write a ``.vec`` file; a number is written so that reading gives the same number."""
    _check_words(vectors)
    with write_then_rename(path) as file:
        file.write(f"{len(vectors.words)} {vectors.vectors.shape[1]}\n".encode())
        for word, row in zip(vectors.words, vectors.vectors, strict=True):
            numbers = " ".join(np.format_float_positional(number, trim="-") for number in row)
            file.write(f"{word} {numbers}\n".encode())


def write_binary_vectors(path: Path, vectors: WordVectors) -> None:
    """Write word2vec's binary file, as gensim reads it."""
    _check_words(vectors)
    with write_then_rename(path) as file:
        file.write(f"{len(vectors.words)} {vectors.vectors.shape[1]}\n".encode())
        for word, row in zip(vectors.words, vectors.vectors.astype("<f4"), strict=True):
            file.write(word.encode() + b" " + row.tobytes())


def _check_words(vectors: WordVectors) -> None:
    for word in vectors.words:
        if not word or any(letter in word for letter in " \n\0"):
            raise InputError("a word is empty or holds a blank, which vector files cannot hold")


def read_word_vectors(path: Path) -> WordVectors:
    """Read a text or binary file of word vectors that is not trusted.

    Raises:
        InputError: it is no such file, damaged, or holds numbers that are not finite.
        StorageError: it cannot be opened.
    """
    with storage_errors(str(path)), path.open("rb") as file:
        if not path.stat().st_size:
            raise InputError(f"{path} is empty")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    words, dim, at = _head(path, content)
    # The shortest word takes a letter, a blank and, in text, two bytes a number.
    if words * (2 + 2 * dim) > len(content) - at + 2:
        raise InputError(f"{path} claims more vectors than it has bytes; get it again")
    try:
        read = _text if _is_text(content, at, dim) else _binary
        vectors = read(content, at, words, dim)
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} is not a whole file of word vectors; get it again") from error
    if not np.isfinite(vectors.vectors).all():
        raise InputError(f"{path} holds numbers that are not finite")
    return vectors


def _head(path: Path, content: mmap.mmap) -> tuple[int, int, int]:
    end = content.find(b"\n", 0, HEAD_BYTES)
    parts = content[: max(end, 0)].split()
    if content[:1] == PICKLE:
        raise InputError(
            f"{path} is a pickle, as gensim's save() writes: whoever loads one runs what is in it, "
            "so it is not read; write the vectors with KeyedVectors.save_word2vec_format"
        )
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise InputError(
            f"{path} is no file of word vectors: its first line is not two numbers, how many words "
            "and how many numbers a word"
        )
    words, dim = (int(part) for part in parts)
    if not (words >= 1 and 1 <= dim <= LARGEST_DIM):
        raise InputError(f"{path} claims {words:,} words of {dim:,} numbers, which cannot be")
    return words, dim, end + 1


def _is_text(content: mmap.mmap, at: int, dim: int) -> bool:
    """Say whether the first vector is written in digits."""
    end = content.find(b"\n", at, at + LONGEST_WORD + 64 * dim)
    line = content[at : end if end >= 0 else len(content)]
    parts = line.rstrip().rsplit(b" ", dim)
    if len(parts) != dim + 1:
        return False
    try:
        [float(part) for part in parts[1:]]
    except ValueError:
        return False
    return True


def _text(content: mmap.mmap, at: int, words: int, dim: int) -> WordVectors:
    names, vectors = [], np.empty((words, dim), np.float32)
    content.seek(at)
    for row in range(words):
        parts = content.readline().rstrip(b" \r\n").rsplit(b" ", dim)
        if len(parts) != dim + 1:
            raise ValueError("a line has another number of numbers")
        names.append(parts[0].decode())
        vectors[row] = np.array(parts[1:], np.float32)
    return WordVectors(names, vectors)


def _binary(content: mmap.mmap, at: int, words: int, dim: int) -> WordVectors:
    if words * (2 + 4 * dim) > len(content) - at:
        raise ValueError("it ends too early")
    names, vectors = [], np.empty((words, dim), np.float32)
    for row in range(words):
        end = content.find(b" ", at, at + LONGEST_WORD)
        if end < 0:
            raise ValueError("a word has no end")
        names.append(content[at:end].lstrip(b"\n").decode())
        at = end + 1 + 4 * dim
        vectors[row] = np.frombuffer(content[end + 1 : at], "<f4")
    return WordVectors(names, vectors)

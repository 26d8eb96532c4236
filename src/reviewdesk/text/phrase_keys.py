"""The keys of words and of phrases of two to four words, in a kernel over their bytes.

A phrase begins with a word of meaning or a negation and ends with a word of meaning; stop words and
numbers may stand between, and no punctuation. Its key is the set of its stems, so that "waste of
money", "wasted my money" and "money wasted" are one phrase, and "doesn't work", "did not work" and
"not working" are another. Behind a negation nothing begins: "not easy to use" is not "easy to use".
Single words have keys as well.
"""

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
from reviewdesk.text.dull import after_elision, dull, word_hashes
from reviewdesk.text.function_words import (
    ABOUT_STARS,
    AUXILIARIES,
    DEMONSTRATIVES,
    DETERMINERS,
)
from reviewdesk.text.languages import numbers_or
from reviewdesk.text.letters import ALONE, BETWEEN, KIND_SHIFT, letter
from reviewdesk.text.stems import stem
from reviewdesk.text.stop_words import dull_words
from reviewdesk.text.words import decode, hash_words

LONGEST: Final = 4  # words of a phrase
NEGATED: Final = 0xA24BAED4963EE407
"""The key of every negation."""

KEPT: Final = frozenset({"back"})
"""Stop words that mean something in a phrase: "want my money back"."""

# What a word is, as bits.
STOP: Final = 1
NEGATION: Final = 2
AUXILIARY: Final = 4
DETERMINER: Final = 8
DEMONSTRATIVE: Final = 16
MARK: Final = 32  # an exclamation mark, an emoji: nothing goes on across it

NOT_KEY: Final = np.uint64(NEGATED)
_SEED: Final = np.uint64(0)
_SPREAD: Final = np.uint64(0x9FB21C651E98DF25)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_FNV_START: Final = np.uint64(0xCBF29CE484222325)
_FNV_PRIME: Final = np.uint64(0x100000001B3)
_HALF: Final = np.uint64(32)
_CACHE: Final = 1 << 16
_LONGEST_STEM: Final = 48
_NEGATED_WORDS: Final = 3  # so many words behind a negation are turned round by it

Hashes = NDArray[np.uint64]


class WordClasses(NamedTuple):
    """What words are, list after list: list ``i`` is ``hashes[ends[i]:ends[i + 1]]``.

    Args:
        hashes: of words, sorted within each list; lists are those of ``dull``, English first.
        bits: what each of them is.
        ends: (lists + 1,) where the lists are.
        elides: (lists,) whether words of the language leave a vowel out before the next.
    """

    hashes: Hashes
    bits: NDArray[np.uint8]
    ends: NDArray[np.int64]
    elides: NDArray[np.bool_]


class StemCache(NamedTuple):
    """What is known of words by their hash: (words, key, bits), one word a slot."""

    words: Hashes
    keys: Hashes
    bits: NDArray[np.uint8]


class KeyRoom(NamedTuple):
    """What one text is worked on with."""

    words: Hashes
    spans: NDArray[np.int64]
    keys: Hashes  # of each word; 0 where it is none of a phrase
    bits: NDArray[np.uint8]
    breaks: NDArray[np.bool_]  # whether something divides the word from the one before
    found: Hashes  # the keys of the text, singles first
    first: NDArray[np.int64]  # the first word of each
    last: NDArray[np.int64]


@cache
def word_classes() -> WordClasses:
    """Return what the words of each language are."""
    shared = (
        (ABOUT_STARS, STOP),
        (AUXILIARIES, AUXILIARY),
        (DETERMINERS, DETERMINER),
        (DEMONSTRATIVES, DEMONSTRATIVE),
    )
    lists = [
        _list((words.stop_words - KEPT, STOP), (words.negations, NEGATION), *shared)
        for words in dull_words().values()
    ]
    hashes, bits = zip(*lists, strict=True)
    ends = np.cumsum([0, *map(len, hashes)], dtype=np.int64)
    return WordClasses(np.concatenate(hashes), np.concatenate(bits), ends, dull().elides)


def _list(*classes: tuple[frozenset[str], int]) -> tuple[Hashes, NDArray[np.uint8]]:
    bits: dict[int, int] = {}
    for words, bit in classes:
        for value in word_hashes(words).tolist():
            bits[value] = bits.get(value, 0) | bit
    order = sorted(bits)
    return np.array(order, np.uint64), np.array([bits[value] for value in order], np.uint8)


def lists_of(texts: pa.Array) -> NDArray[np.uint8]:
    """Return the list of ``word_classes`` that each text's language has, (n,)."""
    lists: NDArray[np.uint8] = dull().lists[numbers_or(texts, 0)]
    return lists


def stem_cache() -> StemCache:
    """Return a cache that knows nothing yet."""
    return StemCache(
        np.zeros(_CACHE, np.uint64), np.zeros(_CACHE, np.uint64), np.zeros(_CACHE, np.uint8)
    )


@compiled
def read_words(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    table: NDArray[np.uint32],
    classes: WordClasses,
    which: int,
    cache: StemCache,
    room: KeyRoom,
) -> int:
    """Find the words of a text: their keys, what they are, and what divides them."""
    words = hash_words(data, start, end, _SEED, table, room.words, room.spans)
    for word in range(words):
        begin, stop = room.spans[word, 0], room.spans[word, 1]
        if classes.elides[which]:
            begin = after_elision(data, begin, stop)
            if begin > room.spans[word, 0]:
                own = room.words[word : word + 1]
                hash_words(data, begin, stop, _SEED, table, own, room.spans[:0])
                room.spans[word, 0] = begin
        key, bits = _key(data, begin, stop, table, room.words[word], classes, which, cache)
        room.keys[word], room.bits[word] = key, bits
        room.breaks[word] = (
            word == 0
            or _divided(data, room.spans[word - 1, 1], begin)
            or (bits | room.bits[word - 1]) & MARK != 0
        )
    return words


@compiled
def _divided(data: NDArray[np.uint8], stop: int, begin: int) -> bool:
    """Say whether more than a space or a hyphen stands between two words."""
    other = 0
    for at in range(stop, begin):
        other += data[at] != 0x20 and data[at] != 0x2D
    return other > 0


@compiled
def _key(
    data: NDArray[np.uint8],
    begin: int,
    end: int,
    table: NDArray[np.uint32],
    word: np.uint64,
    classes: WordClasses,
    which: int,
    cache: StemCache,
) -> tuple[np.uint64, int]:
    """Return the key of a word, 0 where it has none, and its bits."""
    name = word ^ (np.uint64(which) * _SPREAD)  # a word may be another thing in another language
    slot = np.int64(name >> np.uint64(48))
    if cache.words[slot] == name:
        return cache.keys[slot], int(cache.bits[slot])
    first, last = classes.ends[which], classes.ends[which + 1]
    at = first + np.searchsorted(classes.hashes[first:last], word)
    bits = int(classes.bits[at]) if at < last and classes.hashes[at] == word else 0
    key = np.uint64(0)
    if bits & NEGATION:
        key = NOT_KEY
    elif _is_mark(data, begin, end, table):
        bits |= MARK
    elif not bits & STOP and end - begin > 1 and not 0x30 <= data[begin] <= 0x39:
        key = _stem_hash(data, begin, end, word) if which == 0 else word
    cache.words[slot], cache.keys[slot], cache.bits[slot] = name, key, bits
    return key, bits


@compiled
def _is_mark(data: NDArray[np.uint8], begin: int, end: int, table: NDArray[np.uint32]) -> bool:
    """Say whether a word is a mark, an emoji or an emoticon."""
    code, _ = decode(data, begin, end)
    return letter(table, code) >> KIND_SHIFT in (BETWEEN, ALONE)


@compiled
def _stem_hash(data: NDArray[np.uint8], begin: int, end: int, word: np.uint64) -> np.uint64:
    """Return the hash of an English word's stem; of other words, their own."""
    if end - begin > _LONGEST_STEM:
        return word
    letters_of = np.empty(_LONGEST_STEM + 2, np.uint8)
    size = 0
    for at in range(begin, end):
        byte = int(data[at]) | 0x20
        if not 0x61 <= byte <= 0x7A or data[at] >= 0x80:
            break
        letters_of[size] = byte
        size += 1
    ends_with_s = begin + size < end and (data[end - 1] | 0x20) == 0x73
    possessive = ends_with_s and (
        (end - begin - size == 2 and data[begin + size] == 0x27)
        or (end - begin - size == 4 and data[begin + size] == 0xE2)
    )
    if begin + size < end and not possessive:
        return word
    size = stem(letters_of, size)
    state = _FNV_START
    for at in range(size):
        state = (state ^ np.uint64(letters_of[at])) * _FNV_PRIME
    state = (state ^ (state >> _HALF)) * _MIX
    return state ^ (state >> _HALF)


@compiled
def write_keys(words: int, room: KeyRoom) -> int:
    """Write the keys of a text that was read: its words, then its phrases; return how many."""
    count = 0
    for word in range(words):
        if room.keys[word] != 0 and room.keys[word] != NOT_KEY:
            room.found[count] = _spread(room.keys[word])
            room.first[count], room.last[count] = word, word
            count += 1
    negated = 0  # so many words from here on are turned round by a negation before
    for first in range(words):
        if room.breaks[first]:
            negated = 0
        if room.keys[first] == NOT_KEY:
            negated = _NEGATED_WORDS
        elif negated > 0:
            negated -= 1
            continue
        if room.keys[first] != 0:
            count = _write_from(first, words, room, count)
    return count


@compiled
def _write_from(first: int, words: int, room: KeyRoom, count: int) -> int:
    """Write the phrases that begin with a word."""
    total, parts = room.keys[first] * _SPREAD, 1
    for last in range(first + 1, min(first + LONGEST, words)):
        if room.breaks[last]:
            break
        key = room.keys[last]
        if key == 0:
            continue
        repeated = False
        for word in range(first, last):
            repeated = repeated or room.keys[word] == key
        if not repeated:
            total += key * _SPREAD
            parts += 1
        if parts > 1 and key != NOT_KEY and not repeated:
            room.found[count] = _spread(total)
            room.first[count], room.last[count] = first, last
            count += 1
    return count


@compiled
def _spread(total: np.uint64) -> np.uint64:
    """Return the hash of a sum of keys, the same in whatever order they come."""
    total = (total ^ (total >> _HALF)) * _MIX
    return total ^ (total >> _HALF)


@compiled
def key_room(offsets: NDArray[np.int64]) -> KeyRoom:
    """Return room for the longest of some texts."""
    longest = 1
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    return KeyRoom(
        np.empty(longest, np.uint64),
        np.empty((longest, 2), np.int64),
        np.empty(longest, np.uint64),
        np.empty(longest, np.uint8),
        np.empty(longest, np.bool_),
        np.empty(LONGEST * longest, np.uint64),
        np.empty(LONGEST * longest, np.int64),
        np.empty(LONGEST * longest, np.int64),
    )

"""Phrases of two to four words in texts, with their variants taken together: two passes.

What a phrase is says ``phrase_keys``. The first pass counts in a table of 16-bit places how often
keys come, about; the second gives each frequent key a column, and each text its columns.
"""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.text.buffers import buffers
from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import KIND_SHIFT, letter, letters
from reviewdesk.text.phrase_keys import (
    AUXILIARY,
    DEMONSTRATIVE,
    DETERMINER,
    LONGEST,
    NOT_KEY,
    Hashes,
    KeyRoom,
    StemCache,
    WordClasses,
    key_room,
    lists_of,
    read_words,
    stem_cache,
    word_classes,
    write_keys,
)
from reviewdesk.text.prefetch import prefetch
from reviewdesk.text.terms import NO_COLUMN, find_place, term_name
from reviewdesk.text.words import decode

SKETCH_BITS: Final = 24
SPARE: Final = 0.25  # columns for keys that the sketch took for frequent and are not

# What is counted of each column; all but the first of single words inside sentences only.
COMES, INSIDE, NAMED, BEHIND_THE, BEHIND_THIS, BEFORE_ANOTHER = range(6)
COUNTED: Final = 6

_FULL: Final = 65_535
_AHEAD: Final = 16


class PhraseRows(NamedTuple):
    """The keys of texts: those of text ``i`` are ``columns[ends[i]:ends[i + 1]]``, each once."""

    columns: NDArray[np.int32]
    ends: NDArray[np.int64]  # (n + 1,)


class Places(NamedTuple):
    """Where keys stand in texts: in text ``text[i]`` the bytes from ``begin[i]`` to ``end[i]``."""

    text: NDArray[np.int64]
    column: NDArray[np.int32]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]


class PhraseSketch:
    """The first pass: about how often each key comes.

    Args:
        bits: the table has two to the power of this many places, of 2 bytes each.
    """

    def __init__(self, bits: int = SKETCH_BITS) -> None:
        self.shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, np.uint16)
        self.cache = stem_cache()

    def add(self, texts: pa.Array) -> None:
        """Count the keys of texts; null is a text without any."""
        data, offsets, _ = buffers(texts)
        _sketch(
            data,
            offsets,
            letters(),
            word_classes(),
            lists_of(texts),
            self.cache,
            self.shift,
            self._table,
        )

    def frequent(self, most: int, fewest: int) -> NDArray[np.bool_]:
        """Say which places of the table are frequent.

        Args:
            most: how many keys to keep, about; those as frequent as the last are kept too.
            fewest: how often a key must come at least.
        """
        by_count = np.bincount(self._table, minlength=_FULL + 1)
        enough = np.cumsum(by_count[::-1])[::-1]  # places with so many or more
        while fewest < _FULL and enough[fewest] > most:
            fewest += 1
        frequent: NDArray[np.bool_] = self._table >= fewest
        return frequent


class Phrases:
    """The second pass: which frequent keys each text has.

    Args:
        sketch: the finished first pass over the same texts.
        most: how many keys to keep, about.
        fewest: how often a key must come at least.
    """

    def __init__(self, sketch: PhraseSketch, most: int, fewest: int) -> None:
        self._shift, self._cache = sketch.shift, sketch.cache
        self._kept = sketch.frequent(most, fewest)
        room = int(min(most, self._kept.sum()) * (1 + SPARE)) + 64
        places = 1 << (2 * room).bit_length()
        self._keys = np.zeros(places, np.uint64)
        self._columns = np.full(places, NO_COLUMN, np.int32)
        self._known = 0
        self._parts = np.zeros((room, LONGEST), np.uint64)
        self._counts = np.zeros((room, COUNTED), np.int64)
        self._seen = np.full(room, -1, np.int64)
        self._texts = 0

    def __len__(self) -> int:
        return self._known

    @property
    def parts(self) -> Hashes:
        """The keys of the words of each key, ascending and each once, (keys, 4); 0 for none."""
        return self._parts[: self._known]

    @property
    def counts(self) -> NDArray[np.int64]:
        """What was counted of each key, (keys, COUNTED)."""
        return self._counts[: self._known]

    def rows(self, texts: pa.Array) -> PhraseRows:
        """Return the keys of texts, each once a text."""
        data, offsets, _ = buffers(texts)
        size = int(offsets[-1] - offsets[0])
        columns, ends = np.empty(LONGEST * size + 1, np.int32), np.zeros(len(offsets), np.int64)
        self._known = _write_rows(
            data,
            offsets,
            letters(),
            word_classes(),
            lists_of(texts),
            self._cache,
            self._shift,
            self._kept,
            self._keys,
            self._columns,
            self._known,
            self._parts,
            self._counts,
            self._seen,
            self._texts,
            columns,
            ends,
        )
        self._texts += len(texts)
        return PhraseRows(columns[: ends[-1]].copy(), ends)

    def places(self, texts: pa.Array, wanted: NDArray[np.bool_]) -> Places:
        """Return where some of the keys stand in texts.

        Args:
            texts: (n,) the texts.
            wanted: (keys,) of which keys.
        """
        data, offsets, _ = buffers(texts)
        room = int(offsets[-1] - offsets[0]) * LONGEST + 1
        text, column = np.empty(room, np.int64), np.empty(room, np.int32)
        bounds = np.empty((room, 2), np.int64)
        count = _write_places(
            data,
            offsets,
            letters(),
            word_classes(),
            lists_of(texts),
            self._cache,
            self._keys,
            self._columns,
            wanted,
            text,
            column,
            bounds,
        )
        starts = offsets[text[:count]]
        return Places(
            text[:count].copy(),
            column[:count].copy(),
            bounds[:count, 0] - starts,
            bounds[:count, 1] - starts,
        )


def phrase_text(text: bytes) -> str:
    """Return a phrase as it is shown."""
    return term_name(np.frombuffer(text, np.uint8))


@compiled
def _sketch(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint32],
    classes: WordClasses,
    lists: NDArray[np.uint8],
    cache: StemCache,
    shift: np.uint64,
    counts: NDArray[np.uint16],
) -> None:
    room = key_room(offsets)
    for text in range(len(offsets) - 1):
        words = read_words(
            data, offsets[text], offsets[text + 1], table, classes, lists[text], cache, room
        )
        found = write_keys(words, room)
        keys = room.found
        for place in range(found):
            if place + _AHEAD < found:
                prefetch(counts, np.int64(keys[place + _AHEAD] >> shift))
            at = keys[place] >> shift
            if counts[at] < _FULL:
                counts[at] += 1


@compiled
def _write_rows(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint32],
    classes: WordClasses,
    lists: NDArray[np.uint8],
    cache: StemCache,
    shift: np.uint64,
    kept: NDArray[np.bool_],
    keys: Hashes,
    columns: NDArray[np.int32],
    known: int,
    parts: Hashes,
    counts: NDArray[np.int64],
    seen: NDArray[np.int64],
    first_text: int,
    out: NDArray[np.int32],
    ends: NDArray[np.int64],
) -> int:
    """Write the columns of each text; return how many columns there are now."""
    room, length = key_room(offsets), 0
    for text in range(len(offsets) - 1):
        words = read_words(
            data, offsets[text], offsets[text + 1], table, classes, lists[text], cache, room
        )
        found = write_keys(words, room)
        for number in range(found):
            if number + _AHEAD < found:
                prefetch(kept, np.int64(room.found[number + _AHEAD] >> shift))
            key = room.found[number]
            if not kept[key >> shift]:
                continue
            at = find_place(keys, columns, key)
            column = columns[at]
            if column == NO_COLUMN:
                if known == len(seen):
                    continue
                column = known
                keys[at], columns[at] = key, column
                _write_parts(room, number, parts[column])
                known += 1
            if room.first[number] == room.last[number]:
                _count_word(data, table, room, room.first[number], words, counts[column])
            if seen[column] != first_text + text:
                seen[column] = first_text + text
                counts[column, COMES] += 1
                out[length] = column
                length += 1
        ends[text + 1] = length
    return known


@compiled
def _write_parts(room: KeyRoom, place: int, parts: Hashes) -> None:
    """Write the keys of a key's words, ascending and each once."""
    count = 0
    for word in range(room.first[place], room.last[place] + 1):
        key = room.keys[word]
        at = 0
        while at < count and parts[at] < key:
            at += 1
        if key == 0 or (at < count and parts[at] == key):
            continue
        for later in range(count, at, -1):
            parts[later] = parts[later - 1]
        parts[at] = key
        count += 1


@compiled
def _count_word(
    data: NDArray[np.uint8],
    table: NDArray[np.uint32],
    room: KeyRoom,
    word: int,
    words: int,
    counts: NDArray[np.int64],
) -> None:
    """Count how a word stands: inside a sentence, as a name there, and behind "the" or "this"."""
    if word == 0 or room.breaks[word]:
        return
    begin, end = room.spans[word, 0], room.spans[word, 1]
    counts[INSIDE] += 1
    if _is_capital(data, table, begin, end):
        counts[NAMED] += 1
    alone = word + 1 == words or room.breaks[word + 1] or room.keys[word + 1] == 0
    before = room.bits[word - 1]
    if before & DETERMINER:
        counts[BEHIND_THE if alone else BEFORE_ANOTHER] += 1
    if alone and before & DEMONSTRATIVE:
        counts[BEHIND_THIS] += 1


@compiled
def _is_capital(data: NDArray[np.uint8], table: NDArray[np.uint32], begin: int, end: int) -> bool:
    """Say whether a word has a capital at its beginning and none behind it."""
    if end - begin < 2:
        return False
    code, after = decode(data, begin, end)
    if letter(table, code) & ((1 << KIND_SHIFT) - 1) == code or after >= end:
        return False
    second, _ = decode(data, after, end)
    return letter(table, second) & ((1 << KIND_SHIFT) - 1) == second


@compiled
def _write_places(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint32],
    classes: WordClasses,
    lists: NDArray[np.uint8],
    cache: StemCache,
    keys: Hashes,
    columns: NDArray[np.int32],
    wanted: NDArray[np.bool_],
    texts: NDArray[np.int64],
    out: NDArray[np.int32],
    bounds: NDArray[np.int64],
) -> int:
    room, count = key_room(offsets), 0
    for text in range(len(offsets) - 1):
        words = read_words(
            data, offsets[text], offsets[text + 1], table, classes, lists[text], cache, room
        )
        found = write_keys(words, room)
        for number in range(found):
            column = columns[find_place(keys, columns, room.found[number])]
            if column == NO_COLUMN or not wanted[column]:
                continue
            first = room.first[number]
            behind = first > 0 and not room.breaks[first] and room.bits[first - 1] & AUXILIARY
            if behind and room.keys[first] == NOT_KEY and room.last[number] - first + 2 <= LONGEST:
                first -= 1
            texts[count], out[count] = text, column
            bounds[count, 0] = room.spans[first, 0]
            bounds[count, 1] = room.spans[room.last[number], 1]
            count += 1
    return count

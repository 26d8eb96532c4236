"""How many texts of each group have each term, in two passes and bounded memory.

A term is a word that is no stop word and has a letter in it, or two such words next to each other,
of which the first may be a negation. The stop words are those of the text's language. Where numbers
count, they are words like others. The first
pass counts hashed terms in a table of fixed size (a count-min sketch of two rows: it may count too
much, never too little); the second gives each term that is frequent there a column, known by its
64-bit hash, and counts exactly.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.text.buffers import buffers
from reviewdesk.text.compiled import compiled
from reviewdesk.text.dull import Dull, Hashes, after_elision, dull, is_dull_pair, is_in
from reviewdesk.text.languages import number_of, numbers_or
from reviewdesk.text.letters import letters
from reviewdesk.text.ngrams import ngram
from reviewdesk.text.words import hash_words

SKETCH_BITS: Final = 22
SPARE: Final = 0.25  # columns for terms that the sketch took for frequent and are not

_SEED: Final = np.uint64(0)
_SECOND: Final = np.uint64(0x9E3779B97F4A7C15)
_STAMP: Final = np.uint64(32)
_COUNT: Final = np.uint64(0xFFFFFFFF)
NO_COLUMN: Final = -1

Room = tuple[Hashes, NDArray[np.int64], Hashes, NDArray[np.int64]]


class TermSketch:
    """The first pass: about how many texts have each term.

    Args:
        bits: the table has two to the power of this many places, of 8 bytes each.
        numbers: whether numbers count: "2013" tells software of one year from that of the next.
        main: the language of texts that are too short to tell.
    """

    def __init__(self, bits: int = SKETCH_BITS, *, numbers: bool = False, main: str = "en") -> None:
        self.shift = np.uint64(64 - bits)
        self.numbers = numbers
        self.main = number_of(main)
        self._table = np.zeros(1 << bits, np.uint64)
        self._texts = 0

    def add(self, texts: pa.Array) -> None:
        """Count the terms of texts, each once a text; null is a text without terms."""
        data, offsets, _ = buffers(texts)
        which = dull().lists[numbers_or(texts, self.main)]
        _sketch(
            *(data, offsets, letters(), dull(), which, self.numbers),
            *(self.shift, self._texts, self._table),
        )
        self._texts += len(texts)

    def counts(self) -> NDArray[np.uint32]:
        """Return in about how many texts the terms of each place are."""
        return (self._table & _COUNT).astype(np.uint32)

    def merge(self, counts: NDArray[np.uint32]) -> None:
        """Take in what another sketch of as many places counted in other texts."""
        self._table = (self._table & _COUNT) + counts

    def frequent(self, most: int, fewest: int) -> tuple[NDArray[np.bool_], int]:
        """Choose how frequent a term must be.

        Args:
            most: how many terms to keep, about; those as frequent as the last are kept too.
            fewest: in how many texts a term must be at least.

        Returns:
            Which places of the table are frequent, and from how many texts on.
        """
        counts = self._table & _COUNT
        used = counts[counts >= np.uint64(fewest)]
        if len(used) > 2 * most:  # every term has two places
            fewest = int(np.partition(used, len(used) - 2 * most)[len(used) - 2 * most])
        return counts >= np.uint64(fewest), fewest


@dataclass(frozen=True, eq=False)
class CountedTerms:
    """What was counted of some texts, in the order in which the terms came up.

    Args:
        keys: (terms,) their hashes.
        names: the terms.
        totals: (terms,) how many texts have each.
        counts: (groups, terms) how many of each group.
    """

    keys: Hashes
    names: list[str]
    totals: NDArray[np.int64]
    counts: NDArray[np.int32]


class TermCounts:
    """The second pass: exactly how many texts of each group have each frequent term.

    Args:
        sketch: the finished first pass over the same texts.
        groups: how many groups there are.
        most: how many terms to keep, about.
        fewest: in how many texts a term must be at least.
    """

    def __init__(self, sketch: TermSketch, groups: int, most: int, fewest: int) -> None:
        self._shift, self._numbers, self._main = sketch.shift, sketch.numbers, sketch.main
        self._kept, self._fewest = sketch.frequent(most, fewest)
        room = int(min(most, self._kept.sum()) * (1 + SPARE)) + 1
        places = 1 << (2 * room).bit_length()
        self._keys = np.zeros(places, np.uint64)
        self._columns = np.full(places, NO_COLUMN, np.int32)
        self._counts = np.zeros((groups, room), np.int32)
        self._seen = np.zeros(room, np.int64)
        self._texts = 0
        self._names: list[str] = []
        self._totals = np.zeros(room, np.int64)
        self._merged: dict[int, int] = {}

    def add(self, texts: pa.Array, groups: NDArray[np.int32]) -> None:
        """Count the terms of texts, each once a text.

        Args:
            texts: (n,) texts; null is a text without terms.
            groups: (n, g) the groups that each text counts for; -1 is none.
        """
        data, offsets, _ = buffers(texts)
        spans = np.empty((len(self._seen), 2), np.int64)
        before = len(self._names)
        found = _count(
            data,
            offsets,
            letters(),
            dull(),
            dull().lists[numbers_or(texts, self._main)],
            self._numbers,
            self._shift,
            self._kept,
            self._keys,
            self._columns,
            np.ascontiguousarray(groups, np.int32),
            self._counts,
            self._totals,
            self._seen,
            spans,
            before,
            self._texts,
        )
        self._texts += len(texts)
        self._names += [term_name(data[begin:end]) for begin, end in spans[before:found]]

    def counted(self) -> CountedTerms:
        """Return what was counted, also of terms that turn out to be rare."""
        known = len(self._names)
        used = self._columns != NO_COLUMN
        keys = np.empty(known, np.uint64)
        keys[self._columns[used]] = self._keys[used]
        return CountedTerms(keys, self._names, self._totals[:known], self._counts[:, :known])

    def merge(self, later: CountedTerms) -> None:
        """Take in what was counted of texts that come after all that were counted here.

        Nothing may have been counted here but by merging. As in one pass, terms that come up when
        there is no more room are left out.
        """
        room = len(self._seen)
        columns = np.full(len(later.keys), NO_COLUMN, np.int64)
        for place, key in enumerate(later.keys.tolist()):
            if key not in self._merged and len(self._names) < room:
                self._merged[key] = len(self._names)
                self._names.append(later.names[place])
            columns[place] = self._merged.get(key, NO_COLUMN)
        there = np.flatnonzero(columns != NO_COLUMN)
        self._totals[columns[there]] += later.totals[there]
        self._counts[:, columns[there]] += later.counts[:, there]

    def result(self) -> tuple[list[str], NDArray[np.int32]]:
        """Return the terms, and how many texts of each group have them, (groups, terms)."""
        there = np.flatnonzero(self._totals[: len(self._names)] >= self._fewest)
        return [self._names[column] for column in there], self._counts[:, there]


def term_name(text: NDArray[np.uint8]) -> str:
    """Return a term as it is shown; a text that is not UTF-8 has replacement characters."""
    name = text.tobytes().decode("utf-8", "replace").lower()
    return name.replace("’", "'").replace("-", " ")


@compiled
def _sketch(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint32],
    dull_lists: Dull,
    which: NDArray[np.uint8],
    numbers: bool,
    shift: np.uint64,
    first_text: int,
    counts: Hashes,
) -> None:
    room = working_room(offsets)
    for text in range(len(offsets) - 1):
        found = write_terms(data, offsets, text, table, dull_lists, which[text], numbers, room)
        stamp = np.uint64(first_text + text + 1) << _STAMP
        terms = room[2]
        for place in range(found):
            _stamp(counts, terms[place] >> shift, stamp)
            _stamp(counts, (terms[place] * _SECOND) >> shift, stamp)


@compiled
def _stamp(counts: Hashes, place: np.uint64, stamp: np.uint64) -> None:
    """Count a text at a place unless it was counted there already."""
    entry = counts[place]
    if (entry >> _STAMP) != (stamp >> _STAMP):
        counts[place] = stamp | ((entry & _COUNT) + np.uint64(1))


@compiled
def _count(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint32],
    dull_lists: Dull,
    which: NDArray[np.uint8],
    numbers: bool,
    shift: np.uint64,
    kept: NDArray[np.bool_],
    keys: Hashes,
    columns: NDArray[np.int32],
    groups: NDArray[np.int32],
    counts: NDArray[np.int32],
    totals: NDArray[np.int64],
    seen: NDArray[np.int64],
    new_spans: NDArray[np.int64],
    known: int,
    first_text: int,
) -> int:
    room = working_room(offsets)
    for text in range(len(offsets) - 1):
        found = write_terms(data, offsets, text, table, dull_lists, which[text], numbers, room)
        for place in range(found):
            term = room[2][place]
            if not (kept[term >> shift] and kept[(term * _SECOND) >> shift]):
                continue
            at = find_place(keys, columns, term)
            column = columns[at]
            if column == NO_COLUMN:
                if known == len(seen):
                    continue
                column = known
                keys[at], columns[at] = term, column
                new_spans[column] = room[3][place]
                known += 1
            if seen[column] != first_text + text + 1:
                seen[column] = first_text + text + 1
                totals[column] += 1
                for group in groups[text]:
                    if group >= 0:
                        counts[group, column] += 1
    return known


@compiled
def write_terms(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    text: int,
    table: NDArray[np.uint32],
    dull_lists: Dull,
    which: int,
    numbers: bool,
    room: Room,
) -> int:
    """Write the hashes of a text's terms and where they stand; return how many there are."""
    words, spans, terms, bounds = room
    stops = dull_lists.stops[dull_lists.stop_ends[which] : dull_lists.stop_ends[which + 1]]
    first, last = dull_lists.negation_ends[which], dull_lists.negation_ends[which + 1]
    negations = dull_lists.negations[first:last]
    found = hash_words(data, offsets[text], offsets[text + 1], _SEED, table, words, spans)
    count, before, joins = 0, False, False  # the word before: can a term begin with it
    for place in range(found):
        begin, end = spans[place, 0], spans[place, 1]
        if dull_lists.elides[which]:
            begin = after_elision(data, begin, end)
            if begin > spans[place, 0]:
                hash_words(data, begin, end, _SEED, table, words[place : place + 1], spans[:0])
                spans[place, 0] = begin
        negates = is_in(negations, words[place])
        tells = not negates and _tells(data, begin, end, numbers) and not is_in(stops, words[place])
        if tells and which > 0:
            tells = not is_dull_pair(data, begin, end, table, stops, negations)
        if tells:
            terms[count] = words[place]
            bounds[count] = spans[place]
            count += 1
            joins = before and begin - spans[place - 1, 1] == 1
            if joins and (data[begin - 1] == 0x20 or data[begin - 1] == 0x2D):
                terms[count] = ngram(words, place - 1, 2)
                bounds[count, 0], bounds[count, 1] = spans[place - 1, 0], end
                count += 1
        before = tells or negates
    return count


@compiled
def _tells(data: NDArray[np.uint8], begin: int, end: int, numbers: bool) -> bool:
    """Say whether a word has two bytes or more, and one of them is no digit or ASCII mark.

    Where numbers count, a word that begins with a digit tells too.
    """
    if numbers and 0x30 <= data[begin] <= 0x39:
        return True
    if end - begin < 2:
        return False
    for at in range(begin, end):
        byte = data[at] | 0x20
        if data[at] >= 0x80 or 0x61 <= byte <= 0x7A:
            return True
    return False


@compiled
def find_place(keys: Hashes, columns: NDArray[np.int32], key: np.uint64) -> np.int64:
    """Return where a key is, or the free place where it belongs."""
    mask = len(keys) - 1
    at = np.int64(key & np.uint64(mask))
    while columns[at] != NO_COLUMN and keys[at] != key:
        at = (at + 1) & mask
    return at


@compiled
def working_room(offsets: NDArray[np.int64]) -> Room:
    """Return room for the words and the terms of the longest text: hashes and spans of each."""
    longest = 1
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    words, spans = np.empty(longest, np.uint64), np.empty((longest, 2), np.int64)
    return words, spans, np.empty(2 * longest, np.uint64), np.empty((2 * longest, 2), np.int64)

"""What writers do to text: capitals, shouting, no capitals at all, typing errors.

Everything happens in place on ASCII letters of a text's bytes, so that lengths stay as they are and
other letters, tags and entities are left alone.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.sources.generated.rolls import Flags, Ints, Rolls
from reviewdesk.sources.generated.writer import Bytes

_A, _Z, _LOWER_A, _LOWER_Z = (np.uint8(ord(letter)) for letter in "AZaz")
_CASE: Final = np.uint8(32)
_SPACE: Final = np.uint8(32)
_SMALL_WORDS: Final = ("of", "the", "and", "with", "in", "for", "a", "an", "to", "by", "starring")

# The letter right of each on a keyboard, or left of it at the end of a row.
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOUR: Final = np.arange(256, dtype=np.uint8)
for _row in _ROWS:
    for _place, _letter in enumerate(_row):
        _NEIGHBOUR[ord(_letter)] = ord(_row[_place + 1] if _place + 1 < len(_row) else _row[-2])


def _lower(letters: Bytes) -> Flags:
    return np.asarray((letters >= _LOWER_A) & (letters <= _LOWER_Z))


def capitalise(data: Bytes, places: Ints) -> None:
    """Make the letters at some places capitals."""
    places = places[places < len(data)]
    data[places] -= _CASE * _lower(data[places])


def lower(data: Bytes, where: Flags) -> None:
    """Take the capitals away where told, (bytes,)."""
    capital = (data >= _A) & (data <= _Z) & where
    data += _CASE * capital


def shout(data: Bytes, where: Flags) -> None:
    """Write everything in capitals where told, (bytes,)."""
    data -= _CASE * (_lower(data) & where)


def misspell(data: Bytes, starts: Ints, errors: Ints, rolls: Rolls) -> None:
    """Swap two letters, or hit the key next to the right one, inside words.

    Args:
        data: the bytes of all texts.
        starts: where each text begins, and the end of the last, (n + 1,).
        errors: how many errors are tried in each text, (n,); those that miss a word are not made.
    """
    lengths = np.repeat(np.diff(starts), errors)
    places = np.repeat(starts[:-1], errors) + rolls.below(lengths, len(lengths))
    swap = rolls.chance(0.6, len(places))
    places, first = np.unique(places, return_index=True)
    inside = (places >= 2) & (places + 3 < len(data))
    places, swap = places[inside], swap[first[inside]]
    for offset in range(-2, 3):
        word = _lower(data[places + offset])
        places, swap = places[word], swap[word]
    apart = np.diff(places, prepend=-9) > 2
    places, swap = places[apart], swap[apart]
    swapped = places[swap]
    data[swapped], data[swapped + 1] = data[swapped + 1], data[swapped]
    data[places[~swap]] = _NEIGHBOUR[data[places[~swap]]]


def begin_words(data: Bytes, where: Flags) -> None:
    """Begin every word with a capital where told, (bytes,)."""
    capitalise(data, np.flatnonzero((data[:-1] == _SPACE) & where[:-1]) + 1)


def title_case(texts: pa.StringArray) -> pa.StringArray:
    """Begin every word of some texts, but for the small ones, with a capital."""
    texts = pa.concat_arrays([texts])
    _, offsets, data = texts.buffers()
    written = np.frombuffer(data, dtype=np.uint8).copy()
    begins = np.flatnonzero(written[:-1] == _SPACE) + 1
    starts = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts)]
    capitalise(written, np.concatenate([begins, starts.astype(np.int64)]))
    titles = pa.StringArray.from_buffers(
        len(texts), offsets, pa.py_buffer(written), offset=texts.offset
    )
    for word in _SMALL_WORDS:
        titles = pc.replace_substring(titles, f" {word.title()} ", f" {word} ")
    return titles

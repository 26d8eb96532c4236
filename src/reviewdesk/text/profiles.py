"""What tells languages apart: the alphabet, and within one which letters come after which.

``languages.npz`` holds runs of up to four letters and, for each language of their alphabet, by how
much likelier than on average their last letter is there after the others. ``bench/
language_profiles.py`` builds it from the frequencies of lingua (Apache License 2.0).
"""

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import LIMIT

FILE: Final = Path(__file__).with_name("languages.npz")
PER_NAT: Final = 10
"""The rows' values are natural logarithms times this."""

ALPHABETS: Final = (
    (
        *("en", "de", "fr", "es", "it", "pt", "nl", "id"),
        *("sv", "da", "nb", "fi", "pl", "cs", "sk", "hu", "ro", "tr", "vi", "hr", "sl", "lt"),
        *("lv", "et"),
    ),
    ("ru", "uk", "bg", "sr", "mk", "be", "kk", "mn"),
    ("ar", "fa", "ur"),
)
"""The languages of the alphabets that several share: Latin, Cyrillic, Arabic."""

LATIN: Final = 1
CYRILLIC: Final = 2
ARABIC: Final = 3
HAN: Final = 4
KANA: Final = 5
_SHARED: Final = (
    (LATIN, 0x41, 0x250), (LATIN, 0x1E00, 0x1F00), (LATIN, 0xFF21, 0xFF5B),
    (CYRILLIC, 0x400, 0x530),
    (ARABIC, 0x620, 0x64B), (ARABIC, 0x66E, 0x6D4), (ARABIC, 0x750, 0x780),
    (ARABIC, 0xFB50, 0xFE00), (ARABIC, 0xFE70, 0xFEFF),
    (HAN, 0x3005, 0x3008), (HAN, 0x3400, 0x4DC0), (HAN, 0x4E00, 0xA000), (HAN, 0xF900, 0xFB00),
    (KANA, 0x3041, 0x30FB), (KANA, 0x31F0, 0x3200), (KANA, 0xFF66, 0xFFA0),
)  # fmt: skip
_OWN: Final = (
    ("ko", 0xAC00, 0xD7B0), ("ko", 0x1100, 0x1200), ("ko", 0x3131, 0x3190),
    ("th", 0x0E01, 0x0E50), ("el", 0x0370, 0x0400), ("el", 0x1F00, 0x2000),
    ("he", 0x05D0, 0x0600), ("hi", 0x0900, 0x0980), ("bn", 0x0980, 0x0A00),
    ("pa", 0x0A00, 0x0A80), ("gu", 0x0A80, 0x0B00), ("ta", 0x0B80, 0x0C00),
    ("te", 0x0C00, 0x0C80), ("kn", 0x0C80, 0x0D00), ("ml", 0x0D00, 0x0D80),
    ("si", 0x0D80, 0x0E00), ("lo", 0x0E80, 0x0F00), ("my", 0x1000, 0x10A0),
    ("ka", 0x10A0, 0x1100), ("hy", 0x0530, 0x0590), ("am", 0x1200, 0x1380),
    ("km", 0x1780, 0x1800),
)  # fmt: skip
"""Alphabets of one language, or of one before all others."""

OWN_LANGUAGES: Final = tuple(dict.fromkeys(code for code, _, _ in _OWN))
SCRIPTS: Final = KANA + 1 + len(OWN_LANGUAGES)

LANGUAGES: Final = ("", *sum(ALPHABETS, ()), "zh", "ja", *OWN_LANGUAGES)
"""The languages that can be told, by their number; 0 is none."""

HOUSE: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "id", "ru", "ar")
"""Languages of shared alphabets that reviews are in most often."""

_HEAD_START: Final = 2.0
"""Nats that these are ahead before the first letter: about a word."""

_LETTER_BITS: Final = np.uint64(16)
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


class Profiles(NamedTuple):
    """What kernels look in.

    Args:
        scripts: (65536,) the script of each letter, 0 for what is none.
        keys: (places,) runs of letters, 16 bits each; 0 where none is.
        numbers: (places,) the row of each.
        rows: (runs, lanes) what each says for the languages of its alphabet.
        start: (alphabets, lanes) where their sums begin; very low beyond the last language.
        shift: 64 less the bits of a place.
    """

    scripts: NDArray[np.uint8]
    keys: NDArray[np.uint64]
    numbers: NDArray[np.int32]
    rows: NDArray[np.int8]
    start: NDArray[np.int32]
    shift: np.uint64


@cache
def profiles() -> Profiles:
    """Return the profiles that come with the package."""
    with np.load(FILE, allow_pickle=False) as file:
        rows = np.ascontiguousarray(file["rows"].T)
        keys = np.concatenate([_packed(file[str(length)]) for length in (1, 2, 3, 4)])
    bits = (2 * len(keys)).bit_length()
    table, numbers = np.zeros(1 << bits, np.uint64), np.zeros(1 << bits, np.int32)
    shift = np.uint64(64 - bits)
    _fill(keys, table, numbers, shift)
    start = np.full((len(ALPHABETS), rows.shape[1]), -(2**30), np.int32)
    for number, alphabet in enumerate(ALPHABETS):
        ahead = [_HEAD_START * PER_NAT if code in HOUSE else 0.0 for code in alphabet]
        start[number, : len(alphabet)] = ahead
    return Profiles(_scripts(), table, numbers, rows, start, shift)


def _packed(runs: NDArray[np.uint16]) -> NDArray[np.uint64]:
    keys = np.zeros(len(runs), np.uint64)
    for letter in runs.T:
        keys = (keys << _LETTER_BITS) | letter.astype(np.uint64)
    return keys


def _scripts() -> NDArray[np.uint8]:
    scripts = np.zeros(LIMIT, np.uint8)
    for script, first, end in _SHARED:
        scripts[first:end] = script
    for code, first, end in _OWN:
        scripts[first:end] = KANA + 1 + OWN_LANGUAGES.index(code)
    return scripts


@compiled
def _fill(
    keys: NDArray[np.uint64],
    table: NDArray[np.uint64],
    numbers: NDArray[np.int32],
    shift: np.uint64,
) -> None:
    for number in range(len(keys)):
        at = find_run(table, keys[number], shift)
        table[at], numbers[at] = keys[number], number


@compiled
def find_run(table: NDArray[np.uint64], key: np.uint64, shift: np.uint64) -> np.int64:
    """Return where a run of letters is, or the free place where it belongs."""
    at = np.int64((key * _SPREAD) >> shift)
    while table[at] != 0 and table[at] != key:
        at = (at + 1) & (len(table) - 1)
    return at

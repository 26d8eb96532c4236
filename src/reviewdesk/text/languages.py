"""Which language a text is in, told by a kernel from its first letters: Arrow to Arrow.

The script tells, and within a script that several languages share, which letters come after which
(a letter model of each language, as in Dunning 1994, Statistical identification of language).
Texts of fewer than 40 characters are unknown: a few words are in several languages.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import UsageError
from reviewdesk.text.buffers import buffers
from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import KIND_SHIFT, LIMIT, WORD, letters
from reviewdesk.text.profiles import (
    ALPHABETS,
    ARABIC,
    HAN,
    KANA,
    LANGUAGES,
    OWN_LANGUAGES,
    SCRIPTS,
    Profiles,
    find_run,
    profiles,
)
from reviewdesk.text.words import decode

UNKNOWN: Final = "unknown"
FEWEST_CHARACTERS: Final = 40
FEWEST_LETTERS: Final = 10
MOST_LETTERS: Final = 256
"""So many letters at the beginning tell; what comes behind them is not looked at."""

SYLLABLE: Final = 3
"""How many letters of an alphabet a character of Chinese, Japanese or Korean counts as."""

KANA_SHARE: Final = 10
"""A text is Japanese where one in so many of its characters is Hiragana or Katakana."""

_CODE: Final = (1 << KIND_SHIFT) - 1
_LETTER_BITS: Final = np.uint64(16)
_HANGUL: Final = KANA + 1 + OWN_LANGUAGES.index("ko")
_ZH: Final = LANGUAGES.index("zh")
_FIRST: Final = np.array(
    [LANGUAGES.index(alphabet[0]) for alphabet in ALPHABETS], np.int64
)  # the number of each alphabet's first language
_OWN: Final = _ZH + 2  # of the first language with a script of its own


def language(text: str) -> str:
    """Return the code of a text's language, as in ``en``; ``unknown`` where it is too short."""
    return str(language_column(pa.array([text]))[0])


def language_column(values: pa.Array) -> pa.StringArray:
    """Return the code of each text's language, as in ``en``.

    Args:
        values: (n,) texts of any Arrow string type.

    Returns:
        (n,) codes of ISO 639-1; ``unknown`` for null, for fewer than 40 characters and where there
        are no letters to tell by.
    """
    names = pa.array([UNKNOWN, *LANGUAGES[1:]])
    return names.take(pa.array(language_numbers(values)))


def language_numbers(values: pa.Array) -> NDArray[np.uint8]:
    """Return the number of each text's language in ``LANGUAGES``, (n,); 0 is unknown."""
    texts = buffers(values)
    numbers = np.zeros(len(values), np.uint8)
    _tell(texts.data, texts.offsets, texts.valid, letters(), profiles(), numbers)
    return numbers


def numbers_or(values: pa.Array, main: int) -> NDArray[np.uint8]:
    """Return the number of each text's language, (n,); a number of one's own where it is unknown.

    Args:
        values: (n,) texts of any Arrow string type.
        main: the number for texts that are too short to tell.
    """
    numbers = language_numbers(values)
    numbers[numbers == 0] = main
    return numbers


def number_of(code: str) -> int:
    """Return the number of a language; 0 for one that is not told."""
    return LANGUAGES.index(code) if code in LANGUAGES[1:] else 0


def checked_languages(codes: Sequence[str]) -> tuple[str, ...]:
    """Return codes of languages in lower case, each once.

    Raises:
        UsageError: one is none that can be told.
    """
    lower = tuple(dict.fromkeys(code.strip().lower() for code in codes))
    known = {UNKNOWN, *LANGUAGES[1:]}
    for code in lower:
        if code not in known:
            raise UsageError(
                f"{code!r} is no language that is told; take the code of one, as in de, or "
                f"{UNKNOWN}: {', '.join(sorted(known))}"
            )
    return lower


@compiled
def _tell(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    valid: NDArray[np.bool_],
    table: NDArray[np.uint32],
    known: Profiles,
    numbers: NDArray[np.uint8],
) -> None:
    counts = np.empty(SCRIPTS, np.int64)
    sums = np.empty_like(known.start)
    for text in range(len(numbers)):
        if valid[text] and offsets[text + 1] - offsets[text] >= FEWEST_CHARACTERS:
            counts[:] = 0
            sums[:] = known.start
            if _read(data, offsets[text], offsets[text + 1], table, known, counts, sums):
                numbers[text] = _likeliest(counts, sums)


@compiled
def _read(
    data: NDArray[np.uint8],
    at: int,
    end: int,
    table: NDArray[np.uint32],
    known: Profiles,
    counts: NDArray[np.int64],
    sums: NDArray[np.int32],
) -> bool:
    """Count the letters of each script and add up what their runs say.

    Returns:
        Whether there are enough characters to tell by.
    """
    characters, left, run = 0, MOST_LETTERS, np.uint64(0)
    while at < end and (left > 0 or characters < FEWEST_CHARACTERS):
        code, at = decode(data, at, end)
        characters += 1
        value = int(table[code]) if code < LIMIT else 0
        if value >> KIND_SHIFT == 0 or left <= 0:
            run = np.uint64(0)
            continue
        script = int(known.scripts[code])
        if script == 0:
            if value >> KIND_SHIFT != WORD or code < 0x80:
                run = np.uint64(0)
            continue
        counts[script] += 1
        left -= 1
        if script > ARABIC:
            run = np.uint64(0)
            continue
        run = (run << _LETTER_BITS) | np.uint64(value & _CODE)
        _add(known, run, sums[script - 1])
    return characters >= FEWEST_CHARACTERS


@compiled
def _add(known: Profiles, run: np.uint64, sums: NDArray[np.int32]) -> None:
    """Add what a run of letters says, or the longest end of it that is known."""
    mask = np.uint64(0xFFFFFFFFFFFFFFFF)
    for _ in range(4):
        key = run & mask
        at = find_run(known.keys, key, known.shift)
        if known.keys[at] == key:
            row = known.rows[known.numbers[at]]
            for lane in range(len(sums)):
                sums[lane] += row[lane]
            return
        mask >>= _LETTER_BITS


@compiled
def _likeliest(counts: NDArray[np.int64], sums: NDArray[np.int32]) -> int:
    """Return the number of the language; 0 where there are too few letters."""
    japanese = counts[KANA] > 0 and counts[KANA] * KANA_SHARE >= counts[KANA] + counts[HAN]
    counts[HAN] = (counts[HAN] + counts[KANA]) * SYLLABLE
    counts[KANA] = 0
    counts[_HANGUL] *= SYLLABLE
    script = int(np.argmax(counts))
    if counts[script] < FEWEST_LETTERS:
        return 0
    if script > KANA:
        return _OWN + script - KANA - 1
    if script == HAN:
        return _ZH + 1 if japanese else _ZH
    return int(_FIRST[script - 1] + np.argmax(sums[script - 1]))

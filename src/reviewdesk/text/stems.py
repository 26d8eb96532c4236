"""Stems of English words, in a kernel over their bytes: Porter's algorithm as it was published.

Source: M. F. Porter, "An algorithm for suffix stripping", Program 14 (3), 1980. As in its author's
own programs, words of one or two letters are left alone.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled

_A, _E, _I, _L, _O, _S, _T, _U, _W, _X, _Y, _Z = b"aeilostuwxyz"

# In a row of rules: the suffix from 0 on, the replacement, and how long both are.
_REPLACEMENT: Final = 8
_SUFFIX_LENGTH: Final = 14
_REPLACEMENT_LENGTH: Final = 15


def _rules(text: str) -> NDArray[np.uint8]:
    """Return rules of the form ``suffix>replacement``, one a row, longer suffixes first."""
    pairs = [word.split(">") for word in text.split()]
    pairs.sort(key=lambda pair: -len(pair[0]))
    table = np.zeros((len(pairs), 16), np.uint8)
    for row, (suffix, replacement) in zip(table, pairs, strict=True):
        row[: len(suffix)] = list(suffix.encode())
        row[_REPLACEMENT : _REPLACEMENT + len(replacement)] = list(replacement.encode())
        row[_SUFFIX_LENGTH], row[_REPLACEMENT_LENGTH] = len(suffix), len(replacement)
    return table


_STEP_1A: Final = _rules("sses>ss ies>i ss>ss s>")
_STEP_1B: Final = _rules("eed>ee ed> ing>")
_STEP_1B_AFTER: Final = _rules("at>ate bl>ble iz>ize")
_STEP_2: Final = _rules(
    "ational>ate tional>tion enci>ence anci>ance izer>ize abli>able alli>al entli>ent eli>e "
    "ousli>ous ization>ize ation>ate ator>ate alism>al iveness>ive fulness>ful ousness>ous "
    "aliti>al iviti>ive biliti>ble"
)
_STEP_3: Final = _rules("icate>ic ative> alize>al iciti>ic ical>ic ful> ness>")
_STEP_4: Final = _rules(
    "al> ance> ence> er> ic> able> ible> ant> ement> ment> ent> ion> ou> ism> ate> iti> ous> ive> "
    "ize>"
)


@compiled
def stem(word: NDArray[np.uint8], size: int) -> int:
    """Turn a word into its stem, in its place, and return the stem's size.

    Args:
        word: letters from a to z.
        size: how many of them are the word; what follows is left alone.
    """
    if size <= 2:
        return size
    size = _replaced(word, size, _STEP_1A, _matching(word, size, _STEP_1A))
    size = _step_1b(word, size)
    if word[size - 1] == _Y and _has_vowel(word, size - 1):
        word[size - 1] = _I
    size = _replaced_after(word, size, _STEP_2, 1)
    size = _replaced_after(word, size, _STEP_3, 1)
    size = _replaced_after(word, size, _STEP_4, 2)
    return _step_5(word, size)


@compiled
def _step_1b(word: NDArray[np.uint8], size: int) -> int:
    """Take ``-ed`` and ``-ing`` away."""
    rule = _matching(word, size, _STEP_1B)
    if rule < 0:
        return size
    before = size - int(_STEP_1B[rule, _SUFFIX_LENGTH])
    if word[size - 2] == _E and word[size - 3] == _E:  # -eed
        return size - 1 if _measure(word, before) > 0 else size
    if not _has_vowel(word, before):
        return size
    return _tidied(word, before)


@compiled
def _tidied(word: NDArray[np.uint8], size: int) -> int:
    """Give a word that lost ``-ed`` or ``-ing`` the ending that it has without."""
    after = _matching(word, size, _STEP_1B_AFTER)
    if after >= 0:
        return _replaced(word, size, _STEP_1B_AFTER, after)
    last = word[size - 1]
    if _ends_double(word, size) and last not in (_L, _S, _Z):
        return size - 1
    if _measure(word, size) == 1 and _ends_short(word, size):
        word[size] = _E
        return size + 1
    return size


@compiled
def _step_5(word: NDArray[np.uint8], size: int) -> int:
    """Take a last ``-e`` away, and one of two last l."""
    if word[size - 1] == _E:
        measure = _measure(word, size - 1)
        if measure > 1 or (measure == 1 and not _ends_short(word, size - 1)):
            size -= 1
    if word[size - 1] == _L and _ends_double(word, size) and _measure(word, size) > 1:
        size -= 1
    return size


@compiled
def _replaced_after(
    word: NDArray[np.uint8], size: int, rules: NDArray[np.uint8], least: int
) -> int:
    """Apply the rule with the longest suffix if what is before it has at least a measure."""
    rule = _matching(word, size, rules)
    if rule < 0:
        return size
    before = size - int(rules[rule, _SUFFIX_LENGTH])
    if _measure(word, before) < least:
        return size
    is_ion = before + 3 == size and word[before] == _I and word[before + 1] == _O
    if is_ion and word[before - 1] not in (_S, _T):
        return size
    return _replaced(word, size, rules, rule)


@compiled
def _matching(word: NDArray[np.uint8], size: int, rules: NDArray[np.uint8]) -> int:
    """Return the first rule whose suffix a word ends with; -1 where there is none."""
    for rule in range(len(rules)):
        length = int(rules[rule, _SUFFIX_LENGTH])
        same = 0
        while same < length <= size and word[size - 1 - same] == rules[rule, length - 1 - same]:
            same += 1
        if same == length:
            return rule
    return -1


@compiled
def _replaced(word: NDArray[np.uint8], size: int, rules: NDArray[np.uint8], rule: int) -> int:
    """Put a rule's replacement in the place of its suffix; no rule changes nothing."""
    if rule < 0:
        return size
    start = size - int(rules[rule, _SUFFIX_LENGTH])
    length = int(rules[rule, _REPLACEMENT_LENGTH])
    for place in range(length):
        word[start + place] = rules[rule, _REPLACEMENT + place]
    return start + length


@compiled
def _vowel(word: NDArray[np.uint8], at: int, before: bool) -> bool:
    """Say whether a letter is a vowel: a, e, i, o, u, or a y after a consonant.

    Args:
        word: the word.
        at: place of the letter.
        before: whether the letter before it is a vowel.
    """
    if word[at] == _Y:
        return at > 0 and not before
    return word[at] in (_A, _E, _I, _O, _U)


@compiled
def _is_vowel(word: NDArray[np.uint8], at: int) -> bool:
    vowel = False
    for place in range(at + 1):
        vowel = _vowel(word, place, vowel)
    return vowel


@compiled
def _has_vowel(word: NDArray[np.uint8], size: int) -> bool:
    vowel = False
    for place in range(size):
        vowel = _vowel(word, place, vowel)
        if vowel:
            return True
    return False


@compiled
def _measure(word: NDArray[np.uint8], size: int) -> int:
    """Count how often a consonant follows a vowel: the paper's m."""
    measure = 0
    vowel = False
    for place in range(size):
        before = vowel
        vowel = _vowel(word, place, vowel)
        if before and not vowel:
            measure += 1
    return measure


@compiled
def _ends_double(word: NDArray[np.uint8], size: int) -> bool:
    """Say whether a word ends with one consonant twice."""
    return size > 1 and word[size - 1] == word[size - 2] and not _is_vowel(word, size - 1)


@compiled
def _ends_short(word: NDArray[np.uint8], size: int) -> bool:
    """Say whether a word ends with consonant, vowel and a consonant other than w, x and y."""
    return (
        size > 2
        and word[size - 1] not in (_W, _X, _Y)
        and not _is_vowel(word, size - 1)
        and _is_vowel(word, size - 2)
        and not _is_vowel(word, size - 3)
    )

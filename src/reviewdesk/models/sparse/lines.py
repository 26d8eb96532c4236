"""LIBSVM lines read by a kernel: a label, and ``index:value`` pairs; no Python object a pair.

A line may end with a comment (``# ...``), pairs may have a ``qid:`` before them, which is passed
over, and indices may begin at 0 or at 1. Lines to predict may lack the label. Source: LIBSVM,
README, "Usage of svm-train"; scikit-learn writes such files with ``dump_svmlight_file``.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.sparse.sparse_rows import SparseRows
from reviewdesk.text.compiled import compiled

LARGEST_INDEX: Final = 2**31 - 1
LARGEST_VALUE: Final = 3.4e38  # of a float32

BAD_LABEL: Final = 1
SEVERAL_LABELS: Final = 2
BAD_PAIR: Final = 3
REASONS: Final = {
    BAD_LABEL: "its label is not a number",
    SEVERAL_LABELS: "it has several labels",
    BAD_PAIR: "what follows is not index:value with a whole number and a finite one",
}

_EXACT: Final = 10.0 ** np.arange(23)  # powers of ten that a float64 holds exactly
_MOST_DIGITS: Final = 18
_TAB, _NEWLINE, _RETURN, _SPACE = 9, 10, 13, 32
_HASH, _PLUS, _COMMA, _MINUS, _POINT, _COLON = 35, 43, 44, 45, 46, 58
_ZERO, _NINE, _E, _D, _SMALL_E, _I, _Q = 48, 57, 69, 100, 101, 105, 113


class Lines(NamedTuple):
    """What lines hold.

    Args:
        rows: the features of each good line.
        labels: (n,) float64, the label of each; NaN where it has none.
        numbers: (n,) the number of each line, from 0.
        bad: (b, 2) the number of each line that cannot be read, from 0, and one of ``REASONS``.
    """

    rows: SparseRows
    labels: NDArray[np.float64]
    numbers: NDArray[np.int64]
    bad: NDArray[np.int64]


def parse_lines(data: bytes, *, labelled: bool = True) -> Lines:
    """Return what LIBSVM lines hold; blank lines and lines of comment are passed over.

    Args:
        data: whole lines; the last one may lack its line feed.
        labelled: whether each line begins with a label; if not, it may.
    """
    text = np.frombuffer(data, np.uint8)
    most = int(np.count_nonzero(text == _NEWLINE)) + 1
    pairs = int(np.count_nonzero(text == _COLON))
    labels, numbers = np.empty(most), np.empty(most, np.int64)
    ends, bad = np.zeros(most + 1, np.int64), np.empty((most, 2), np.int64)
    indices, values = np.empty(pairs, np.int32), np.empty(pairs, np.float32)
    n, m, b = _parse(text, labelled, labels, numbers, ends, indices, values, bad)
    rows = SparseRows(indices[:m], values[:m], ends[: n + 1])
    return Lines(rows, labels[:n], numbers[:n], bad[:b])


@compiled
def _parse(
    data: NDArray[np.uint8],
    labelled: bool,
    labels: NDArray[np.float64],
    numbers: NDArray[np.int64],
    ends: NDArray[np.int64],
    indices: NDArray[np.int32],
    values: NDArray[np.float32],
    bad: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Write each line's label and pairs; return how many rows, pairs and bad lines there are."""
    row, pair, wrong, number, at = 0, 0, 0, 0, 0
    while at < len(data):
        end = at
        while end < len(data) and data[end] != _NEWLINE:
            end += 1
        at = _past_blanks(data, at, end)
        if at < end and data[at] != _HASH:
            at, label, reason = _label(data, at, end, labelled)
            first = pair
            while reason == 0:
                at = _past_blanks(data, at, end)
                if at == end or data[at] == _HASH:
                    break
                if data[at] == _Q:
                    at = _past_query(data, at, end)
                    reason = BAD_PAIR if at < 0 else 0
                    continue
                index, at = _whole(data, at, end)
                if index < 0 or at >= end or data[at] != _COLON:
                    reason = BAD_PAIR
                    continue
                value, at = _number(data, at + 1, end)
                if at < 0 or not abs(value) < LARGEST_VALUE or not _ends(data, at, end):
                    reason = BAD_PAIR
                elif value != 0:
                    indices[pair], values[pair] = index, value
                    pair += 1
            if reason:
                bad[wrong, 0], bad[wrong, 1] = number, reason
                wrong, pair = wrong + 1, first
            else:
                labels[row], numbers[row], ends[row + 1] = label, number, pair
                row += 1
        at = end + 1
        number += 1
    return row, pair, wrong


@compiled
def _label(data: NDArray[np.uint8], at: int, end: int, labelled: bool) -> tuple[int, float, int]:
    """Return where the label ends, its value, and why it cannot be read; 0 if it can."""
    value, after = _number(data, at, end)
    if after >= 0 and _ends(data, after, end):
        return after, value, 0
    stop, colon, comma = at, False, False
    while not _ends(data, stop, end):
        colon, comma = colon or data[stop] == _COLON, comma or data[stop] == _COMMA
        stop += 1
    if colon and not comma and not labelled:
        return at, np.nan, 0
    return at, np.nan, SEVERAL_LABELS if comma and not colon else BAD_LABEL


@compiled
def _number(data: NDArray[np.uint8], at: int, end: int) -> tuple[float, int]:
    """Return a number and where it ends; -1 where there is none."""
    negative = at < end and data[at] == _MINUS
    if at < end and (negative or data[at] == _PLUS):
        at += 1
    mantissa, digits, power, seen, point = 0, 0, 0, False, False
    while at < end:
        byte = data[at]
        if _ZERO <= byte <= _NINE:
            seen = True
            if digits < _MOST_DIGITS:
                mantissa = 10 * mantissa + (byte - _ZERO)
                digits += mantissa > 0
                power -= point
            else:
                power += not point
        elif byte == _POINT and not point:
            point = True
        else:
            break
        at += 1
    if not seen:
        return 0.0, -1
    exponent, at = _exponent(data, at, end)
    if at < 0:
        return 0.0, -1
    power += exponent
    whole = float(mantissa)
    if 0 <= power < len(_EXACT):
        whole *= _EXACT[power]
    elif -len(_EXACT) < power < 0:
        whole /= _EXACT[-power]
    elif mantissa:
        whole *= 10.0 ** float(max(min(power, 400), -400))
    return -whole if negative else whole, at


@compiled
def _exponent(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return an exponent, 0 where there is none, and where it ends; -1 where it is broken."""
    if at == end or data[at] not in (_E, _SMALL_E):
        return 0, at
    at += 1
    negative = at < end and data[at] == _MINUS
    if at < end and (negative or data[at] == _PLUS):
        at += 1
    exponent, at = _whole(data, at, end)
    return (-exponent if negative else exponent), (at if exponent >= 0 else -1)


@compiled
def _whole(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return a whole number and where it ends; the number is -1 where there is none."""
    value, begin = 0, at
    while at < end and _ZERO <= data[at] <= _NINE:
        value = 10 * value + (data[at] - _ZERO)
        if value > LARGEST_INDEX:
            return -1, at
        at += 1
    return (value if at > begin else -1), at


@compiled
def _past_query(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where a ``qid:`` with its number ends; -1 where it is none."""
    if at + 4 > end or data[at + 1] != _I or data[at + 2] != _D or data[at + 3] != _COLON:
        return -1
    number, after = _whole(data, at + 4, end)
    return after if number >= 0 and _ends(data, after, end) else -1


@compiled
def _past_blanks(data: NDArray[np.uint8], at: int, end: int) -> int:
    while at < end and data[at] in (_SPACE, _TAB, _RETURN):
        at += 1
    return at


@compiled
def _ends(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Say whether a word ends here."""
    if at >= end:
        return True
    byte = data[at]
    return byte in (_SPACE, _TAB, _RETURN, _HASH)

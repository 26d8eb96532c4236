import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.text.letters import letters
from reviewdesk.text.ngrams import count_rows, find_rows, lengths

SEEDS = np.array([11, 22], np.uint64)
BITS = 20
Rows = list[list[int]]


def laid_out(rows: list[tuple[str, str]]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    raw, bounds = b"", np.zeros((len(rows), 2, 2), np.int64)
    for row, fields in enumerate(rows):
        for field, text in enumerate(fields):
            bounds[row, field] = len(raw), len(raw) + len(text.encode())
            raw += text.encode()
    return np.frombuffer(raw, np.uint8), bounds


def cut(stream: NDArray[np.uint32], sizes: NDArray[np.uint32]) -> Rows:
    return [part.tolist() for part in np.split(stream, np.cumsum(sizes)[:-1])]


def counted(
    rows: list[tuple[str, str]], longest: int = 1, characters: int = 0
) -> tuple[Rows, NDArray[np.uint64]]:
    data, bounds = laid_out(rows)
    table = np.zeros(1 << BITS, np.uint64)
    stream = np.zeros((len(data) + 1) * lengths(longest, characters), np.uint32)
    sizes = np.zeros(len(rows), np.uint32)
    shift = np.uint64(64 - BITS)
    done = count_rows(
        data, bounds, SEEDS, letters(), longest, characters, shift, 0, table, stream, sizes
    )
    return cut(stream[:done], sizes), table & np.uint64(0xFFFFFFFF)


def test_each_ngram_counts_once_a_row() -> None:
    rows, counts = counted([("", "a b a a"), ("", "b"), ("", "c")])
    a, b = rows[0]
    assert rows[1] == [b]
    assert (counts[a], counts[b], counts[rows[2][0]]) == (1, 2, 1)
    assert counts.sum() == 4


def test_fields_are_kept_apart() -> None:
    rows, _ = counted([("good", "good"), ("good", ""), ("", "good")])
    assert rows[0] == rows[1] + rows[2]
    assert rows[1] != rows[2]


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_ngrams_stay_within_a_field(longest: int) -> None:
    rows, _ = counted([("a b", "c d e")], longest)
    assert len(rows[0]) == {1: 5, 2: 5 + 3, 3: 5 + 3 + 1}[longest]
    assert len(set(rows[0])) == len(rows[0])


def test_runs_of_characters_are_others_than_words_and_kept_apart_by_field() -> None:
    rows, _ = counted([("cat", "cat"), ("cats", "")], 1, 4)
    assert [len(row) for row in rows] == [2 * (1 + 5), 1 + 7]
    assert len(set(rows[0])) == 12
    assert len(set(rows[0]) & set(rows[1])) == 3  # ^ca, ^cat, cat
    assert counted([("cat", "")])[0][0] == rows[0][:1]


def test_the_order_of_words_matters() -> None:
    rows, _ = counted([("", "not good"), ("", "good not")], 2)
    assert set(rows[0][:2]) == set(rows[1][:2])
    assert rows[0][2] != rows[1][2]


def test_many_rows_and_one_long_one() -> None:
    texts = [("", f"w{row % 7} common") for row in range(5_000)] + [("", "common " * 20_000)]
    rows, counts = counted(texts)
    common = rows[0][1]
    assert counts[common] == 5_001
    assert counts[rows[0][0]] == len(range(0, 5_000, 7))
    assert rows[-1] == [common]


def test_known_ngrams_are_found_as_they_were_counted() -> None:
    texts = [("t", "a b c a"), ("", ""), ("a", "x y"), ("", "b a unknown")]
    rows, counts = counted(texts[:3], 2)
    slots = np.flatnonzero(counts)
    numbers = np.full(1 << BITS, 0xFFFFFFFF, np.uint32)
    numbers[slots] = np.arange(len(slots))
    data, bounds = laid_out(texts)
    stream, sizes = np.zeros(100, np.uint32), np.zeros(4, np.uint32)
    seen = np.zeros(len(slots), np.uint32)
    done = find_rows(
        data, bounds, SEEDS, letters(), 2, 0, np.uint64(64 - BITS), numbers, seen, stream, sizes
    )
    known = cut(stream[:done], sizes)
    assert [[slots[one] for one in row] for row in known[:3]] == rows
    assert len(known[3]) == 2

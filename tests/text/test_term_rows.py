from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.text.term_rows import TermRows
from reviewdesk.text.terms import TermSketch

TEXTS = pa.array(
    [
        "TurboTax 2013 crashed. TurboTax 2013 crashed!",
        "turbotax 2012 did not work",
        None,
        "",
        "the and of",
        "Windows 8 and not work, ever",
    ]
)


def found(texts: pa.Array, sizes: list[int], *, numbers: bool = True) -> list[list[str]]:
    """Return each text's terms, read in batches of these sizes."""
    sketch = TermSketch(10, numbers=numbers)
    sketch.add(texts)
    terms, rows, at = TermRows(sketch, 1000, 1), [], 0
    for size in sizes:
        columns, ends = terms.rows(texts.slice(at, size))
        rows += [columns[first:last].tolist() for first, last in pairwise(ends)]
        at += size
    return [[terms.names[column] for column in row] for row in rows]


def test_each_text_has_its_terms_once() -> None:
    rows = found(TEXTS, [6])
    assert rows[0] == ["turbotax", "2013", "turbotax 2013", "crashed", "2013 crashed"]
    assert rows[1] == ["turbotax", "2012", "turbotax 2012", "work", "not work"]
    assert rows[2:5] == [[], [], []]
    assert rows[5] == ["windows", "8", "windows 8", "work", "not work"]


def test_without_numbers_there_are_none() -> None:
    assert found(TEXTS, [6], numbers=False)[0] == ["turbotax", "crashed"]


@pytest.mark.parametrize("sizes", [[1] * 6, [2, 4], [5, 1]])
def test_batches_make_no_difference(sizes: list[int]) -> None:
    assert found(TEXTS, sizes) == found(TEXTS, [6])


def test_rare_terms_have_no_column() -> None:
    texts = pa.array(["battery life"] * 3 + ["screen"])
    sketch = TermSketch(16)
    sketch.add(texts)
    terms = TermRows(sketch, 1000, 2)
    assert np.diff(terms.rows(texts).ends).tolist() == [3, 3, 3, 0]
    assert terms.names == ["battery", "life", "battery life"]


def test_terms_that_are_not_learnt_are_passed_over() -> None:
    texts = pa.array(["battery", "screen"])
    sketch = TermSketch(16)
    sketch.add(texts)
    terms = TermRows(sketch, 1000, 1)
    terms.rows(texts.slice(0, 1))
    assert terms.rows(texts, learn=False).columns.tolist() == [0]


def test_bytes_that_are_no_utf8_are_read_as_they_come() -> None:
    texts = pa.array([b"\xff \x00 lasting battery \xe2"], pa.binary())
    sketch = TermSketch(10)
    sketch.add(texts)
    terms = TermRows(sketch, 10, 1)
    terms.rows(texts)
    assert "battery" in [name.rstrip("\N{REPLACEMENT CHARACTER}") for name in terms.names]

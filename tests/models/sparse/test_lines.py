"""LIBSVM lines: what others write is read as others read it, and what is none is named."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from reviewdesk.models.sparse.lines import BAD_LABEL, BAD_PAIR, SEVERAL_LABELS, parse_lines
from reviewdesk.models.sparse.sparse_rows import SparseRows


def matrix(rows: SparseRows, width: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((rows.values, rows.indices, rows.ends), (len(rows), width))


def random_rows(rows: int, width: int, seed: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    chance = np.random.default_rng(seed)
    table = chance.normal(size=(rows, width)) * (chance.random((rows, width)) < 0.2)
    return sparse.csr_matrix(table), chance.integers(-2, 3, rows)


@pytest.mark.parametrize("zero_based", [True, False])
@pytest.mark.parametrize("comment", [None, "written by another program"])
def test_what_scikit_learn_writes(zero_based: bool, comment: str | None) -> None:
    table, labels = random_rows(200, 60, seed=1)
    file = io.BytesIO()
    dump_svmlight_file(table, labels, file, zero_based=zero_based, comment=comment)
    found = parse_lines(file.getvalue())
    assert len(found.bad) == 0
    assert found.labels.tolist() == labels.tolist()
    shifted = matrix(found.rows, 61)[:, 0 if zero_based else 1 :][:, :60]
    np.testing.assert_array_equal(shifted.toarray(), table.toarray().astype(np.float32))


@given(st.lists(st.floats(-(2.0**126), 2.0**126, width=32), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_numbers_are_those_that_scikit_learn_reads(values: list[float]) -> None:
    line = "1 " + " ".join(f"{n}:{value!r}" for n, value in enumerate(values, 1)) + "\n"
    table, _ = load_svmlight_file(
        io.BytesIO(line.encode()), n_features=len(values) + 1, zero_based=True
    )
    found = matrix(parse_lines(line.encode()).rows, len(values) + 1)
    np.testing.assert_allclose(found.toarray(), table.toarray(), rtol=2e-7, atol=1e-44)


def test_each_line_that_is_none_is_named_and_takes_no_other_along() -> None:
    lines = [
        "x 1:2",
        "1,2 3:4",
        "# a comment",
        "",
        "+1 qid:3 1:1e-3 7:-.5 # and one behind",
        "0",
        "-1 1:nan",
        "2 4:1e39",
        "2 4:1 5",
        "1 99999999999:1",
        "1 2:3e",
        "1 qid:x 2:3",
        "1:2 3:4",
        "3 5:0 6:1",
    ]
    found = parse_lines("\r\n".join(lines).encode())
    assert found.numbers.tolist() == [4, 5, 13]
    assert found.labels.tolist() == [1, 0, 3]
    assert found.rows.indices.tolist() == [1, 7, 6]  # a value of 0 is none
    assert found.rows.values.tolist() == pytest.approx([1e-3, -0.5, 1])
    reasons = dict(found.bad.tolist())
    assert reasons[0] == reasons[12] == BAD_LABEL
    assert reasons[1] == SEVERAL_LABELS
    assert {reasons[n] for n in (6, 7, 8, 9, 10, 11)} == {BAD_PAIR}


def test_lines_to_predict_may_lack_the_label() -> None:
    found = parse_lines(b"1:2 5:7\n4 1:2\n\n1,2:3\nx\n", labelled=False)
    assert found.rows.indices.tolist() == [1, 5, 1]
    assert np.isnan(found.labels[0])
    assert found.labels[1] == 4
    assert found.bad[:, 0].tolist() == [3, 4]


def test_rows_as_a_column_and_back() -> None:
    rows = parse_lines(b"1 1:2 3:4\n1\n1 2:0.5\n").rows
    column = rows.column()
    again = SparseRows.of_column(column.slice(1))
    assert column.to_pylist()[1] == []
    assert again.ends.tolist() == [0, 0, 1]
    assert (again.indices.tolist(), again.values.tolist()) == ([2], [0.5])
    assert rows.take(np.array([2, 0])).indices.tolist() == [2, 1, 3]

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, StorageError
from reviewdesk.findings.products import Products, read_products
from reviewdesk.findings.similar.given import BATCH_ROWS, GivenVectors, read_vectors
from tests.findings.products_shop import product_shop, review


@pytest.fixture
def products(tmp_path: Path) -> Products:
    rows = [review(n, name, "battery screen") for n, name in enumerate(("A", "B", "C"))]
    return read_products(product_shop(tmp_path / "shop", rows))


def write(folder: Path, columns: dict[str, Any]) -> Path:
    path = folder / "vectors.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def read(folder: Path, products: Products, ids: list[Any], lists: Any) -> GivenVectors:
    return read_vectors(write(folder, {"product_id": ids, "vector": lists}), products)


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float64()),
        pa.list_(pa.float32(), 2),
        pa.large_list(pa.float16()),
        pa.list_(pa.float16()),
    ],
)
def test_vectors_come_in_the_order_of_products_and_of_length_one(
    tmp_path: Path, products: Products, kind: pa.DataType
) -> None:
    lists = pa.array([np.array([3, 4], np.float16), np.array([0, 2], np.float16)]).cast(kind)
    found = read(tmp_path, products, ["C", "A"], lists)
    expected = np.array([[0, 1], [0, 0], [0.6, 0.8]])
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)
    assert found.values.dtype == np.float32
    assert found.has.tolist() == [True, False, True]
    assert found.unknown == 0


def test_products_that_no_review_is_about_are_counted(tmp_path: Path, products: Products) -> None:
    found = read(tmp_path, products, ["B", "X", "Y"], [[1.0], [2.0], [3.0]])
    assert found.unknown == 2
    assert found.has.tolist() == [False, True, False]


def test_huge_and_tiny_numbers_keep_their_direction(tmp_path: Path, products: Products) -> None:
    found = read(tmp_path, products, ["A", "B", "C"], [[3e300, 4e300], [3e-300, 4e-300], [0.0, 0]])
    expected = np.array([[0.6, 0.8], [0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)
    assert found.has.tolist() == [True, True, False]


def test_names_may_be_of_a_dictionary(tmp_path: Path, products: Products) -> None:
    ids = pa.array(["A", "B"]).dictionary_encode()
    assert read(tmp_path, products, ids, [[1.0], [2.0]]).has.sum() == 2


def test_a_vector_in_a_later_batch_is_read(tmp_path: Path, products: Products) -> None:
    ids = [*(f"X{n}" for n in range(BATCH_ROWS)), "A"]
    found = read(tmp_path, products, ids, [[1.0]] * len(ids))
    assert found.has.tolist() == [True, False, False]
    assert found.unknown == BATCH_ROWS


@pytest.mark.parametrize(
    ("ids", "lists", "said"),
    [
        (["A", None], [[1.0], [2.0]], "row 1 .* has no product_id"),
        (["A", "B"], [[1.0], None], "row 1 .* has no vector"),
        (["A", "B"], [[1.0], [None]], "row 1 .* missing, not a number or infinite"),
        (["A", "B"], [[1.0], [float("nan")]], "row 1 .* missing, not a number or infinite"),
        (["A", "B"], [[float("-inf")], [1.0]], "row 0 .* missing, not a number or infinite"),
        (["A", "B"], [[1.0], [1.0, 2.0]], "1 numbers in one row and 2 in another"),
        (["A", "B"], pa.array([[], []], pa.list_(pa.float32())), "are empty"),
        (["A", "A"], [[1.0], [1.0]], "two vectors of one product"),
        (["X", "Y"], [[1.0], [1.0]], "none of the vectors"),
        (pa.array([], pa.string()), pa.array([], pa.list_(pa.float32())), "none of the vectors"),
        ([1, 2], [[1.0], [1.0]], "needs one column product_id of text"),
        (["A", "B"], [[1], [2]], "not of floating-point numbers but of int64"),
        (["A", "B"], [["x"], ["y"]], "not of floating-point numbers but of string"),
        (["A", "B"], [1.0, 2.0], "has 0 columns of lists"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, products: Products, ids: Any, lists: Any, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read(tmp_path, products, ids, lists)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("second", ["A", "B"])
def test_batches_are_checked_against_each_other(
    tmp_path: Path, products: Products, second: str
) -> None:
    ids = ["A", *(f"X{n}" for n in range(BATCH_ROWS - 1)), second]
    lists = [[1.0]] * BATCH_ROWS + [[1.0] if second == "A" else [1.0, 2.0]]
    with pytest.raises(InputError, match="two vectors" if second == "A" else "one length"):
        read(tmp_path, products, ids, lists)


def test_other_columns_than_lists_do_not_matter_but_two_lists_do(
    tmp_path: Path, products: Products
) -> None:
    columns = {"product_id": ["A"], "made": [2014], "embedding": [[1.0, 0.0]]}
    assert read_vectors(write(tmp_path, columns), products).has.sum() == 1
    with pytest.raises(InputError, match="2 columns of lists"):
        read_vectors(write(tmp_path, {**columns, "other": [[1.0]]}), products)
    with pytest.raises(InputError, match="product_id"):
        read_vectors(write(tmp_path, {"vector": [[1.0]]}), products)


def test_files_that_are_none_are_refused(tmp_path: Path, products: Products) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        read_vectors(tmp_path / "nowhere.parquet", products)
    text = tmp_path / "text.parquet"
    text.write_text("product_id,vector\nA,1")
    with pytest.raises(InputError, match="not a Parquet file"):
        read_vectors(text, products)
    whole = write(tmp_path, {"product_id": ["A"] * 9, "vector": [[1.0, 2.0]] * 9}).read_bytes()
    (tmp_path / "vectors.parquet").write_bytes(whole[:4] + bytes(60) + whole[64:])
    with pytest.raises(InputError, match="is damaged"):
        read_vectors(tmp_path / "vectors.parquet", products)

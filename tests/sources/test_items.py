import pyarrow as pa

from reviewdesk.sources.items import Items
from reviewdesk.sources.raw_rows import RawRows


def rows(**columns: list[str | None]) -> RawRows:
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    count = len(next(iter(columns.values())))
    return RawRows(arrays, count, None, lambda _: b"")


def test_products_are_found_by_id_and_the_first_of_two_counts() -> None:
    items = Items([("b", "Bee", "X"), ("a", None, "Y"), ("b", "Other", "Z")])
    joined = items.join(rows(product_id=["a", "b", None, "c", "b", ""]), "product_id")
    assert joined.columns["product_title"].to_pylist() == [None, "Bee", None, None, "Bee", None]
    assert joined.columns["product_category"].to_pylist() == ["Y", "X", None, None, "X", None]


def test_what_rows_have_stays_where_products_tell_nothing() -> None:
    items = Items([("a", "New", None)])
    given = rows(product_id=["a", "b"], product_title=["Old", "Old"], product_category=["C", "C"])
    joined = items.join(given, "product_id")
    assert joined.columns["product_title"].to_pylist() == ["New", "Old"]
    assert joined.columns["product_category"].to_pylist() == ["C", "C"]


def test_no_products_and_no_rows() -> None:
    given = rows(product_id=["a"])
    assert Items([]).join(given, "product_id") is given
    assert Items([("a", "A", None)]).join(rows(product_id=[]), "product_id").count == 0

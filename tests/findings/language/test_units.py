"""Which reviews are compared."""

from pathlib import Path

import numpy as np

from reviewdesk.findings.language.units import choose, read_units
from reviewdesk.progress import SILENT
from tests.findings.language.talk import talk
from tests.findings.shop import ids_of, shop


def chosen(**columns: list[int]) -> list[int]:
    size = len(columns["product"])
    given = {
        name: np.array(columns.get(name, list(range(size))))
        for name in ("writer", "text", "product", "key")
    }
    month = np.array(columns.get("month", [0] * size))
    hashes = {name: values.astype(np.uint64) for name, values in given.items()}
    return [int(one) for one in choose(np.zeros(size, np.int64), month, **hashes)]


def test_a_product_speaks_once_a_month_with_its_lowest_key() -> None:
    assert chosen(product=[1, 1, 2, 1], month=[0, 0, 0, 1], key=[9, 4, 7, 5]) == [1, 2, 3]


def test_a_writer_and_a_copied_text_count_once() -> None:
    assert chosen(product=[1, 2, 3], writer=[5, 5, 6]) == [0, 2]
    assert chosen(product=[1, 2, 3], text=[5, 6, 5]) == [0, 1]


def test_units_have_their_words_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    rows = talk("Kitchen", months=3, products=25, each=2)
    for row, name in zip(rows, ("product_id", "product_category", "review_date"), strict=False):
        row[name] = None
    data = shop(tmp_path, rows)
    units, left_out = read_units(data, SILENT)
    assert list(left_out.values()) == [1, 1, 1, 0]
    assert np.bincount(units.month - units.month.min()).tolist() == [25, 25, 25]
    text = dict(zip(ids_of(data), data.table(["review_body"]).column(0).to_pylist(), strict=True))
    ids = ids_of(data)
    for unit in (0, 40, 74):
        columns = units.terms[[unit]].indices
        words = set(text[ids[units.rows[unit]]].strip(".").split())
        said = {units.names[one] for one in columns}
        assert {word for name in said for word in name.split()} <= {*words}
        assert len(said) >= 3


def test_a_month_that_is_not_over_is_left_out(tmp_path: Path) -> None:
    rows = [
        row for row in talk("Kitchen", months=3, products=25) if row["review_date"][5:] != "03-31"
    ]
    units, left_out = read_units(shop(tmp_path, rows), SILENT)
    assert left_out["reviews of the last month, which is not over"] == 24
    assert len(np.unique(units.month)) == 2

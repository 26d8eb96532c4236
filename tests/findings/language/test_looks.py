"""What one look compares."""

from pathlib import Path

import numpy as np

from reviewdesk.findings.language.looks import MONTHS, OFTEN, WIDE, CategoryHistory
from reviewdesk.findings.language.units import read_units
from reviewdesk.progress import SILENT
from tests.findings.language.talk import talk
from tests.findings.shop import shop


def category(folder: Path) -> CategoryHistory:
    """Return 30 products of every month, of which some are of two months or of one only."""
    rows = []
    for row in talk("Kitchen", months=13, products=30):
        number, month = int(row["product_id"].split("-")[1]), int(row["review_id"][7:9])
        if number < 10:
            row["product_id"] = f"Kitchen-{number}-{month // 2}"
        elif number < 20:
            row["product_id"] = f"Kitchen-{number}-{month}"
        rows.append(row)
    return CategoryHistory(read_units(shop(folder, rows), SILENT).units, 0)


def test_the_last_months_are_compared_together_by_one_review_of_each_product(
    tmp_path: Path,
) -> None:
    one = category(tmp_path)
    last = int(one.months[-1])
    look, wide = one.look(last, last - MONTHS), one.wide_look(last, last - MONTHS)
    assert look is not None
    assert wide is not None
    assert (look.first, wide.first) == (last, last - WIDE + 1)
    assert int(look.compared.now.sum()) == 30
    assert int(wide.compared.now.sum()) == 10 + 20 + 30  # of all months, of two, of one
    assert one.wide_look(last, last - WIDE - 4) is None


def test_months_are_dealt_out_among_products_spoken_of_as_often(tmp_path: Path) -> None:
    one = category(tmp_path)
    last = int(one.months[-1])
    look = one.look(last, last - MONTHS)
    assert look is not None
    often = look.compared.strata % (len(OFTEN) + 1)
    before = ~look.compared.now
    assert np.bincount(often[before]).tolist() == [120, 50, 0, 10]
    assert np.bincount(often[~before]).tolist() == [20, 0, 0, 10]

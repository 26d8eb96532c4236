from dataclasses import replace

import pyarrow as pa

from reviewdesk.findings.erase import without_reviews
from reviewdesk.schema import FINDINGS

from .fakes import finding
from .test_store import findings


def test_findings_about_erased_reviews_go_with_their_samples_and_rows() -> None:
    rows = [
        finding("R0"),
        finding("R1"),
        finding("P1", kind="product", samples=["R0", "R5"]),
        finding("R0", kind="product", samples=None),  # a product that is called so
    ]
    before = replace(
        findings(4),
        table=pa.Table.from_pylist(rows, FINDINGS),
        tables={
            "pairs": pa.table({"review_id": ["R0", "R9"]}),
            "overlaps": pa.table({"left": ["R0"]}),
        },
    )
    after, changed = without_reviews(before, ["R0", "R7"])
    assert after.table["what"].to_pylist() == ["R1", "P1", "R0"]
    assert after.table["samples"].to_pylist() == [["R1"], ["R5"], None]
    assert after.tables["pairs"].to_pydict() == {"review_id": ["R9"]}
    assert after.tables["overlaps"] == before.tables["overlaps"]
    assert changed == 3
    assert [one.listed for one in after.lists] == [0, 3, 3]
    assert after.lists[1].expected_errors == 0.3 * 3 / 4
    assert after.lists[0] == before.lists[0]


def test_nothing_to_erase_changes_nothing() -> None:
    before = findings()
    after, changed = without_reviews(before, ["R99"])
    assert changed == 0
    assert after == before


def test_a_list_of_which_nothing_is_left_says_so() -> None:
    after, changed = without_reviews(findings(2), ["R0", "R1"])
    assert changed == 2
    assert (after.lists[2].listed, after.lists[2].expected_errors) == (0, 0)
    assert after.lists[2].why_empty == "what was in it has been erased"

from pathlib import Path

import numpy as np

from reviewdesk.findings.samples import choose, telling_samples

from .shop import shop

TALKATIVE = "This is a sentence long enough to be read with some profit by somebody. "


def test_readable_texts_come_first_and_no_text_comes_twice() -> None:
    lengths = np.array([10, 100, 100, 90, 9_000, 80])
    keys = np.array([1, 2, 2, 3, 4, 5], np.uint64)
    assert choose(lengths, keys).tolist() == [1, 3, 5]
    assert choose(lengths, keys, 9).tolist() == [1, 3, 5, 0, 4]
    assert choose(lengths[:0], keys[:0]).tolist() == []


def test_samples_of_several_findings(tmp_path: Path) -> None:
    bodies = [TALKATIVE + "One.", "Short one", TALKATIVE + "Two.", TALKATIVE + "ONE", TALKATIVE]
    data = shop(
        tmp_path, [{"review_id": f"R{n}", "review_body": body} for n, body in enumerate(bodies)]
    )
    ids = data.table(["review_id"]).column(0).to_pylist()
    rows = np.array([ids.index(f"R{n}") for n in range(5)])
    found = telling_samples(
        data,
        [rows, rows[1:2], rows[:0]],
        [np.array([5.0, 9.0, 1.0, 4.0, 2.0]), np.array([1.0]), np.empty(0)],
    )
    assert found == [["R0", "R4", "R2"], ["R1"], []]


def test_only_the_surest_are_looked_at(tmp_path: Path) -> None:
    rows = [{"review_id": f"R{n:03d}", "review_body": f"{TALKATIVE} {n}."} for n in range(90)]
    data = shop(tmp_path, rows)
    (found,) = telling_samples(data, [np.arange(90)], [np.arange(90.0)], most=90)
    assert len(found) == 24
    assert found[0] == data.table(["review_id"]).column(0)[89].as_py()

import pytest

from reviewdesk.sources.base import Tally
from reviewdesk.sources.jsonlines import (
    NotAnObject,
    field_names,
    json_rows,
    lookup,
    parse_object,
)
from reviewdesk.sources.lines import LineBlock

COLUMNS = {"review_body": "text", "star_rating": "stars", "product_id": "product.id"}


def parse(data: bytes) -> tuple[list[tuple[object, ...]], list[int], Tally]:
    tally = Tally("x.jsonl")
    rows: list[tuple[object, ...]] = []
    lines: list[int] = []
    for part in json_rows(iter([LineBlock(data, 1)]), COLUMNS, tally):
        rows += zip(*(part.columns[name].to_pylist() for name in COLUMNS), strict=True)
        lines += part.lines or ()
    return rows, lines, tally


def test_ragged_and_nested_objects() -> None:
    rows, lines, tally = parse(
        b'{"text": "a", "stars": 4.0, "product": {"id": "B1", "more": [1]}, "extra": {}}\n'
        b'\n{"stars": 3}\n{"text": null, "product": "B2"}\n{"text": "d", "product.id": 7}\n'
    )
    assert rows == [("a", "4", "B1"), (None, "3", None), (None, None, None), ("d", None, "7")]
    assert lines == [1, 3, 4, 5]
    assert not tally.unreadable


def test_bad_lines_are_rejected_alone() -> None:
    bad = [b"{", b"[1]", b'"text"', b"nul", b'{"text": "\xff"}', b"[" * 100_000, b"1" * 5_000]
    data = b"".join(line + b'\n{"text": "good"}\n' for line in bad)
    rows, _, tally = parse(data)
    assert len(rows) == len(bad)
    rejects = tally.rejects.take().to_pylist()
    assert [one["raw"] for one in rejects] == bad
    assert [one["line"] for one in rejects] == list(range(1, 2 * len(bad), 2))
    assert [one["reason"] for one in rejects] == [
        "bad_utf8" if line == bad[4] else "bad_json" for line in bad
    ]


def test_a_list_or_object_is_no_text_and_is_counted() -> None:
    rows, _, tally = parse(b'{"text": "a", "stars": [4, 5]}\n{"text": {"b": 1}, "stars": true}\n')
    assert rows == [("a", None, None), (None, "true", None)]
    assert tally.unreadable == {"star_rating": 1, "review_body": 1}


def test_half_a_character_loses_no_review() -> None:
    rows, _, _ = parse(
        b'{"text": "a \\ud83d b"}\n{"text": "\\ud83d\\ude00"}\n{"text": "\\u0000"}\n'
    )
    assert [row[0] for row in rows] == ["a \ufffd b", "😀", "\0"]


def test_special_numbers_are_text_not_trouble() -> None:
    rows, _, _ = parse(b'{"text": "a", "stars": NaN}\n{"text": "b", "stars": 1e999}\n')
    assert [row[1] for row in rows] == ["nan", "inf"]


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}x", b"\xef\xbb\xbf{}"])
def test_what_is_no_object(raw: bytes) -> None:
    with pytest.raises(NotAnObject):
        parse_object(raw)


def test_names_and_lookup_reach_into_objects() -> None:
    found = {"a": 1, "b": {"c": 2, "d": {"e": 3}}, "b.c": 4}
    assert field_names(found) == ["a", "b.c", "b.d.e", "b.c"]
    assert lookup(found, "b.c") == 4
    assert lookup(found, "b.d.e") == 3
    assert lookup(found, "a.x") is None
    assert lookup(found, "z") is None

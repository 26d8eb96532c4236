import json
import tracemalloc
from pathlib import Path

import pytest

from reviewdesk.sources.base import Tally
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.jsonobjects import ObjectScan, object_groups

from .samples import bodies_of, read, rejects_of


def scanned(data: bytes, step: int) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]:
    """Return objects and rejects of bytes that come in pieces of a size."""
    tally = Tally("x")
    scan = ObjectScan(tally)
    found = [one for at in range(0, len(data), step) for one in scan.feed(data[at : at + step])]
    rejects = [(one["line"], one["raw"]) for one in tally.rejects.take().to_pylist()]
    return found, rejects


ODD = [
    {"text": 'braces } { and "quotes" and \\', "more": {"list": [{}, "]"]}},
    {"text": "two\nlines, a tab\t and 😀"},
    {},
]


@pytest.mark.parametrize("step", [3, 4, 7, 10_000])
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_are_whole_whatever_the_pieces(step: int, indent: int | None) -> None:
    data = b"\xef\xbb\xbf " + json.dumps(ODD, indent=indent, ensure_ascii=False).encode()
    found, rejects = scanned(data, step)
    assert [json.loads(raw) for _, raw in found] == ODD
    assert rejects == []
    for line, raw in found:
        assert data.split(b"\n")[line - 1 :][0].lstrip(b" \xef\xbb\xbf[").startswith(raw[:1])


@pytest.mark.parametrize("step", [1, 5, 10_000])
def test_what_is_no_object_is_rejected_with_its_line(step: int) -> None:
    data = b'[{"a": 1},\n2, null,\n{"b": "open},\n{"c": 3}}\n, {"d": 4}]\n"end"'
    found, rejects = scanned(data, step)
    assert found == [(1, b'{"a": 1}'), (3, b'{"b": "open},\n{"c": 3}}'), (5, b'{"d": 4}')]
    assert rejects == [(2, b"2, null")]


def test_an_object_that_does_not_end(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('[\n{"text": "one"},\n{"text": "two",\n{"text": "three"}]')
    batches = read(path)
    assert bodies_of(batches) == ["one"]
    (reject,) = rejects_of(batches)
    assert (reject["line"], reject["reason"]) == (3, "bad_json")
    (note,) = [note for batch in batches for note in batch.notes]
    assert note.startswith("x.json has an object at line 3 that does not end")


def test_memory_is_bounded_by_the_longest_object(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with path.open("wb") as file:
        file.write(b'[{"text": "one"}, {"text": "')
        for _ in range(60):
            file.write(b"x" * 1_000_000)
        file.write(b'"}, {"text": "two"}]')
    tally = Tally("x")
    tracemalloc.start()
    source = SourceFile(str(path), "x", path.stat().st_size)
    groups = object_groups(source, tally, max_object=4_000_000)
    found = [raw for group in groups for _, raw in group]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0] == b'{"text": "one"}'
    assert tally.rejects.take()["reason"].to_pylist()[0] == "too_long"
    assert peak < 40_000_000


def test_columns_are_mapped_as_in_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"review": {"words": "good"}, "n": 4}], indent=1))
    told = {"review_body": "review.words", "star_rating": "n"}
    assert bodies_of(read(path, columns=told)) == ["good"]

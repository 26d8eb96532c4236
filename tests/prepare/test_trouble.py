"""Files with everything wrong in them, prepared: nothing is lost, and what was wrong is said."""

import gzip
import os
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import DamagedInput, InputError
from reviewdesk.prepare.prepare import prepare
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs

from .corpus import opened, prepared, review, write_lines

NAME = 'my "text"; DROP TABLE keys; --'
DAY = date(2009, 9, 13)
LINES = [
    b'"my ""text""; DROP TABLE keys; --",stars,day,id',
    b"a date as it should be,4,2009-09-13,one",
    b"the American way,4.0,09/13/2009,two",
    b"the German way,4/5,13.09.2009,three",
    b"in words,four,13 September 2009,four",
    b"in seconds,4 stars,1252800000,five",
    b"no date at all,4,soon,six",
    b"no stars to be read,many,2009-09-13,ten",
    b"bytes \xff of another encoding,4,2009-09-13,seven",
    b"a NUL \0 inside the text,4,2009-09-13,eight",
    b"'; DELETE FROM keys; --,4,2009-09-13,\"'; DROP TABLE decided; --\"",
]


def test_a_table_with_everything_wrong(tmp_path: Path) -> None:
    path = tmp_path / "trouble.csv"
    path.write_bytes(b"\n".join(LINES) + b"\n")
    columns = {"review_body": NAME, "star_rating": "stars", "review_date": "day", "review_id": "id"}
    source = SourceSettings(columns=columns)
    data = prepare(
        open_inputs([str(path)], source),
        tmp_path / "out",
        prepare=PrepareSettings(max_rejects=1.0),
        clean=CleanSettings(),
        source=source,
    )
    rows = {row["review_id"]: row for row in data.table().to_pylist()}
    assert data.manifest["rows"] == {"read": 10, "rejected": 1, "dropped": 0, "written": 9}
    for name in ("one", "two", "three", "four", "five", "eight"):
        assert (rows[name]["star_rating"], rows[name]["review_date"]) == (4, DAY), name
    assert rows["six"]["review_date"] is None
    assert data.manifest["unreadable"] == {"review_date": 1, "star_rating": 1}
    assert rows["ten"]["star_rating"] is None
    assert rows["eight"]["review_body"] == "a NUL inside the text"
    assert rows["'; DROP TABLE decided; --"]["review_body"] == "'; DELETE FROM keys; --"
    rejects = pq.read_table(tmp_path / "out" / "rejects.parquet").sort_by("line").to_pylist()
    assert [(one["line"], one["reason"], one["raw"]) for one in rejects] == [
        (9, "bad_utf8", LINES[8]),
    ]


def test_a_truncated_gzip_keeps_what_comes_before_and_says_so(tmp_path: Path) -> None:
    whole = write_lines(tmp_path / "whole.jsonl", [review(n) for n in range(500)])
    raw = gzip.compress(whole.read_bytes(), mtime=0)
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(raw[: len(raw) * 2 // 3])
    with pytest.raises(DamagedInput, match="cut off.*reviews are missing.*get the file again"):
        prepared(tmp_path / "out", path)
    with pytest.raises(DamagedInput):  # not forgotten when it is asked for again
        prepared(tmp_path / "out", path)
    data = prepared(tmp_path / "all", path, settings=PrepareSettings(max_rejects=1))
    rows = data.manifest["rows"]
    assert 200 < rows["written"] < 500
    assert rows["read"] == rows["written"] + rows["rejected"]
    assert any("cut.jsonl.gz" in note for note in data.notes)
    first = {row["review_id"] for row in data.table(["review_id"]).to_pylist()}
    assert first == {f"R{n:06d}" for n in range(rows["written"])}


def test_two_columns_of_one_name_are_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,stars,text\nthe first text,5,the second text\n")
    data = prepared(tmp_path / "out", path)
    assert data.table(["review_body"]).to_pylist() == [{"review_body": "the first text"}]
    assert data.notes == (
        "a.csv has 2 columns called 'text': the first one is read; give the others other names if "
        "you want one of them",
    )


def test_a_field_of_hundreds_of_kilobytes_is_read_and_dropped_by_the_rule(tmp_path: Path) -> None:
    rows = [f"text {number} of them,5" for number in range(200)]
    path = tmp_path / "a.csv"
    path.write_text(
        "\n".join(["text,stars", *rows[:9], f'"{"so " * 100_000}",1', *rows[9:]]) + "\n"
    )
    data = prepared(tmp_path / "out", path)
    assert data.rows == 200
    assert data.manifest["rejected"] == {}
    assert data.manifest["dropped"]["too_long"] == 1


@pytest.mark.parametrize("place", ["", "*.jsonl"])
def test_a_file_name_that_is_no_utf8_is_one_sentence(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    good = write_lines(folder / "good.jsonl", [review(1)])
    Path(os.fsdecode(os.fsencode(folder) + b"/b\xff\xfe.jsonl")).write_bytes(good.read_bytes())
    with pytest.raises(InputError, match=r"odd/b\\xff\\xfe\.jsonl is not valid UTF-8; rename it"):
        opened(folder / place)

from collections.abc import Iterator

import pytest

from reviewdesk.sources.base import Tally
from reviewdesk.sources.delimited import csv_rows
from reviewdesk.sources.lines import LineBlock


def blocks(data: bytes, every: int) -> Iterator[LineBlock]:
    lines = data.split(b"\n")[:-1]
    for start in range(0, len(lines), every):
        part = b"".join(line + b"\n" for line in lines[start : start + every])
        yield LineBlock(part, start + 1)


def parse(
    data: bytes, delimiter: str = ",", every: int = 100
) -> tuple[list[tuple[str, str]], list[int], list[tuple[int, str, bytes]]]:
    tally = Tally("x.csv")
    rows: list[tuple[str, str]] = []
    lines: list[int] = []
    for part in csv_rows(blocks(b"a,b\n" + data, every), ["x", "y"], tally, delimiter):
        rows += zip(*(part.columns[name].to_pylist() for name in ("x", "y")), strict=True)
        lines += part.lines or ()
    rejects = tally.rejects.take().to_pylist()
    return rows, lines, [(one["line"], one["reason"], one["raw"]) for one in rejects]


@pytest.mark.parametrize("every", [1, 2, 100])
def test_quotes_newlines_and_returns_inside_fields(every: int) -> None:
    data = b'1,"one\ntwo ""quoted"", and more\n"\r\n\n2,lone\rreturn\r\n3,"\r\n"\n4,5" wide\n'
    rows, lines, bad = parse(data, every=every)
    assert rows == [
        ("1", 'one\ntwo "quoted", and more\n'),
        ("2", "lone\rreturn"),
        ("3", "\r\n"),
        ("4", '5" wide'),
    ]
    assert lines == [2, 6, 7, 9]
    assert bad == []


def test_ragged_rows_are_rejected_alone() -> None:
    rows, lines, bad = parse(b"1,2\n1\n1,2,3\n3,4\n")
    assert rows == [("1", "2"), ("3", "4")]
    assert lines == [2, 5]
    assert bad == [(3, "wrong_field_count", b"1"), (4, "wrong_field_count", b"1,2,3")]


@pytest.mark.parametrize("every", [1, 3, 10_000])
def test_an_open_quote_swallows_nothing(every: int) -> None:
    good = b"".join(b"%d,good\n" % number for number in range(20))
    rows, lines, bad = parse(b'0,"open\n' + good, every=every)
    assert [row[1] for row in rows] == ['"open', *["good"] * 20]
    assert lines == list(range(2, 23))
    assert bad == []


def test_an_open_quote_far_from_the_end_swallows_nothing() -> None:
    good = b"".join(b"%d,good\n" % number for number in range(40_000))
    rows, _, bad = parse(good + b'0,"open\n' + good, every=10_000)
    assert len(rows) == 80_001
    assert bad == []


def test_an_open_quote_closed_by_a_later_one_costs_no_row() -> None:
    rows, _, bad = parse(b'0,"open\n1,good\n2,"fine"\n3,good\n')
    assert rows == [("0", '"open'), ("1", "good"), ("2", "fine"), ("3", "good")]
    assert bad == []


def test_a_record_that_the_file_ends_in_is_not_read_as_a_whole_one() -> None:
    rows, _, bad = parse(b'1,good\n2,"cut off in the\nmiddle of')
    assert rows == [("1", "good")]
    assert bad[0] == (3, "bad_quotes", b'2,"cut off in the')


def test_a_quote_inside_a_field_of_one_line_loses_no_row() -> None:
    rows, _, bad = parse(b'1,"Great" thing\n2,b\n"3" or so,c\n')
    assert rows == [("1", '"Great" thing'), ("2", "b"), ('"3" or so', "c")]
    assert bad == []


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        (b'1,"He said "hi" and\nthen left"', ("1", 'He said "hi" and\nthen left')),
        (b'1,"The "deluxe", as they say"', ("1", 'The "deluxe", as they say')),
        (b'"An 8" pan, heavy",2', ('An 8" pan, heavy', "2")),
        (b'"ends in an inch 5"",2', ('ends in an inch 5"', "2")),
    ],
)
def test_quotes_that_are_not_doubled_are_text(record: bytes, fields: tuple[str, str]) -> None:
    rows, _, bad = parse(b"0,a\n" + record + b"\n3,b\n")
    assert rows == [("0", "a"), fields, ("3", "b")]
    assert bad == []


def test_a_row_that_is_not_utf8_is_rejected_with_all_its_lines() -> None:
    rows, lines, bad = parse(b'1,"a\n\xff"\n2,\xc3\xa9\n')
    assert rows == [("2", "é")]
    assert lines == [4]
    assert bad == [(2, "bad_utf8", b'1,"a\n\xff"')]


def test_nul_bytes_and_empty_fields() -> None:
    assert parse(b"1,a\0b\n,\n")[0] == [("1", "a\0b"), ("", "")]


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_other_delimiters(delimiter: str) -> None:
    tally = Tally("x")
    data = f'a{delimiter}b\n"1{delimiter}"{delimiter}2\n'.encode()
    (rows,) = csv_rows(blocks(data, 1), [None, "y"], tally, delimiter)
    assert rows.columns["y"].to_pylist() == ["2"]
    assert list(rows.columns) == ["y"]

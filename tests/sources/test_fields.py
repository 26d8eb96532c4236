from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.sources.fields import split_block
from reviewdesk.sources.lines import LineBlock
from reviewdesk.sources.rejects import Rejects


def split(
    data: bytes, names: list[str | None], first_line: int = 2
) -> tuple[dict[str, list[str]], list[int], list[tuple[int, str, bytes]]]:
    rejects = Rejects("x")
    rows = split_block(LineBlock(data, first_line), names, rejects)
    found = {name: column.to_pylist() for name, column in rows.columns.items()}
    for column in rows.columns.values():
        column.validate(full=True)
    bad = [(one["line"], one["reason"], one["raw"]) for one in rejects.take().to_pylist()]
    return found, list(rows.lines or ()), bad


def test_good_lines_become_columns_and_bad_ones_rejects() -> None:
    data = b"a\tb\tc\nshort\tline\n\n\t\t\none\tmore\tthan\tthree\nd\t\xff\tf\ng\th\t\xc3\xa9\r\n"
    found, lines, bad = split(data, ["x", "y", None])
    assert found == {"x": ["a", "", "g"], "y": ["b", "", "h"]}
    assert lines == [2, 5, 8]
    assert bad == [
        (3, "wrong_field_count", b"short\tline"),
        (6, "wrong_field_count", b"one\tmore\tthan\tthree"),
        (7, "bad_utf8", b"d\t\xff\tf"),
    ]


def test_a_return_ends_a_line_only_before_its_newline() -> None:
    found, _, bad = split(b"a\rb\tc\r\r\n", ["x", "y"])
    assert found == {"x": ["a\rb"], "y": ["c\r"]}
    assert bad == []


def test_a_nul_byte_is_a_character() -> None:
    assert split(b"a\0b\tc\n", ["x", "y"])[0] == {"x": ["a\0b"], "y": ["c"]}


def test_no_lines_and_only_bad_lines() -> None:
    assert split(b"", ["x", "y"]) == ({"x": [], "y": []}, [], [])
    assert split(b"a\n", ["x", "y"])[0] == {"x": [], "y": []}


def test_one_column() -> None:
    found, lines, bad = split(b"a\n\nb\tc\nd\n", ["x"])
    assert found == {"x": ["a", "d"]}
    assert lines == [2, 5]
    assert bad == [(4, "wrong_field_count", b"b\tc")]


def test_raw_bytes_of_good_rows() -> None:
    rows = split_block(LineBlock(b"bad\na\tb\r\nc\td\n", 1), ["x", "y"], Rejects("x"))
    assert [rows.raw(0), rows.raw(1)] == [b"a\tb", b"c\td"]
    assert [rows.line(0), rows.line(1)] == [2, 3]


@given(st.lists(st.binary(max_size=12), max_size=12), st.integers(1, 4))
def test_nothing_is_lost(lines: list[bytes], width: int) -> None:
    """Every line that is not blank is a row or a reject, as a plain split has it."""
    lines = [line.replace(b"\n", b"\t") for line in lines]
    names: list[str | None] = [f"c{place}" for place in range(width)]
    found, numbers, bad = split(b"".join(line + b"\n" for line in lines), names, 1)
    good: list[tuple[int, list[str]]] = []
    expected_bad: list[int] = []
    for number, line in enumerate(lines, 1):
        text = line.removesuffix(b"\r")
        if not text:
            continue
        try:
            fields = text.decode().split("\t")
        except UnicodeDecodeError:
            fields = []
        if len(fields) == width:
            good.append((number, fields))
        else:
            expected_bad.append(number)
    assert numbers == [number for number, _ in good]
    assert [line for line, _, _ in bad] == expected_bad
    for place, name in enumerate(names):
        assert found[str(name)] == [fields[place] for _, fields in good]

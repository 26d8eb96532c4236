"""Records and fields that are longer than what is looked at first."""

import csv
from pathlib import Path

import pytest

from tests.sources.samples import bodies_of, read, rejects_of
from tests.sources.test_dialects import notes_of

LINES = "\n".join(f'Line {number}, as "he" said; and | more' for number in range(1_900))
LONG = f"{LINES}\nthe end"


def table(path: Path, order: str, *, header: bool, **how: str) -> Path:
    """Write a long record and short ones, all fields in quotes, the text at another place each."""
    rows = [{"t": LONG, "i": "R0", "s": "5"}]
    rows += [{"t": f"Short, as it is {i}", "i": f"R{i}", "s": str(i % 5 + 1)} for i in range(1, 90)]
    names = {"t": "remarks", "i": "number", "s": "points"}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, **how)  # type: ignore[arg-type]
        writer.writerows([names[one] for one in order] for _ in range(header))
        writer.writerows([row[one] for one in order] for row in rows)
    return path


@pytest.mark.parametrize("order", ["tis", "its", "ist"])
@pytest.mark.parametrize(("delimiter", "header"), [(",", False), (";", True), ("\t", False)])
def test_a_first_record_longer_than_the_start_in_quotes(
    tmp_path: Path, order: str, delimiter: str, header: bool
) -> None:
    path = table(tmp_path / "r.csv", order, header=header, delimiter=delimiter)
    bodies = bodies_of(read(path))
    assert len(bodies) == 90
    assert bodies[0] == LONG


def test_a_record_behind_the_header_that_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f'"number";"remarks"\n"1";"{LINES.replace(chr(34), "")}"')
    assert len(bodies_of(read(path))) == 1


@pytest.mark.parametrize("doubled", [True, False])
def test_a_field_of_more_than_128_kib_with_line_breaks(tmp_path: Path, doubled: bool) -> None:
    text = "\n".join([LONG] * 6)
    assert len(text) > 3 * csv.field_size_limit() or csv.field_size_limit() > 131_072
    quoted = text.replace('"', '""' if doubled else '\\"')
    lines = [f'R{i},{i % 5 + 1},"Fine, says {i}"' for i in range(60)]
    lines[40] = f'R40,4,"{quoted}"'
    path = tmp_path / "r.csv"
    path.write_text("review_id,star_rating,review_body\n" + "\n".join(lines) + "\n")
    batches = read(path)
    assert bodies_of(batches)[40] == text
    assert len(bodies_of(batches)) == 60
    assert not rejects_of(batches)


def test_a_quote_that_nothing_closes_swallows_nothing(tmp_path: Path) -> None:
    lines = [f"R{i},{i % 5 + 1},Fine as it is and has been {i}" for i in range(9_000)]
    lines[500] = 'R500,4,"Never closed'
    path = tmp_path / "r.csv"
    path.write_text("review_id,star_rating,review_body\n" + "\n".join(lines) + "\n")
    batches = read(path)
    assert len(bodies_of(batches)) == 9_000
    assert "line 502" in notes_of(batches)

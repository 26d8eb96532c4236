"""Backslashes that two writers may have meant in two ways: one is taken, and both are said."""

from pathlib import Path

import pytest

from tests.sources.samples import amazon, bodies_of, read
from tests.sources.test_dialects import notes_of, written

PLAIN = "".join(f"R{number},4,A lamp of tin {number}\n" for number in range(50))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (r"look in C:\\temp for it", True),
        (r"cool \\o// yes", True),
        (r'"look in C:\\temp, for it"', False),
    ],
)
def test_one_pair_of_backslashes_in_a_plain_csv(tmp_path: Path, text: str, kept: bool) -> None:
    content = f"review_id,star_rating,review_body\n{PLAIN}R50,3,{text}\n"
    batches = read(written(tmp_path / "r.csv", content))
    bare = text.strip('"')
    assert bodies_of(batches)[-1] == (bare if kept else bare.replace("\\\\", "\\"))
    option = "escaped" if kept else "double"
    assert f"--quoting {option}" in notes_of(batches)
    told = bodies_of(read(tmp_path / "r.csv", quoting=option))[-1]
    assert told != bodies_of(batches)[-1]


def test_backslashes_that_escape_nothing_need_no_word(tmp_path: Path) -> None:
    content = f"review_id,star_rating,review_body\n{PLAIN}R50,3,C:\\\\temp and \\(o)/\n"
    assert notes_of(read(written(tmp_path / "r.csv", content))) == ""


def test_a_quoted_text_of_amazon_that_ends_in_a_quote(tmp_path: Path) -> None:
    texts = ['"two lamps -- \\""', '"like no lamp"', "plain"]
    batches = read(written(tmp_path / "r.tsv", amazon(texts)))
    assert bodies_of(batches) == texts


def test_mysql_without_names_and_one_record(tmp_path: Path) -> None:
    batches = read(written(tmp_path / "r.tsv", "3\ta\\\tb as a gift, and it shines\n"))
    assert bodies_of(batches) == ["a\tb as a gift, and it shines"]


def test_mysql_with_one_field_that_looks_quoted(tmp_path: Path) -> None:
    content = 'title\ttext\nfine\\nas it is\t"A lamp says ""hello"""\n'
    batches = read(written(tmp_path / "r.tsv", content))
    assert len(bodies_of(batches)) == 1
    assert "backslashes in title" in notes_of(batches)

"""Files that go on otherwise than they began, because they were joined from several."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reviewdesk.errors import InputError
from tests.sources.samples import amazon, bodies_of, read, rejects_of
from tests.sources.test_dialects import notes_of, written

EARLY = [f"A lamp of tin that shines, as lamps do {number}" for number in range(1_800)]
LATE = [f"Another lamp {number}" for number in range(60)]


def csv_lines(texts: list[str], end: str) -> str:
    return "".join(f'{number % 5 + 1},"{text}"{end}' for number, text in enumerate(texts))


def json_lines(texts: list[str], end: str) -> str:
    return "".join(json.dumps({"text": text, "stars": 4}) + end for text in texts)


def plain_lines(texts: list[str], end: str) -> str:
    return "".join(text + end for text in texts)


@pytest.mark.parametrize(
    ("name", "header", "lines"),
    [
        ("r.csv", "stars,text\n", csv_lines),
        ("r.jsonl", "", json_lines),
        ("one.csv", "review\n", plain_lines),
    ],
)
def test_lines_that_end_in_returns_late(
    tmp_path: Path, name: str, header: str, lines: Callable[[list[str], str], str]
) -> None:
    content = header + lines(EARLY, "\n") + lines(LATE, "\r")
    batches = read(written(tmp_path / name, content.encode()))
    assert bodies_of(batches) == EARLY + LATE
    assert not rejects_of(batches)


def test_lines_of_amazon_and_of_mysql_that_end_in_returns_late(tmp_path: Path) -> None:
    header, *lines = amazon(EARLY + LATE).decode().splitlines()
    joined = "\n".join([header, *lines[: len(EARLY)]]) + "\n" + "\r".join(lines[len(EARLY) :])
    batches = read(written(tmp_path / "r.tsv", joined.encode()))
    assert bodies_of(batches) == EARLY + LATE
    escaped = "text\tstars\n" + "".join(f"{text}\\\nby lamps\t4\n" for text in EARLY)
    late = "".join(f"{text}\t4\r" for text in LATE)
    batches = read(written(tmp_path / "m.tsv", (escaped + late).encode()))
    assert bodies_of(batches)[-len(LATE) :] == LATE
    assert not rejects_of(batches)


def test_a_few_returns_in_texts_end_no_lines(tmp_path: Path) -> None:
    texts = [*EARLY[:50], "A lamp.\rIt shines.\r\rAs lamps do", *LATE]
    assert bodies_of(
        read(written(tmp_path / "one.csv", "review\n" + plain_lines(texts, "\n")))
    ) == (texts)
    content = "stars,text\n" + csv_lines([*texts, '3,4\r5,"6'.replace('"', '""')], "\n")
    assert len(bodies_of(read(written(tmp_path / "two.csv", content)))) == len(texts) + 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_another_encoding_behind_the_start_stops_the_file(
    tmp_path: Path, encoding: str, name: str
) -> None:
    lines = json_lines if name == "r.jsonl" else csv_lines
    header = "" if name == "r.jsonl" else "stars,text\n"
    early, late = header + lines(EARLY, "\n"), lines(LATE, "\n")
    line = early.count("\n") + 1
    with pytest.raises(InputError, match=rf"{name} goes on in UTF-16 or UTF-32 at line {line},"):
        read(written(tmp_path / name, early.encode() + late.encode(encoding)))
    if encoding == "utf-16":
        with pytest.raises(InputError, match=rf"{name} begins in UTF-16 .* at line {line}:"):
            read(written(tmp_path / name, early.encode(encoding) + late.encode()))


def test_nul_bytes_here_and_there_are_no_other_encoding(tmp_path: Path) -> None:
    content = ("stars,text\n" + csv_lines(EARLY, "\n")).encode()
    damaged = content.replace(b"lamps do 9,", b"lam\0s do 9,") + bytes(512) + b"\n"
    assert len(bodies_of(read(written(tmp_path / "r.csv", damaged)))) == len(EARLY)


def test_a_header_again_of_which_one_column_is_known(tmp_path: Path) -> None:
    part = "id,review\n" + csv_lines(EARLY[:20], "\n")
    batches = read(written(tmp_path / "r.csv", part + part))
    assert len(bodies_of(batches)) == 40
    assert "has its header 1 more times" in notes_of(batches)

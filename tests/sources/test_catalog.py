import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import SOURCES, Input, open_inputs
from tests.sources.samples import bodies_of

CSV = "text,stars\n{},4\n"


def names(*places: Path | str, file_format: str = "auto") -> list[str]:
    return [one.name for one in inputs(*places, file_format=file_format)]


def inputs(*places: Path | str, file_format: str = "auto") -> list[Input]:
    return open_inputs([str(place) for place in places], SourceSettings(source_format=file_format))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as people have them: data below data, and other things beside it."""
    for name in ("b.csv", "a.csv", "2019/c.csv.gz", "_SUCCESS", ".hidden.csv", "README.md"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CSV.format(name) if "csv" in name else "# Reviews, many\n")
    truth = tmp_path / "data/demo.tsv.truth"
    truth.mkdir()
    (truth / "review-category.csv").write_text("id\n1\n")
    (tmp_path / "data/empty.csv").touch()
    return tmp_path / "data"


def test_a_folder_gives_its_data_in_order(folder: Path) -> None:
    assert names(folder) == ["2019/c.csv.gz", "a.csv", "b.csv"]


def test_a_named_format_leaves_out_what_else_is_in_a_folder(folder: Path) -> None:
    assert names(folder, file_format="table") == ["2019/c.csv.gz", "a.csv", "b.csv"]
    with pytest.raises(InputError, match="has no file that can be read as reviews"):
        names(folder, file_format="amazon")


def test_places_are_ordered_and_read_once(folder: Path) -> None:
    (folder.parent / "link.csv").symlink_to(folder / "a.csv")
    for places in (
        [folder / "b.csv", folder / "a.csv"],
        [folder / "a.csv", folder / "b.csv", folder / "a.csv"],
        [folder / "[ab].csv", folder / "a.csv"],
        [folder / "2019/../a.csv", folder / "b.csv", folder / "a.csv"],
    ):
        assert names(*places) == ["a.csv", "b.csv"]
    assert len(inputs(folder / "a.csv", folder.parent / "link.csv")) == 1
    assert len(inputs(folder, folder / "a.csv")) == 3


def test_patterns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(folder / "[ab].*") == ["a.csv", "b.csv"]
    assert names(folder / "**/c.*") == ["c.csv.gz"]
    monkeypatch.chdir(folder)
    assert names("[ab].csv") == ["a.csv", "b.csv"]
    (folder / "[ab].csv").write_text(CSV.format("itself"))
    assert names("[ab].csv") == ["[ab].csv"]
    with pytest.raises(InputError, match=r"no file matches .*x\*\.csv"):
        names(folder / "x*.csv")


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none\.csv does not exist"):
        names(tmp_path / "none.csv")
    with pytest.raises(InputError, match="no input was given"):
        names()


def test_a_folder_with_nothing_in_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no files in it"):
        names(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing of interest")
    with pytest.raises(InputError, match="has no file that can be read as reviews"):
        names(tmp_path)


def test_a_table_without_text_in_a_folder_is_left_alone_and_listed(folder: Path) -> None:
    (folder / "odd.csv").write_text("words,stars\na,4\n")
    inputs = open_inputs([str(folder)], SourceSettings())
    assert "odd.csv" not in [one.name for one in inputs]
    assert "left alone: without a column known to hold the text: odd.csv" in inputs.listing()
    (warning,) = inputs.warnings()
    assert warning.startswith("NOT READ: odd.csv, as no column there is known")


def test_a_folder_of_nothing_but_tables_without_text_says_what_they_have(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("words,stars\na,4\n")
    with pytest.raises(InputError, match=r"odd\.csv .* --map review_body=COLUMN"):
        names(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x1f\x8b\x08"])
def test_an_empty_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.csv is empty"):
        names(tmp_path / "x.csv")


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        names(tmp_path / "pipe")


def test_a_dangling_link_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "x.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(StorageError, match="does not exist"):
        names(tmp_path / "x.csv")


def test_an_unknown_format_is_a_wrong_option(folder: Path) -> None:
    with pytest.raises(UsageError, match="unknown source 'excel'; there are: amazon, "):
        names(folder, file_format="excel")


def test_digests(folder: Path) -> None:
    first, second = inputs(folder / "a.csv", folder / "b.csv")
    assert first.sha256() != second.sha256()
    assert first.sha256() == inputs(folder / "a.csv")[0].sha256()
    assert len(first.sha256()) == 64


PLUGIN = """
    from reviewdesk.sources.base import RawRows, Source
    from reviewdesk.sources.lines import line_blocks
    from reviewdesk.sources.raw_rows import RowBuilder


    class Haiku(Source):
        name = "haiku"
        title = "Haiku reviews"
        description = "one review a line, slashes between its lines"

        @classmethod
        def recognises(cls, probe):
            return probe.head.startswith(b"haiku,")

        def rows(self, file, tally):
            builder = RowBuilder(["review_body"])
            for block in line_blocks(file, tally):
                for number, line in enumerate(block.data.splitlines(), block.first_line):
                    if number > 1:
                        builder.add([line.decode()], line, number)
            yield builder.take()
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that adds a source, installed the way pip would leave it."""
    site = tmp_path / "site"
    metadata = site / "haiku_reviews-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: haiku-reviews\nVersion: 1.0\n")
    entry = "haiku = haiku_reviews:Haiku\nbroken = haiku_reviews:PLUGIN\nimdb = haiku_reviews:Haiku"
    (metadata / "entry_points.txt").write_text(f"[reviewdesk.sources]\n{entry}\n")
    (site / "haiku_reviews.py").write_text(textwrap.dedent(PLUGIN) + "\n\nclass PLUGIN: ...\n")
    monkeypatch.syspath_prepend(str(site))
    yield
    sys.modules.pop("haiku_reviews", None)


@pytest.mark.usefixtures("plugin")
def test_another_package_can_add_a_source(tmp_path: Path) -> None:
    path = tmp_path / "poems.csv"
    path.write_text("haiku,text\nold pond / frog leaps in / splash\n")
    assert SOURCES.names()[-2:] == ["broken", "haiku"]
    assert SOURCES.names().count("imdb") == 1  # names of the house cannot be taken
    (found,) = inputs(path, file_format="haiku")
    assert bodies_of(list(found.read())) == ["old pond / frog leaps in / splash"]
    with pytest.raises(InputError, match="'broken' is not a subclass"):
        inputs(path, file_format="broken")

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from reviewdesk.errors import InputError
from reviewdesk.prepare import staging
from reviewdesk.prepare.staged import StagedGroup, staged
from reviewdesk.prepare.staging import stage
from reviewdesk.prepare.workspace import state_of
from reviewdesk.progress import SILENT
from reviewdesk.schema import REJECTS, REVIEWS
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import Input, Probe, Source, SourceBatch, SourceFile, Tally
from reviewdesk.sources.deciding import Deciding
from reviewdesk.sources.raw_rows import RawRows
from reviewdesk.sources.readings import Reading

from .corpus import opened, review, write_lines


def staged_now(one: Input, directory: Path, settings: PrepareSettings | None = None) -> StagedGroup:
    with SILENT.task("Reading") as task:
        return stage(
            [one],
            0,
            directory,
            prepare=settings or PrepareSettings(),
            clean=CleanSettings(),
            task=task,
            deciding=Deciding(),
        )


class Odd(Source):
    """Hands out the batches that a test gives it; a plug-in may hand out anything."""

    name: ClassVar[str] = "odd"

    def __init__(self, batches: Iterator[SourceBatch]) -> None:
        super().__init__(SourceSettings())
        self.batches = batches

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        return False

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        raise NotImplementedError

    def read(  # type: ignore[misc]
        self, file: SourceFile, reading: Reading | None = None
    ) -> Iterator[SourceBatch]:
        return self.batches


def odd(path: Path, *batches: pa.RecordBatch) -> Input:
    path.touch()
    none = REJECTS.empty_table().combine_chunks()
    rejects = pa.RecordBatch.from_pydict(none.to_pydict(), REJECTS)
    source = Odd(SourceBatch(batch, rejects, 0) for batch in batches)
    return Input(SourceFile(str(path), path.name, 0), source)


def batch(schema: pa.Schema = REVIEWS, **values: Any) -> pa.RecordBatch:
    row = {"review_id": "R1", "review_body": "a body", **values}
    columns = [pa.array([row.get(field.name)], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def test_counts_what_was_read_and_left_out(tmp_path: Path) -> None:
    rows: list[Any] = [
        review(1),
        review(2, review_body="123 :-) 👍"),
        review(3, review_body="x" * 5_001),
        review(4, review_body="<br/> <br/>"),
        review(7, review_body="<br/>好<br/>"),
        review(5, review_date="no date at all"),
        "no JSON",
        review(6, star_rating=17),
    ]
    (one,) = opened(write_lines(tmp_path / "a.jsonl", rows))
    found = staged_now(one, tmp_path / "staged")
    (counts,) = found.inputs
    assert counts.read == 8
    assert counts.rejected == {"bad_json": 1}
    assert counts.dropped == {"no_text": 1, "no_letters": 1, "too_short": 0, "too_long": 1}
    assert found.unreadable == {"review_date": 1, "star_rating": 1}
    assert found.changed["review_body"] == 5
    assert sum(run.rows for run in found.runs if run.has_texts) == 4
    assert sum(run.rows for run in found.runs if not run.has_texts) == 2  # they have stars
    assert staged(tmp_path / "staged") == found


@pytest.mark.parametrize(("chars", "kept"), [(4, 0), (5, 1), (6, 1), (7, 0)])
def test_length_is_counted_in_characters_and_bounds_are_allowed(
    tmp_path: Path, chars: int, kept: int
) -> None:
    (one,) = opened(write_lines(tmp_path / "a.jsonl", [review(1, review_body="é" * chars)]))
    found = staged_now(one, tmp_path / "s", PrepareSettings(min_chars=5, max_chars=6))
    assert sum(run.rows for run in found.runs) == kept


def test_without_a_limit_nothing_is_too_long(tmp_path: Path) -> None:
    (one,) = opened(write_lines(tmp_path / "a.jsonl", [review(1, review_body="x" * 20_000)]))
    found = staged_now(one, tmp_path / "s", PrepareSettings(max_chars=0))
    assert sum(run.rows for run in found.runs) == 1


def test_is_staged_only_with_its_marker_and_whole_files(tmp_path: Path) -> None:
    (one,) = opened(write_lines(tmp_path / "a.jsonl", [review(1)]))
    directory = tmp_path / "s"
    assert staged(directory) is None
    found = staged_now(one, directory)
    with (directory / found.runs[0].file).open("ab") as file:
        file.write(b"x")
    assert staged(directory) is None
    assert staged_now(one, directory) == found
    (directory / found.runs[0].keys).unlink()
    assert staged(directory) is None


def test_an_input_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [review(1)])
    (one,) = opened(path)

    class Growing(Odd):
        def read(  # type: ignore[misc]
            self, file: SourceFile, reading: Reading | None = None
        ) -> Iterator[SourceBatch]:
            yield from one.read()
            with path.open("a") as more:
                more.write("{}\n")

    changing = Input(one.file, Growing(iter(())))
    with pytest.raises(InputError, match="was changed while it was read"):
        staged_now(changing, tmp_path / "s")
    assert staged(tmp_path / "s") is None


def test_a_change_that_keeps_the_size_is_seen_too(tmp_path: Path) -> None:
    (one,) = opened(write_lines(tmp_path / "a.jsonl", [review(1)]))
    before = state_of(one)
    os.utime(one.place, ns=(before[2] + 1, before[2] + 1))
    assert state_of(one) != before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (batch().select(["review_id", "review_body"]), "in another schema"),
        (batch(review_body=None), "without id or text"),
        (batch(review_id=None), "without id or text"),
        (batch(review_date=2932897), "outside years 1–9999"),
        (batch(review_date=-719163), "outside years 1–9999"),
    ],
)
def test_a_source_that_breaks_the_contract_is_named(
    tmp_path: Path, given: pa.RecordBatch, message: str
) -> None:
    with pytest.raises(InputError, match=f"the source odd .*{message}"):
        staged_now(odd(tmp_path / "x", given), tmp_path / "s")


def test_an_error_of_the_source_comes_through(tmp_path: Path) -> None:
    def batches() -> Iterator[SourceBatch]:
        yield from ()
        raise InputError("the file is a picture")

    (tmp_path / "x").touch()
    one = Input(SourceFile(str(tmp_path / "x"), "x", 0), Odd(batches()))
    with pytest.raises(InputError, match="the file is a picture"):
        staged_now(one, tmp_path / "s")


def test_many_rows_become_several_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "RUN_ROWS", 3)
    batches = [batch(review_id=f"R{n}") for n in range(8)]
    found = staged_now(odd(tmp_path / "x", *batches), tmp_path / "s")
    assert [run.rows for run in found.runs] == [3, 3, 2]

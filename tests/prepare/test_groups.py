"""Many small files are staged together, and each is read and accounted for as if it were alone."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from reviewdesk.prepare import staged
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.staged import groups_of
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs

from .corpus import for_readers

TEXTS = (
    "It boils, and “quietly”",
    'She said "no" to it',
    "two\nlines of it",
    "ein größerer Kessel",
)


def rows(first: int, count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "review_id": [f"R{number}" for number in range(first, first + count)],
            "text": [f"{TEXTS[number % 4]} {number}" for number in range(first, first + count)],
            "stars": [1 + number % 5 for number in range(first, first + count)],
            "date": [f"{1 + number % 12}/06/2015" for number in range(first, first + count)],
        }
    )


def write_odd_neighbours(folder: Path) -> Path:
    """Write files with alike names that are written in different ways, and return their folder."""
    folder.mkdir()
    rows(0, 7).to_csv(folder / "part-00.csv", index=False)
    rows(7, 7).to_csv(folder / "part-01.csv", index=False, sep=";")
    rows(14, 7).to_csv(folder / "part-02.csv", index=False, encoding="cp1252", errors="replace")
    rows(21, 7).to_csv(folder / "part-03.csv", index=False, quoting=1)
    rows(28, 7)[["stars", "date", "text", "review_id"]].to_csv(folder / "part-04.csv", index=False)
    rows(35, 7).to_csv(folder / "part-05.csv", index=False, encoding="utf-16")
    rows(42, 7).to_csv(folder / "part-06.csv.gz", index=False, sep="\t")
    rows(49, 7).to_csv(folder / "part-07.csv", index=False, escapechar="\\", doublequote=False)
    late = rows(56, 7).assign(date="25/12/2015")  # says the order of all days in the folder
    late.to_csv(folder / "part-08.csv", index=False)
    rows(63, 7).rename(columns={"text": "comment"}).to_csv(folder / "part-09.csv", index=False)
    rows(70, 7).to_json(folder / "part-10.jsonl", orient="records", lines=True)
    rows(77, 7).to_json(folder / "part-11.json", orient="records")
    rows(84, 7).to_parquet(folder / "part-12.parquet")
    (folder / "part-13.csv").write_text('review_id,text,stars,date\nR91,"a lost, one\nR92,x\n')
    return folder


def prepared(out: Path, *places: Path) -> PreparedData:
    source = SourceSettings()
    return prepare(
        open_inputs(list(map(str, places)), source),
        out,
        prepare=PrepareSettings(max_rejects=1.0),
        clean=CleanSettings(),
        source=source,
    )


def without_times(data: PreparedData) -> dict[str, bytes]:
    """Return all that a prepared folder holds for its readers."""
    return for_readers(data.path)


def test_files_read_together_give_what_they_give_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_odd_neighbours(tmp_path / "many")
    together = prepared(tmp_path / "together", folder)
    monkeypatch.setattr(staged, "SMALL_BYTES", 0)
    assert without_times(prepared(tmp_path / "alone", folder)) == without_times(together)
    table = together.table(["review_id", "review_date"]).to_pylist()
    assert {one["review_id"] for one in table} >= {f"R{number}" for number in range(91)}
    assert {one["review_date"].month for one in table} == {6, 12}


def sizes(groups: Sequence[Sequence[int]]) -> list[int]:
    return [len(group) for group in groups]


def test_only_small_files_of_one_kind_are_staged_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        rows(number, 3).to_csv(tmp_path / f"a{number}.csv", index=False)
        rows(number, 3).to_json(tmp_path / f"a{number}.jsonl", orient="records", lines=True)
    rows(0, 500).to_csv(tmp_path / "large.csv", index=False)
    inputs = open_inputs([str(tmp_path)], SourceSettings())
    assert sizes(groups_of(inputs)) == [13]
    monkeypatch.setattr(staged, "SMALL_BYTES", 5_000)
    assert sorted(sizes(groups_of(inputs))) == [1, 12]
    monkeypatch.setattr(staged, "GROUP_INPUTS", 5)
    assert sorted(sizes(groups_of(inputs))) == [1, 2, 5, 5]
    monkeypatch.setattr(staged, "GROUP_BYTES", 0)
    assert sizes(groups_of(inputs)) == [1] * 13


def test_copies_count_for_the_small_file_that_they_are_in(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(5):
        table = rows(0 if number in (1, 3) else 10 * number, 4).drop(columns="date")
        table.to_csv(folder / f"{number}.csv", index=False)
    data = prepared(tmp_path / "out", folder)
    kept = [(one["rows_read"], one["reviews"]) for one in data.manifest["inputs"]]
    assert kept == [(4, 4), (4, 0), (4, 4), (4, 0), (4, 4)]

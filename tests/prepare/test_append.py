"""Files added to prepared data: the same as one run over all of them."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.errors import UsageError
from reviewdesk.job.erase import erase_everywhere
from reviewdesk.prepare.earlier import history_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.workspace import Workspace

from ..cli.conftest import run_cli
from .corpus import contents, for_readers, mixed_corpus


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_files_added_one_by_one_are_as_if_they_had_come_at_once(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    files = mixed_corpus(tmp_path, rows=250)
    settings: dict[str, Any] = {"max_rejects": 1.0, "tokens": True}
    rd.prepare(files, tmp_path / "once", **settings)
    first, *later = [files[number] for number in order]
    rd.prepare(first, tmp_path / "months", **settings)
    for file in later:
        rd.prepare(file, tmp_path / "months", append=True)
    once, months = for_readers(tmp_path / "once"), for_readers(tmp_path / "months")
    manifests = [json.loads(one.pop("manifest.json")) for one in (once, months)]
    assert months == once
    if order != (0, 1, 2):  # which of two equal rows in two files is dropped is a matter of order
        for manifest in manifests:
            manifest.pop("digest")
            for one in manifest["inputs"]:
                one.pop("dropped"), one.pop("reviews")
    assert manifests[0] == manifests[1]
    assert len(history_of(PreparedData.open(tmp_path / "months"))) == 2


LONG = "the lid is loose and the colour fades after a few washes"


def shop(month: int, rows: int = 30) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "comment": [f"note {month}-{n}, {LONG}" for n in range(rows)],
            "stars": [1 + n % 5 for n in range(rows)],
            "user_id": [f"customer-{n}" for n in range(rows)],
            "date": [f"2024-{month:02d}-{1 + n % 28:02d}" for n in range(rows)],
        }
    )


def months(folder: Path, *numbers: int) -> list[Path]:
    paths = [folder / f"m{number:02d}.csv" for number in numbers]
    for number, path in zip(numbers, paths, strict=True):
        shop(number).to_csv(path, index=False)
    return paths


def test_only_what_changes_is_written_and_the_same_file_counts_once(tmp_path: Path) -> None:
    files = months(tmp_path, 1, 2, 3)
    data = tmp_path / "data"
    run_cli("prepare", *files[:2], "--out", data)
    january = next((data / "reviews" / "review_month=2024-01").glob("*"))
    before = january.stat().st_ino
    done = run_cli("prepare", *files, "--append", data)
    assert done.code == 0, done.err
    assert "read before, and not added again: m01.csv, m02.csv" in done.err
    assert january.stat().st_ino == before
    assert rd.Reviews.open(data).counts["written"] == 90
    again = run_cli("prepare", files[2], "--append", data)
    assert (again.code, "nothing to add" in again.err) == (0, True)


def test_what_was_decided_stays_or_the_run_stops(tmp_path: Path) -> None:
    (file,) = months(tmp_path, 1)
    run_cli(
        "prepare", file, "--min-chars", "5", "--map", "review_body=comment", "--out", tmp_path / "d"
    )
    ten = shop(2).assign(stars=[1 + n % 10 for n in range(30)])
    ten.to_csv(tmp_path / "ten.csv", index=False)
    before = contents(tmp_path / "d")
    refused = run_cli("prepare", tmp_path / "ten.csv", "--append", tmp_path / "d")
    assert refused.code == 2
    assert "ratings as 1-10 and not as 1-5" in refused.err
    other = run_cli("prepare", tmp_path / "ten.csv", "--append", tmp_path / "d", "--min-chars", "9")
    assert "prepared with min_chars 5, which stays" in other.err
    assert contents(tmp_path / "d") == before
    told_so = ("prepare", tmp_path / "ten.csv", "--append", tmp_path / "d", "--stars-scale", "1-10")
    assert run_cli(*told_so).code == 0
    assert rd.Reviews.open(tmp_path / "d").counts["written"] == 60
    run_cli("prepare", file, "--no-appendable", "--out", tmp_path / "bare")
    bare = run_cli("prepare", tmp_path / "ten.csv", "--append", tmp_path / "bare")
    assert "prepare all files in one run" in bare.err
    both = run_cli("prepare", file, "--append", tmp_path / "d", "--out", tmp_path / "e")
    assert "name the folder to write" in both.err


def test_derived_lengths_stay_and_it_is_said(tmp_path: Path) -> None:
    for name, factor in (("a", 1), ("b", 9)):
        texts = [f"word {n} " + "very good " * factor * (1 + n % 4) for n in range(60)]
        pd.DataFrame({"text": texts}).to_csv(tmp_path / f"{name}.csv", index=False)
    rd.prepare(tmp_path / "a.csv", tmp_path / "d", length="auto")
    before = PreparedData.open(tmp_path / "d").manifest["length"]
    added = rd.prepare(tmp_path / "b.csv", tmp_path / "d", append=True)
    assert added.data.manifest["length"] == before
    assert any("the lengths that fit stay" in note for note in added.notes)


def test_who_was_erased_does_not_come_back(tmp_path: Path) -> None:
    first, second = months(tmp_path, 1, 2)
    data = tmp_path / "data"
    rd.prepare(first, data, columns={"review_body": "comment"})
    erase_everywhere(data, "customer-7")
    assert not any(b"note 1-7," in path.read_bytes() for path in data.rglob("*") if path.is_file())
    known = json.loads((data / "erased.json").read_text())
    assert len(known["digests"]) == 1
    assert "customer-7" not in json.dumps(known)
    again = shop(1)
    again.loc[len(again)] = [f"another, {LONG}", 3, "customer-99", "2024-01-03"]
    again.to_csv(tmp_path / "again.csv", index=False)
    done = run_cli("prepare", second, tmp_path / "again.csv", "--append", data, "--json").json()
    assert done["dropped"]["erased"] == 3  # one then, two now
    rows = rd.Reviews.open(data).to_pandas()
    assert set(rows["customer_id"]) == {*(f"customer-{n}" for n in range(30)), "customer-99"} - {
        "customer-7"
    }
    assert len(rows) == 29 + 29 + 1
    replaced = run_cli("prepare", first, "--map", "review_body=comment", "--min-chars", "2",
                       "--overwrite", "--out", data, "--json").json()  # fmt: skip
    assert (replaced["rows"]["written"], replaced["dropped"]["erased"]) == (29, 1)


def append_in_a_process(files: list[str], data: str) -> None:
    rd.prepare(files, data, append=True, max_rejects=1.0)


@pytest.mark.parametrize("delay", [0.05, 0.4, 0.8])
def test_a_kill_leaves_the_old_or_the_new_and_the_same_call_ends_it(
    delay: float, tmp_path: Path
) -> None:
    files = mixed_corpus(tmp_path, rows=200)
    rd.prepare(files, tmp_path / "once", max_rejects=1.0)
    data = tmp_path / "data"
    rd.prepare(files[0], data, max_rejects=1.0)
    old = contents(data)
    context = multiprocessing.get_context("fork")
    process = context.Process(
        target=append_in_a_process, args=(list(map(str, files[1:])), str(data))
    )
    process.start()
    time.sleep(delay)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    PreparedData.open(data).verify()
    assert contents(data) == old or for_readers(data) == for_readers(tmp_path / "once")
    rd.prepare(files[1:], data, append=True, max_rejects=1.0)
    assert for_readers(data) == for_readers(tmp_path / "once")
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith(".")} <= {".data.lock"}


def test_a_kill_behind_the_last_step_leaves_nothing_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = months(tmp_path, 1, 2)
    rd.prepare(first, tmp_path / "data")

    remove = Workspace.remove

    def killed(workspace: Workspace) -> None:
        if workspace.is_published(tmp_path / "data"):
            raise KeyboardInterrupt
        remove(workspace)

    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            rd.prepare(second, tmp_path / "data", append=True)
    assert (tmp_path / ".data.partial").exists()
    assert len(rd.prepare(second, tmp_path / "data", append=True)) == 60
    assert not (tmp_path / ".data.partial").exists()


def test_columns_that_are_kept_come_along(tmp_path: Path) -> None:
    for number in (1, 2):
        shop(number).assign(topic=f"t{number}").to_csv(tmp_path / f"{number}.csv", index=False)
    rd.prepare(tmp_path / "1.csv", tmp_path / "d", keep=["topic"])
    rd.prepare(tmp_path / "2.csv", tmp_path / "d", append=True)
    parts = sorted((tmp_path / "d" / "reviews").glob("*/*.parquet"))
    assert [pq.read_table(part, partitioning=None)["topic"][0].as_py() for part in parts] == [
        "t1",
        "t2",
    ]
    with pytest.raises(UsageError, match="leave --keep out"):
        rd.prepare(tmp_path / "2.csv", tmp_path / "d", append=True, keep=["date"])

"""A job that goes on: more files, what is new since, and what a failed run leaves."""

from pathlib import Path

import pandas as pd
import pytest

import reviewdesk as rd

from ..cli.conftest import run_cli


def shop(month: int, rows: int = 80) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": [f"{('broke at once', 'works very well')[n % 2]}, {month}-{n} in the kitchen, "
                     "bought for my mother" for n in range(rows)],
            "stars": [(1, 5)[n % 2] for n in range(rows)],
            "mood": [("sad", "glad")[n % 2] for n in range(rows)],
            "category": "Kettles" if month == 1 else "Lamps",
            "date": f"2024-{month:02d}-03",
        }
    )  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"m{number}.csv" for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        shop(number).to_csv(path, index=False)
    return paths


def test_a_job_goes_on_with_another_month(files: list[Path], tmp_path: Path) -> None:
    job = tmp_path / "job"
    first = rd.run(files[0], job, "stars", folds=2)
    assert first.new == []
    done = run_cli("run", files[1], "--append", "--out", job, "--folds", "2", "--json")
    assert done.code == 0, done.err
    told = done.json()
    assert [*told["targets"]] == ["stars"]  # what it predicted before
    assert told["new"][0] == "80 reviews are new; there are 160 now."
    assert told["new"][1] == "Categories that were not there: Lamps."
    assert told["new"][2].startswith("stars: right for")
    labelled = pd.read_csv(told["targets"]["stars"]["rows"])
    assert labelled["text"].tolist() == shop(2)["text"].tolist()
    assert labelled["label"].notna().all()


def test_a_failed_run_does_not_stand_in_the_way(files: list[Path], tmp_path: Path) -> None:
    frame = shop(1).drop(columns=["stars"])
    frame.to_csv(tmp_path / "bare.csv", index=False)
    job = tmp_path / "job"
    failed = run_cli("run", tmp_path / "bare.csv", "--target", "stars", "--out", job)
    assert failed.code != 0
    assert "star_rating" in failed.err
    right = run_cli("run", tmp_path / "bare.csv", "--label", "mood", "--out", job, "--folds", "2")
    assert right.code == 0, right.err
    other = run_cli("run", files[0], "--out", job, "--folds", "2")
    assert (other.code, "--overwrite" in other.err) == (2, True)  # now there is something to keep
    mine = tmp_path / "mine"
    rd.prepare(files[0], mine / "prepared")
    refused = run_cli("run", tmp_path / "bare.csv", "--out", mine)
    assert "--overwrite" in refused.err
    assert "--overwrite" in run_cli("run", tmp_path / "bare.csv", "--out", mine).err
    assert len(rd.Reviews.open(mine / "prepared")) == 80

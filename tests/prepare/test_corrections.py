"""What people decided to change: applied, counted, kept for what comes later."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reviewdesk as rd
from reviewdesk.bundle import load_bundle
from reviewdesk.errors import InputError, UsageError

from ..cli.conftest import run_cli
from .corpus import for_readers

LONG = "the lid is loose and the colour fades after a few washes"


def shop(month: int, rows: int = 24) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "review_id": [f"R{month}-{n}" for n in range(rows)],
            "product_id": [f"P{n % 4}" for n in range(rows)],
            "category": [("Toys", "Books")[n % 2] for n in range(rows)],
            "text": [f"note {month}-{n}, {LONG}" for n in range(rows)],
            "stars": [1 + n % 5 for n in range(rows)],
            "date": [f"2024-{month:02d}-01" for _ in range(rows)],
            "topic": "old",
        }
    )


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"m{number}.csv" for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        shop(number).to_csv(path, index=False)
    return paths


def corrections(folder: Path, rows: list[tuple[str, str, str, str]], name: str = "c.csv") -> Path:
    frame = pd.DataFrame(rows, columns=["id", "column", "old", "new"])
    frame.to_csv(folder / name, index=False)
    return folder / name


CHANGES = [
    ("R1-0", "product_id", "P0", "P9"),  # moved to another product
    ("P1", "product_category", "Books", "Games"),  # all reviews of a product
    ("R1-2", "product_category", "Books", "Games"),  # is in Toys: does not fit
    ("R1-3", "star_rating", "4", "1"),
    ("R1-3", "topic", "", "=new"),
    ("R9-9", "product_id", "P0", "P9"),  # nobody
]


def as_changed(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    frame.loc[frame["review_id"] == "R1-0", "product_id"] = "P9"
    frame.loc[frame["product_id"] == "P1", "category"] = "Games"
    frame.loc[frame["review_id"] == "R1-3", ["stars", "topic"]] = [1, "=new"]
    return frame


def check(found: pd.DataFrame, given: pd.DataFrame) -> None:
    read = found.set_index("review_id").sort_index()
    wanted = as_changed(given).set_index("review_id").sort_index()
    assert read["product_id"].tolist() == wanted["product_id"].tolist()
    assert read["product_category"].tolist() == wanted["category"].tolist()
    assert read["star_rating"].tolist() == wanted["stars"].tolist()
    assert read["topic"].tolist() == wanted["topic"].tolist()


def test_they_are_applied_and_counted_and_stay_for_later_files(
    files: list[Path], tmp_path: Path
) -> None:
    changes, data = corrections(tmp_path, CHANGES), tmp_path / "d"
    words = ("prepare", files[0], "--keep", "topic", "--corrections", changes, "--out", data)
    done = run_cli(*words)
    assert done.code == 0, done.err
    assert "6 corrections changed 9 reviews; 2 fit no review as it stands" in done.out
    check(rd.Reviews.open(data).to_pandas(), shop(1))
    assert "6 corrections that people decided on changed 9 reviews" in run_cli("show", data).out
    assert "already" not in run_cli(*words[:4], "--out", data).out  # without them: something else
    assert run_cli(*words[:4], "--out", data).code == 2
    assert run_cli("prepare", files[1], "--append", data).code == 0
    both = pd.concat([shop(1), shop(2)])
    check(rd.Reviews.open(data).to_pandas(), both)
    once = rd.prepare(files, tmp_path / "once", keep=["topic"], corrections=changes)
    check(once.to_pandas(), both)
    assert for_readers(data) == for_readers(tmp_path / "once")


def test_they_can_come_later_than_the_reviews(files: list[Path], tmp_path: Path) -> None:
    data, changes = tmp_path / "d", corrections(tmp_path, CHANGES)
    settings: dict[str, Any] = {"keep": ["topic"], "partition_by": "category"}
    rd.prepare(files, data, **settings)
    done = run_cli("prepare", "--append", data, "--corrections", changes)
    assert done.code == 0, done.err
    both = pd.concat([shop(1), shop(2)])
    check(rd.Reviews.open(data).to_pandas(), both)
    assert {path.name for path in (data / "reviews").iterdir()} >= {"category=Games"}
    rd.prepare(files, tmp_path / "once", corrections=changes, **settings)
    assert for_readers(data) == for_readers(tmp_path / "once")
    again = run_cli("prepare", "--append", data, "--corrections", changes)
    assert (again.code, "nothing to add" in again.err) == (0, True)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("R1", "review_body", "", "x"), "corrects 'review_body'"),
        (("R1", "colour", "", "x"), "changes 'colour', which reviews do not have"),
        (("R1", "star_rating", "", "many"), "puts 'many' into star_rating"),
    ],
)
def test_what_cannot_be_corrected_is_said(
    files: list[Path], tmp_path: Path, row: tuple[str, str, str, str], said: str
) -> None:
    with pytest.raises((InputError, UsageError), match=said):
        rd.prepare(files, tmp_path / "d", corrections=corrections(tmp_path, [row]))


def test_run_learns_from_what_was_corrected(tmp_path: Path) -> None:
    frame = shop(1, rows=80)
    frame["product_id"] = [f"P{n % 20}" for n in range(80)]
    noisy = pd.Series(n % 2 == 0 for n in range(80))
    frame["text"] = [
        f"{text}; it is {'loud and it rattles' if loud else 'late and it came in a wet box'}"
        for text, loud in zip(frame["text"], noisy, strict=True)
    ]
    frame.to_csv(tmp_path / "m.csv", index=False)
    rows = [(f"P{n}", "topic", "old", ("noise", "delivery")[n % 2]) for n in range(20)]
    pd.DataFrame(rows, columns=["id", "column", "old", "new"]).to_parquet(tmp_path / "c.parquet")
    words = ("run", tmp_path / "m.csv", "--label", "topic", "--folds", "2", "--out")
    assert "two labels" in run_cli(*words, tmp_path / "without").err
    done = run_cli(*words, tmp_path / "job", "--corrections", tmp_path / "c.parquet")
    assert done.code == 0, done.err
    bundle = load_bundle(tmp_path / "job" / "label" / "bundle")
    assert bundle.labels == ["delivery", "noise"]
    found = pd.read_csv(tmp_path / "job" / "label" / "labelled.csv")
    assert (found["label"] == "noise").tolist() == noisy.tolist()
    shown = run_cli("show", tmp_path / "job" / "prepared").out
    assert "20 corrections that people decided on changed 80 reviews" in shown

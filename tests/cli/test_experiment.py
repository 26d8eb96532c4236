"""`reviewdesk experiment` from the terminal, over tables by other people's writers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import reviewdesk as rd
from tests.cli.conftest import Cli


def outcomes(n: int = 4_000, better: float = 0.06, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < 0.2
    return pd.DataFrame(
        {
            "unit": np.arange(n),
            "arm": np.where(treated, "B", "A"),
            "correct": rng.random(n) < 0.8 + better * treated,
            "latency_ms": rng.gamma(4.0, 2.0, n),
        }
    )


WRITERS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "outcomes.csv": lambda frame, path: frame.to_csv(path, index=False),
    "outcomes.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "outcomes.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "outcomes.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
    "outcomes.parquet": lambda frame, path: pl.from_pandas(frame).write_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_an_experiment_from_start_to_stop(cli: Cli, tmp_path: Path, name: str) -> None:
    data, test = tmp_path / name, tmp_path / "test"
    WRITERS[name](outcomes(), data)
    started = cli("experiment", "start", test, "--data", data, "--arms", "A:0.8,B:0.2",
                  "--metric", "correct", "--guardrail", "latency_ms:lower:1")  # fmt: skip
    assert started.code == 0, started.err
    summary = cli("experiment", "status", test)
    assert summary.code == 0, summary.err
    assert summary.out.startswith("B is better by ")
    assert "kept" in summary.out
    page = cli("experiment", "report", test, "--json").json()
    assert Path(page["out"]).read_text().count(page["sentence"]) == 1
    stopped = cli("experiment", "stop", test, "--json").json()
    assert stopped["result"] == "better"
    WRITERS[name](outcomes(better=-0.2), data)
    again = cli("experiment", "status", test, "--json").json()
    assert again == stopped
    assert json.loads((test / "result.json").read_text()) == stopped
    assert cli("experiment", "stop", test).code == 2


def test_tables_may_grow_and_be_several(cli: Cli, tmp_path: Path) -> None:
    frame = outcomes()
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    frame[:500].to_csv(first, index=False)
    frame[500:1_000].to_csv(second, index=False)
    cli("experiment", "start", tmp_path / "test", "--data", first, "--data", second, "--arms",
        "A:0.8,B:0.2", "--metric", "correct")  # fmt: skip
    assert cli("experiment", "status", tmp_path / "test", "--json").json()["rows"] == 1_000
    frame[500:].to_csv(second, index=False)
    assert cli("experiment", "status", tmp_path / "test", "--json").json()["rows"] == 4_000


def test_an_experiment_is_not_started_twice(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "outcomes.csv"
    outcomes().to_csv(data, index=False)
    words = ("experiment", "start", tmp_path / "test", "--data", data, "--arms", "A,B",
             "--metric", "correct")  # fmt: skip
    assert cli(*words).code == 0
    assert cli(*words).code == 2


def test_plans(cli: Cli) -> None:
    made = cli("experiment", "plan", "--baseline", "0.88", "--effect", "0.01", "--json").json()
    assert made["fixed"] < made["units"] < 2 * made["fixed"]
    shown = cli("experiment", "plan", "--baseline", "0.88", "--effect", "0.01").out
    assert f"start it with --horizon {made['fixed']}" in shown
    smallest = cli("experiment", "plan", "--baseline", "0.88", "--units", "20000", "--json").json()
    assert 0.01 < smallest["effect"] < 0.02
    clustered = cli("experiment", "plan", "--deviation", "1", "--effect", "0.1", "--per-unit", "10",
                    "--correlation", "0.3", "--json").json()  # fmt: skip
    single = cli("experiment", "plan", "--deviation", "1", "--effect", "0.1", "--json").json()
    assert clustered["fixed"] / single["fixed"] == pytest.approx(0.37, rel=0.02)
    for wrong in ([], ["--effect", "0.1"], ["--effect", "0.1", "--units", "50"]):
        assert cli("experiment", "plan", *wrong).code == 2


def test_what_is_no_table_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    for name, code in (("a.xlsx", 2), ("b.parquet", 3), ("c.csv", 7)):
        test = tmp_path / f"test-{name}"
        cli("experiment", "start", test, "--data", tmp_path / name, "--arms", "A,B",
            "--metric", "correct")  # fmt: skip
        assert cli("experiment", "status", test).code == code


def test_the_python_face_says_the_same(cli: Cli, tmp_path: Path) -> None:
    frame, data = outcomes(), tmp_path / "outcomes.csv"
    frame.to_csv(data, index=False)
    cli("experiment", "start", tmp_path / "test", "--data", data, "--arms", "A:0.8,B:0.2",
        "--metric", "correct")  # fmt: skip
    summary = cli("experiment", "status", tmp_path / "test", "--json").json()
    for source in (frame, pl.from_pandas(frame), data):
        found = rd.experiment(source, "A:0.8,B:0.2", ["correct"])
        assert found.to_json() == summary
        assert found.sentence == summary["sentence"]
    assert found.sentence in found.html()

"""Warming, in processes of their own with a cache of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scoring import corpus

AFTERWARDS = """
import sys
from pathlib import Path
from reviewdesk.progress import listen
listen(lambda sentence: print("told:", sentence))
from reviewdesk.cli.main import main
main(sys.argv[1:])
"""


def run(cache: Path, *command: str | Path) -> str:
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    words = [sys.executable, *map(str, command)]
    found = subprocess.run(
        words, check=True, capture_output=True, text=True, env=environment, timeout=280
    )
    return found.stdout


@pytest.mark.slow
def test_after_warming_nothing_of_the_main_job_is_compiled(tmp_path: Path) -> None:
    warmed = json.loads(run(tmp_path, "-m", "reviewdesk", "warm", "--json"))
    assert warmed["directory"] == str(tmp_path / "reviewdesk" / "kernels")
    assert warmed["kernels"] > 30
    reviews = corpus.write_reviews(tmp_path / "r.tsv", 400)
    job = tmp_path / "job"
    said = run(tmp_path, "-c", AFTERWARDS, "run", reviews, "--out", job)
    said += run(
        *(tmp_path, "-c", AFTERWARDS, "predict", job / "sentiment" / "bundle", reviews),
        *("--out", tmp_path / "p.parquet"),
    )
    said += run(tmp_path, "-c", AFTERWARDS, "explore", job / "prepared", "--out", tmp_path / "e")
    assert "told:" not in said

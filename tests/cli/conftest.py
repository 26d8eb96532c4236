import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from reviewdesk.cli.main import main


class Result(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Result]


def run_cli(*words: str | Path) -> Result:
    """Run a command in this process; much faster than one of its own."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(word) for word in words])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture
def cli() -> Cli:
    return run_cli


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with generated reviews and the main job done on them."""
    folder = tmp_path_factory.mktemp("job")
    made = run_cli("demo-data", "--reviews", "1500", "--out", folder / "reviews.tsv.gz")
    assert made.code == 0, made.err
    done = run_cli(
        *("run", folder / "reviews.tsv.gz", "--target", "sentiment", "--target", "category"),
        *("--folds", "2", "--out", folder / "job"),
    )
    assert done.code == 0, done.err
    (folder / "said.txt").write_text(done.out)
    return folder

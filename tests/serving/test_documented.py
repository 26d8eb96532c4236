"""The examples of docs/serving.md, run as they stand there against a server."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reviewdesk import errors
from tests.serving.process import Server

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


CURL = [block for block in blocks("sh") if "curl" in block]


def run(program: list[str], code: str, running: Server) -> str:
    code = code.replace("127.0.0.1:8080", f"127.0.0.1:{running.port}")
    done = subprocess.run([*program, code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("number", range(len(CURL)))
def test_curl(running: Server, number: int) -> None:
    told = run(["bash", "-euo", "pipefail", "-c"], CURL[number], running)
    assert "positive" in told or "negative" in told


def test_there_are_examples() -> None:
    assert len(CURL) == 4
    assert len(blocks("python")) == 1


def test_boto3(running: Server) -> None:
    (example,) = blocks("python")
    told = run([sys.executable, "-c"], example, running)
    assert told.startswith("[{'label': ['__label__positive', '__label__negative'], 'prob': [0.")


@pytest.mark.parametrize(
    "error",
    [one for one in vars(errors).values()
     if isinstance(one, type) and issubclass(one, errors.RequestError)],
)  # fmt: skip
def test_every_error_of_a_request_is_documented(error: type[errors.RequestError]) -> None:
    rows = re.findall(rf"^\| {error.http_status} \| (.*?) \|", PAGE, re.MULTILINE)
    assert f"`{error.code}`" in rows[0]

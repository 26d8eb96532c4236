"""The words of a job's command, as each platform hands them to the one script."""

import argparse
import json
import sys
from types import ModuleType

import pytest

from reviewdesk.cli.spark_job import run, words
from reviewdesk.errors import UsageError

COMMAND = ["prepare", "s3://shop/raw/a b*.gz", "--out", "s3://shop/prepared", "--length", "auto"]
ON_SPARK = ["prepare", "--engine", "spark", *COMMAND[1:]]


def glue_options(argv: list[str], names: list[str]) -> dict[str, str]:
    """Parse as ``awsglue.utils.getResolvedOptions`` does: argparse, all else left alone."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    for name in names:
        parser.add_argument(f"--{name}", required=True)
    return vars(parser.parse_known_args(argv[1:])[0])


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> None:
    utils = ModuleType("awsglue.utils")
    utils.getResolvedOptions = glue_options  # type: ignore[attr-defined]  # it is what Glue has
    monkeypatch.setitem(sys.modules, "awsglue", ModuleType("awsglue"))
    monkeypatch.setitem(sys.modules, "awsglue.utils", utils)


def test_spark_submit_and_emr_serverless_give_the_words_as_they_are() -> None:
    assert words(["spark_job.py", *COMMAND]) == ON_SPARK
    assert words(["spark_job.py", *ON_SPARK]) == ON_SPARK


@pytest.mark.usefixtures("glue")
def test_glue_gives_the_same_words_as_a_list() -> None:
    more = ["--TempDir", "s3://aws-glue/tmp", "--enable-metrics", "true"]
    argv = ["spark_job.py", "--JOB_NAME", "prepare", *more, "--arguments", json.dumps(COMMAND)]
    assert words(argv) == ON_SPARK


@pytest.mark.usefixtures("glue")
@pytest.mark.parametrize("text", ["prepare raw --out prepared", '{"a": 1}', "[1]"])
def test_glue_is_told_what_the_argument_is(text: str) -> None:
    with pytest.raises(UsageError, match="as a JSON list of words"):
        words(["spark_job.py", "--JOB_NAME", "prepare", "--arguments", text])


def test_a_job_that_went_well_just_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["spark_job.py", "--version"])
    run()
    monkeypatch.setattr(sys, "argv", ["spark_job.py", "prepare", "nowhere.tsv"])
    with pytest.raises(SystemExit):
        run()

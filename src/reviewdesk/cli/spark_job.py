"""One command as a job of a cluster: the file that ``spark-submit``, Glue and EMR Serverless run.

    spark-submit    spark_job.py prepare 's3://shop/raw/*' --out s3://shop/prepared
    EMR Serverless  entryPoint is this file, and entryPointArguments are the words of the command
    Glue            ScriptLocation is this file, and --arguments the words as a JSON list

That it runs on Spark goes without saying; the file needs nothing else of reviewdesk beside it.
"""

import json
import sys
from collections.abc import Sequence
from importlib import import_module

from reviewdesk.cli.main import main
from reviewdesk.errors import ReviewdeskError, UsageError

GLUE = "--JOB_NAME"
"""An argument that Glue gives to each of its jobs."""


def words(argv: Sequence[str]) -> list[str]:
    """Return the command line of a job, however the job was given it.

    Args:
        argv: the process's own words, the script first.

    Raises:
        UsageError: Glue's argument is no list of words.
    """
    command = _glue_words(argv) if GLUE in argv else list(argv[1:])
    if command and not command[0].startswith("-") and "--engine" not in command:
        command[1:1] = ["--engine", "spark"]
    return command


def _glue_words(argv: Sequence[str]) -> list[str]:
    resolved = import_module("awsglue.utils").getResolvedOptions
    text = resolved(list(argv), ["JOB_NAME", "arguments"])["arguments"]
    try:
        command = json.loads(text)
    except json.JSONDecodeError:
        command = None
    if not (isinstance(command, list) and all(isinstance(word, str) for word in command)):
        raise UsageError(
            "--arguments takes the command as a JSON list of words, as in "
            '["prepare", "s3://shop/raw/*", "--out", "s3://shop/prepared"]'
        )
    return command


def run() -> None:
    """Run the job; an exit code other than 0 says that it failed.

    A platform takes any SystemExit for a failure, so that a job that went well just ends.
    """
    try:
        main(words(sys.argv))
    except ReviewdeskError as error:
        sys.exit(str(error))
    except SystemExit as end:
        if end.code:
            raise


if __name__ == "__main__":
    run()

"""One script on three platforms: ``spark-submit``, a Glue job and a job of EMR Serverless."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewdesk.cli import spark_job
from tests.cluster import SETTINGS, missing
from tests.prepare.corpus import for_readers, mixed_corpus
from tests.s3 import Bucket, bucket

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "there is Spark"),
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]

GLUE = '''"""As much of Glue's own package as the script uses."""

import argparse


def getResolvedOptions(args, options):
    parser = argparse.ArgumentParser()
    for option in options:
        parser.add_argument("--" + option, required=True)
    return vars(parser.parse_known_args(args[1:])[0])
'''


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with bucket() as one:
        yield one


def submit(script: Path, words: list[str], path: Path) -> None:
    """Run a script as ``spark-submit`` does; all platforms come to that."""
    import pyspark

    conf = [word for one in SETTINGS.items() for word in ("--conf", "=".join(one))]
    program = str(Path(pyspark.__file__).parent / "bin" / "spark-submit")
    result = subprocess.run(
        [program, "--master", "local[2]", *conf, str(script), *words],
        env={**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]


def test_a_submitted_script_prepares_the_same_folder(tmp_path: Path, store: Bucket) -> None:
    (tmp_path / "raw").mkdir()
    mixed_corpus(tmp_path / "raw", files=2, rows=60)
    raw = store.upload(tmp_path / "raw", "raw")
    command = ["prepare", f"{raw}/*", "--max-rejects", "1", "--out"]
    machine = [sys.executable, "-m", "reviewdesk", *command, str(tmp_path / "machine")]
    subprocess.run(machine, check=True, capture_output=True)

    # The script is fetched from S3 by the platform, so that it lies alone somewhere.
    script = tmp_path / "job" / "spark_job.py"
    script.parent.mkdir()
    script.write_bytes(Path(spark_job.__file__).read_bytes())
    glue = tmp_path / "glue" / "awsglue"
    glue.mkdir(parents=True)
    (glue / "__init__.py").touch()
    (glue / "utils.py").write_text(GLUE)

    emr = [*command, store.address("by-emr")]
    submit(script, emr, tmp_path)
    named = ["--JOB_NAME", "prepare", "--TempDir", store.address("tmp"), "--arguments"]
    submit(script, [*named, json.dumps([*command, store.address("by-glue")])], glue.parent)
    for name in ("by-emr", "by-glue"):
        store.download(name, tmp_path / name)
        assert for_readers(tmp_path / name) == for_readers(tmp_path / "machine")

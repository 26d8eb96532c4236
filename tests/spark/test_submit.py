"""The same command as a job of ``spark-submit``, which says where the cluster is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import SETTINGS, missing
from tests.prepare.corpus import for_readers, mixed_corpus

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "there is Spark"),
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]

JOB = "from reviewdesk.cli.main import main\n\nmain()\n"


def test_a_submitted_job_prepares_the_same_folder(tmp_path: Path) -> None:
    import pyspark

    files = [str(file) for file in mixed_corpus(tmp_path, files=2, rows=60)]
    command = ["prepare", *files, "--max-rejects", "1", "--out"]
    machine = [sys.executable, "-m", "reviewdesk", *command, str(tmp_path / "machine")]
    subprocess.run(machine, check=True, capture_output=True)
    job = tmp_path / "job.py"
    job.write_text(JOB)
    conf = [word for one in SETTINGS.items() for word in ("--conf", "=".join(one))]
    submit = [str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--master", "local[2]"]
    more = [*command, str(tmp_path / "cluster"), "--engine", "spark"]
    result = subprocess.run(
        [*submit, *conf, str(job), *more],
        env={**os.environ, "PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert for_readers(tmp_path / "cluster") == for_readers(tmp_path / "machine")

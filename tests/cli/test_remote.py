"""Reviews on S3, as a user names them."""

from pathlib import Path

from ..s3 import bucket
from .conftest import Cli


def test_reviews_on_s3_are_prepared_as_those_on_the_disk(
    job: Path, cli: Cli, tmp_path: Path
) -> None:
    with bucket() as s3:
        address = s3.upload(job / "reviews.tsv.gz", "raw/reviews.tsv.gz")
        done = cli("prepare", address, "--out", tmp_path / "prepared")
        missing = cli("prepare", s3.address("raw/none.tsv"), "--out", tmp_path / "none")
    assert done.code == 0, done.err
    assert missing.code == 7, missing.err
    assert missing.err.count("\n") == 1
    manifest = (tmp_path / "prepared/manifest.json").read_bytes()
    assert manifest == (job / "job/prepared/manifest.json").read_bytes()

"""Inputs and outputs on S3: each task reads and writes there itself, without Hadoop's client."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewdesk.errors import UsageError
from reviewdesk.prepare.count import count
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.shared_workspace import SharedWorkspace
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources.catalog import open_inputs
from tests.cluster import missing, on_this_machine
from tests.prepare.corpus import for_readers, mixed_corpus
from tests.s3 import Bucket, bucket

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "there is Spark"),
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with bucket() as one:
        _told_to_workers()
        yield one


def _told_to_workers() -> None:
    """Let workers of a session that other tests have started know where the bucket is."""
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is not None:
        names = [name for name in os.environ if name.startswith("AWS_")]
        context.environment.update({name: os.environ[name] for name in names})


def prepared(
    places: list[str], out: Path, *, spark: bool, overwrite: bool = False, **settings: object
) -> PreparedData:
    return prepare(
        open_inputs(places, SourceSettings()),
        out,
        prepare=PrepareSettings(max_rejects=1.0).from_json(
            {**PrepareSettings(max_rejects=1.0).to_json(), **settings}
        ),
        clean=CleanSettings(),
        source=SourceSettings(),
        overwrite=overwrite,
        engine=on_this_machine() if spark else None,
    )


@pytest.mark.slow  # run by itself: workers that another test began know of no bucket
def test_a_folder_on_s3_is_that_of_one_machine(tmp_path: Path, store: Bucket) -> None:
    (tmp_path / "raw").mkdir()
    mixed_corpus(tmp_path / "raw", files=2, rows=60)
    raw = store.upload(tmp_path / "raw", "raw")
    machine = prepared([raw], tmp_path / "machine", spark=False)
    out = Path(store.address("prepared"))
    written = prepared([raw], out, spark=True)
    assert written.location == store.address("prepared")
    assert store.download("prepared", tmp_path / "cluster") == written.location
    assert for_readers(tmp_path / "cluster") == for_readers(tmp_path / "machine")
    assert store.keys(".prepared.partial") == []

    again = PreparedData.open(out)
    again.verify()
    assert again.table() == machine.table()
    assert count(written.location, SourceSettings()).rows == machine.rows
    assert again.part_path(again.parts[0]).is_file()

    assert "before from the same inputs" in prepared([raw], out, spark=True).notes[0]
    with pytest.raises(UsageError, match="with other settings"):
        prepared([raw], out, spark=True, min_chars=30)
    here = prepared([raw], Path(store.address("other")), spark=False)
    assert here.fingerprint == written.fingerprint


@pytest.mark.slow
def test_an_interrupted_job_leaves_no_folder_and_starts_over(tmp_path: Path, store: Bucket) -> None:
    (tmp_path / "raw").mkdir()
    raw = store.upload(mixed_corpus(tmp_path / "raw", files=1, rows=20)[0], "few.jsonl")
    out = Path(store.address("often"))
    first = prepared([raw], out, spark=True)
    workspace = SharedWorkspace(out)
    workspace.begin({"engine": "spark"})  # and there the job is killed, in the place of the older
    assert workspace.was_interrupted()
    store.put("often/reviews/review_month=2099-01/part-00000.parquet", b"of an earlier attempt")
    second = prepared([raw], out, spark=True)
    assert second.manifest == first.manifest
    assert json.dumps(store.keys("often")).count("2099") == 0


@pytest.mark.slow
def test_what_is_no_prepared_folder_is_left_alone(tmp_path: Path, store: Bucket) -> None:
    (tmp_path / "raw").mkdir()
    raw = store.upload(mixed_corpus(tmp_path / "raw", files=1, rows=20)[0], "some.jsonl")
    store.put("photos/cat.jpg", b"meow")
    with pytest.raises(UsageError, match="something else than prepared data"):
        prepared([raw], Path(store.address("photos")), spark=True, overwrite=True)
    assert store.keys("photos") == ["photos/cat.jpg"]

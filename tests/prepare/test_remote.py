"""Preparing what lies on S3: the same bytes as from a disk, fetched once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.prepare.prepare import ALREADY_DONE
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import Input, open_inputs

from ..s3 import Bucket, bucket
from ..s3_gate import gate
from .corpus import prepared, review, write_lines


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as found:
        yield found


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of more than one request."""
    noise = np.random.default_rng(7)
    rows = [review(n, review_body=noise.bytes(600).hex()) for n in range(1_500)]
    path = write_lines(tmp_path_factory.mktemp("raw") / "reviews.jsonl.gz", rows)
    assert path.stat().st_size > 512 * 1024
    return path


def opened(address: str) -> list[Input]:
    return open_inputs([address], SourceSettings())


def test_the_result_is_the_same_and_each_byte_is_fetched_once(
    s3: Bucket, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = s3.upload(reviews, "raw/reviews.jsonl.gz")
    with gate(s3.endpoint) as before:
        monkeypatch.setenv("AWS_ENDPOINT_URL", before.endpoint)
        inputs = opened(address)
        looked = before.served.total()
        data = prepared(tmp_path / "remote", inputs=inputs)
        fetched = before.served.total() - looked
    local = prepared(tmp_path / "local", reviews)
    assert data.manifest == local.manifest
    heads = 2 * 256 * 1024
    assert fetched <= reviews.stat().st_size + heads


def test_an_object_that_has_changed_is_noticed(s3: Bucket, reviews: Path, tmp_path: Path) -> None:
    address = s3.upload(reviews, "changing.jsonl.gz")
    prepared(tmp_path / "data", inputs=opened(address))
    assert ALREADY_DONE in prepared(tmp_path / "data", inputs=opened(address)).notes
    other = bytearray(reviews.read_bytes())
    other[4] ^= 1  # the time in the gzip header: another file of the same size and content
    path = tmp_path / "other"
    path.write_bytes(other)
    s3.upload(path, "changing.jsonl.gz")
    with pytest.raises(UsageError, match="from inputs that have changed since"):
        prepared(tmp_path / "data", inputs=opened(address))

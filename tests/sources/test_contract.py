"""What every source must do, whatever its format."""

import gzip
import os
from pathlib import Path

import pytest

from reviewdesk.errors import InputError, StorageError
from reviewdesk.schema import REJECTS, REVIEWS
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import REASONS, SOURCES, SourceBatch, open_inputs
from reviewdesk.sources.base import MAX_BATCH_ROWS
from reviewdesk.sources.catalog import source_class
from tests.sources.samples import (
    BODIES,
    SAMPLES,
    Sample,
    bodies_of,
    opened,
    read,
    rejects_of,
    reviews_of,
)

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
every_gzip = pytest.mark.parametrize(
    "sample", [one for one in SAMPLES if one.file.endswith(".gz")], ids=lambda sample: sample.file
)


def test_every_source_of_the_house_has_a_sample() -> None:
    house = {name for name in SOURCES.names() if source_class(name).__module__.startswith("review")}
    assert house == {sample.source for sample in SAMPLES}


@pytest.mark.parametrize("name", SOURCES.names())
def test_sources_say_what_they_are(name: str) -> None:
    found = source_class(name)
    assert found.name == name
    assert found.title
    assert found.description


@every_sample
def test_the_format_is_recognised_and_read_whole(sample: Sample, tmp_path: Path) -> None:
    found = opened(sample.write(tmp_path))
    batches = list(found.read())
    assert found.source == sample.source
    assert bodies_of(batches) == sample.expected(BODIES)
    assert rejects_of(batches) == []
    assert {row["star_rating"] for row in reviews_of(batches)} == {4}


@every_sample
def test_batches_have_the_schemas_and_add_up(sample: Sample, tmp_path: Path) -> None:
    path = sample.write(tmp_path, [*BODIES, None] * 5)
    batches = read(path)
    for batch in batches:
        assert batch.reviews.schema == REVIEWS
        assert batch.rejects.schema == REJECTS
        batch.reviews.validate(full=True)
    assert sum(batch.bytes_read for batch in batches) == path.stat().st_size


@every_sample
def test_a_bad_row_is_kept_aside_and_loses_no_good_one(sample: Sample, tmp_path: Path) -> None:
    path = sample.write(tmp_path, [*BODIES[:2], None, *BODIES[2:]])
    batches = read(path)
    (reject,) = rejects_of(batches)
    assert bodies_of(batches) == sample.expected(BODIES)
    assert reject["reason"] == sample.bad_reason
    assert reject["reason"] in REASONS
    assert reject["raw"]
    assert reject["file"].startswith(sample.file)
    assert (reject["line"] is not None) == sample.lines


@every_sample
def test_ids_are_there_and_the_same_each_time(sample: Sample, tmp_path: Path) -> None:
    path = sample.write(tmp_path)
    first = [row["review_id"] for row in reviews_of(read(path))]
    assert len(set(first)) == len(BODIES)
    assert first == [row["review_id"] for row in reviews_of(read(path))]


@every_sample
def test_batches_are_bounded(sample: Sample, tmp_path: Path) -> None:
    count = 2_000 if sample.source == "imdb" else MAX_BATCH_ROWS + 1_000
    batches = read(sample.write(tmp_path, ["Fine."] * count))
    assert max(len(batch.reviews) for batch in batches) <= MAX_BATCH_ROWS
    assert sum(len(batch.reviews) for batch in batches) == count


@every_sample
def test_no_rows_are_no_trouble(sample: Sample, tmp_path: Path) -> None:
    path = sample.write(tmp_path, [])
    if not sample.content([]).strip():
        with pytest.raises(InputError, match=r"is empty"):
            read(path)
        return
    assert sum(len(batch.reviews) for batch in read(path)) == 0


@every_sample
def test_whether_it_is_gzip_is_seen_from_the_content(sample: Sample, tmp_path: Path) -> None:
    if not sample.streamed:
        pytest.skip("Parquet is not gzip-compressed as a file")
    content = sample.content(BODIES)
    stem, suffix = sample.file.split(".", 1)
    plain_called_gzip = tmp_path / f"{stem}1.{suffix.removesuffix('.gz')}.gz"
    plain_called_gzip.write_bytes(content)
    gzip_called_plain = tmp_path / f"{stem}2.{suffix.removesuffix('.gz')}"
    gzip_called_plain.write_bytes(gzip.compress(content))
    assert bodies_of(read(plain_called_gzip)) == sample.expected(BODIES)
    assert bodies_of(read(gzip_called_plain)) == sample.expected(BODIES)


@every_gzip
def test_a_truncated_gzip_yields_what_comes_before_the_cut(sample: Sample, tmp_path: Path) -> None:
    bodies = [f"{number} {os.urandom(300).hex()}" for number in range(200)]
    path = sample.write(tmp_path, bodies)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    batches = read(path)
    found = bodies_of(batches)
    assert 100 <= len(found) <= 150
    assert found == sample.expected(bodies[: len(found)])
    reasons = [reject["reason"] for reject in rejects_of(batches)]
    assert reasons.count("truncated") == 1
    assert len(reasons) <= 2  # the cut line, and the lines before it of its record
    (note,) = notes_of(batches)
    assert "get the file again" in note
    assert "\n" not in note


@every_gzip
def test_a_damaged_gzip_yields_what_comes_before(sample: Sample, tmp_path: Path) -> None:
    bodies = [f"{number} {os.urandom(300).hex()}" for number in range(200)]
    path = sample.write(tmp_path, bodies)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 300] = b"\xff" * 300
    path.write_bytes(whole)
    batches = read(path)
    # Inflating may go on for a few bytes behind the damage, into one bad row.
    found = bodies_of(batches)
    assert len(found) >= 80
    assert found[:80] == sample.expected(bodies[:80])
    assert "truncated" in [reject["reason"] for reject in rejects_of(batches)]


@every_gzip
def test_joined_gzips_are_one_file(sample: Sample, tmp_path: Path) -> None:
    content = sample.content(BODIES)
    path = tmp_path / sample.file
    path.write_bytes(gzip.compress(content[:70]) + gzip.compress(content[70:]) + bytes(512))
    assert bodies_of(read(path)) == sample.expected(BODIES)


@every_sample
def test_a_category_is_given_to_rows_without_one(sample: Sample, tmp_path: Path) -> None:
    rows = reviews_of(read(sample.write(tmp_path), category="Games"))
    expected = "Toys" if sample.source in ("amazon", "amazon-parquet") else "Games"
    assert {row["product_category"] for row in rows} == {expected}


@every_sample
def test_a_file_that_vanishes_is_one_sentence(sample: Sample, tmp_path: Path) -> None:
    path = sample.write(tmp_path)
    found = opened(path)
    path.unlink()
    with pytest.raises(StorageError, match=r"does not exist"):
        list(found.read())


@every_sample
def test_a_format_can_be_named(sample: Sample, tmp_path: Path) -> None:
    path = sample.write(tmp_path)
    (found,) = open_inputs([str(path)], SourceSettings(source_format=sample.source))
    assert bodies_of(list(found.read())) == sample.expected(BODIES)


def notes_of(batches: list[SourceBatch]) -> list[str]:
    return [note for batch in batches for note in batch.notes]

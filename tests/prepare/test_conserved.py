"""Of each file, records = reviews + those dropped by a rule + those rejected for a reason."""

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from reviewdesk.errors import InputError, TooManyRejects
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs
from tests.sources.samples import SAMPLES, Sample, amazon, csv_table

BODIES = (
    *(f"Review number {number} of a plain kettle" for number in range(40)),
    "?!",  # without a letter
    "x" * 6000,  # too long
    None,
    None,
)
IDS = [sample.file for sample in SAMPLES]


def prepared(out: Path, *places: Path, **settings: Any) -> PreparedData:
    """Prepare files, whatever of them is rejected."""
    source = SourceSettings()
    return prepare(
        open_inputs(list(map(str, places)), source),
        out,
        prepare=PrepareSettings(max_rejects=1.0, **settings),
        clean=CleanSettings(),
        source=source,
    )


def accounted(one: dict[str, Any]) -> int:
    """Return how many records a manifest accounts for in an input."""
    counts: list[int] = [one["reviews"], *one["dropped"].values(), *one["rejected"].values()]
    return sum(counts)


def written(data: PreparedData) -> tuple[int, int]:
    """Return how many reviews and rejects lie on disk, as another reader of Parquet counts them."""
    reviews = (data.path / "reviews").glob("**/*.parquet")
    rejects = pl.scan_parquet(data.path / "rejects.parquet")
    counts = [pl.scan_parquet(one).select(pl.len()).collect().item() for one in reviews]
    return sum(counts), rejects.select(pl.len()).collect().item()


def check_sums(data: PreparedData, records: int) -> None:
    """Check that records = reviews on disk + those dropped + rejects on disk."""
    manifest = data.manifest
    reviews, rejects = written(data)
    dropped = [count for one in manifest["inputs"] for count in one["dropped"].values()]
    assert reviews + sum(dropped) + rejects == records
    assert reviews == sum(one["reviews"] for one in manifest["inputs"])
    assert rejects == sum(sum(one["rejected"].values()) for one in manifest["inputs"])
    assert sum(dropped) == sum(manifest["dropped"].values())


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_every_format_accounts_for_every_record(sample: Sample, tmp_path: Path) -> None:
    data = prepared(tmp_path / "out", sample.write(tmp_path, BODIES))
    (one,) = data.manifest["inputs"]
    assert one["rows_read"] == accounted(one) == len(BODIES)
    assert one["rejected"][sample.bad_reason] >= 2
    check_sums(data, len(BODIES))


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_every_format_accounts_for_every_record_of_a_folder(sample: Sample, tmp_path: Path) -> None:
    """Of three files, two with the same reviews: some are copies, some of each are no good."""
    bodies = (BODIES[:20] + BODIES[-4:], BODIES[:20], BODIES[20:30])
    places = []
    for number, some in enumerate(bodies):
        folder = tmp_path / f"folder {number}"
        folder.mkdir()
        places.append(sample.write(folder, some))
    data = prepared(tmp_path / "out", *places)
    for one, some in zip(data.manifest["inputs"], bodies, strict=True):
        assert one["rows_read"] == accounted(one) == len(some)
    check_sums(data, sum(map(len, bodies)))


def test_all_that_was_read_was_unreadable_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(amazon([None] * 3))
    with pytest.raises(TooManyRejects, match=r"no review was read: none of the 3 rows could be"):
        prepared(tmp_path / "out", path)
    assert written(PreparedData.open(tmp_path / "out")) == (0, 3)


def test_copies_count_for_the_file_that_they_are_dropped_from(tmp_path: Path) -> None:
    first, second = tmp_path / "a.tsv", tmp_path / "b.tsv.gz"
    first.write_bytes(amazon(BODIES))
    second.write_bytes(gzip.compress(amazon(BODIES[:30])))
    data = prepared(tmp_path / "out", first, second)
    records = [(len(BODIES), 40), (30, 0)]
    for one, (count, reviews) in zip(data.manifest["inputs"], records, strict=True):
        assert (accounted(one), one["reviews"]) == (count, reviews)
    assert sum(one["dropped"].get("duplicate_id", 0) for one in data.manifest["inputs"]) == 30


def test_lengths_known_in_the_end_count_for_their_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_table(BODIES))
    data = prepared(tmp_path / "out", path, length="auto")
    (one,) = data.manifest["inputs"]
    assert accounted(one) == len(BODIES)
    assert one["dropped"]["too_long"] == 1


def test_no_review_at_all_is_an_error_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,stars\n")
    with pytest.raises(InputError, match=r"no review was read from a\.csv; a header alone is none"):
        prepared(tmp_path / "out", path)
    assert not (tmp_path / "out").exists()

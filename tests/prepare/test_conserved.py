"""Of each file, records = reviews + those dropped by a rule + those rejected for a reason."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.errors import InputError
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
ONE_OF_EACH = {sample.source: sample for sample in SAMPLES}.values()


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


@pytest.mark.parametrize("sample", ONE_OF_EACH, ids=lambda sample: sample.source)
def test_every_source_accounts_for_every_record(sample: Sample, tmp_path: Path) -> None:
    data = prepared(tmp_path / "out", sample.write(tmp_path, BODIES))
    (one,) = data.manifest["inputs"]
    assert one["rows_read"] == accounted(one) == len(BODIES)
    assert one["reviews"] == data.manifest["rows"]["written"]
    assert one["rejected"][sample.bad_reason] >= 2


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

"""Samples: the right share of every month, the same everywhere."""

import shutil
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
import xxhash

from reviewdesk.errors import InputError, NotEnoughData, UsageError
from reviewdesk.prepare.drawing import largest_taken
from reviewdesk.prepare.erase import erase
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.sample import SAMPLE, sample
from reviewdesk.settings import PrepareSettings, SampleSettings
from reviewdesk.storage import read_record

from .corpus import Interrupting, contents, mixed_corpus, prepared, review, write_lines


def drawn(data: PreparedData, out: Path, fraction: float = 0.1, **more: Any) -> PreparedData:
    return sample(data, out, SampleSettings(fraction=fraction, **more))


def ids(data: PreparedData) -> set[str]:
    return set(data.table(["review_id"])["review_id"].to_pylist())


def months(data: PreparedData) -> dict[str, int]:
    return {part["month"]: part["rows"] for part in data.manifest["partitions"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("sampled")
    return prepared(folder / "data", *mixed_corpus(folder, files=2, rows=400))


def test_every_month_gives_its_share_and_at_least_one(data: PreparedData, tmp_path: Path) -> None:
    found = months(drawn(data, tmp_path / "s"))
    assert found == {month: max(1, int(rows * 0.1 + 0.5)) for month, rows in months(data).items()}
    ones = months(drawn(data, tmp_path / "ones", fraction=0.0))
    assert ones == dict.fromkeys(months(data), 1)


def test_the_rows_are_those_of_the_data_in_their_order(data: PreparedData, tmp_path: Path) -> None:
    found = drawn(data, tmp_path / "s")
    everything = data.table()
    chosen = pc.is_in(everything["review_id"], found.table(["review_id"])["review_id"])
    assert found.table() == everything.filter(chosen)


def test_the_ids_alone_decide(tmp_path: Path) -> None:
    """Neither the order of the files and rows nor what else stands in them makes a difference."""
    day = {"review_date": "2015-06-01"}
    rows = [review(number, **day) for number in range(200)]
    write_lines(tmp_path / "a.jsonl", rows)
    others = [{**row, "review_body": row["review_body"] + "?", **day} for row in reversed(rows)]
    write_lines(tmp_path / "b.jsonl", others[:90])
    write_lines(tmp_path / "c.jsonl", others[90:])
    one = prepared(tmp_path / "one", tmp_path / "a.jsonl")
    other = prepared(tmp_path / "other", tmp_path / "c.jsonl", tmp_path / "b.jsonl")
    expected = ids(drawn(one, tmp_path / "s1"))
    assert ids(drawn(other, tmp_path / "s2")) == expected
    seed = xxhash.xxh64_intdigest(b"sample 0")
    hashes = {one: xxhash.xxh64_intdigest(one.encode(), seed) for one in ids(one)}
    assert expected == set(sorted(hashes, key=hashes.__getitem__)[:20])


LAYOUTS = [
    PrepareSettings(partition_by=by, format=file_format)
    for by in ("month", "category", "both")
    for file_format in ("parquet", "csv")
]


def test_every_layout_gives_the_same_sample(tmp_path: Path) -> None:
    """Also of a month that lies in many parts, and of many months in one part."""
    rows = [review(number) for number in range(500)]
    rows += [review(number, review_date=None) for number in range(500, 540)]
    rows += [review(number, product_category=None) for number in range(540, 580)]
    rows += [review(580, review_date="1969-12-31"), review(581, product_category="Rare")]
    path = write_lines(tmp_path / "a.jsonl", rows)
    expected = None
    for number, settings in enumerate(LAYOUTS):
        data = prepared(tmp_path / f"data-{number}", path, settings=settings)
        found = drawn(data, tmp_path / f"s-{number}", min_category_share=0.01)
        whole, part = data.manifest["months"], found.manifest["months"]
        assert part == {
            month: max(1, int((rows - (month == "2012-02")) * 0.1 + 0.5))  # where the rare one is
            for month, rows in whole.items()
        }
        expected = expected or ids(found)
        assert ids(found) == expected
        assert found.manifest["sample"]["rare_categories"] == {"Rare": 1}


def test_the_share_is_taken_of_each_month_as_exactly_as_it_can_be() -> None:
    months = np.array([5, -(2**31), 5, 5, 7, 5, 5], np.int32)
    hashes = np.array([9, 8, 1, 4, 3, 6, 2], np.uint64)
    for fraction, largest in (
        (0.0, [8, 1, 3]),
        (0.3, [8, 2, 3]),
        (0.29, [8, 1, 3]),
        (1, [8, 9, 3]),
    ):
        found = largest_taken(months, hashes, fraction)
        assert [one.tolist() for one in found] == [[-(2**31), 5, 7], largest]
    assert [len(one) for one in largest_taken(months[:0], hashes[:0], 0.5)] == [0, 0]


def test_a_larger_fraction_contains_a_smaller_one(data: PreparedData, tmp_path: Path) -> None:
    small, large = (ids(drawn(data, tmp_path / str(n), fraction=n / 10)) for n in (1, 3))
    assert small < large < ids(data)


def test_another_seed_gives_another_sample(data: PreparedData, tmp_path: Path) -> None:
    first, second = (ids(drawn(data, tmp_path / str(seed), seed=seed)) for seed in (0, 1))
    assert len(first) == len(second)
    assert first != second


def test_all_of_it(data: PreparedData, tmp_path: Path) -> None:
    found = drawn(data, tmp_path / "s", fraction=1.0)
    assert found.table() == data.table()
    assert found.fingerprint == data.fingerprint
    assert found.manifest["categories"] == data.manifest["categories"]


def test_rare_categories_are_left_out_and_named(tmp_path: Path) -> None:
    rows = [review(number, product_category="Toys") for number in range(98)]
    rows += [review(98, product_category="Rare"), review(99, product_category=None)]
    data = prepared(tmp_path / "data", write_lines(tmp_path / "a.jsonl", rows))
    found = drawn(data, tmp_path / "s", fraction=1.0, min_category_share=0.02)
    assert found.manifest["sample"]["rare_categories"] == {"Rare": 1}
    assert found.manifest["categories"] == {"Toys": 98}
    assert found.rows == 99  # no category is no rare category
    assert found.manifest["dropped"] == {"not_in_sample": 0, "rare_category": 1}
    with pytest.raises(NotEnoughData, match="every category"):
        only = prepared(tmp_path / "only", write_lines(tmp_path / "b.jsonl", rows[:98]))
        two = prepared(tmp_path / "two", write_lines(tmp_path / "c.jsonl", [*rows[:1], rows[98]]))
        assert drawn(only, tmp_path / "s1", min_category_share=1.0).rows
        drawn(two, tmp_path / "s2", min_category_share=0.6)


def test_it_is_prepared_data(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "s"
    found = drawn(data, out)
    opened = PreparedData.open(out)
    opened.verify()
    assert opened.manifest == found.manifest
    assert opened.clean_settings == data.clean_settings
    rows = opened.manifest["rows"]
    assert rows["read"] == rows["rejected"] + rows["dropped"] + rows["written"] == data.rows
    table = opened.table(["star_rating", "product_category"])
    stars = Counter(str(one or "none") for one in table["star_rating"].to_pylist())
    assert opened.manifest["stars"] == dict(stars)
    assert all(
        stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
        for path in [out, *out.rglob("*")]
    )
    again = drawn(opened, tmp_path / "again", fraction=0.5)
    assert 0 < again.rows < opened.rows


def test_a_preparation_does_not_take_it_for_its_own(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [review(number) for number in range(9)])
    drawn(prepared(tmp_path / "data", path), tmp_path / "s")
    with pytest.raises(UsageError, match="other inputs"):
        prepared(tmp_path / "s", path)


def test_the_same_again_does_nothing(data: PreparedData, tmp_path: Path) -> None:
    drawn(data, tmp_path / "s")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert drawn(data, tmp_path / "s").notes == (SAMPLE.already_done,)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_other_data_is_replaced_on_purpose_only(data: PreparedData, tmp_path: Path) -> None:
    drawn(data, tmp_path / "s")
    with pytest.raises(UsageError, match="--overwrite"):
        drawn(data, tmp_path / "s", fraction=0.2)
    sample(data, tmp_path / "s", SampleSettings(fraction=0.2), overwrite=True)
    assert contents(tmp_path / "s") == contents(drawn(data, tmp_path / "t", 0.2).path)
    with pytest.raises(UsageError, match="the data itself"):
        drawn(data, data.path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="something else"):
        sample(data, tmp_path / "mine", SampleSettings(), overwrite=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_interrupted_and_taken_up(data: PreparedData, tmp_path: Path) -> None:
    expected = contents(drawn(data, tmp_path / "expected").path)
    with pytest.raises(KeyboardInterrupt):
        sample(
            data, tmp_path / "s", SampleSettings(fraction=0.1), progress=Interrupting("Writing", 5)
        )
    assert not (tmp_path / "s").exists()
    assert contents(drawn(data, tmp_path / "s").path) == expected
    assert set(tmp_path.iterdir()) == {tmp_path / "s", tmp_path / "expected"}


def test_no_reviews_at_all(tmp_path: Path) -> None:
    data = prepared(tmp_path / "data", write_lines(tmp_path / "a.jsonl", [review(1)]))
    data = erase(data.path, "C1").data
    assert drawn(data, tmp_path / "s").rows == 0


def test_damaged_data_leaves_nothing(data: PreparedData, tmp_path: Path) -> None:
    shutil.copytree(data.path, tmp_path / "data")
    part = next((tmp_path / "data").glob("reviews/*/*.parquet"))
    part.write_bytes(b"\0" * part.stat().st_size)
    with pytest.raises(InputError, match=r"part-00000\.parquet"):
        drawn(PreparedData.open(tmp_path / "data"), tmp_path / "s")
    assert not (tmp_path / "s").exists()
    assert read_record(tmp_path / "data" / "manifest.json") == data.manifest

"""Folders and archives as people have them: what is read and what is left alone, and is said."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, UsageError
from reviewdesk.schema import REJECTS, predictions_schema
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import open_inputs
from reviewdesk.sources.catalog import Inputs
from tests.sources.samples import bodies_of, csv_table, mcauley_2018, reviews_of, yelp, zhang


def found(*places: Path, **settings: object) -> Inputs:
    return open_inputs(list(map(str, places)), SourceSettings(**settings))  # type: ignore[arg-type]


def written(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def stars_of(inputs: Inputs) -> dict[str, int]:
    rows = [row for one in inputs for row in reviews_of(list(one.read()))]
    return {row["review_body"]: row["star_rating"] for row in rows}


def test_pos_and_neg_hold_texts_of_any_name(tmp_path: Path) -> None:
    for side in ("train", "test", "val"):
        written(tmp_path / f"set/{side}/pos/a.txt", f"Good {side}")
        written(tmp_path / f"set/{side}/neg/cv000_29416.txt", f"Bad {side}")
    written(tmp_path / "set/README.txt", "read me")
    inputs = found(tmp_path / "set")
    expected = {
        f"{word} {side}": stars
        for word, stars in (("Good", 5), ("Bad", 1))
        for side in ("train", "test", "val")
    }
    assert stars_of(inputs) == expected
    (batch,) = (batch for batch in inputs[0].read() if batch.notes)
    assert "left alone: README.txt" in batch.notes[0]


def test_an_old_text_may_be_in_another_encoding(tmp_path: Path) -> None:
    written(tmp_path / "positive/a", "Très bon".encode("cp1252"))
    written(tmp_path / "negative/b", "Bad")
    assert stars_of(found(tmp_path)) == {"Très bon": 5, "Bad": 1}


def test_only_the_reviews_of_yelp_are_reviews(tmp_path: Path) -> None:
    written(tmp_path / "review.json", yelp(["Good soup"]))
    tip = {"user_id": "u", "business_id": "b", "text": "soup", "date": "d", "compliment_count": 0}
    written(tmp_path / "tip.json", json.dumps(tip))
    written(tmp_path / "checkin.json", json.dumps({"business_id": "b", "date": "2016-04-26"}))
    business = {"business_id": "b", "name": "Cafe", "categories": "Food"}
    written(tmp_path / "business.json", json.dumps(business))
    inputs = found(tmp_path)
    assert [one.name for one in inputs] == ["review.json"]
    assert inputs.listing() == [
        "read as Yelp Open Dataset: review.json",
        "left alone: Yelp's check-ins: checkin.json",
        "left alone: Yelp's tips, which are no reviews: tip.json",
        "left alone: about the products; read along with the reviews: business.json",
    ]


def test_what_reviewdesk_wrote_is_left_alone(tmp_path: Path) -> None:
    written(tmp_path / "shop.csv", csv_table(["Good lamp"]))
    written(tmp_path / "out/manifest.json", '{\n  "format": "reviewdesk.prepared"\n}')
    written(tmp_path / "out/reviews/month=2020-01/part.csv", csv_table(["Good lamp"]))
    inputs = found(tmp_path)
    assert [one.name for one in inputs] == ["shop.csv"]
    assert {one.reason for one in inputs.left} == {"written by reviewdesk"}


def test_what_reviewdesk_wrote_beside_folders_is_left_alone_too(tmp_path: Path) -> None:
    written(tmp_path / "shop.csv", csv_table(["Good lamp"]))
    written(tmp_path / "job/job.json", '{\n  "digest": "0",\n  "text": "job"\n}')
    written(tmp_path / "job/sentiment/label.csv", csv_table(["Good lamp"]))
    said = predictions_schema(["a", "b"], "sentiment").empty_table()
    pq.write_table(said, tmp_path / "said.parquet")
    pq.write_table(REJECTS.empty_table(), tmp_path / "said.rejects.parquet")
    inputs = found(tmp_path)
    assert [one.name for one in inputs] == ["shop.csv"]
    assert {one.reason for one in inputs.left} == {"written by reviewdesk"}
    assert inputs.warnings() == []


def test_the_listing_fits_a_screen(tmp_path: Path) -> None:
    for number in range(300):
        written(tmp_path / f"{number:03}.csv", csv_table([f"Good lamp {number}"]))
        written(tmp_path / f"{number:03}.md", "about")
    lines = found(tmp_path).listing()
    assert lines == [
        "read as CSV, TSV, JSON lines or arrays, Parquet: 000.csv, 001.csv, 002.csv and 297 more",
        "left alone: in no format that is read: 000.md, 001.md, 002.md and 297 more",
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_tables_in_an_archive(tmp_path: Path, *, packed: bool) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in (
            ("data/reviews.csv", csv_table(["Good lamp"] * 3000 + ["Last lamp"])),
            ("data/more.json", mcauley_2018(["From JSON"])),
            ("data/readme.md", b"about"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    whole = gzip.compress(data.getvalue()) if packed else data.getvalue()
    inputs = found(written(tmp_path / "x.tar.gz", whole))
    assert [one.source for one in inputs] == ["mcauley-2018", "table"]
    bodies = [body for one in inputs for body in bodies_of(list(one.read()))]
    assert bodies == ["From JSON", *["Good lamp"] * 3000, "Last lamp"]
    assert [one.name for one in inputs.left] == ["x.tar.gz/data/readme.md"]


def test_an_archive_that_ends_early_is_said(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        table = csv_table([f"Good lamp {number}" for number in range(3000)])
        member = tarfile.TarInfo("reviews.csv")
        member.size = len(table)
        archive.addfile(member, io.BytesIO(table))
    path = written(tmp_path / "x.tar", data.getvalue()[: len(table) // 2])
    batches = list(found(path)[0].read())
    assert 1200 < len(bodies_of(batches)) < 1800
    assert "get the file again" in str([batch.notes for batch in batches])


def test_the_category_is_the_name_of_the_file_with_a_map_as_well(tmp_path: Path) -> None:
    path = written(tmp_path / "Gift_Cards_5.json", mcauley_2018(["Good card"]))
    (one,) = found(path, columns={"review_headline": "reviewerID"})
    (row,) = reviews_of(list(one.read()))
    assert one.source == "mcauley-2018"
    assert (row["product_category"], row["review_headline"]) == ("Gift_Cards", "A1")


def test_a_map_for_a_format_without_names_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "train.csv", zhang(["Good"]))
    with pytest.raises(UsageError, match="whose columns have no names"):
        found(path, columns={"review_body": "text"})


def test_a_folder_without_reviews_says_what_is_in_it(tmp_path: Path) -> None:
    written(tmp_path / "a.md", "about")
    written(tmp_path / "b.csv", "")
    with pytest.raises(InputError, match=r"no format that is read: a\.md.*empty: b\.csv"):
        found(tmp_path)

"""Exports: every format, what is in it, and what is left after a kill."""

import csv
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xxhash
from sklearn.datasets import load_svmlight_file

from reviewdesk.errors import InputError, MissingColumn, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.examples.export import Export, export
from reviewdesk.examples.splits import split
from reviewdesk.job.describe import describe
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import (
    ExportSettings,
    PrepareSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.text.tokens import tokenize
from tests.killing import kill_and_resume
from tests.prepare.corpus import contents, prepared, review, write_lines

from .steps import export_folder

FORMATS = ("csv", "jsonl", "fasttext", "augmented-manifest", "libsvm")
KILLS = 50
KEPT = PrepareSettings(min_chars=0)  # also a review without a letter


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("exported")
    rows = [review(number, product_id=f"P{number % 90}") for number in range(700)]
    rows.append(review(700, review_headline="=1+1", review_body="@SUM(A1) <b>x</b>"))
    rows.append(review(701, review_headline=None, review_body="?!?!?!"))
    rows.append(review(702, star_rating=None))
    return prepared(folder / "data", write_lines(folder / "a.jsonl", rows), settings=KEPT)


def exported(data: PreparedData, out: Path, form: str = "jsonl", **more: Any) -> Export:
    overwrite = more.pop("overwrite", False)
    target = TargetSettings(target=more.pop("target", "sentiment"))
    return export(
        data,
        out,
        target=target,
        text=TextSettings(**more.pop("text", {})),
        split=SplitSettings(**more.pop("split", {})),
        export=ExportSettings(format=form, **more),
        overwrite=overwrite,
    )


def objects(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for side in ("train", "validation", "test"):
        for line in (folder / f"{side}.jsonl").read_text().splitlines():
            yield side, json.loads(line)


def test_every_labelled_review_is_in_one_file_with_its_label(
    data: PreparedData, tmp_path: Path
) -> None:
    manifest = exported(data, tmp_path / "out").manifest
    stars = {
        row["review_id"]: row["star_rating"]
        for row in data.table(["review_id", "star_rating"]).to_pylist()
    }
    found = {row["review_id"]: row["label"] for _, row in objects(tmp_path / "out")}
    assert found == {
        one: "positive" if count >= 4 else "negative" for one, count in stars.items() if count
    }
    assert manifest["rows"] == {"in": 703, "out": 702}
    assert manifest["left_out"] == {"no_star_rating": 1}
    sizes = {one["side"]: one["rows"] for one in manifest["files"]}
    assert sizes["test"] == 140
    assert abs(sizes["validation"] - 70) <= 2  # products are not divided
    assert sum(sizes.values()) == 702


def test_the_test_side_is_the_one_that_training_holds_out(
    data: PreparedData, tmp_path: Path
) -> None:
    exported(data, tmp_path / "out")
    examples = load_examples(data, TargetSettings(), TextSettings())
    held_out = examples.table(split(examples, SplitSettings()).test)["review_id"].to_pylist()
    assert [row["review_id"] for side, row in objects(tmp_path / "out") if side == "test"] == (
        held_out
    )


def test_csv_holds_the_same_but_for_apostrophes(data: PreparedData, tmp_path: Path) -> None:
    columns = ("star_rating", "review_date", "customer_id")
    manifest = exported(data, tmp_path / "csv", "csv", column=columns).manifest
    exported(data, tmp_path / "jsonl", column=columns)
    plain = {row["review_id"]: row for _, row in objects(tmp_path / "jsonl")}
    seen = 0
    for side in ("train", "validation", "test"):
        with (tmp_path / "csv" / f"{side}.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                seen += 1
                expected = plain[row["review_id"]]
                for name, cell in row.items():
                    text = "" if expected[name] is None else str(expected[name])
                    assert cell in (text, f"'{text}")
    assert seen == len(plain)
    assert manifest["neutralised_cells"] == 2
    row = plain["R000700"]
    assert (row["review_headline"], row["review_body"]) == ("=1+1", "@SUM(A1) x")
    assert row["review_date"] == "2011-01-01"


def test_words_in_lower_case_behind_the_label(data: PreparedData, tmp_path: Path) -> None:
    manifest = exported(data, tmp_path / "ft", "fasttext", target="category").manifest
    exported(data, tmp_path / "jsonl", target="category")
    assert manifest["left_out"] == {"no_words": 1}
    expected = [
        " ".join(
            [
                f"__label__{row['label']}",
                *tokenize(f"{row['review_headline'] or ''}\n{row['review_body']}"),
            ]
        )
        for side, row in objects(tmp_path / "jsonl")
        if row["review_id"] != "R000701"
    ]
    files = [tmp_path / "ft" / f"{side}.txt" for side in ("train", "validation", "test")]
    assert [line for file in files for line in file.read_text().splitlines()] == expected
    labels = json.loads((tmp_path / "ft" / "labels.json").read_text())
    assert [(one["number"], one["name"], one["fasttext"]) for one in labels] == [
        (0, "Books", "__label__Books"),
        (1, "Music", "__label__Music"),
        (2, "Toys", "__label__Toys"),
    ]


def test_augmented_manifest_has_the_same_words_and_numbers(
    data: PreparedData, tmp_path: Path
) -> None:
    exported(data, tmp_path / "ft", "fasttext", target="category")
    exported(data, tmp_path / "am", "augmented-manifest", target="category")
    numbers = {"__label__Books": 0, "__label__Music": 1, "__label__Toys": 2}
    raw = (tmp_path / "am" / "train.manifest").read_text()
    lines = [json.loads(line) for line in raw.splitlines()]
    words = [
        line.split(" ", 1) for line in (tmp_path / "ft" / "train.txt").read_text().splitlines()
    ]
    assert lines == [{"source": text, "label": numbers[label]} for label, text in words]


def test_libsvm_counts_words_by_hash(data: PreparedData, tmp_path: Path) -> None:
    exported(data, tmp_path / "ft", "fasttext")
    exported(data, tmp_path / "svm", "libsvm", buckets=5_000)
    matrix, labels = load_svmlight_file(
        tmp_path / "svm" / "train.libsvm", n_features=5_000, zero_based=False
    )
    first = (tmp_path / "ft" / "train.txt").read_text().splitlines()[0].split(" ")
    assert matrix[0].sum() == len(first) - 1
    for word in first[1:]:
        assert matrix[0, xxhash.xxh64_intdigest(word.encode()) % 5_000] >= 1
    assert set(labels) == {0, 1}


def test_headlines_of_the_shop_can_be_left_out(data: PreparedData, tmp_path: Path) -> None:
    exported(data, tmp_path / "out", text={"drop_default_headlines": True})
    headlines = {row["review_headline"] for _, row in objects(tmp_path / "out")}
    assert None in headlines
    assert "Five Stars" not in headlines


def test_files_are_private_and_nothing_lies_beside(data: PreparedData, tmp_path: Path) -> None:
    out = exported(data, tmp_path / "out").path
    assert list(tmp_path.iterdir()) == [out]
    assert {path.name for path in out.iterdir()} == {
        "labels.json",
        "manifest.json",
        "test.jsonl",
        "train.jsonl",
        "validation.jsonl",
    }
    assert all(
        stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
        for path in [out, *out.iterdir()]
    )


def test_the_same_again_does_nothing(data: PreparedData, tmp_path: Path) -> None:
    exported(data, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert exported(data, tmp_path / "out").already
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize("name", ["train.jsonl", "test.jsonl", "labels.json"])
def test_a_flipped_bit_is_noticed(data: PreparedData, tmp_path: Path, name: str) -> None:
    whole = exported(data, tmp_path / "out")
    describe(whole.path)
    path = whole.path / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3] ^= 4
    path.write_bytes(raw)
    for look in (lambda: describe(whole.path), lambda: exported(data, tmp_path / "out")):
        with pytest.raises(InputError, match=rf"{name} is damaged.*export again"):
            look()
    assert not exported(data, tmp_path / "out", overwrite=True).already
    describe(whole.path)


def test_other_things_are_replaced_on_purpose_only(data: PreparedData, tmp_path: Path) -> None:
    exported(data, tmp_path / "out")
    with pytest.raises(UsageError, match="--overwrite"):
        exported(data, tmp_path / "out", "csv")
    exported(data, tmp_path / "out", "csv", overwrite=True)
    assert contents(tmp_path / "out") == contents(exported(data, tmp_path / "b", "csv").path)
    with pytest.raises(UsageError, match="something else"):
        exported(data, data.path, overwrite=True)
    PreparedData.open(data.path).verify()


def test_settings_that_do_not_go_together(data: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(MissingColumn, match="colour"):
        exported(data, tmp_path / "out", column=("colour",))
    with pytest.raises(UsageError, match="twice"):
        exported(data, tmp_path / "out", column=("review_body",))
    with pytest.raises(UsageError, match="no columns"):
        exported(data, tmp_path / "out", "fasttext", column=("star_rating",))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", FORMATS)
def test_checkpoints_leave_no_trace(data: PreparedData, tmp_path: Path, form: str) -> None:
    export_folder(str(data.path), str(tmp_path / "many"), form)
    exported(data, tmp_path / "one", form)
    assert contents(tmp_path / "many") == contents(tmp_path / "one")


def kill_exports(data: PreparedData, folder: Path, form: str, kills: int) -> None:
    kill_and_resume(
        "tests.examples.steps:export_folder",
        lambda place: (data.path, place / "out", form),
        folder,
        kills,
    )


@pytest.mark.parametrize("form", FORMATS)
def test_killed_at_fifty_random_moments(data: PreparedData, tmp_path: Path, form: str) -> None:
    kill_exports(data, tmp_path, form, KILLS // len(FORMATS))


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_each_format_killed_at_fifty_random_moments(
    data: PreparedData, tmp_path: Path, form: str
) -> None:
    kill_exports(data, tmp_path, form, KILLS)

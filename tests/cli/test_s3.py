"""The main job on S3: read from there and written there, as from and to folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import reviewdesk as rd
from reviewdesk.bundle import load_bundle
from reviewdesk.findings.store import folders_in, read_findings
from reviewdesk.job.places import reviews_of

from ..prepare.corpus import review, write_lines
from ..s3 import BUCKET, Bucket, bucket
from .conftest import Result, run_cli

TRAIN = ("--target", "sentiment", "--model", "naive-bayes")


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as there:
        yield there


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = {1: "broke at once, a waste", 5: "lovely, works like a charm"}
    rows = [
        review(
            n,
            product_id=f"P{n % 40}",
            star_rating=stars,
            review_body=f"After {n} days of use: {words[stars]}.",
        )
        for n in range(400)
        for stars in [(1, 5)[n % 3 > 0]]
    ]
    return write_lines(tmp_path_factory.mktemp("raw") / "reviews.jsonl", rows)


@pytest.fixture(scope="module")
def local(raw: Path) -> Path:
    folder = raw.parent
    assert run_cli("prepare", raw, "--out", folder / "prepared").code == 0
    assert run_cli("train", folder / "prepared", *TRAIN, "--out", folder / "bundle").code == 0
    return folder


@pytest.fixture(scope="module")
def place(s3: Bucket, raw: Path) -> str:
    """Where prepared reviews and a bundle are that were written there."""
    reviews = s3.upload(raw, "raw/reviews.jsonl")
    place = s3.address("shop")
    said(run_cli("prepare", reviews, "--out", f"{place}/prepared"))
    said(
        run_cli("train", f"{place}/prepared", *TRAIN, "--out", f"{place}/bundle"),
        f"in {place}/bundle",
        f"evaluate {place}/bundle {place}/prepared",
    )
    return place


def said(result: Result, *sentences: str) -> None:
    """Check that a command ended well and wrote addresses, and no local copy."""
    output = result.out + result.err
    assert result.code == 0, output
    assert "/tmp" not in output, output
    assert f"s3:/{BUCKET}" not in output
    for sentence in sentences:
        assert sentence in output, output


def test_what_is_written_there_is_what_is_written_here(
    s3: Bucket, place: str, local: Path, tmp_path: Path
) -> None:
    s3.download("shop/prepared", tmp_path / "prepared")
    s3.download("shop/bundle", tmp_path / "bundle")
    for folder in ("prepared", "bundle"):
        ours = {
            path.relative_to(local): path.read_bytes()
            for path in (local / folder).rglob("*")
            if path.is_file() and path.name not in ("log.json", "earlier.json")
        }
        theirs = {path: (tmp_path / path).read_bytes() for path in ours}
        assert theirs == ours
    beside = {key.split("/")[1] for key in s3.keys("shop") if not key.endswith("/")}
    assert beside <= {"prepared", "bundle"}


def test_it_opens_as_a_folder_does(place: str, local: Path) -> None:
    data, here = reviews_of(Path(f"{place}/prepared")), reviews_of(local / "prepared")
    assert data.location == f"{place}/prepared"
    assert data.fingerprint == here.fingerprint
    assert data.table() == here.table()
    data.verify()
    bundle = load_bundle(f"{place}/bundle")
    assert bundle.id == load_bundle(local / "bundle").id
    assert load_bundle(Path(f"{place}/bundle")).id == bundle.id


def test_the_same_again_does_nothing(s3: Bucket, place: str) -> None:
    before = {key: s3.modified(key) for key in s3.keys("shop")}
    again = run_cli("train", f"{place}/prepared", *TRAIN, "--out", f"{place}/bundle")
    said(again, "already in")
    assert {key: s3.modified(key) for key in s3.keys("shop")} == before


def test_other_settings_are_refused_under_its_address(place: str) -> None:
    words = ("--target", "stars", "--out", f"{place}/bundle")
    result = run_cli("train", f"{place}/prepared", *words)
    assert result.code == 2
    assert f"{place}/bundle holds a bundle of other data or settings" in result.err


def test_predict_and_evaluate(s3: Bucket, place: str, raw: Path) -> None:
    said(
        run_cli("predict", f"{place}/bundle", f"{place}/prepared", "--out", f"{place}/p.parquet"),
        f"are in {place}/p.parquet",
    )
    said(run_cli("predict", f"{place}/bundle", raw, "--out", f"{place}/labelled.csv"))
    said(
        run_cli("evaluate", f"{place}/bundle", f"{place}/prepared", "--out", f"{place}/e.html"),
        f"the page: {place}/e.html",
    )
    names = {key.removeprefix("shop/") for key in s3.keys("shop")}
    assert {"p.parquet", "labelled.csv", "e.html", "e.json"} <= names
    assert not any(name.startswith(".") for name in names)


@pytest.mark.slow
def test_explore(s3: Bucket, place: str) -> None:
    said(
        run_cli("explore", f"{place}/prepared", "--out", f"{place}/x.html"),
        f"the page: {place}/x.html",
        f"{place}/x.figures",
    )
    names = {key.removeprefix("shop/") for key in s3.keys("shop")}
    assert {"x.html", "x.figures/counts.parquet"} <= names


@pytest.mark.slow
def test_find(s3: Bucket, place: str) -> None:
    said(
        run_cli("find", "declining", f"{place}/prepared", "--out", f"{place}/findings"),
        f"{place}/findings/declining/findings.html",
    )
    folders = folders_in(Path(f"{place}/findings"))
    assert [folder.name for folder in folders] == ["declining", "improving", "language-shift"]
    stored = read_findings(folders[0])
    assert stored.about["data"] == reviews_of(Path(f"{place}/prepared")).fingerprint
    again = run_cli("find", "declining", f"{place}/prepared", "--out", f"{place}/findings")
    said(again, "found before")


@pytest.mark.slow
def test_python(place: str) -> None:
    data = rd.read(f"{place}/prepared")
    model = rd.train(data, target="sentiment", model="naive-bayes", out=f"{place}/python/bundle")
    loaded = rd.load(f"{place}/python/bundle")
    assert loaded.bundle.id == model.bundle.id == load_bundle(f"{place}/bundle").id
    loaded.save(f"{place}/python/copy")
    assert rd.load(f"{place}/python/copy").bundle.id == model.bundle.id
    found = rd.find("declining", data, f"{place}/python/findings")
    assert "<html" in found.html()

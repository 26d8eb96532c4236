import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tests.sources.samples import (
    BODIES,
    bodies_of,
    imdb_archive,
    imdb_files,
    opened,
    read,
    rejects_of,
    reviews_of,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An IMDb folder with reviews of all kinds."""
    files = {
        "train/pos/0_9.txt": b"good",
        "train/pos/10_7.txt": b"fine",
        "train/neg/0_1.txt": b"bad",
        "train/neg/1_4.txt": b"poor",
        "train/unsup/1_0.txt": b"who knows",
        "test/pos/0_10.txt": b"best",
        "train/urls_pos.txt": b"http://www.imdb.com/title/tt0000001/usercomments\n" * 2,
        "train/urls_neg.txt": b"http://www.imdb.com/title/tt0000003/\xc2\x85x\nhttp://none/\n",
        "train/labeledBow.feat": b"9 0:1\n",
        "README": b"read me",
        "imdb.vocab": b"the\n",
    }
    for name, data in files.items():
        path = tmp_path / "aclImdb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "aclImdb"


def archive(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, "aclImdb")
    return path


EXPECTED = {
    "imdb-train-pos-0": ("good", 5, "tt0000001"),
    "imdb-train-pos-10": ("fine", 4, None),
    "imdb-train-neg-0": ("bad", 1, "tt0000003"),
    "imdb-train-neg-1": ("poor", 2, None),
    "imdb-train-unsup-1": ("who knows", None, None),
    "imdb-test-pos-0": ("best", 5, None),
}


def test_folder_archive_and_parent_read_the_same(folder: Path) -> None:
    for place in (folder, folder.parent, archive(folder, folder.parent.parent / "x.tar.gz")):
        found = opened(place)
        assert found.source == "imdb"
        rows = reviews_of(list(found.read()))
        read_rows = {
            row["review_id"]: (row["review_body"], row["star_rating"], row["product_id"])
            for row in rows
        }
        assert read_rows == EXPECTED
        assert len(rows) == len(EXPECTED)


def test_one_side_is_a_folder_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "train")
    for place in (str(folder / "train"), "."):
        found = opened(place)
        assert found.source == "imdb"
        rows = reviews_of(list(found.read()))
        assert {row["review_id"] for row in rows} == {
            key for key in EXPECTED if key.startswith("imdb-train")
        }
        assert {row["product_id"] for row in rows} == {"tt0000001", "tt0000003", None}


def test_a_folders_bytes_add_up(folder: Path) -> None:
    found = opened(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert found.bytes == size
    assert sum(batch.bytes_read for batch in found.read()) == size


@pytest.mark.parametrize(("rating", "stars"), [(1, 1), (2, 1), (3, 2), (4, 2), (7, 4), (10, 5)])
def test_stars_reproduce_the_labels(tmp_path: Path, rating: int, stars: int) -> None:
    path = tmp_path / "aclImdb/train/pos"
    path.mkdir(parents=True)
    (tmp_path / "aclImdb/train/neg").mkdir()
    (path / f"3_{rating}.txt").write_text("text")
    assert reviews_of(read(tmp_path / "aclImdb"))[0]["star_rating"] == stars


def test_bad_files_are_rejected_by_their_path(folder: Path) -> None:
    (folder / "train/pos/2_8.txt").write_bytes(b"\xff")
    (folder / "train/pos/3_11.txt").write_bytes(b"eleven")
    (folder / "train/pos/4_0.txt").write_bytes(b"zero")
    (folder / "train/pos/5_8.txt").write_bytes(b"")
    batches = read(folder)
    stars = {row["review_body"]: row["star_rating"] for row in reviews_of(batches)}
    assert (len(stars), stars["zero"], stars[""]) == (len(EXPECTED) + 2, None, 4)
    found = {(one["file"], one["reason"], one["raw"], one["line"]) for one in rejects_of(batches)}
    assert found == {
        ("aclImdb/train/pos/2_8.txt", "bad_utf8", b"\xff", None),
        ("aclImdb/train/pos/3_11.txt", "bad_file_name", b"eleven", None),
    }


def test_a_rejected_member_of_an_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.tar.gz"
    path.write_bytes(gzip.compress(imdb_archive([None, "fine"])))
    (reject,) = rejects_of(read(path))
    assert reject["file"] == "set.tar.gz/aclImdb/train/pos/0_eight.txt"


def test_addresses_behind_the_reviews_are_found(tmp_path: Path) -> None:
    assert [name for name, _ in imdb_files(BODIES)][-1].endswith("urls_pos.txt")
    path = tmp_path / "x.tar"
    path.write_bytes(imdb_archive(BODIES))
    rows = reviews_of(read(path))
    assert [row["product_id"] for row in rows] == [f"tt{number:07}" for number in range(4)]


def test_another_archive_is_not_imdb(tmp_path: Path) -> None:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("data/reviews.csv"))
    path = tmp_path / "x.tar"
    path.write_bytes(found.getvalue())
    with pytest.raises(Exception, match=r"no file that can be read as reviews: .*reviews\.csv"):
        opened(path)


def test_bodies_are_left_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(imdb_archive([" a\r\n\x85\u2028b \n"]))
    assert bodies_of(read(path)) == [" a\r\n\x85\u2028b \n"]

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reviewdesk.errors import InputError
from reviewdesk.formats.libsvm import libsvm_lines
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import Input, open_inputs

from .samples import bodies_of, rejects_of, reviews_of

VOCABULARY = "the\nand\nbad\nca fé".replace(" ", "")


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def opened(*places: str) -> Input:
    (found,) = open_inputs(places, SourceSettings())
    assert found.source == "libsvm"
    return found


def test_imdbs_own_files(tmp_path: Path) -> None:
    bag = written(tmp_path / "labeledBow.feat", "9 0:2 3:1 \n1 2:1\n4 1:1\n0 0:1\n")
    batches = list(opened(bag, written(tmp_path / "imdb.vocab", VOCABULARY)).read())
    assert bodies_of(batches) == ["the the café", "bad", "and", "the"]
    assert [row["star_rating"] for row in reviews_of(batches)] == [5, 1, 2, None]


def test_indices_begin_at_one_where_there_is_no_zero(tmp_path: Path) -> None:
    bag = written(tmp_path / "x.libsvm", "5 1:1 4:2\n")
    with_words = opened(bag, written(tmp_path / "x.vocab.txt", VOCABULARY))
    assert bodies_of(list(with_words.read())) == ["the café café"]
    assert bodies_of(list(opened(bag).read())) == ["f1 f4 f4"]


def test_the_vocabulary_is_part_of_the_input(tmp_path: Path) -> None:
    bag = written(tmp_path / "x.libsvm", "5 1:1\n")
    vocabulary = written(tmp_path / "imdb.vocab", VOCABULARY)
    assert opened(bag).sha256() != opened(bag, vocabulary).sha256()
    with pytest.raises(InputError, match=r"imdb\.vocab holds no reviews"):
        open_inputs([vocabulary], SourceSettings())


@pytest.mark.parametrize(
    ("labels", "column", "expected"),
    [
        ("1 3 5", "star_rating", [1, 3, 5]),
        ("1 2", "star_rating", [1, 5]),
        ("+1 -1", "star_rating", [5, 1]),
        ("+1 +1", "star_rating", [5, 5]),
        ("0 1", "star_rating", [1, 5]),
        ("1.0 4.0", "star_rating", [1, 4]),
        ("0 1 2", "product_category", ["0", "1", "2"]),
        ("17 0.5", "product_category", ["17", "0.5"]),
    ],
)
def test_what_labels_mean(tmp_path: Path, labels: str, column: str, expected: list[Any]) -> None:
    path = written(tmp_path / "x", "".join(f"{label} 1:1\n" for label in labels.split()))
    assert [row[column] for row in reviews_of(list(opened(path).read()))] == expected


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("5 1:0.25 2:3.5", "f1 f2"),
        ("5 1:0 2:-1 3:2.0", "f3 f3"),
        ("5 qid:3 1:1", "f1"),
        ("5 1:1 # a comment", "f1"),
        ("5\t1:1e0\r", "f1"),
    ],
)
def test_values_that_are_no_counts(tmp_path: Path, line: str, body: str) -> None:
    path = written(tmp_path / "x", f"# made by hand\n5 9:1\n{line}\n")
    assert bodies_of(list(opened(path).read())) == ["f9", body]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("5 1:x", "bad_record"),
        ("5 word", "bad_record"),
        ("5 9:1", "bad_record"),  # beyond the vocabulary
        ("five 1:1", "bad_record"),
        ("5 1:99999999999", "too_long"),
        ("5 1:1e300", "too_long"),
    ],
)
def test_bad_lines(tmp_path: Path, line: str, reason: str) -> None:
    bag = written(tmp_path / "x", f"5 1:1\n{line}\n5 2:1\n")
    batches = list(opened(bag, written(tmp_path / "imdb.vocab", VOCABULARY)).read())
    assert bodies_of(batches) == ["the", "and"]
    assert [(one["line"], one["reason"]) for one in rejects_of(batches)] == [(2, reason)]


def test_what_is_exported_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "train.libsvm"
    path.write_bytes(libsvm_lines([0, 1], np.array([3, 7]), np.array([2, 1]), np.array([0, 1, 2])))
    assert bodies_of(list(opened(str(path)).read())) == ["f3 f3", "f7"]

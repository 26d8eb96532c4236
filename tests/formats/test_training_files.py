"""fastText, augmented manifest, LIBSVM and JSON lines, read again by what reads them."""

import io
import json

import numpy as np
from sklearn.datasets import load_svmlight_file

from reviewdesk.formats.augmented_manifest import augmented_manifest_lines
from reviewdesk.formats.fasttext import fasttext_lines, label_words
from reviewdesk.formats.json_lines import json_lines
from reviewdesk.formats.libsvm import libsvm_lines


def test_a_label_is_one_word_and_no_two_are_the_same() -> None:
    names = ["Toys", "Lawn and Garden", "Lawn_and_Garden", "Lawn\u00a0and\tGarden", "a\0b", ""]
    words = label_words(names)
    assert words[:2] == ["__label__Toys", "__label__Lawn_and_Garden"]
    assert len(set(words)) == len(names)
    assert all(word.startswith("__label__") and len(word.split()) == 1 for word in words)


def test_fasttext_lines() -> None:
    lines = fasttext_lines(["__label__a", "__label__b"], [["good", "très"], ["bad"]])
    assert lines.decode() == "__label__a good très\n__label__b bad\n"
    assert fasttext_lines([], []) == b""


def test_augmented_manifest_lines() -> None:
    lines = augmented_manifest_lines([0, 3], [["good", "très"], ["bad"]])
    assert lines.decode().splitlines() == [
        '{"source": "good très", "label": 0}',
        '{"source": "bad", "label": 3}',
    ]


def test_json_lines_are_one_line_each_for_every_reader() -> None:
    values = [{"text": "a\nb\u2028c\u2029d\u0085e\0"}, ["é"], None]
    raw = json_lines(values)
    assert [json.loads(line) for line in raw.decode().splitlines()] == values


def test_libsvm_lines_are_what_scikit_learn_reads() -> None:
    indices, ends = np.array([1, 7, 2, 3]), np.array([0, 2, 2, 4])
    raw = libsvm_lines([1, 0, 2], indices, np.array([1, 2, 1, 1]), ends)
    assert raw == b"1 1:1 7:2\n0\n2 2:1 3:1\n"
    matrix, labels = load_svmlight_file(io.BytesIO(raw), n_features=8, zero_based=False)
    assert labels.tolist() == [1, 0, 2]
    assert matrix.toarray()[0].tolist() == [1, 0, 0, 0, 0, 0, 2, 0]


def test_libsvm_without_any_word() -> None:
    none = np.array([], np.int64)
    assert libsvm_lines([1, 0], none, none, np.zeros(3, np.int64)) == b"1\n0\n"
    assert libsvm_lines([], none, none, np.zeros(1, np.int64)) == b""


def test_libsvm_values_are_read_back_as_they_were() -> None:
    values = np.array([0.1, 1e-7, -2.5, 3e20], np.float32)
    raw = libsvm_lines([1], np.arange(1, 5), values, np.array([0, 4]))
    table, _ = load_svmlight_file(io.BytesIO(raw), n_features=4, zero_based=False)
    assert (table.toarray()[0].astype(np.float32) == values).all()

"""Texts under several categories, and categories that overlap."""

import numpy as np
import pyarrow as pa

from reviewdesk.findings.review_category.overlaps import confusions, overlaps
from reviewdesk.findings.review_category.shared import across, shared_table
from reviewdesk.findings.review_category.sketches import alike_groups, sketch

WORDS = np.array([f"word{number}" for number in range(3_000)])


def text(seed: int, words: int = 60) -> str:
    return " ".join(np.random.default_rng(seed).choice(WORDS, words))


def test_copies_and_near_copies_are_alike_and_others_are_not() -> None:
    first = text(0, 80)
    near = first.replace(first.split()[40], "another").upper() + "!"
    texts = [first, text(1), near, text(2), first, first + " and more words at its end"]
    found = alike_groups(sketch(pa.array(texts)))
    assert found.tolist() == [0, 1, 0, 3, 0, 0]


def test_hardly_any_near_copy_is_missed_and_nothing_else_is_taken_for_one() -> None:
    originals = [text(seed, 100) for seed in range(300)]
    copies = [" ".join(one.split()[:97]) + " three new words" for one in originals]
    found = alike_groups(sketch(pa.array(originals + copies)))
    assert (found[300:] == np.arange(300)).mean() > 0.9
    assert (found[:300] == np.arange(300)).all()


def test_short_texts_are_no_copies() -> None:
    texts = pa.array(["works as expected", "works as expected", None, "", None, ""])
    assert alike_groups(sketch(texts)).tolist() == [0, 1, 2, 3, 4, 5]
    assert len(alike_groups(sketch(texts.slice(0, 0)))) == 0


def test_only_groups_across_categories_count() -> None:
    group = np.array([0, 0, 2, 2, 2, 5, -1])
    labels = np.array([1, 1, 0, 1, 1, 0, 2], np.int32)
    assert across(group, labels).tolist() == [-1, -1, 2, 2, 2, -1, -1]


def test_the_table_names_all_categories_of_a_text() -> None:
    ids = pa.chunked_array([["a", "b"], ["c"]])
    found = shared_table(ids, np.array([1, 0, 1], np.int32), ["DVD", "Video"], np.array([1, 1, -1]))
    assert found.to_pylist() == [
        {"review_id": "a", "product_category": "Video", "categories": "DVD, Video", "text": 1},
        {"review_id": "b", "product_category": "DVD", "categories": "DVD, Video", "text": 1},
    ]


def test_categories_overlap_from_four_percent_on() -> None:
    labels = np.repeat([0, 1, 2], 100)
    says = labels.copy()
    says[:5], says[100:104] = 1, 0  # 9 of 200
    says[200:207] = 0  # 7 of 200
    found = overlaps(confusions(labels, says, 3), ["DVD", "Video", "Books"])
    assert found.to_pylist() == [
        {"category": "DVD", "other": "Video", "confusion": 0.045, "reviews": 5, "other_reviews": 4}
    ]
    assert len(overlaps(np.zeros((3, 3), np.int64), ["a", "b", "c"])) == 0

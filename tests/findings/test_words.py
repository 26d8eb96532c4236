from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.findings.words import (
    Question,
    cautious_log_ratio,
    telling_words,
    words_array,
)
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import EVIDENCE

from .shop import CATEGORIES, TOPICS, shop


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return shop(tmp_path_factory.mktemp("shop"))


def category_of(data: PreparedData) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    names = data.table(["product_category"]).column(0).to_pylist()
    return np.array([CATEGORIES.index(name) for name in names], np.int32)


def moved_rows(data: PreparedData) -> list[int]:
    ids = data.table(["review_id"]).column(0).to_pylist()
    return [row for row, name in enumerate(ids) if int(name[1:]) % 20 == 0]


def test_words_speak_for_what_the_review_is_about(data: PreparedData) -> None:
    groups, rows = category_of(data), moved_rows(data)
    questions = [
        Question(np.array([row]), suggested=(groups[row] + 1) % 3, where=groups[row])
        for row in rows
    ]
    found = telling_words(data, groups, questions)
    assert len(found) == len(rows) > 20
    for words, question in zip(found, questions, strict=True):
        topic = set(TOPICS[CATEGORIES[question.suggested]].split())
        positive = [word for word, weight in words if weight > 0]
        assert positive
        assert set(positive) <= topic
        assert not [word for word, weight in words if weight < 0]


def test_words_against_come_after_those_for_and_the_heaviest_first(data: PreparedData) -> None:
    groups = category_of(data)
    books = np.flatnonzero(groups == 0)
    (words,) = telling_words(data, groups, [Question(books, suggested=1, where=0)], most=4)
    weights = [weight for _, weight in words]
    positive, negative = [w for w in weights if w > 0], [w for w in weights if w < 0]
    assert weights == positive + negative
    assert positive == sorted(positive, reverse=True)
    assert negative == sorted(negative)
    assert max(len(positive), len(negative)) <= 4


def test_a_review_is_no_evidence_for_where_it_stands(tmp_path: Path) -> None:
    rows = [
        {
            "review_id": f"R{n:03d}",
            "product_category": ("Books", "Garden")[n % 2],
            "review_body": f"Plain words number{n}" + (" wombat burrow" if n % 2 else ""),
        }
        for n in range(40)
    ]
    rows[0]["review_body"] = "Plain words and a wombat"
    data = shop(tmp_path, rows)
    ids = data.table(["review_id"]).column(0).to_pylist()
    groups = np.array([int(name[1:]) % 2 for name in ids], np.int32)
    row = ids.index("R000")
    question = Question(np.array([row]), suggested=1, where=0)
    (words,) = telling_words(data, groups, [question])
    groups[row] = -1
    (uncounted,) = telling_words(data, groups, [question])
    assert words[0][0] == "wombat"
    assert words == uncounted


def test_nothing_asked_nothing_said_and_texts_without_words(tmp_path: Path) -> None:
    data = shop(
        tmp_path,
        [{"review_id": f"R{n}", "review_body": "?!? 12 34"} for n in range(9)],
        min_chars=0,
    )
    groups = np.zeros(9, np.int32)
    assert telling_words(data, groups, []) == []
    assert telling_words(data, groups, [Question(np.array([0, 8]), 1, 0)]) == [[]]


def test_what_counts_leave_open_weighs_nothing() -> None:
    left, right = np.array([500, 5, 20, 0, 100, 10**5]), np.array([0, 0, 0, 30, 100, 10**5])
    found = cautious_log_ratio(left, right)
    assert found[0] > found[2] > 1
    assert found[1] == found[4] == 0
    assert found[3] < -1
    np.testing.assert_array_equal(found, -cautious_log_ratio(right, left))
    assert np.isfinite(cautious_log_ratio(left, right * 0)).all()


def test_a_small_group_proves_little_about_what_it_lacks() -> None:
    left, right = np.array([900, 10**5]), np.array([0, 100])  # 0.9 of 100 were to be expected
    assert cautious_log_ratio(left, right)[0] == 0


def test_less_is_asked_of_small_groups_where_nothing_is_sure() -> None:
    left, right = np.array([3, 60]), np.array([0, 60])
    sure, likely = cautious_log_ratio(left, right), cautious_log_ratio(left, right, 0.0)
    assert sure[0] == 0
    assert likely[0] > 0.5


def test_the_column_of_words() -> None:
    column = words_array([[("wombat", 1.5), ("novel", -0.5)], []])
    assert column.type == EVIDENCE
    assert column.to_pylist() == [
        [{"word": "wombat", "weight": 1.5}, {"word": "novel", "weight": -0.5}],
        [],
    ]
    assert isinstance(column, pa.Array)

import csv
import json

import numpy as np
import pytest

from reviewdesk.serving.media_types import CSV, JSON, JSON_LINES, TEXT
from reviewdesk.serving.writers import evidence_of, rankings, write_answer

LABELS = ["Home, Garden", "Toys\tand\nGames", 'Café "<b>"']
PROBABILITIES = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], dtype=np.float32)


def written(media_type: str, wanted: list[int]) -> str:
    return write_answer(media_type, rankings(LABELS, PROBABILITIES, wanted)).decode()


def test_json_names_as_many_labels_as_wanted() -> None:
    found = json.loads(written(JSON, [2, 10**30]))
    assert [one["label"] for one in found] == [
        ["__label__Toys\tand\nGames", '__label__Café "<b>"'],
        ["__label__Home, Garden", '__label__Café "<b>"', "__label__Toys\tand\nGames"],
    ]
    assert [set(one) for one in found] == [{"label", "prob"}] * 2
    assert np.array_equal(np.array(found[1]["prob"], np.float32), PROBABILITIES[1, [0, 2, 1]])


def test_json_lines_are_one_object_a_line() -> None:
    lines = written(JSON_LINES, [1, 1]).splitlines()
    assert [json.loads(line)["label"][0] for line in lines] == [
        "__label__Toys\tand\nGames",
        "__label__Home, Garden",
    ]


def test_csv_and_text_hold_the_likeliest_label() -> None:
    rows = written(CSV, [1, 1])
    assert rows.endswith('"Home, Garden",0.4000000059604645\n')
    lines = written(TEXT, [1, 1]).splitlines()
    assert lines[0] == "Toys and Games\t0.5"


@pytest.mark.parametrize("media_type", [JSON, JSON_LINES])
def test_probabilities_survive_to_the_last_bit(media_type: str) -> None:
    values = np.random.default_rng(0).random((500, 1), dtype=np.float32)
    text = write_answer(media_type, rankings(["a"], values, [1] * 500)).decode()
    rows = json.loads(text) if media_type == JSON else map(json.loads, text.splitlines())
    assert np.array_equal(np.array([row["prob"] for row in rows], np.float32), values)


def test_evidence_is_told_where_it_is_asked_for() -> None:
    told = evidence_of(np.array([0, 3, 5]), ["", "fr", "fr"], [True, True, False])
    assert told == [
        {"known_words": 0, "cannot_tell": True},
        {"known_words": 3, "cannot_tell": False, "unseen_language": "fr"},
        {},
    ]
    assert evidence_of(None, [""], [True]) == [{"known_words": None, "cannot_tell": False}]


def test_lines_end_in_known_words_where_that_is_asked_for() -> None:
    shares = np.array([[0.5, 0.25], [0.25, 0.5]], np.float32)
    evidence = evidence_of(np.array([3, 0]), ["", ""], [False, True])
    ranked = rankings(["a", "b"], shares, [1, 1])
    found = write_answer(CSV, ranked, evidence).decode()
    assert [*csv.reader(found.splitlines())] == [["a", "0.5"], ["b", "0.5", "0"]]
    assert write_answer(TEXT, ranked, evidence) == b"a\t0.5\nb\t0.5\t0\n"

"""A person's answers correct what is believed."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import InputError, StorageError
from reviewdesk.findings.questions import write_questions
from reviewdesk.findings.review_category.audit import choose_questions, fit_correction, read_answers
from reviewdesk.findings.texts import ReviewText


def test_answers_correct_posteriors_that_are_too_sure() -> None:
    random = np.random.default_rng(0)
    thought = np.sort(random.beta(2, 1, 5_000))[::-1]
    true = 1 / (1 + np.exp(-(np.log(thought / (1 - thought)) - 1.5)))
    wrong = random.random(5_000) < true
    asked = choose_questions(thought, 80)
    found = fit_correction(thought[asked], wrong[asked])
    corrected = found.posterior(thought)
    assert abs(corrected.mean() - true.mean()) < 0.4 * abs(thought.mean() - true.mean())
    low, high = found.precision(thought[:1_000])
    assert 0 <= low < true[:1_000].mean() < high <= 1
    assert high - low < 0.3


def test_few_answers_change_little() -> None:
    thought = np.linspace(0.99, 0.5, 500)
    found = fit_correction(np.array([0.9, 0.8]), np.array([True, True]))
    assert np.abs(found.posterior(thought) - thought).max() < 0.2
    assert (np.diff(found.posterior(thought)) <= 1e-9).all()


@pytest.mark.parametrize("answer", [True, False])
def test_answers_that_are_all_the_same(answer: bool) -> None:
    thought = np.linspace(0.99, 0.5, 80)
    found = fit_correction(thought, np.full(80, answer)).posterior(thought)
    assert np.isfinite(found).all()
    assert bool(found.mean() > thought.mean()) is answer


def test_questions_are_spread_over_what_might_be_listed() -> None:
    posterior = np.append(np.linspace(1, 0.5, 1_000), np.zeros(9_000))
    asked = choose_questions(posterior, 80)
    assert len(asked) == 80
    assert asked.max() > 900
    assert asked.max() < 1_400
    assert (np.diff(asked) > 5).all()


def test_questions_where_there_is_little_to_ask() -> None:
    assert choose_questions(np.empty(0), 80).tolist() == []
    assert choose_questions(np.array([0.1, 0.05]), 80).tolist() == [0, 1]
    assert choose_questions(np.full(100, 0.9), 0).tolist() == []


def test_answers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("review_id,where,answer\n007,x,wrong\nR2,y, Right \nR3,z,\nR4,w,WRONG\n")
    ids, wrong = read_answers(path)
    assert ids.to_pylist() == ["007", "R2", "R4"]
    assert wrong.tolist() == [True, False, True]


def test_answers_are_read_as_they_were_written(tmp_path: Path) -> None:
    ids = ["=R1", "-R2", "plain"]
    asked = pa.table({"review_id": ids, "where": ["a"] * 3, "suggested": ["b"] * 3})
    texts = {"=R1": ReviewText("H", 'two\nlines, "quoted"', None, None, "P", "T", "a")}
    write_questions(tmp_path / "q.csv", asked, texts)
    filled = (
        (tmp_path / "q.csv")
        .read_text()
        .replace('R1","', 'R1","wrong')
        .replace('R2","', 'R2","right')
    )
    (tmp_path / "q.csv").write_text(filled)
    found, wrong = read_answers(tmp_path / "q.csv")
    assert found.to_pylist() == ids[:2]
    assert wrong.tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("review_id,answer\nR1,perhaps\n", "line 2"),
        ("id,answer\nR1,right\n", "lacks the column review_id"),
        ("review_id;answer\nR1;right\n", "commas have to stand between columns"),
        ("review_id,review_id,answer\nR1,R2,right\n", "more than one column review_id"),
        ("review_id,answer\nR1,\nR2, \n", "no answer yet"),
        ("", "not a CSV"),
        ('review_id,answer\n"R1\n', "not a CSV|lacks|no answer"),
    ],
)
def test_answers_that_cannot_be_read(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_answers(path)


def test_answers_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        read_answers(tmp_path / "none.csv")

"""What lists deliver, measured while agents work in whatever order they like."""

import csv
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.desk.actions import DECIDE
from reviewdesk.desk.decision_files import write_answers
from reviewdesk.desk.decision_place import open_decisions
from reviewdesk.desk.sampling import Sampling
from reviewdesk.desk.worklist import Filter, Worklist
from reviewdesk.findings.base import FinderInfo, Findings, PromisedList
from reviewdesk.findings.review_category.audit import read_answers
from reviewdesk.findings.store import StoredFindings
from tests.desk.test_worklist import row, stored

LISTS = (PromisedList(0.95, 60, 3.0), PromisedList(0.9, 160, 16.0), PromisedList(0.8, 300, 60.0))


def drawn_strata(
    seed: int, precision: tuple[float, ...] = (0.9, 0.8, 0.5)
) -> tuple[StoredFindings, set[str]]:
    """Return findings in three strata, surer ones right more often, and which are right."""
    rng = np.random.default_rng(seed)
    rows, right = [], set()
    sizes = (60, 100, 140)
    for promise, size, mean in zip((0.95, 0.9, 0.8), sizes, precision, strict=True):
        for n in range(size):
            name, sure = f"{promise}-{n:03d}", rng.random()
            rows.append(row(name, promise=promise, score=promise - 0.1 + 0.1 * sure))
            if rng.random() < mean + 0.3 * (sure - 0.5):
                right.add(name)
    kind = stored(rows, "review-category")
    found = Findings("review-category", kind.findings.table, LISTS, 1_000)
    return StoredFindings(kind.path, found, FinderInfo("Reviews", "", False), {}), right


def work(sampling: Sampling, right: set[str], decisions: int, agent: str = "Ann") -> None:
    """Decide as an agent who takes what the queue gives: the surest first, and what is drawn."""
    for _ in range(decisions):
        name = sampling.claim(Filter(), agent)
        if name is None:
            return
        verdict = "right" if name in right else "wrong"
        sampling.worklist.decisions.record(
            sampling.worklist.subjects([name]), DECIDE, verdict, agent
        )
        sampling.worklist.decisions.release(agent)


def simulate(folder: Path, runs: int, decisions: int) -> tuple[float, float, float]:
    """Return how often intervals hold the truth, the bias, and that of counting all decisions."""
    held, errors, naive = [], [], []
    for run in range(runs):
        stored_findings, right = drawn_strata(run)
        base = open_decisions(folder / str(run))
        sampling = Sampling(Worklist([stored_findings], base), run.to_bytes(32, "little"), 0.3)
        work(sampling, right, decisions)
        for one in sampling.delivered():
            if np.isnan(one.delivered.share):
                continue
            listed = [
                name
                for name, promise in zip(
                    sampling.worklist.ids,
                    sampling.worklist.table["promise"].to_pylist(),
                    strict=True,
                )
                if promise >= one.promise - 1e-9
            ]
            truth = len(right & set(listed)) / len(listed)
            held.append(one.delivered.low <= truth <= one.delivered.high)
            errors.append(one.delivered.share - truth)
            decided = [name for name in listed if sampling.worklist.current(name).verdict]
            naive.append(np.mean([name in right for name in decided]) - truth)
        base.close()
    return float(np.mean(held)), float(np.mean(errors)), float(np.mean(naive))


def test_intervals_hold_while_agents_take_the_surest_first(tmp_path: Path) -> None:
    coverage, bias, naive = simulate(tmp_path, 24, 110)
    assert coverage >= 0.9
    assert abs(bias) < 0.03
    assert naive > 0.05  # counting all that was decided flatters the lists


@pytest.mark.slow
def test_coverage_over_many_runs(tmp_path: Path) -> None:
    coverage, bias, _ = simulate(tmp_path, 400, 110)
    assert coverage >= 0.94
    assert abs(bias) < 0.01


def test_bulk_decisions_do_not_count_and_undone_ones_neither(tmp_path: Path) -> None:
    stored_findings, right = drawn_strata(1)
    sampling = Sampling(Worklist([stored_findings], open_decisions(tmp_path)), b"k" * 32, 1.0)
    worklist = sampling.worklist
    worklist.decisions.record(worklist.subjects(worklist.ids), DECIDE, "wrong", "Ann")
    assert sampling.claim(Filter(), "Ann")  # it is drawn all the same
    assert all(one.counted == 0 for one in sampling.delivered())
    work(sampling, right, 30)
    assert sampling.delivered()[-1].counted >= 29
    last = worklist.decisions.latest(1)[0]
    worklist.decisions.undo(last.batch, "Ann")
    assert sampling.delivered()[-1].counted < 31


def test_a_list_that_does_not_deliver_is_cut_anew(tmp_path: Path) -> None:
    stored_findings, right = drawn_strata(2, (0.97, 0.6, 0.2))
    sampling = Sampling(Worklist([stored_findings], open_decisions(tmp_path)), b"k" * 32, 1.0)
    work(sampling, right, 120)
    strict, _, loose = sampling.delivered()
    assert loose.delivered.high < loose.promise
    assert loose.anew is not None
    assert strict.anew is not None
    assert strict.anew <= loose.anew < loose.listed


def test_only_drawn_findings_are_answers(tmp_path: Path) -> None:
    stored_findings, right = drawn_strata(3)
    sampling = Sampling(Worklist([stored_findings], open_decisions(tmp_path / "d")), b"k" * 32, 0.4)
    work(sampling, right, 100)
    with (tmp_path / "answers.csv").open("wb") as sink:
        written = write_answers(sampling.worklist, sampling.answers("review-category"), sink)
    ids, wrong = read_answers(tmp_path / "answers.csv")
    assert written == len(ids) == sampling.delivered()[-1].counted < 100
    assert dict(zip(ids.to_pylist(), wrong.tolist(), strict=True)) == {
        name: name in right for name in ids.to_pylist()
    }
    with (tmp_path / "answers.csv").open() as file:
        assert next(csv.reader(file)) == ["review_id", "answer"]

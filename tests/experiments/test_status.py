"""What an experiment says: never a winner too early, and never one of a broken experiment."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from reviewdesk.errors import InputError, MissingColumn, NotEnoughData, UsageError
from reviewdesk.experiments.design import Design, ExperimentSettings, Metric, design
from reviewdesk.experiments.status import Status, status
from reviewdesk.experiments.summary import cautions, summarise, units_to_decide


def rows(
    n: int,
    seed: int,
    share: float = 0.5,
    rates: tuple[float, float] = (0.8, 0.8),
    slower: float = 0,
) -> pd.DataFrame:
    """Return answers of A and B, each of a customer of its own."""
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < share
    return pd.DataFrame(
        {
            "customer": [f"C{i}" for i in range(n)],
            "arm": np.where(treated, "B", "A"),
            "correct": rng.random(n) < np.where(treated, rates[1], rates[0]),
            "latency": rng.gamma(4, 2, n) + treated * slower,
        }
    )


def judge(frame: Any, arms: str = "A,B", *metrics: Metric, **options: Any) -> Status:
    options = {"unit_column": "customer", "horizon": 2_000, **options}
    made = design(arms, metrics or (Metric("correct"),), ExperimentSettings.from_json(options))
    return status(pa.table(frame), made)


def test_the_better_is_named_with_its_size() -> None:
    summary = summarise(judge(rows(6_000, 1, rates=(0.8, 0.87))))
    assert (summary.kind, summary.stop) == ("better", True)
    assert summary.sentence.startswith("B is better by ")
    assert summary.sentence.endswith(" points, whenever you look; stop.")


def test_no_winner_is_named_before_the_sequence_excludes_0() -> None:
    frame = rows(4_000, 2, rates=(0.8, 0.85))
    kinds = []
    for n in range(100, 4_001, 100):
        found = judge(frame[:n])
        low, high = found.goals[0].now[1:]
        summary = summarise(found)
        kinds.append(summary.kind)
        assert (summary.kind == "better") == (low > 0)
        assert (summary.kind == "worse") == (high < 0)
        if summary.kind == "undecided":
            assert summary.sentence.startswith("None is better yet")
            assert not summary.stop
    assert kinds[0] == "undecided"
    assert kinds[-1] == "better"


def test_a_look_says_the_same_whatever_comes_later() -> None:
    frame = rows(3_000, 3, rates=(0.8, 0.9))
    early = judge(frame[:1_500]).goals[0]
    whole = judge(frame)
    place = np.searchsorted(whole.looks, 1_500)
    assert whole.looks[place] == 1_500
    assert (whole.goals[0].low[place], whole.goals[0].high[place]) == pytest.approx(early.now[1:])


@pytest.mark.parametrize(("better", "kind"), [("higher", "worse"), ("lower", "better")])
def test_lower_may_be_better(better: str, kind: str) -> None:
    frame = rows(4_000, 4, rates=(0.8, 0.7))
    summary = summarise(judge(frame, "A,B", Metric("correct", better)))
    assert summary.kind == kind
    assert ("keep A" in summary.sentence) == (kind == "worse")


def test_a_broken_split_replaces_the_verdict() -> None:
    """B is far better, but gets a tenth more than it should."""
    frame = rows(8_000, 5, share=0.55, rates=(0.8, 0.9))
    found = judge(frame)
    assert found.goals[0].named
    summary = summarise(found)
    assert summary.kind == "ratio"
    assert "better" not in summary.sentence
    assert "The split is broken (p " in summary.sentence
    assert summarise(judge(frame, "A:0.45,B:0.55")).kind == "better"


def test_a_breached_guardrail_replaces_the_verdict() -> None:
    frame = rows(6_000, 6, rates=(0.8, 0.9), slower=1.0)
    guard = Metric("latency", "lower", guardrail=True, margin=0.3)
    summary = summarise(judge(frame, "A,B", Metric("correct"), guard))
    assert summary.kind == "guardrail"
    assert "better" not in summary.sentence
    assert summary.sentence.startswith("A guardrail is breached: latency of B is 0.")
    wide = Metric("latency", "lower", guardrail=True, margin=3.0)
    assert summarise(judge(frame, "A,B", Metric("correct"), wide)).kind == "better"


def test_a_breach_is_not_forgotten() -> None:
    """B was slow at first, and no more: that it once was is still said."""
    frame = rows(8_000, 7)
    slow = (frame["arm"] == "B") & (frame.index < 2_000)
    frame.loc[slow, "latency"] += 2.0
    frame.loc[(frame["arm"] == "B") & ~slow, "latency"] -= 1.0
    guard = Metric("latency", "lower", guardrail=True, margin=0.5)
    assert summarise(judge(frame, "A,B", Metric("correct"), guard)).kind == "guardrail"


def test_arms_are_alike_when_what_matters_is_excluded() -> None:
    frame = rows(20_000, 8)
    summary = summarise(judge(frame, effect=0.05))
    assert (summary.kind, summary.stop) == ("alike", True)
    assert summarise(judge(frame, effect=0.001)).kind == "undecided"


def test_too_few_outcomes_say_nothing() -> None:
    frame = rows(30, 9)
    frame["value"] = np.linspace(0, 7, 30)
    assert summarise(judge(frame, "A,B", Metric("value"))).kind == "waiting"


def test_rows_of_one_customer_count_as_one() -> None:
    """A hundred customers of fifty equal rows each know as much as a hundred rows."""
    customers = rows(200, 10, rates=(0.6, 0.8))
    many = pd.concat([customers] * 50).sort_index(kind="stable")
    one, all_rows = judge(customers).goals[0], judge(many).goals[0]
    assert all_rows.comparison.units[-1] == 200
    assert all_rows.comparison.bets is None
    error = float(all_rows.comparison.moments.error[-1])
    assert error == pytest.approx(float(one.comparison.moments.error[-1]), rel=1e-9)
    alone = judge(many.assign(customer=[f"R{i}" for i in range(len(many))])).goals[0]
    assert (all_rows.high - all_rows.low)[-1] > 4 * (alone.high - alone.low)[-1]


def test_the_split_is_judged_by_customers_not_by_rows() -> None:
    rng = np.random.default_rng(11)
    customers = rows(2_000, 11)
    often = customers.loc[np.repeat(customers.index, np.where(customers["arm"] == "B", 3, 1))]
    often = often.assign(correct=rng.random(len(often)) < 0.8)
    assert summarise(judge(often)).kind != "ratio"
    assert summarise(judge(often, split="row")).kind == "ratio"


def test_units_in_several_arms_are_said() -> None:
    frame = rows(2_000, 12)
    frame["customer"] = [f"C{i // 2}" for i in range(2_000)]
    found = judge(frame)
    assert found.crossed > 300
    assert "were in more than one arm" in cautions(found)[0]
    assert judge(frame, split="row").crossed == 0


def test_several_goals_and_arms_share_one_error_rate() -> None:
    """Twelve comparisons without a difference, again and again: seldom is one named."""
    rng = np.random.default_rng(13)
    named = 0
    for seed in range(60):
        frame = rows(1_200, seed)
        frame["arm"] = rng.choice(list("ABCDE"), 1_200)
        for name in ("one", "two"):
            frame[name] = rng.normal(size=1_200)
        found = judge(frame, "A,B,C,D,E", Metric("correct"), Metric("one"), Metric("two"))
        assert len(found.goals) == 12
        named += any(one.named for one in found.goals)
    assert named <= 6


def test_with_several_goals_intervals_are_those_that_the_list_leaves() -> None:
    frame = rows(6_000, 14, rates=(0.6, 0.8))
    frame["other"] = np.random.default_rng(0).normal(size=6_000)
    found = judge(frame, "A,B", Metric("correct"), Metric("other"))
    first, second = found.goals
    assert (first.named, second.named) == (True, False)
    assert first.level == second.level == 0.025
    summary = summarise(found)
    assert summary.sentence.startswith("B is better in correct by ")


def test_what_is_better_and_worse_is_weighed() -> None:
    frame = rows(6_000, 15, rates=(0.7, 0.8))
    frame["praise"] = np.random.default_rng(0).normal(size=6_000) - (frame["arm"] == "B")
    summary = summarise(judge(frame, "A,B", Metric("correct"), Metric("praise")))
    assert summary.kind == "mixed"
    assert "weigh" in summary.sentence


def paired(n: int, seed: int) -> pd.DataFrame:
    """Return answers of both arms to the same requests: where they differ, B is mostly right."""
    rng = np.random.default_rng(seed)
    control = rng.random(n) < 0.8
    flipped = rng.random(n) < np.where(control, 0.02, 0.25)
    frames = [
        pd.DataFrame({"customer": np.arange(n), "request": np.arange(n), "arm": arm, "correct": ok})
        for arm, ok in (("A", control), ("B", control ^ flipped))
    ]
    return pd.concat(frames).sort_values("request", kind="stable")


def test_pairs_need_fewer_requests_and_it_is_said() -> None:
    frame = paired(2_000, 16)
    found = judge(frame, request_column="request")
    goal = found.goals[0]
    assert found.ratio is None
    assert goal.comparison.bets is not None
    assert summarise(found).kind == "better"
    fewer = goal.comparison.fewer
    wide = frame.pivot(index="request", columns="arm", values="correct").astype(float)
    apart = (wide["B"] - wide["A"]).var() / (2 * (wide["A"].var() + wide["B"].var()))
    assert fewer == pytest.approx(apart, rel=1e-3)
    assert f"needs {fewer:.0%} of the requests" in " ".join(cautions(found))
    split = judge(frame.assign(customer=np.arange(len(frame))), split="row").goals[0]
    assert (goal.high - goal.low)[-1] < (split.high - split.low)[-1]


def test_arms_that_never_differed_say_nothing_of_how_many_requests_they_need() -> None:
    frame = paired(200, 16)
    control = frame[frame["arm"] == "A"]
    alike = pd.concat([control, control.assign(arm="B")]).sort_values("request", kind="stable")
    assert "of the requests" not in " ".join(cautions(judge(alike, request_column="request")))


def test_requests_that_only_one_arm_answered_are_left_out_and_said() -> None:
    frame = paired(500, 17).iloc[:-40]
    frame = pd.concat([frame, paired(500, 17).query("arm == 'A'").iloc[-20:]])
    found = judge(frame, request_column="request")
    assert found.unpaired == 20
    assert found.goals[0].comparison.rows[-1] == 480


def test_how_much_longer_it_takes_is_about_right() -> None:
    """What is forecast from half of the rows is where a sequence of that estimate ends."""
    frame = rows(2_000, 18, rates=(0.80, 0.83))
    found = judge(frame)
    goal = found.goals[0]
    assert not goal.named
    needed = units_to_decide(goal, 2_000)
    again = judge(pd.concat([frame] * 8).assign(customer=np.arange(16_000))).goals[0]
    first = again.comparison.units[np.argmax(again.low > 0)]
    assert 0.6 < needed / first < 1.6


@pytest.mark.parametrize("writer", ["pandas", "polars", "arrow"])
def test_any_table_will_do(writer: str) -> None:
    frame = rows(500, 19)
    tables = {
        "pandas": frame,
        "polars": pl.from_pandas(frame),
        "arrow": pa.table(
            {**frame.to_dict("list"), "arm": pa.array(frame["arm"]).dictionary_encode()}
        ),
    }
    assert judge(tables[writer]).to_json() == judge(frame).to_json()


def test_order_is_that_of_the_time_column() -> None:
    frame = rows(800, 20, rates=(0.8, 0.6)).assign(at=pd.date_range("2026-01-01", periods=800))
    mixed = frame.sample(frac=1, random_state=0)
    expected = judge(frame)
    assert judge(mixed, time_column="at").goals[0].low == pytest.approx(expected.goals[0].low)


def test_missing_outcomes_are_left_out_and_other_arms_said() -> None:
    frame = rows(900, 21)
    frame["value"] = np.where(np.arange(900) % 3 == 0, np.nan, 1.0 * frame["correct"])
    frame.loc[:9, "arm"] = "Z"
    found = judge(frame, "A,B", Metric("value"))
    assert found.elsewhere == 10
    assert found.goals[0].comparison.rows[-1] == 594
    assert any("10 rows are of arms that are not compared" in one for one in cautions(found))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"metric": "missing"}, MissingColumn),
        ({"metric": "customer"}, InputError),
        ({"arms": "X,Y"}, NotEnoughData),
        ({"arms": "A"}, UsageError),
        ({"arms": "A:0,B:1"}, UsageError),
        ({"arms": "A,A"}, UsageError),
        ({"metric": "correct:best"}, UsageError),
        ({"metric": "correct:lower:-1"}, UsageError),
    ],
)
def test_what_cannot_be_compared_is_refused(change: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        judge(
            rows(50, 22), change.get("arms", "A,B"), Metric.parse(change.get("metric", "correct"))
        )


def test_designs_are_read_back() -> None:
    made = design("A:3,B:1", [Metric.parse("latency:lower:5", guardrail=True), Metric("correct")],
                  ExperimentSettings(alpha=0.01))  # fmt: skip
    assert Design.from_json(made.to_json()) == made
    assert made.shares == {"A": 0.75, "B": 0.25}


def test_a_small_arm_whose_outcomes_are_alike_by_chance_is_no_evidence() -> None:
    """Twenty outcomes of 1 in a small arm say nothing where most of the others are 1, too."""
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(40):
        arm = np.where(rng.random(1_500) < 0.1, "B", "A")
        value = np.where(rng.random(1_500) < 0.98, 1.0, 0.5)  # not 0 and 1: asymptotic
        table = pa.table({"unit": np.arange(1_500), "arm": arm, "value": value})
        made = design("A:0.9,B:0.1", [Metric("value")], ExperimentSettings(horizon=1_500))
        (goal,) = status(table, made).goals
        alarms += bool(goal.comparison.log_e.max() >= -np.log(0.05))
    assert alarms <= 5

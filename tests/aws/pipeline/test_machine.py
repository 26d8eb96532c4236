"""The local worker loop beside moto's engine: the same definitions, the same ends."""

import json
from typing import Any

import pytest

from reviewdesk.aws.pipeline.machine import Execution, Machine, StateError
from reviewdesk.errors import InputError


def run(definition: dict[str, Any], task: Any = None, given: Any = None) -> Execution:
    slept: list[float] = []
    done = Machine(definition, task or (lambda resource, asked: None), sleep=slept.append).run(
        given, "run-1"
    )
    done.__dict__["slept"] = slept
    return done


def one(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"End": True, **state}, **more}}


def failing(*names: str) -> Any:
    left = list(names)

    def task(resource: str, asked: Any) -> Any:
        if left:
            raise StateError(left.pop(0), "why")
        return {"ok": True}

    return task


RETRY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 3.0}]
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "B"}]
TASK = {"Type": "Task", "Resource": "x", "Retry": RETRY, "Catch": CATCH, "ResultPath": "$.r"}
B = {"Type": "Succeed"}


def test_retries_wait_longer_each_time_and_are_counted() -> None:
    done = run(one(TASK, B=B), failing("Busy", "Busy"), {"a": 1})
    assert (done.states, done.output) == (["A"], {"a": 1, "r": {"ok": True}})
    assert done.__dict__["slept"] == [2, 6]
    done = run(one(TASK, B=B), failing("Busy", "Busy", "Busy"), {"a": 1})
    assert done.states == ["A", "B"]
    assert done.output["error"] == {"Error": "Busy", "Cause": "why"}


def test_what_is_not_retried_is_caught_and_what_is_not_caught_fails() -> None:
    done = run(one(TASK, B=B), failing("Other"), {})
    assert (done.states, done.__dict__["slept"]) == (["A", "B"], [])
    done = run(one({**TASK, "Catch": []}), failing("Other"), {})
    assert (done.status, done.error) == ("FAILED", "Other: why")
    done = run(one(TASK, B=B), failing("States.Runtime"), {})
    assert done.status == "FAILED"  # States.ALL does not catch it
    named = [{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}]
    assert run(one({**TASK, "Catch": named}, B=B), failing("Other"), {}).states == ["A", "B"]
    assert run(one({**TASK, "Catch": named}, B=B), failing("States.Timeout")).status == "FAILED"


def test_choices() -> None:
    other = {"Not": {"Variable": "$.s", "StringEqualsPath": "$.t"}}
    least = {"Variable": "$.v", "NumericGreaterThanEquals": 0.5}
    gate = {"And": [least, other], "Next": "B"}
    choice = {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [gate], "Default": "C"},
                                         "B": B, "C": B}}  # fmt: skip
    assert run(choice, None, {"v": 0.5, "s": "a", "t": "b"}).states == ["A", "B"]
    assert run(choice, None, {"v": 0.49, "s": "a", "t": "b"}).states == ["A", "C"]
    assert run(choice, None, {"v": True, "s": "a", "t": "b"}).states == ["A", "C"]
    assert run(choice, None, {"s": "a"}).status == "FAILED"


def test_intrinsic_functions_and_paths() -> None:
    parameters = {
        "a.$": "States.Format('{}-\\'{}\\'', $.x, States.JsonToString($.l))",
        "b.$": "States.Array('p', $.x, 3)",
        "c.$": "$.l[1].k",
        "d.$": "States.StringToJson($.j)",
        "e.$": "$$.Execution.Name",
        "f": [{"g.$": "$.x"}],
    }
    given = {"x": "y", "l": [0, {"k": "v"}], "j": '{"n": 1}'}
    done = run(one({"Type": "Pass", "Parameters": parameters}), None, given)
    assert done.output == {
        "a": "y-'[0,{\"k\":\"v\"}]'", "b": ["p", "y", 3], "c": "v", "d": {"n": 1}, "e": "run-1",
        "f": [{"g": "y"}],
    }  # fmt: skip
    for wrong in (
        "$.none",
        "States.MathAdd(1, 2)",
        "States.Format('{}')",
        "States.StringToJson($.x)",
    ):
        assert (
            run(one({"Type": "Pass", "Parameters": {"a.$": wrong}}), None, given).status == "FAILED"
        )


def test_what_only_aws_runs_and_what_never_ends() -> None:
    with pytest.raises(InputError, match="Map"):
        run(one({"Type": "Map"}))
    forever = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}
    with pytest.raises(InputError, match="not over"):
        run(forever)
    much = one({"Type": "Pass", "Result": "x" * 300_000})
    assert "DataLimitExceeded" in run(much).error
    assert json.dumps(run(one({"Type": "Pass"})).to_json())

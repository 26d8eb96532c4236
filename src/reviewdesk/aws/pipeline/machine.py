"""A state machine run on this machine, step by step: the states and errors that the pipeline uses.

Source: Amazon States Language specification (states-language.net/spec.html), with JSONPath.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reviewdesk.errors import InputError, ReviewdeskError

ALL: Final = "States.ALL"
TASK_FAILED: Final = "States.TaskFailed"
NOT_CAUGHT_BY_ALL: Final = ("States.Runtime", "States.DataLimitExceeded")
MOST_BYTES: Final = 262_144
MOST_STEPS: Final = 10_000
_CALL: Final = re.compile(r"States\.(\w+)\((.*)\)", re.DOTALL)
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_TOKEN: Final = re.compile(
    r"""\s*('(?:[^'\\]|\\.)*'|States\.\w+\(|\$\$?[\w.\[\]]*|-?\d+(?:\.\d+)?)"""
)

Task = Callable[[str, dict[str, Any]], Any]
"""Does what a task asks for, by its resource and its parameters; raises ``StateError``."""


class StateError(ReviewdeskError):
    """A state failed: with a name that retries and catches go by.

    Args:
        name: as in ``States.TaskFailed``.
        cause: one sentence.
    """

    code = "state"

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(f"{name}: {cause}" if cause else name)
        self.name = name
        self.cause = cause


@dataclass
class Execution:
    """What became of a run.

    Args:
        name: the execution's.
        status: ``SUCCEEDED`` or ``FAILED``.
        states: the states that were entered, in order.
        output: of the last state.
        error: why it failed.
    """

    name: str
    status: str = "SUCCEEDED"
    states: list[str] = field(default_factory=list)
    output: Any = None
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return dict(vars(self))


class Machine:
    """Runs a definition.

    Args:
        definition: in Amazon States Language.
        task: does what tasks ask for.
        hear: is told each state that is entered, and each retry.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        task: Task,
        *,
        hear: Callable[[str], None] = lambda sentence: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._states: Mapping[str, Any] = definition["States"]
        self._start: str = definition["StartAt"]
        self._task, self._hear, self._sleep = task, hear, sleep

    def run(self, given: Any = None, name: str = "") -> Execution:
        """Run from the start to an end.

        Args:
            given: the execution's input.
            name: the execution's name; a new one by default.

        Raises:
            InputError: the definition has something that only AWS runs.
        """
        done = Execution(name or str(uuid.uuid4()))
        context = {"Execution": {"Name": done.name, "Input": given or {}}}
        data, at = given or {}, self._start
        for _ in range(MOST_STEPS):
            state = self._states[at]
            done.states.append(at)
            self._hear(at)
            try:
                data, following = self._entered(state, data, context)
                if len(json.dumps(data)) > MOST_BYTES:
                    raise StateError("States.DataLimitExceeded", "more than 256 KiB")
            except StateError as error:
                caught = _catcher(state, error)
                if caught is None:
                    done.status, done.error, done.output = "FAILED", str(error), data
                    return done
                said = {"Error": error.name, "Cause": error.cause}
                data, following = _put(data, caught.get("ResultPath", "$"), said), caught["Next"]
            if not following:
                done.output = data
                return done
            at = following
        raise InputError(f"it is not over after {MOST_STEPS:,} states")

    def _entered(self, state: Mapping[str, Any], data: Any, context: Any) -> tuple[Any, str]:
        """Return the output of a state and the state that follows; empty at an end."""
        kind = state["Type"]
        if kind == "Fail":
            raise StateError(state.get("Error", "States.Fail"), state.get("Cause", ""))
        if kind == "Succeed":
            return data, ""
        if kind == "Choice":
            return data, _chosen(state, data, context)
        if kind == "Wait":
            self._sleep(float(state["Seconds"]))
            return data, state.get("Next", "")
        if kind not in ("Pass", "Task"):
            raise InputError(f"states of type {kind} are run by AWS only")
        seen = resolve(state.get("InputPath", "$"), data, context)
        if "Parameters" in state:
            seen = filled(state["Parameters"], seen, context)
        result = state.get("Result", seen) if kind == "Pass" else self._tried(state, seen)
        if "ResultSelector" in state:
            result = filled(state["ResultSelector"], result, context)
        return _put(data, state.get("ResultPath", "$"), result), state.get("Next", "")

    def _tried(self, state: Mapping[str, Any], parameters: Any) -> Any:
        """Return a task's result, tried again as its retries say."""
        retries: dict[int, int] = {}
        while True:
            try:
                return self._task(state["Resource"], parameters)
            except StateError as error:
                number, retrier = _retrier(state, error)
                tried = retries.get(number, 0)
                if retrier is None or tried >= retrier.get("MaxAttempts", 3):
                    raise
                retries[number] = tried + 1
                pause = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** tried
                self._hear(f"{error.name}: again in {pause:.0f} s")
                self._sleep(pause)


def filled(template: Any, data: Any, context: Any) -> Any:
    """Return a payload template with its paths and intrinsic functions replaced."""
    if isinstance(template, Mapping):
        return {
            name.removesuffix(".$"): (
                evaluated(value, data, context)
                if name.endswith(".$")
                else filled(value, data, context)
            )
            for name, value in template.items()
        }
    if isinstance(template, list):
        return [filled(one, data, context) for one in template]
    return template


def evaluated(text: str, data: Any, context: Any) -> Any:
    """Return the value of a path or of an intrinsic function.

    Raises:
        StateError: it names nothing, or a function that only AWS has.
    """
    if not _CALL.fullmatch(text):
        return resolve(text, data, context)
    value, end = _argument(text, 0, data, context)
    if text[end:].strip():
        raise StateError("States.IntrinsicFailure", "an intrinsic function is not whole")
    return value


def _argument(text: str, at: int, data: Any, context: Any) -> tuple[Any, int]:
    """Return the value of one argument, and where it ends."""
    found = _TOKEN.match(text, at)
    if found is None:
        raise StateError("States.IntrinsicFailure", "an intrinsic function cannot be read")
    token = found[1]
    if token.startswith("'"):
        return re.sub(r"\\(.)", r"\1", token[1:-1]), found.end()
    if token.startswith("$"):
        return resolve(token, data, context), found.end()
    if not token.startswith("States."):
        return json.loads(token), found.end()
    arguments, place = [], found.end()
    while not (closing := re.compile(r"\s*\)").match(text, place)):
        value, place = _argument(text, place, data, context)
        arguments.append(value)
        comma = re.compile(r"\s*,").match(text, place)
        place = comma.end() if comma else place
    return _intrinsic(token[len("States.") : -1], arguments), closing.end()


def _intrinsic(name: str, arguments: list[Any]) -> Any:
    if name == "Format":
        parts = re.split(r"\{\}", arguments[0])
        values = [one if isinstance(one, str) else json.dumps(one) for one in arguments[1:]]
        if len(parts) != len(values) + 1:
            raise StateError("States.IntrinsicFailure", "Format has other places than values")
        return "".join(part + value for part, value in zip(parts, [*values, ""], strict=True))
    if name == "Array":
        return arguments
    if name == "UUID":
        return str(uuid.uuid4())
    if name == "JsonToString":
        return json.dumps(arguments[0], separators=(",", ":"))
    if name == "StringToJson":
        try:
            return json.loads(arguments[0])
        except (ValueError, TypeError) as error:
            raise StateError("States.IntrinsicFailure", "a text is no JSON") from error
    raise StateError("States.IntrinsicFailure", f"only AWS has States.{name}")


def resolve(path: str | None, data: Any, context: Any) -> Any:
    """Return what a path names.

    Raises:
        StateError: nothing is there.
    """
    if path is None:
        return {}
    root, rest = (context, path[2:]) if path.startswith("$$") else (data, path[1:])
    value = root
    for found in _STEP.finditer(rest):
        try:
            value = value[found[1]] if found[1] else value[int(found[2])]
        except (KeyError, IndexError, TypeError) as error:
            raise StateError("States.Runtime", f"there is no {path}") from error
    return value


def _put(data: Any, path: str | None, result: Any) -> Any:
    """Return the input with a result at a path; None drops the result."""
    if path is None:
        return data
    if path == "$":
        return result
    names = path[2:].split(".")
    copy = at = dict(data)
    for name in names[:-1]:
        at[name] = dict(at.get(name, {}))
        at = at[name]
    at[names[-1]] = result
    return copy


def _chosen(state: Mapping[str, Any], data: Any, context: Any) -> str:
    for rule in state["Choices"]:
        if _holds(rule, data, context):
            return str(rule["Next"])
    if "Default" not in state:
        raise StateError("States.NoChoiceMatched", "no choice holds")
    return str(state["Default"])


def _holds(rule: Mapping[str, Any], data: Any, context: Any) -> bool:
    if "And" in rule:
        return all(_holds(one, data, context) for one in rule["And"])
    if "Or" in rule:
        return any(_holds(one, data, context) for one in rule["Or"])
    if "Not" in rule:
        return not _holds(rule["Not"], data, context)
    value = resolve(rule["Variable"], data, context)
    (operator,) = set(rule) - {"Variable", "Next"}
    wanted = rule[operator]
    if operator.endswith("Path"):
        operator, wanted = operator.removesuffix("Path"), resolve(wanted, data, context)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    compared: dict[str, Callable[[], bool]] = {
        "StringEquals": lambda: isinstance(value, str) and value == wanted,
        "BooleanEquals": lambda: isinstance(value, bool) and value == wanted,
        "NumericEquals": lambda: number and value == wanted,
        "NumericGreaterThan": lambda: number and value > wanted,
        "NumericGreaterThanEquals": lambda: number and value >= wanted,
        "NumericLessThan": lambda: number and value < wanted,
        "NumericLessThanEquals": lambda: number and value <= wanted,
    }
    if operator not in compared:
        raise InputError(f"choices by {operator} are run by AWS only")
    return bool(compared[operator]())


def _retrier(state: Mapping[str, Any], error: StateError) -> tuple[int, Mapping[str, Any] | None]:
    for number, one in enumerate(state.get("Retry", ())):
        if _names(one["ErrorEquals"], error):
            return number, one
    return -1, None


def _catcher(state: Mapping[str, Any], error: StateError) -> Mapping[str, Any] | None:
    return next((one for one in state.get("Catch", ()) if _names(one["ErrorEquals"], error)), None)


def _names(names: list[str], error: StateError) -> bool:
    if error.name in names:
        return True
    if error.name in NOT_CAUGHT_BY_ALL:
        return False
    return ALL in names or (TASK_FAILED in names and error.name != "States.Timeout")

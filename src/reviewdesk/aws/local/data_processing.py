"""What a batch transform selects of its input and output, and how it joins the two.

Paths are SageMaker's part of JSONPath: ``$``, ``.name``, ``*``, ``['a','b']``, ``[0]``, ``[-1]``,
``[1,3]`` and ``[start:end]``, of which the end is left out as in Python. Source: Amazon SageMaker
developer guide, "Associate prediction results with input records".
"""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reviewdesk.errors import InputError, UsageError

LONGEST_PATH: Final = 63
OUTPUT: Final = "SageMakerOutput"
INPUT: Final = "SageMakerInput"
CSV: Final = "text/csv"
JSON: Final = "application/json"
JSON_LINES: Final = "application/jsonlines"
JOINABLE: Final = (CSV, JSON, JSON_LINES)

_STEP: Final = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*) | \.?\[?(?P<all>\*)\]?
    | \[(?P<names>\s*'[^']*'(?:\s*,\s*'[^']*')*\s*)\]
    | \[(?P<start>-?\d*):(?P<end>-?\d*)\]
    | \[(?P<numbers>-?\d+(?:\s*,\s*-?\d+)*)\]""",
    re.VERBOSE,
)

Select = Callable[[Any], Any]


def selector(path: str) -> Select:
    """Return a function that selects what a path says of a value.

    Raises:
        UsageError: it is none of SageMaker's paths.
    """
    if len(path) > LONGEST_PATH:
        raise UsageError(f"the path {path[:20]}... has more than {LONGEST_PATH} letters")
    if not path.startswith("$"):
        raise UsageError(f"the path {path!r} does not begin with $")
    steps, position = [], 1
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            raise UsageError(f"the path {path!r} is not understood from letter {position + 1} on")
        steps.append(_step(found, path))
        position = found.end()

    def select(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return select


def _step(match: "re.Match[str]", path: str) -> Select:
    wrong = InputError(f"a record has nothing at the path {path}")
    if match["name"] is not None or (match["names"] or "").count("'") == 2:
        name = match["name"] or re.findall(r"'([^']*)'", match["names"])[0]
        return _guarded(lambda value: value[name], dict, wrong)
    if match["names"] is not None:
        names = re.findall(r"'([^']*)'", match["names"])
        return _guarded(lambda value: {one: value[one] for one in names}, dict, wrong)
    if match["all"]:
        return lambda value: list(value.values()) if isinstance(value, dict) else value
    if match["numbers"] is not None:
        numbers = [int(one) for one in match["numbers"].split(",")]
        if len(numbers) == 1:
            return _guarded(lambda value: value[numbers[0]], list, wrong)
        return _guarded(lambda value: [value[one] for one in numbers], list, wrong)
    start, end = (int(match[side]) if match[side] else None for side in ("start", "end"))
    return _guarded(lambda value: value[start:end], list, wrong)


def _guarded(step: Select, kind: type, wrong: InputError) -> Select:
    def guarded(value: Any) -> Any:
        if not isinstance(value, kind):
            raise wrong
        try:
            return step(value)
        except LookupError:
            raise wrong from None

    return guarded


@dataclass(frozen=True)
class DataProcessing:
    """What is done with records beside transforming them.

    Args:
        content_type: media type of the records.
        accept: media type of the answers.
        input_filter: what is sent of a record.
        output_filter: what is kept of the output.
        join: whether output is joined with its input.
    """

    content_type: str
    accept: str
    input_filter: str = "$"
    output_filter: str = "$"
    join: bool = False

    @property
    def needed(self) -> bool:
        """Whether anything is done."""
        return self.join or (self.input_filter, self.output_filter) != ("$", "$")

    def sent(self, record: bytes) -> bytes:
        """Return what is sent of a record."""
        if self.input_filter == "$":
            return record
        value = selector(self.input_filter)(parsed(record, self.content_type))
        return written(value, self.content_type)

    def kept(self, record: bytes, answer: bytes) -> bytes:
        """Return what is kept of a record and its answer."""
        if not self.join and self.output_filter == "$":
            return answer
        output = parsed(answer, self.accept)
        value = joined(parsed(record, self.content_type), output) if self.join else output
        return written(selector(self.output_filter)(value), self.accept)


def joined(given: Any, output: Any) -> Any:
    """Return an input with its output.

    Raises:
        InputError: the input has an output already.
    """
    if isinstance(given, list) and isinstance(output, list):
        return [*given, *output]
    if not isinstance(given, dict):
        return {INPUT: given, OUTPUT: output}
    if OUTPUT in given:
        raise InputError(f"a record has {OUTPUT} already, which is where its output would go")
    return {**given, OUTPUT: output}


def parsed(record: bytes, media_type: str) -> Any:
    """Return a record's value: of CSV a list of cells.

    Raises:
        InputError: it is not of that type.
    """
    try:
        text = record.decode()
        if media_type == CSV:
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            return rows[0] if rows else []
        return json.loads(text)
    except (ValueError, csv.Error, RecursionError) as error:
        raise InputError(f"a record or its answer is no {media_type}") from error


def written(value: Any, media_type: str) -> bytes:
    """Return a value as a record with its line end."""
    if media_type != CSV:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"
    cells: Sequence[Any] = value if isinstance(value, list) else [value]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()

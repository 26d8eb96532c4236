"""Requests of SageMaker's API, read from files and checked by botocore's own model of it."""

import re
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.local.report import Report
from reviewdesk.errors import UsageError
from reviewdesk.optional import require
from reviewdesk.storage import read_json

EXTRA: Final = "aws"
LOCAL: Final = "file://"
"""Places of this machine, where the API has ``s3://``."""


def read_request(path: Path, operation: str) -> dict[str, Any]:
    """Return a request from a JSON file.

    Args:
        path: the file.
        operation: what it is for, as in ``CreateTrainingJob``.

    Raises:
        UsageError: botocore would not send it; says all that is wrong.
        InputError: it is no JSON.
        StorageError: it cannot be read.
        MissingExtra: botocore is not installed.
    """
    request = read_json(path)
    if not isinstance(request, dict):
        raise UsageError(f"{path} is no request of {operation}: it must be a JSON object")
    shape = _input_shape(operation)
    wrong = require("botocore.validate", EXTRA).ParamValidator().validate(request, shape)
    if wrong.has_errors():
        reasons = "; ".join(" ".join(line.split()) for line in wrong.generate_report().split("\n"))
        raise UsageError(f"{path} is no request of {operation}: {reasons}")
    return request


def check_request(request: dict[str, Any], operation: str, report: Report) -> None:
    """Report values that the API refuses although botocore sends them."""
    check_values(request, _input_shape(operation), "the request", report)


def _input_shape(operation: str) -> Any:
    session = require("botocore.session", EXTRA).get_session()
    return session.get_service_model("sagemaker").operation_model(operation).input_shape


def check_values(value: Any, shape: Any, where: str, report: Report) -> None:
    """Report values that are none of their choices, do not have their form or are out of range.

    Args:
        value: what is sent.
        shape: botocore's model of it.
        where: what it is called in sentences; empty for a whole request.
        report: takes what is wrong.
    """
    if shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                check_values(member, shape.members[name], f"{where}.{name}".lstrip("."), report)
    elif shape.type_name == "list":
        _check_range(len(value), shape, f"the number of {where}", report)
        for number, member in enumerate(value):
            check_values(member, shape.member, f"{where}[{number}]", report)
    elif shape.type_name == "map":
        for name, member in value.items():
            _check_text(name, shape.key, f"a name in {where}", report)
            check_values(member, shape.value, f"{where}.{name}", report)
    elif shape.type_name == "string":
        _check_text(value, shape, where, report)
    elif shape.type_name in ("integer", "long", "float", "double"):
        _check_range(value, shape, where, report)


def _check_range(value: float, shape: Any, where: str, report: Report) -> None:
    """Look whether a number is in its range; botocore looks at its lower end only."""
    most = shape.metadata.get("max")
    if most is not None and value > most:
        report.broke("request", f"{where} is {value:,}; at most {most:,} is allowed")


def _check_text(value: str, shape: Any, where: str, report: Report) -> None:
    choices, pattern = getattr(shape, "enum", None), shape.metadata.get("pattern")
    longest = shape.metadata.get("max")
    if choices and value not in choices:
        report.broke("request", f"{where} is {value!r}; it may be: {', '.join(choices)}")
    if longest and len(value) > longest:
        report.broke("request", f"{where} has {len(value):,} letters; {longest:,} are allowed")
    if pattern and not value.startswith(LOCAL) and not _has_form(pattern, value):
        report.broke("request", f"{where} is {value[:80]!r}; its form must be {pattern}")


def _has_form(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:  # a form that only the service's own language can say
        return True

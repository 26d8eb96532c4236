"""Requests of any AWS service, checked by botocore's own model of it before they are sent."""

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.request import check_values
from reviewdesk.errors import UsageError
from reviewdesk.optional import require

EXTRA: Final = "aws"


def check_call(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise when a service would not take a request: types, names, forms, lengths, choices.

    Args:
        service: as boto3 names it, as in ``sagemaker``.
        operation: as its API names it, as in ``CreateEndpoint``.
        parameters: of the request.

    Raises:
        UsageError: says all that is wrong.
        MissingExtra: botocore is not installed.
    """
    shape = _model(service).operation_model(operation).input_shape
    if shape is None:
        return
    wrong = require("botocore.validate", EXTRA).ParamValidator().validate(dict(parameters), shape)
    reasons = wrong.generate_report().split("\n") if wrong.has_errors() else []
    if not reasons:
        report = Report(operation)
        check_values(parameters, shape, "", report)
        reasons = [broken.sentence for broken in report.violations]
    if reasons:
        raise UsageError(f"{operation} would be refused: {'; '.join(reasons)}")


def operation_name(service: str, method: str) -> str:
    """Return an operation's name in the API, as in ``CreateModel`` of boto3's ``create_model``.

    Raises:
        UsageError: the service has no such operation.
    """
    names = _operations(service)
    if method not in names:
        raise UsageError(f"{service} has no operation {method} in this version of boto3")
    return names[method]


@lru_cache(maxsize=1)
def service_models() -> Any:
    """Return botocore's reader of its models, which are megabytes of JSON and read once."""
    return require("botocore.loaders", EXTRA).create_loader(os.environ.get("AWS_DATA_PATH"))


def botocore_session() -> Any:
    """Return a session of botocore, as an account uses it."""
    session = require("botocore.session", EXTRA).get_session()
    session.register_component("data_loader", service_models())
    return session


@lru_cache(maxsize=32)
def _model(service: str) -> Any:
    return botocore_session().get_service_model(service)


@lru_cache(maxsize=32)
def _operations(service: str) -> dict[str, str]:
    snake_case = require("botocore", EXTRA).xform_name
    return {snake_case(name): name for name in _model(service).operation_names}

"""A batch transform with an account: a job of SageMaker's, made by boto3 and waited for."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.request import EXTRA, LOCAL, check_request, read_request
from reviewdesk.aws.local.transform import OPERATION, TransformRequest
from reviewdesk.errors import ReviewdeskError, UsageError
from reviewdesk.optional import require

POLL_SECONDS: Final = 15.0
OVER: Final = ("Completed", "Failed", "Stopped")
MODEL: Final = "CreateModel"


@dataclass(frozen=True)
class TransformJob:
    """What became of a job.

    Args:
        name: the job's name.
        status: as SageMaker says it.
        reason: why it failed; empty otherwise.
        output: the address of what it wrote.
    """

    name: str
    status: str
    reason: str
    output: str

    def to_json(self) -> dict[str, str]:
        """Return it as JSON values."""
        return dict(vars(self))


def run_transform_job(
    job: Path,
    *,
    model: Path | None = None,
    wait: bool = True,
    report: Callable[[str], None] = lambda status: None,
    poll_seconds: float = POLL_SECONDS,
) -> TransformJob:
    """Start a batch transform of SageMaker's, and wait for its end.

    What the API would not take is said before anything is sent.

    Args:
        job: a file with a request of CreateTransformJob.
        model: a file with a request of CreateModel, where the model is not there yet.
        wait: whether to wait until it is over.
        report: is told each new status.
        poll_seconds: how often it is asked for.

    Raises:
        UsageError: a request would not be taken, or names places of this machine.
        ReviewdeskError: SageMaker refuses it, or cannot be reached.
        MissingExtra: boto3 is not installed.
    """
    request = _checked(job)
    made = None if model is None else _checked_model(model)
    errors = require("botocore.exceptions", EXTRA)
    try:
        client = require("boto3", EXTRA).client("sagemaker")
        if made is not None:
            client.create_model(**made)
        client.create_transform_job(**request)
        name, status = request["TransformJobName"], ""
        while True:
            described = client.describe_transform_job(TransformJobName=name)
            if described["TransformJobStatus"] != status:
                status = described["TransformJobStatus"]
                report(status)
            if status in OVER or not wait:
                break
            time.sleep(poll_seconds)
    except errors.ClientError as error:
        code, message = (error.response["Error"].get(name, "") for name in ("Code", "Message"))
        raise ReviewdeskError(f"SageMaker refuses the job with {code}: {message}") from error
    except errors.BotoCoreError as error:
        raise ReviewdeskError(f"SageMaker cannot be asked: {error}") from error
    output = str(request["TransformOutput"]["S3OutputPath"])
    return TransformJob(name, status, str(described.get("FailureReason", "")), output)


def _checked(path: Path) -> dict[str, Any]:
    request, report = read_request(path, OPERATION), Report("transform")
    check_request(request, OPERATION, report)
    TransformRequest(request).check(report)
    return _sound(request, path, report)


def _checked_model(path: Path) -> dict[str, Any]:
    request, report = read_request(path, MODEL), Report("model")
    check_request(request, MODEL, report)
    return _sound(request, path, report)


def _sound(request: dict[str, Any], path: Path, report: Report) -> dict[str, Any]:
    if any(value.startswith(LOCAL) for value in _texts(request)):
        raise UsageError(
            f"{path} has addresses of this machine ({LOCAL}), which SageMaker cannot read; upload "
            "what is there, or run it here with `reviewdesk aws local transform`"
        )
    if report.violations:
        raise UsageError(f"{path}: {'; '.join(one.sentence for one in report.violations)}")
    return request


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []

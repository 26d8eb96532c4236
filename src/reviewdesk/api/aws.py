"""SageMaker's jobs on this machine and with an account."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.serving import PORT, emulate_serving
from reviewdesk.aws.local.training import emulate_training
from reviewdesk.aws.local.transform import emulate_transform
from reviewdesk.aws.transform_job import TransformJob, run_transform_job
from reviewdesk.errors import UsageError


def emulate(
    kind: Literal["train", "serve", "transform"],
    job: str | Path,
    *,
    command: Sequence[str] = (),
    model: str | Path | None = None,
    requests: Sequence[str | Path] = (),
    content_type: str = "application/json",
    port: int = PORT,
    hear: Callable[[str], None] = lambda line: None,
) -> Report:
    """Run a container as SageMaker would, and say which of its rules it broke.

    Args:
        kind: what it is started for.
        job: a file with the request that SageMaker's API takes: CreateTrainingJob, CreateModel (of
            ``serve``) or CreateTransformJob.
        command: what is run in the place of the image; ours by default.
        model: of ``transform``, the file with the request of CreateModel.
        requests: of ``serve``, files that are sent as bodies.
        content_type: their media type.
        port: where a serving container listens.
        hear: takes each line that the container prints.

    Returns:
        The status, the rules that were broken, metrics, and what was written.

    Raises:
        UsageError: the request is none, or the command cannot be started.
        InputError: there is no data.
        StorageError: something cannot be read or written.
    """
    if kind == "train":
        return emulate_training(Path(job), command, hear=hear)
    with tempfile.TemporaryDirectory(prefix="reviewdesk-ml-") as folder:
        if kind == "serve":
            return emulate_serving(
                Path(job),
                command,
                requests=[Path(one) for one in requests],
                content_type=content_type,
                base=Path(folder),
                port=port,
                hear=hear,
            )
        if model is None:
            raise UsageError("a transform needs the model: the file of its CreateModel request")
        return emulate_transform(
            Path(job), Path(model), command, base=Path(folder), port=port, hear=hear
        )


def transform(
    job: str | Path, *, model: str | Path | None = None, wait: bool = True
) -> TransformJob:
    """Start a batch transform of SageMaker's, and wait for its end.

    Args:
        job: a file with a request of CreateTransformJob.
        model: a file with a request of CreateModel, where the model is not there yet.
        wait: whether to wait until it is over.

    Raises:
        UsageError: a request would not be taken.
        ReviewdeskError: SageMaker refuses it, or cannot be reached.
    """
    return run_transform_job(Path(job), model=None if model is None else Path(model), wait=wait)

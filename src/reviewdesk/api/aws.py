"""SageMaker's jobs on this machine and with an account."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.serving import PORT, emulate_serving
from reviewdesk.aws.local.training import emulate_training
from reviewdesk.aws.local.transform import emulate_transform
from reviewdesk.aws.transform_job import TransformJob, run_transform_job
from reviewdesk.aws.webapp.bundled import open_bundles
from reviewdesk.aws.webapp.gateway_events import HTTP_SECOND
from reviewdesk.aws.webapp.local import LocalApp, local_app
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


@contextmanager
def local_web_app(
    bundles: Mapping[str, str | Path],
    *,
    endpoint: str = "",
    gateway: str = HTTP_SECOND,
    port: int = 0,
    site_port: int = 0,
) -> Iterator[LocalApp]:
    """Run the web app on this machine: its page, a gateway, and the function behind it.

    Args:
        bundles: by the names that they are served under: folders, ``.tar.gz``, ``s3://`` addresses.
        endpoint: an endpoint of SageMaker's that answers in their place.
        gateway: ``rest``, ``http-1.0``, ``http-2.0`` or ``url``.
        port: the gateway's; 0 takes a free one.
        site_port: the page's; 0 takes a free one.

    Yields:
        The addresses ``api`` and ``site``; both end with the block.

    Raises:
        UsageError: a port cannot be listened on, or there is no such kind of gateway.
        BundleError: a bundle cannot be used.
    """
    served = open_bundles(bundles)
    with local_app(served, endpoint=endpoint, kind=gateway, port=port, site_port=site_port) as app:
        yield app


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

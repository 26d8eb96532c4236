"""A batch transform whose answers become the table that the model itself would write."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from reviewdesk.aws.control.batch_job import TransformedFiles, Transformer
from reviewdesk.aws.control.job_watch import COMPLETED
from reviewdesk.aws.control.settings import TransformJobSettings
from reviewdesk.errors import UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.scoring.endpoint import EndpointPredictor
from reviewdesk.scoring.transformed import TransformedEndpoint, write_lines
from reviewdesk.sources.catalog import Input

T = TypeVar("T")

JSON_LINES: Final = "application/jsonlines"


def label_by_transform(
    transformer: Transformer,
    endpoint: str,
    data: PreparedData | Sequence[Input],
    settings: TransformJobSettings,
    write: Callable[[EndpointPredictor], T],
) -> tuple[TransformedFiles, T | None]:
    """Have reviews labelled by machines that end, and write the answers as their labels.

    Args:
        transformer: runs the job.
        endpoint: whose model labels, where ``settings`` names no other.
        data: the reviews.
        settings: what labels, and on what.
        write: writes the table, of answers that stand in for an endpoint.

    Returns:
        What became of the job, and what ``write`` returned; None in a dry run, and where the job
        did not end well.

    Raises:
        UsageError: something is missing or wrong; nothing was sent.
        InputError: there is no review, or answers are missing.
        ServiceError: AWS refuses.
    """
    if settings.content_type != JSON_LINES:
        raise UsageError(
            f"files of {settings.content_type} are labelled as they are: give --out a folder"
        )
    with TemporaryDirectory(prefix="reviewdesk-") as aside:
        written = Path(aside) / "lines"
        written.mkdir()
        write_lines(data, written)
        lines = written.rename(written.with_name(f"reviews-{_digest(written)}"))
        answers = Path(aside) / "answers"
        done = transformer.transform(endpoint, str(lines), settings, answers)
        if done.status != COMPLETED:
            return done, None
        with EndpointPredictor(TransformedEndpoint(endpoint, lines, answers)) as predictor:
            return done, write(predictor)


def _digest(folder: Path) -> str:
    """Return what names the content of files: the same reviews are sent once."""
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()[:16]

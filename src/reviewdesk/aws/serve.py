"""What a container does when SageMaker starts it with ``serve``."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from reviewdesk.aws.blazingtext import bundle_of_file, model_file
from reviewdesk.aws.container import Container
from reviewdesk.aws.job_log import say
from reviewdesk.aws.user_server import serve_user_code
from reviewdesk.bundle import MANIFEST, Bundle, load_bundle
from reviewdesk.desk.by_accept import AnalysisByAccept, analysis_routes
from reviewdesk.errors import BundleError, ReviewdeskError, UsageError
from reviewdesk.formats.archive import safe_name
from reviewdesk.progress import listen
from reviewdesk.serving.server import serve
from reviewdesk.settings import ServeSettings

PORT: Final = 8080
PORT_VARIABLE: Final = "SAGEMAKER_BIND_TO_PORT"
PAYLOAD_VARIABLE: Final = "SAGEMAKER_MAX_PAYLOAD_IN_MB"
PROGRAM_VARIABLE: Final = "SAGEMAKER_PROGRAM"
PROGRAM: Final = "inference.py"
ALLOW_CODE: Final = "--allow-code"
ALLOW_VARIABLE: Final = "REVIEWDESK_ALLOW_CODE"
EVERYONE: Final = "0.0.0.0"  # noqa: S104  (a container's own network; the platform is outside)
NAME: Final = "model"
GRACE_SECONDS: Final = 25.0
"""Killed 30 seconds after SIGTERM, the server ends before."""
INTERNAL: Final = 1
LARGEST_PAYLOAD_MB: Final = 100
LARGEST_BATCH: Final = 1_000_000
"""Lines of a request; its bytes are bounded before."""


def main(words: Sequence[str] = ()) -> int:
    """Serve the model directory until SIGTERM, and return the exit code.

    Args:
        words: ``--allow-code`` lets an archive's own code run.
    """
    container = Container.here()
    listen(say)
    try:
        settings = serve_settings(os.environ.get(PORT_VARIABLE), os.environ.get(PAYLOAD_VARIABLE))
        code = user_code(container.model, ALLOW_CODE in words or _is_true(ALLOW_VARIABLE))
        if code is not None:
            serve_user_code(
                code, container.model, settings, lambda port: say(f"listening on port {port}")
            )
            return 0
        bundle = open_model(container.model)
        say(f"serving {bundle.id}")
        serve(
            {NAME: bundle},
            settings,
            lambda port: say(f"listening on port {port}"),
            analysis_routes,
            around=AnalysisByAccept,
        )
    except ReviewdeskError as error:
        print(f"reviewdesk: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return error.exit_code or INTERNAL
    return 0


def user_code(directory: Path, allowed: bool) -> Path | None:
    """Return the program in a model directory that is to serve; None where there is none.

    Args:
        directory: the model directory.
        allowed: whether code of an archive may run.

    Raises:
        BundleError: there is one, and it may not.
    """
    program = os.environ.get(PROGRAM_VARIABLE) or PROGRAM
    code = directory / "code" / safe_name(program)
    if not code.is_file():
        return None
    if not allowed:
        raise BundleError(
            f"the model archive brings code of its own (code/{program}), which is not run unless "
            f"serve gets {ALLOW_CODE}, or {ALLOW_VARIABLE}=true stands in the model's environment"
        )
    return code


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true", "yes")


def serve_settings(port: str | None, megabytes: str | None) -> ServeSettings:
    """Return how a container serves, from what the platform says in its environment.

    Raises:
        UsageError: it says something else than whole numbers.
    """
    limits = ServeSettings(host=EVERYONE, port=PORT, grace_seconds=GRACE_SECONDS)
    largest = limits.max_body_bytes
    try:
        listens = int(port) if port else PORT
        if megabytes:
            largest = max(1, min(int(megabytes), LARGEST_PAYLOAD_MB)) << 20
    except ValueError as error:
        raise UsageError(f"{PORT_VARIABLE} and {PAYLOAD_VARIABLE} must be whole numbers") from error
    return ServeSettings(
        host=EVERYONE, port=listens, grace_seconds=GRACE_SECONDS, max_body_bytes=largest,
        max_held_bytes=max(limits.max_held_bytes, 4 * largest), max_instances=LARGEST_BATCH,
    ).check()  # fmt: skip


def open_model(directory: Path) -> Bundle:
    """Return what a model directory holds: a bundle, or a model of BlazingText's or fastText's.

    Raises:
        BundleError: it holds neither, or what it holds is damaged.
        StorageError: it cannot be read.
    """
    if (directory / MANIFEST).exists():
        return load_bundle(directory)
    file = model_file(directory)
    if file is not None:
        return bundle_of_file(file)
    inner = [path for path in sorted(directory.glob("*")) if (path / MANIFEST).is_file()]
    if len(inner) == 1:  # an archive of a folder has that folder at its top
        return load_bundle(inner[0])
    raise BundleError(
        f"{directory} holds no model: there is neither a bundle's {MANIFEST} nor a model.bin"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

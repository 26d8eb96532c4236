"""The container's entry point: ``python -m reviewdesk.aws train`` and ``... serve``.

SageMaker starts images with one of these words, so that an image whose entry point is this module
does what is wanted.
"""

import importlib
import sys
from typing import Final

ENTRY_POINTS: Final = {
    "train": "reviewdesk.aws.train:main",
    "serve": "reviewdesk.aws.serve:main",
    "gate": "reviewdesk.aws.pipeline.gate:main",
}


def main(words: list[str]) -> int:
    """Do what the first word says, and return the exit code."""
    if not words or words[0] not in ENTRY_POINTS:
        print("reviewdesk: start this image with train, serve or gate", file=sys.stderr)  # noqa: T201
        return 2
    module, _, function = ENTRY_POINTS[words[0]].partition(":")
    code: int = getattr(importlib.import_module(module), function)(*_options(words))
    return code


def _options(words: list[str]) -> list[list[str]]:
    return [words[1:]] if words[0] == "serve" else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

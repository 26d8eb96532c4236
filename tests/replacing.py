"""Replaces a directory and dies before one of its steps; for ``tests.killing.Killer``."""

import sys
from pathlib import Path

from reviewdesk import exchange
from tests.killing import Step


def replace(folder: str, step: str, how: str) -> None:
    if how == "steps":
        exchange.exchange = lambda *_: False
    sys.addaudithook(Step(int(step)))
    exchange.replace_directory(Path(folder) / "aside", Path(folder) / "final")

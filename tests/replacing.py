"""Replaces a directory or an archive and dies before a step; for ``tests.killing.Killer``."""

import sys
from pathlib import Path

from reviewdesk import exchange
from reviewdesk.bundle import load_bundle, save_bundle
from tests.killing import Step


def replace(folder: str, step: str, how: str) -> None:
    if how == "steps":
        exchange.exchange = lambda *_: False
    sys.addaudithook(Step(int(step)))
    exchange.replace_directory(Path(folder) / "aside", Path(folder) / "final")


def replace_archive(folder: str, step: str) -> None:
    new = load_bundle(Path(folder) / "new")
    sys.addaudithook(Step(int(step)))
    save_bundle(
        Path(folder) / "bundle.tar.gz",
        new.classifier,
        settings=new.settings,
        metrics=new.metrics,
        data_fingerprint=new.data_fingerprint,
        rows={},
        overwrite=True,
    )

"""Finders of another package, installed as a user would install them."""

from pathlib import Path

import pytest


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, **finders: str) -> None:
    """Put a package with entry points on the path.

    Args:
        folder: where it goes.
        monkeypatch: takes it away after the test.
        finders: ``"module:Class"`` by name.
    """
    info = folder / "their_finders-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-finders\nVersion: 1\n")
    lines = [f"{name} = {target}" for name, target in finders.items()]
    (info / "entry_points.txt").write_text("\n".join(["[reviewdesk.finders]", *lines, ""]))
    monkeypatch.syspath_prepend(str(folder))

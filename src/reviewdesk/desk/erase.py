"""Taking a person's reviews out of a desk: what was decided about them, and the index."""

import shutil
from collections.abc import Collection
from pathlib import Path

from reviewdesk.desk.decision_place import all_decisions
from reviewdesk.desk.decisions import DecisionLog
from reviewdesk.storage import storage_errors


def erase_from_desk(folder: Path, ids: Collection[str]) -> int:
    """Erase decisions about some reviews, and the index, which is made again on next opening.

    Args:
        folder: the desk's folder within that of a job.
        ids: the reviews' ids.

    Returns:
        How many rows went from the decisions.

    Raises:
        StorageError: something cannot be deleted.
    """
    if not ids or not folder.is_dir():
        return 0
    erase_index(folder)
    rows = 0
    for decisions in all_decisions(folder):
        rows += decisions.forget(_about(decisions, set(ids)))
        decisions.close()
    return rows


def erase_index(folder: Path) -> None:
    """Delete the index over reviews; a desk that is open notices and makes another.

    Args:
        folder: the desk's folder within that of a job.

    Raises:
        StorageError: it cannot be deleted.
    """
    with storage_errors(str(folder)):
        if (folder / "cache").exists():
            shutil.rmtree(folder / "cache")


def _about(decisions: DecisionLog, ids: Collection[str]) -> list[str]:
    """Return the findings about some reviews, by id."""
    return [
        name
        for name, subject in decisions.subjects().items()
        if subject.kind == "review" and subject.what in ids
    ]

"""The folder beside the output in which a preparation grows, and what may be taken up from it."""

import os
import shutil
from pathlib import Path
from typing import Any, Final

import pyarrow.fs as pafs

from reviewdesk.errors import InputError, StorageError
from reviewdesk.exchange import replace_directory
from reviewdesk.prepare.layout import LOG, MANIFEST, Part
from reviewdesk.runlog import RunLog
from reviewdesk.sources import Input
from reviewdesk.storage import (
    file_sha256,
    filesystem,
    is_remote,
    private_directory,
    read_json,
    storage_errors,
    sync_directory,
    write_json,
    write_record,
    write_text,
)

PLAN: Final = "plan.json"
PUBLISHED: Final = "published"

FRESH: Final = ""
TAKEN_UP: Final = "an interrupted run was taken up where it stopped"
STARTED_OVER: Final = (
    "the inputs, the settings or the versions have changed since the interrupted run, "
    "so it was started over"
)


class Workspace:
    """Finished pieces of a preparation, each with a marker that is written last.

    Nothing is believed without its marker, and no marker without the plan that it belongs to.

    Args:
        out: the output folder; the workspace is ``.NAME.partial`` beside it.
    """

    def __init__(self, out: Path) -> None:
        self.path = out.with_name(f".{out.name}.partial")
        self.result = self.path / "result"
        """Becomes the output folder."""
        self.parts = self.path / "parts"
        """Markers of finished parts."""
        self.duplicates = self.path / "duplicates"
        self.spill = self.path / "spill"

    def inputs(self, number: int) -> Path:
        """Return the directory of a group of staged inputs."""
        return self.path / "inputs" / f"{number:05d}"

    def marker(self, part: Part) -> Path:
        """Return the marker of a finished part."""
        return self.parts / f"{part.file_stem}.json"

    def begin(self, plan: dict[str, Any]) -> str:
        """Keep what an interrupted run of the same plan has finished; remove all else.

        Args:
            plan: all that the result depends on, as plain JSON values.

        Returns:
            A sentence about what was found; empty when there was nothing.

        Raises:
            StorageError: the workspace cannot be used.
        """
        note = FRESH
        if (self.path / PUBLISHED).exists():
            self.remove()  # what is in it may be the older folder
        if self.path.exists():
            note = TAKEN_UP if self._recorded_plan() == plan else STARTED_OVER
        if note != TAKEN_UP:
            self.remove()
        for directory in (self.path, self.path / "inputs", self.parts, self.duplicates):
            private_directory(directory)
        for directory in (self.result, self.result / "reviews"):
            private_directory(directory)
        if note == TAKEN_UP:
            self._sweep()
        else:
            write_json(self.path / PLAN, plan)
        return note

    def publish(self, out: Path, manifest: dict[str, Any], log: RunLog) -> None:
        """Put the finished folder in its place, with what it holds and how it came to be.

        Raises:
            StorageError: it cannot be written.
        """
        write_record(self.result / MANIFEST, manifest)
        log.write(self.result / LOG)
        write_text(self.path / PUBLISHED, file_sha256(self.result / MANIFEST))
        replace_directory(self.result, out)
        self.remove()

    def is_published(self, out: Path) -> bool:
        """Say whether an interrupted run had put its folder in its place already."""
        with storage_errors(str(self.path)):
            mark, manifest = self.path / PUBLISHED, out / MANIFEST
            if not (mark.exists() and manifest.exists()):
                return False
            return mark.read_text() == file_sha256(manifest)

    def remove(self) -> None:
        """Remove the workspace."""
        with storage_errors(str(self.path)):
            if not self.path.exists():
                return
            # The plan goes first: without it, what a kill leaves behind is never taken up.
            (self.path / PLAN).unlink(missing_ok=True)
            sync_directory(self.path)
            shutil.rmtree(self.path)

    def _recorded_plan(self) -> Any:
        try:
            return read_json(self.path / PLAN)
        except (StorageError, InputError):
            return None

    def _sweep(self) -> None:
        """Remove what was being written when the run was interrupted."""
        with storage_errors(str(self.path)):
            shutil.rmtree(self.spill, ignore_errors=True)
            for left in self.path.rglob(".*.partial"):
                left.unlink()


def state_of(input_: Input) -> list[int]:
    """Return what tells, without reading it, whether an input has changed.

    Returns:
        Number of files, bytes, and the newest modification time in nanoseconds.

    Raises:
        StorageError: it cannot be looked at.
    """
    if not (
        input_.file.folder or is_remote(input_.place)
    ):  # many small files are asked thrice each
        with storage_errors(input_.place):
            status = os.stat(input_.place)  # noqa: PTH116
            return [1, status.st_size, status.st_mtime_ns]
    files, path = filesystem(input_.place)
    with storage_errors(input_.place):
        info = files.get_file_info(path)
        infos = [info]
        if info.type == pafs.FileType.Directory:
            infos = files.get_file_info(pafs.FileSelector(path, recursive=True))
    if info.type == pafs.FileType.NotFound:
        raise StorageError(f"{input_.place} does not exist")
    sizes = [one.size for one in infos if one.type == pafs.FileType.File]
    return [len(sizes), sum(sizes), max((one.mtime_ns or 0 for one in infos), default=0)]

"""Files that grow together and can be taken up where a run was killed.

Beside the output lies ``.NAME.partial/``: the files, and a checkpoint that says how much of each
belongs to finished work. A resumed run cuts the files back to that and goes on.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from reviewdesk.errors import InputError, StorageError
from reviewdesk.exchange import replace_directory
from reviewdesk.storage import (
    PRIVATE_FILE,
    private_directory,
    read_record,
    storage_errors,
    sync_directory,
    write_record,
)

CHECKPOINT: Final = "checkpoint.json"


class GrowingFiles:
    """Files of one folder, written front to back.

    Args:
        out: the folder that they become.
        names: of the files.
        plan: all that the files depend on, as plain JSON values; what an interrupted run of
            another plan has left is removed.
    """

    def __init__(self, out: Path, names: Sequence[str], plan: Mapping[str, Any]) -> None:
        self._out = out
        self._names = tuple(names)
        self._plan = dict(plan)
        self._aside = out.with_name(f".{out.name}.partial")
        self._files: dict[str, IO[bytes]] = {}
        self.folder = self._aside / "result"
        """Where the files are while they grow."""
        self.state: dict[str, Any] = {}
        """What was said at the last checkpoint; empty at the start."""

    def __enter__(self) -> Self:
        sizes = self._take_up()
        with storage_errors(str(self.folder)):
            for name in self._names:
                self._files[name] = _opened(self.folder / name, sizes[name])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()

    def append(self, name: str, data: bytes) -> None:
        """Write behind what a file holds.

        Raises:
            StorageError: no space left.
        """
        with storage_errors(str(self._out / name)):
            self._files[name].write(data)

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        """Say that all that was appended belongs to finished work.

        Args:
            state: what a resumed run needs to go on, as plain JSON values.

        Raises:
            StorageError: no space left.
        """
        with storage_errors(str(self._out)):
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
            sizes = {name: file.tell() for name, file in self._files.items()}
        self.state = dict(state)
        whole = {"plan": self._plan, "sizes": sizes, "state": self.state}
        write_record(self._aside / CHECKPOINT, whole)

    def publish(self) -> None:
        """Put the folder in its place; an older one there is removed."""
        for file in self._files.values():
            file.close()
        replace_directory(self.folder, self._out)
        self.remove()

    def remove(self) -> None:
        """Remove what lies beside the output."""
        with storage_errors(str(self._aside)):
            if self._aside.exists():
                # The checkpoint goes first: without it, nothing that is left is taken up.
                (self._aside / CHECKPOINT).unlink(missing_ok=True)
                sync_directory(self._aside)
                shutil.rmtree(self._aside)

    def _take_up(self) -> dict[str, int]:
        """Return how much of each file is finished."""
        recorded = self._recorded()
        if recorded is None:
            self.remove()
            private_directory(self._aside)
            private_directory(self.folder)
            return dict.fromkeys(self._names, 0)
        with storage_errors(str(self.folder)):
            for path in self.folder.iterdir():
                if path.name not in self._names:
                    path.unlink()  # written, or being written, after the last checkpoint
        self.state = recorded["state"]
        sizes: dict[str, int] = recorded["sizes"]
        return sizes

    def _recorded(self) -> dict[str, Any] | None:
        try:
            recorded = read_record(self._aside / CHECKPOINT)
        except (StorageError, InputError):
            return None
        if recorded["plan"] != self._plan:
            return None
        for name, size in recorded["sizes"].items():
            path = self.folder / name
            if not path.exists() or path.stat().st_size < size:
                return None
        return recorded


def _opened(path: Path, size: int) -> IO[bytes]:
    """Open a file, cut to a size, at its end."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE), "r+b")
    file.truncate(size)
    file.seek(size)
    return file

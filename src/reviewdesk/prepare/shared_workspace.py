"""A preparation on S3, where nothing can be renamed: its files stand in their place at once.

What makes a folder of them is the manifest, which is written last. An older folder there loses its
manifest first, so that at any moment there is a whole one or none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs

from reviewdesk.engines.local_copies import staging
from reviewdesk.engines.shared import file_sizes, folder, remove
from reviewdesk.prepare.layout import LOG, MANIFEST
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.workspace import FRESH, PLAN, Workspace
from reviewdesk.runlog import RunLog
from reviewdesk.storage import (
    address_of,
    filesystem,
    is_remote,
    private_directory,
    storage_errors,
    write_json,
    write_record,
)


class SharedWorkspace:
    """Where a cluster prepares at an address: staged inputs and verdicts lie beside the output.

    Args:
        out: the output; the workspace is ``.NAME.partial`` beside it, as on a disk.
    """

    def __init__(self, out: Path) -> None:
        self.result = address_of(out)
        """Is the output itself."""
        parent, _, name = self.result.rpartition("/")
        self.path = f"{parent}/.{name}.partial"

    def was_interrupted(self) -> bool:
        """Say whether a run began here that did not write its manifest."""
        return PLAN in file_sizes(self.path) and MANIFEST not in file_sizes(self.result)

    def begin(self, plan: dict[str, Any]) -> str:
        """Remove what an interrupted run has left, and the older folder, its manifest first.

        Raises:
            StorageError: the place cannot be used.
        """
        self.remove()
        with folder(self.path) as local:
            write_json(local / PLAN, plan)
        files, path = filesystem(self.result)
        with storage_errors(self.result):
            if files.get_file_info(f"{path}/{MANIFEST}").type != pafs.FileType.NotFound:
                files.delete_file(f"{path}/{MANIFEST}")
        remove(staging(self.result))
        remove(self.result)
        return FRESH

    def publish(self, out: Path, manifest: dict[str, Any], log: RunLog) -> None:
        """Write the log and the manifest, and remove what lies beside them.

        Raises:
            StorageError: they cannot be written.
        """
        with folder(address_of(out)) as local:
            log.write(local / LOG)
        with folder(address_of(out)) as local:
            write_record(local / MANIFEST, manifest)
        self.remove()

    def remove(self) -> None:
        """Remove what lies beside the output; the plan last, which says that a run was here."""
        files, path = filesystem(self.path)
        with storage_errors(self.path):
            for one in files.get_file_info(pafs.FileSelector(path, allow_not_found=True)):
                if one.type == pafs.FileType.Directory:
                    files.delete_dir(one.path)
        remove(self.path)


def workspace_of(out: Path) -> Workspace | SharedWorkspace:
    """Return where an output grows: beside it, on a disk or on S3."""
    return SharedWorkspace(out) if is_remote(address_of(out)) else Workspace(out)


def absolute(out: Path) -> Path:
    """Return the one name that an output has; an address has no other."""
    return out if is_remote(address_of(out)) else out.absolute().resolve()


@contextmanager
def output_lock(out: Path) -> Iterator[None]:
    """Keep other processes from writing an output while the block runs; on S3 nothing does.

    Raises:
        StorageError: another process is writing it, or the place cannot be used.
    """
    if is_remote(address_of(out)):
        yield
        return
    private_directory(out.parent)
    with locked(out.with_name(f".{out.name}.lock"), f"the folder {out}"):
        yield

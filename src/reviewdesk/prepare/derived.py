"""Prepared data made from other prepared data in a folder of its own: what such steps share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from reviewdesk import __version__
from reviewdesk.errors import UsageError
from reviewdesk.prepare.layout import FORMAT_VERSION
from reviewdesk.prepare.manifest import contents_json
from reviewdesk.prepare.parts import Contents
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.shared_workspace import (
    SharedWorkspace,
    absolute,
    output_lock,
)
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.runlog import RunLog
from reviewdesk.settings import Settings
from reviewdesk.storage import address_of

W = TypeVar("W", bound=Workspace | SharedWorkspace)


@dataclass(frozen=True)
class Derivation:
    """A step from prepared data to prepared data.

    Args:
        name: the step.
        entry: the manifest's entry that tells of it.
        makes: what it makes, as in "the copy".
        already_done: what is said when that is there already.
    """

    name: str
    entry: str
    makes: str
    already_done: str

    def check(self, data: PreparedData, out: Path) -> Path:
        """Return the folder to write, absolute.

        Raises:
            UsageError: it is the data's own.
        """
        out = absolute(out)
        if out == absolute(data.path):
            raise UsageError(
                f"{address_of(out)} is the data itself; name another folder for {self.makes}"
            )
        return out

    def plan(self, data: PreparedData, settings: Settings) -> dict[str, Any]:
        """Return all that the result depends on, as plain JSON values."""
        return {
            "step": self.name,
            "format_version": FORMAT_VERSION,
            "reviewdesk": __version__,
            "pyarrow": pa.__version__,
            "settings": settings.to_json(),
            "from": data.fingerprint,
        }

    def write(
        self,
        data: PreparedData,
        out: Path,
        workspace: W,
        settings: Settings,
        fill: Callable[[W, RunLog], dict[str, Any]],
        *,
        overwrite: bool,
        anew: bool = False,
        beside: Sequence[Path] = (),
    ) -> PreparedData:
        """Write the folder, unless the same is there already.

        Args:
            data: what it is made from.
            out: the folder, absolute.
            workspace: where it grows.
            settings: what it is made by.
            fill: writes the parts into the workspace and returns the manifest; taken up where it
                was interrupted.
            overwrite: whether a folder that holds other prepared data may be replaced.
            anew: whether what an interrupted run has left is not taken up.
            beside: folders that belong to it; without them it is written again.

        Raises:
            UsageError: the folder holds something else.
            StorageError: a place cannot be used, the disk is full, or another process is writing.
        """
        plan = self.plan(data, settings)
        with output_lock(out):
            left = isinstance(workspace, SharedWorkspace) and workspace.was_interrupted()
            existing = None if left else PreparedData.existing(out, overwrite=overwrite)
            same = (
                existing is not None and existing.manifest.get(self.entry, {}).get("plan") == plan
            )
            if existing is not None and same and all(one.is_dir() for one in beside):
                workspace.remove()
                return replace(existing, notes=(self.already_done,))
            if existing is not None and not overwrite:
                raise UsageError(
                    f"{address_of(out)} holds other data; name another folder, or use --overwrite"
                )
            log = RunLog(self.name, settings.to_json(), {"from": data.fingerprint})
            if anew:
                workspace.remove()
            workspace.begin(plan)
            manifest = fill(workspace, log)
            log.rows.update(manifest["rows"])
            log.fingerprints["data"] = manifest["fingerprint"]
            workspace.publish(out, manifest, log)
        return PreparedData(out, manifest)

    def manifest(
        self,
        data: PreparedData,
        settings: Settings,
        contents: Contents,
        dropped: dict[str, int],
        about: dict[str, Any],
    ) -> dict[str, Any]:
        """Return the manifest: that of the data, with it as the only input.

        Args:
            data: what it was made from.
            settings: what it was made by.
            contents: what was written.
            dropped: how many reviews were left out, by reason.
            about: what else is told of the step.
        """
        source = {
            "place": data.path.absolute().name,
            "bytes": sum(part["bytes"] for part in data.manifest["partitions"]),
            "sha256": data.fingerprint,
            "source": "prepared",
            "rows_read": data.rows,
            "rows_rejected": 0,
            "notes": [],
        }
        return {
            **data.manifest,
            "reviewdesk": __version__,
            "inputs": [source],
            "rows": {
                "read": data.rows,
                "rejected": 0,
                "dropped": sum(dropped.values()),
                "written": contents.rows,
            },
            "rejected": {},
            "dropped": dropped,
            "unreadable": {},
            "changed": {},
            "numbered_ids": 0,
            "derived_ids": 0,
            "lost_columns": [],
            "readings": [],
            "too_many_rejects": False,
            self.entry: {"plan": self.plan(data, settings), **about},
            **contents_json(contents),
        }

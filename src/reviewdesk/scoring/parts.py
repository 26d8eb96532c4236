"""A table written in parts, so that a killed run goes on where it was.

Parts lie in ``.NAME.partial/`` beside the final file, each renamed into place when it is whole,
together with the plan that they were made by. A run with another plan starts anew. The final file
is put together from the parts, one row group a part, so that it is the same however often the run
was interrupted.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk.engines.shared import exists, local_file, remove
from reviewdesk.errors import InputError, UsageError
from reviewdesk.prepare.lock import locked
from reviewdesk.seal import opened, read_sealed, sealed_writer, write_sealed
from reviewdesk.storage import (
    address_of,
    is_remote,
    private_directory,
    read_json,
    storage_errors,
    sync_directory,
    write_json,
    write_then_rename,
)

PLAN: Final = "plan.json"
PLAN_KEY: Final = b"reviewdesk.plan"


class Parts:
    """The finished parts of a table that is on its way to one file.

    Args:
        out: the final file.
        plan: all that the table depends on, as plain JSON values.

    Raises:
        StorageError: the directory beside ``out`` cannot be used.
    """

    def __init__(self, out: Path, plan: Mapping[str, Any]) -> None:
        self.out = out
        self.directory = out.with_name(f".{out.name}.partial")
        self._plan = dict(plan)

    @property
    def plan(self) -> dict[str, Any]:
        """All that the table depends on."""
        return self._plan

    @property
    def plan_digest(self) -> str:
        """A short name (16 hex digits) of the plan; the final file carries it."""
        text = json.dumps(self._plan, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes from writing the same file while the block runs.

        Raises:
            StorageError: another process is writing it.
        """
        return locked(self.out.with_name(f".{self.out.name}.lock"), str(self.out))

    def finished(self, *, overwrite: bool) -> bool:
        """Say whether the final file is there and was made by this plan.

        Args:
            overwrite: whether a file that was made by another plan may be replaced.

        Raises:
            UsageError: there is another file, which may not be replaced.
        """
        place = address_of(self.out)
        if not (exists(place) if is_remote(place) else self.out.exists()):
            return False
        with local_file(place) as path:
            plan = _plan_of(path)
        if plan == self.plan_digest:
            self.remove()
            return True
        if overwrite:
            return False
        raise UsageError(
            f"{place} is there already and holds something else; choose another name or "
            "replace it on purpose"
        )

    def begin(self) -> None:
        """Keep the parts of an interrupted run of the same plan; remove those of another."""
        if self._recorded_plan() == self._plan:
            return
        self.remove()
        private_directory(self.directory)
        write_json(self.directory / PLAN, self._plan)

    def has(self, name: str) -> bool:
        """Say whether a part is finished."""
        return self._path(name).exists()

    def write(self, name: str, table: pa.Table) -> None:
        """Write one part whole or not at all."""
        with write_then_rename(self._path(name)) as file:
            write_sealed(table, file)

    def read(self, name: str) -> pa.Table:
        """Return a finished part.

        Raises:
            InputError: it is damaged.
        """
        again = f"remove {self.directory} and run the same command again"
        return read_sealed(self._path(name), again=again)

    def join(self, tables: Iterator[pa.Table], out: Path, schema: pa.Schema) -> None:
        """Write tables, in this order, as one file; memory is bounded by the largest."""
        labelled = schema.with_metadata(
            {**(schema.metadata or {}), PLAN_KEY: self.plan_digest.encode()}
        )
        # Written among the parts, so that a kill leaves nothing beside the final file.
        joined = self._path("joined")
        with (
            write_then_rename(joined) as file,
            sealed_writer(file, labelled, compression="zstd") as writer,
        ):
            for table in tables:
                if table.num_rows:
                    writer.write_table(table.cast(schema), row_group_size=table.num_rows)
        with storage_errors(str(out)):
            joined.replace(out)
            sync_directory(out.parent)

    def remove(self) -> None:
        """Remove all parts."""
        if is_remote(address_of(self.directory)):
            remove(address_of(self.directory))
            return
        with storage_errors(str(self.directory)):
            if self.directory.exists():
                # The plan goes first: without it, what a kill leaves behind is never taken up.
                (self.directory / PLAN).unlink(missing_ok=True)
                sync_directory(self.directory)
                shutil.rmtree(self.directory)

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.parquet"

    def _recorded_plan(self) -> Any:
        path = self.directory / PLAN
        if not path.exists():
            return None
        try:
            return read_json(path)
        except InputError:
            return None


def _plan_of(path: Path) -> str | None:
    """Return the plan that a file was made by; None for a damaged one and one of others."""
    try:
        with opened(path) as file:
            metadata = file.schema_arrow.metadata or {}
    except InputError:
        return None
    found = metadata.get(PLAN_KEY)
    return found.decode(errors="replace") if found is not None else None

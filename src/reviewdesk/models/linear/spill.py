"""Rows of n-grams that grow with the data: in memory while they are few, else on disk.

On disk, rows are dealt out to parts by a hash of their place, so that each part is a random sample
of all rows and one part after the other can be learnt from, however the data was ordered.
"""

import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.linear.hashed_rows import HashedRows, renumber, row_ends, take_rows
from reviewdesk.storage import open_private, storage_errors
from reviewdesk.text.hashing import combine64

PARTS: Final = 64
HEAD: Final = np.dtype([("size", np.uint32), ("label", np.int32), ("group_hash", np.uint32)])


class RowStore:
    """Takes rows in their order and gives them back in one part or many.

    Args:
        memory: bytes from which on rows go to disk.
        seed: another seed deals the rows out in another way.
    """

    def __init__(self, memory: int, seed: int) -> None:
        self.memory = memory
        self.seed = seed
        self.rows = 0
        self.spilled_bytes = 0
        self._held: list[tuple[NDArray[np.uint32], NDArray[np.void]]] = []
        self._held_bytes = 0
        self._first_held = 0
        self._files: list[dict[str, IO[bytes]]] = []
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._whole: HashedRows | None = None

    def add(
        self,
        stream: NDArray[np.uint32],
        sizes: NDArray[np.uint32],
        labels: NDArray[np.int32],
        group_hash: NDArray[np.uint32],
    ) -> None:
        """Take rows; the arrays are the store's from now on."""
        heads = np.empty(len(sizes), HEAD)
        heads["size"], heads["label"], heads["group_hash"] = sizes, labels, group_hash
        self._held.append((stream, heads))
        self._held_bytes += stream.nbytes + heads.nbytes
        self.rows += len(sizes)
        if self._held_bytes > self.memory:
            self._spill()

    def close(self) -> None:
        """Remove what is on disk."""
        for files in self._files:
            for file in files.values():
                file.close()
        if self._directory is not None:
            self._directory.cleanup()

    def finish(
        self, numbers: NDArray[np.uint32], features: int, label_of: NDArray[np.int32]
    ) -> None:
        """Turn slots into features and labels into other labels, once all rows are there."""
        if not self._files:
            self._whole = self._finished(numbers, features, label_of)
            return
        self._spill()
        with storage_errors(self._place):
            for part in range(PARTS):
                self._finish_part(part, numbers, features, label_of)

    def parts(self) -> Iterator[HashedRows]:
        """Yield the rows part by part; a part on disk is mapped, not read."""
        if self._whole is not None:
            yield self._whole
            return
        for part in range(PARTS):
            heads = self._mapped(part, "heads").view(HEAD)
            yield HashedRows(
                ids=self._mapped(part, "ids").view(np.uint32),
                ends=row_ends(heads["size"]),
                labels=np.ascontiguousarray(heads["label"]),
                group_hash=np.ascontiguousarray(heads["group_hash"]),
                duals=self._mapped(part, "duals").view(np.float32),
            )

    @property
    def _place(self) -> str:
        return self._directory.name if self._directory else tempfile.gettempdir()

    def _finished(
        self, numbers: NDArray[np.uint32], features: int, label_of: NDArray[np.int32]
    ) -> HashedRows:
        held, self._held = self._held, []
        heads = np.concatenate([np.empty(0, HEAD), *(heads for _, heads in held)])
        ids = np.empty(sum(len(stream) for stream, _ in held), np.uint32)
        sizes = heads["size"].copy()
        done, row = 0, 0
        for stream, own in held:
            rows = slice(row, row + len(own))
            done += renumber(stream, sizes[rows], numbers, features, ids[done:])
            row += len(own)
        labels, duals = label_of[heads["label"]], np.zeros(row, np.float32)
        return HashedRows(ids[:done], row_ends(sizes), labels, heads["group_hash"].copy(), duals)

    def _spill(self) -> None:
        with storage_errors(self._place):
            if not self._files:
                self._directory = tempfile.TemporaryDirectory(prefix="reviewdesk-linear-")
                self._files = [
                    {
                        kind: open_private(self._path(part, kind))
                        for kind in ("ids", "heads", "duals")
                    }
                    for part in range(PARTS)
                ]
            for stream, heads in self._held:
                self._deal(stream, heads)
        self._held, self._held_bytes = [], 0

    def _path(self, part: int, kind: str) -> Path:
        return Path(self._place) / f"{part:02}.{kind}"

    def _deal(self, stream: NDArray[np.uint32], heads: NDArray[np.void]) -> None:
        rows = np.arange(self._first_held, self._first_held + len(heads), dtype=np.uint64)
        self._first_held += len(heads)
        part_of = combine64(rows, np.full(len(rows), self.seed, np.uint64)) % np.uint64(PARTS)
        order = np.argsort(part_of, kind="stable")
        taken = np.empty(len(stream), np.uint32)
        take_rows(stream, row_ends(heads["size"]), order, taken)
        heads = heads[order]
        ends = row_ends(heads["size"])
        edges = np.searchsorted(part_of[order], np.arange(PARTS + 1, dtype=np.uint64))
        for part, files in enumerate(self._files):
            first, last = edges[part], edges[part + 1]
            files["ids"].write(taken[ends[first] : ends[last]].data)
            files["heads"].write(heads[first:last].tobytes())
        self.spilled_bytes += taken.nbytes + heads.nbytes

    def _finish_part(
        self, part: int, numbers: NDArray[np.uint32], features: int, label_of: NDArray[np.int32]
    ) -> None:
        files = self._files[part]
        for file in files.values():
            file.flush()
        stream = self._mapped(part, "ids").view(np.uint32)
        heads = self._mapped(part, "heads").view(HEAD)
        sizes = heads["size"].copy()
        done = renumber(stream, sizes, numbers, features, stream)
        heads["size"], heads["label"] = sizes, label_of[heads["label"]]
        files["ids"].truncate(done * stream.itemsize)
        files["duals"].truncate(len(sizes) * np.dtype(np.float32).itemsize)

    def _mapped(self, part: int, kind: str) -> NDArray[np.uint8]:
        path = self._path(part, kind)
        if not path.stat().st_size:
            return np.empty(0, np.uint8)
        mapped = np.memmap(path, np.uint8, "r+")
        if hasattr(mmap, "MADV_WILLNEED"):  # rows are visited in any order: read them ahead
            mapped._mmap.madvise(mmap.MADV_WILLNEED)  # type: ignore[attr-defined]
        return np.asarray(mapped)

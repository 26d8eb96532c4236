"""Parquet files that know their own bytes: a digest stands between the rows and the footer.

Readers of Parquet go by the footer and never look at that place, so that a sealed file is one for
every program. Files without a seal, by anybody else, are read as they are.

    rows | mark, SHA-256 of all bytes but the seal, mark | footer | its length | PAR1

The mark stands there twice, so that one damaged byte cannot make a sealed file one of others.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import InputError
from reviewdesk.storage import storage_errors

_MARK: Final = b"reviewdesk seal1"
_SEAL: Final = 2 * len(_MARK) + 32
_END: Final = 8  # the footer's length and PAR1
_CHUNK: Final = 1 << 20


@contextmanager
def sealed_writer(file: IO[bytes], schema: pa.Schema, **options: Any) -> Iterator[pq.ParquetWriter]:
    """Give the block a writer; the file is sealed when the block ends well.

    Args:
        file: open for writing, empty.
        schema: of the rows.
        options: of ``pyarrow.parquet.ParquetWriter``.
    """
    sink = _Sink(file)
    writer = pq.ParquetWriter(sink, schema, write_page_checksum=True, **options)
    try:
        yield writer
    except BaseException:
        writer.close()
        raise
    sink.hold()
    writer.close()
    sink.finish()


def write_sealed(table: pa.Table, file: IO[bytes], compression: str = "zstd") -> None:
    """Write a table as a sealed file."""
    with sealed_writer(file, table.schema, compression=compression) as writer:
        writer.write_table(table)


@contextmanager
def opened(path: Path, again: str = "make it again") -> Iterator[pq.ParquetFile]:
    """Open a Parquet file of anybody's making; what is sealed must be what was written.

    Args:
        path: the file.
        again: what to do when it is damaged.

    Raises:
        InputError: it is damaged or no Parquet.
        StorageError: it cannot be read.
    """
    with damage_errors(path, again):
        with path.open("rb") as file:
            whole = _is_whole(file)
        if not whole:
            raise InputError(f"{path} is damaged: it is not the file that was written; {again}")
        with pq.ParquetFile(path, page_checksum_verification=True) as parquet:
            yield parquet


@contextmanager
def damage_errors(path: Path, again: str = "make it again") -> Iterator[None]:
    """Turn Arrow's and the operating system's errors into one sentence about a file.

    Args:
        path: the file.
        again: what to do when it is damaged.

    Raises:
        InputError: it is damaged or no Parquet.
        StorageError: it cannot be read.
    """
    with storage_errors(str(path)):
        try:
            yield
        except pa.ArrowException as error:
            raise InputError(f"{path} is damaged, or no Parquet file; {again}") from error
        except OSError as error:
            if error.errno is None:  # what Arrow makes of some damage, such as a wrong checksum
                raise InputError(f"{path} is damaged; {again}") from error
            raise


def read_sealed(path: Path, columns: list[str] | None = None, again: str = "make it again") -> Any:
    """Return the table in a Parquet file, as ``opened`` reads it.

    Raises:
        InputError: it is damaged or no Parquet.
        StorageError: it cannot be read.
    """
    with opened(path, again) as parquet:
        return parquet.read(columns)


class _Sink(io.RawIOBase):
    """Passes bytes on and takes their digest; the last ones are held back until they are whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._at = 0
        self._held: bytearray | None = None

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        self._digest.update(data)
        if self._held is None:
            self._file.write(data)
        else:
            self._held += data
        size = memoryview(data).nbytes
        self._at += size
        return size

    def hold(self) -> None:
        """Hold back what comes now: the footer, and perhaps some rows before it."""
        self._held = bytearray()

    def finish(self) -> None:
        """Write what was held back, with the seal before the footer."""
        held = bytes(self._held or b"")
        footer = len(held) - _END - int.from_bytes(held[-_END:-4], "little")
        self._file.write(held[:footer])
        self._file.write(_MARK + self._digest.digest() + _MARK)
        self._file.write(held[footer:])


def _is_whole(file: IO[bytes]) -> bool:
    """Say whether a file has no seal, or the right one."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - _END, 0))
    end = file.read(_END)
    seal_at = size - _END - int.from_bytes(end[:4], "little") - _SEAL
    if seal_at < 0:
        return True  # no Parquet, or one too small for a seal
    file.seek(seal_at)
    seal = file.read(_SEAL)
    first, digest, second = seal[: len(_MARK)], seal[len(_MARK) : -len(_MARK)], seal[-len(_MARK) :]
    if _MARK not in (first, second):
        return True
    file.seek(0)
    digest_of_rest = hashlib.sha256()
    left = seal_at
    while left:
        chunk = file.read(min(left, _CHUNK))
        digest_of_rest.update(chunk)
        left -= len(chunk)
    file.seek(seal_at + _SEAL)
    digest_of_rest.update(file.read())
    return first == second == _MARK and digest_of_rest.digest() == digest

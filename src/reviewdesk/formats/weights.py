"""Arrays on disk: ``.npz`` files that hold numbers and nothing else.

The files are those of ``numpy.savez``, so that any tool reads them, but they are read without
``numpy.load``: no pickle, no types but those below, and no allocation that the file's true size
does not cover. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import hashlib
import itertools
import math
import mmap
import re
import shutil
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.storage import storage_errors, write_then_rename

MAX_BYTES: Final = 4 << 30
MAX_ARRAYS: Final = 1_000
DTYPES: Final = frozenset(
    np.dtype(name)
    for name in ("?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")
)
"""The types that weights may have."""

_DTYPE_NAMES: Final = frozenset(dtype.str for dtype in DTYPES)
_MAGIC: Final = b"\x93NUMPY\x01\x00"
_HEADER: Final = re.compile(
    rb"\{'descr': '([<|][a-zA-Z]\d)', 'fortran_order': False, 'shape': \(([\d, ]{0,200})\), \} *\n"
)
_NOT_WHOLE: Final = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,  # a damaged directory makes zipfile look for bytes before the file's beginning
    OverflowError,
    ValueError,
)
_HEAD_BYTES: Final = 30  # of a zip member, without its name and extra fields
_LENGTHS_AT: Final = 26  # of the name and the extra fields, in that head
_ZIP64_BYTES: Final = 20  # the extra field that zipfile adds
_PADS: Final = 0xD935  # as Android's zipalign marks it
_SHARED: Final[ContextVar[Path | None]] = ContextVar("shared", default=None)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def save_weights(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to an ``.npz`` file whose bytes depend on names and values only.

    Args:
        path: the file.
        arrays: name to array, each of a type in ``DTYPES``.

    Raises:
        StorageError: it cannot be written.
    """
    with write_then_rename(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as npz:
        for name in sorted(arrays):
            array = np.asarray(arrays[name], order="C")
            if array.dtype not in DTYPES:
                raise TypeError(f"weights cannot hold an array of type {array.dtype}")
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            member.extra = _padding(file.tell() + _HEAD_BYTES + len(member.filename.encode()))
            with npz.open(member, "w", force_zip64=True) as content:
                np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)


def load_weights(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, NDArray[Any]]:
    """Read the arrays of an ``.npz`` file that is not trusted.

    Args:
        path: the file, its arrays not compressed.
        max_bytes: the largest file to read; more than that is never allocated.

    Raises:
        BundleError: it is damaged, too large, or holds anything but plain arrays of numbers.
        StorageError: it cannot be opened.
    """
    with storage_errors(str(path)):
        shared = _SHARED.get()
        file = (_copied(path, shared) if shared else path).open("rb")
        size = path.stat().st_size
    with file:
        try:
            return _load(file, size, max_bytes)
        except BundleError as error:
            raise BundleError(f"{path.name} was refused: {error}") from error
        except _NOT_WHOLE as error:
            raise BundleError(f"{path.name} is not a whole .npz file of numbers") from error


@contextmanager
def shared_weights(folder: Path) -> Iterator[None]:
    """While open, weights are not read into memory but mapped, so that processes share them.

    What is mapped are copies in a folder of ours, named by their digest: a file that somebody
    changes while it is mapped would end the process.

    Args:
        folder: that of the processes that share; private, and theirs as long as they live.
    """
    token = _SHARED.set(folder)
    try:
        yield
    finally:
        _SHARED.reset(token)


def pack_strings(values: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return texts as two arrays that weights can hold.

    Returns:
        The UTF-8 bytes of all texts, and the n + 1 places in them where a text begins or ends.
    """
    encoded = [value.encode() for value in values]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(one) for one in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded), np.uint8), offsets


def unpack_strings(data: NDArray[Any], offsets: NDArray[Any]) -> list[str]:
    """Return the texts that ``pack_strings`` made two arrays of.

    Raises:
        BundleError: the offsets do not fit the bytes, or the bytes are not UTF-8.
    """
    whole = data.dtype == np.uint8 and offsets.dtype == np.int64 and data.ndim == offsets.ndim == 1
    if not whole or not len(offsets) or offsets[0] != 0 or offsets[-1] != len(data):
        raise BundleError("the weights hold texts that do not fit their offsets")
    if (np.diff(offsets) < 0).any():
        raise BundleError("the weights hold texts that do not fit their offsets")
    raw, ends = data.tobytes(), offsets.tolist()
    try:
        return [raw[a:b].decode() for a, b in itertools.pairwise(ends)]
    except UnicodeDecodeError as error:
        raise BundleError("the weights hold texts that are not UTF-8") from error


def _load(file: IO[bytes], size: int, max_bytes: int) -> dict[str, NDArray[Any]]:
    if size > max_bytes:
        raise BundleError(f"it is larger than {max_bytes:,} bytes")
    with zipfile.ZipFile(file) as npz:
        members = npz.infolist()
        _check_members(members, size)
        mapped = None
        if _SHARED.get():
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        return {m.filename.removesuffix(".npy"): _read_array(npz, m, mapped) for m in members}


def _copied(path: Path, folder: Path) -> Path:
    """Return a copy of a file in a folder, named by its digest."""
    with path.open("rb") as file:
        copy = folder / f"{hashlib.file_digest(file, 'sha256').hexdigest()}.npz"
        if not copy.exists():
            file.seek(0)
            with write_then_rename(copy) as out:
                shutil.copyfileobj(file, out)
    return copy


def _padding(start: int) -> bytes:
    """Return a field of a zip member's head behind which its bytes begin at a multiple of 64."""
    size = -(start + _ZIP64_BYTES + 4) % 64
    return struct.pack("<HH", _PADS, size) + bytes(size)


def _check_members(members: list[zipfile.ZipInfo], size: int) -> None:
    if len(members) > MAX_ARRAYS:
        raise BundleError(f"it holds more than {MAX_ARRAYS:,} arrays")
    if len({member.filename for member in members}) < len(members):
        raise BundleError("it holds the same name twice")
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 0x1:
            raise BundleError("its arrays are compressed or encrypted")
        if member.file_size != member.compress_size or not member.filename.endswith(".npy"):
            raise BundleError("it holds something that is not an array")
    # Arrays that are not compressed cannot be larger than the file that holds them.
    if sum(member.file_size for member in members) > size:
        raise BundleError("its arrays claim more bytes than the file has")


def _read_array(
    npz: zipfile.ZipFile, member: zipfile.ZipInfo, mapped: mmap.mmap | None
) -> NDArray[Any]:
    with cast(zipfile.ZipExtFile, npz.open(member)) as content:
        shape, dtype = _read_header(content)
        count = math.prod(shape) * dtype.itemsize
        if count != member.file_size - content.tell():
            raise BundleError("an array's shape does not fit its bytes")
        if mapped is not None:
            name, extra = struct.unpack_from("<HH", mapped, member.header_offset + _LENGTHS_AT)
            start = member.header_offset + _HEAD_BYTES + name + extra + content.tell()
            if start % dtype.itemsize == 0 and start + count <= len(mapped):
                flat = np.frombuffer(mapped, dtype, math.prod(shape), start)
                return flat.reshape(shape)
        data = bytearray(count)
        view = memoryview(data)
        while view:
            read = content.readinto(view)
            if not read:
                raise EOFError
            view = view[read:]
        return np.frombuffer(data, dtype).reshape(shape)


def _read_header(content: zipfile.ZipExtFile) -> tuple[tuple[int, ...], np.dtype[Any]]:
    magic, length = struct.unpack("<8sH", content.read(10))
    header = _HEADER.fullmatch(content.read(length))
    if magic != _MAGIC or header is None:
        raise BundleError("an array is not stored as plain numbers, row by row")
    name = header[1].decode()
    if name not in _DTYPE_NAMES:
        raise BundleError(f"an array is of the type {name}, which weights cannot have")
    dtype = np.dtype(name)
    return tuple(int(length) for length in header[2].split(b",") if length.strip()), dtype

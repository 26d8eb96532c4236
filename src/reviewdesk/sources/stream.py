"""A file's decompressed bytes; a gzip that is cut off or damaged yields all that comes before.

Whether a file is gzip is seen from its first bytes, never from its name. Source: RFC 1952.
"""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from reviewdesk.errors import InputError
from reviewdesk.sources.files import SourceFile

GZIP_MAGIC: Final = b"\x1f\x8b"
MAX_PIECE: Final = 4 * 1024 * 1024
"""Most bytes decompressed at once, however little they were compressed from."""

HEAD: Final = 64 * 1024
"""How many decompressed bytes sources look at to recognise a format."""


class DamagedGzip(InputError):
    """Compressed data ends early or is damaged; everything before has been yielded."""

    code = "damaged_gzip"


class Counts(Protocol):
    """Something that counts bytes read, such as a tally."""

    bytes_read: int


def decompressed(file: SourceFile, counts: Counts | None = None) -> Iterator[bytes]:
    """Yield a file's bytes, decompressed when they are gzip.

    Args:
        file: what to read.
        counts: where to count the bytes as they lie on disk.

    Raises:
        DamagedGzip: after the last byte that could be decompressed.
        StorageError: the file cannot be read.
    """
    chunks = _counted(file, counts)
    first = next(chunks, b"")
    if first.startswith(GZIP_MAGIC):
        yield from _gunzip(first, chunks)
    elif first:
        yield first
        yield from chunks


def head(file: SourceFile) -> bytes:
    """Return a file's first decompressed bytes, as far as there are any."""
    pieces = bytearray()
    try:
        for piece in decompressed(file):
            pieces += piece[:HEAD]
            if len(pieces) >= HEAD:
                break
    except DamagedGzip:
        pass  # whoever reads the file reports it
    return bytes(pieces[:HEAD])


def _counted(file: SourceFile, counts: Counts | None) -> Iterator[bytes]:
    for chunk in file.chunks():
        if counts is not None:
            counts.bytes_read += len(chunk)
        yield chunk


def _gunzip(first: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    member = _member()
    for chunk in chain((first,), chunks):
        data = chunk
        while data:
            if member.eof:
                data = data.lstrip(b"\0")  # tapes pad with zeros
                if not data:
                    break
                member = _member()
            yield from _inflate(member, data)
            data = member.unused_data
    if not member.eof:
        yield member.flush()
        raise DamagedGzip("the compressed data ends early")


def _member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=31)


def _inflate(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    while data and not member.eof:
        before = member.copy()
        try:
            piece = member.decompress(data, MAX_PIECE)
        except zlib.error as error:
            yield _until_error(before, data)
            raise DamagedGzip("the compressed data is damaged") from error
        yield piece
        data = member.unconsumed_tail


def _until_error(member: "zlib._Decompress", data: bytes) -> bytes:
    """Return what a damaged stretch yields before the damage: one byte at a time."""
    good = bytearray()
    try:
        for start in range(len(data)):
            good += member.decompress(data[start : start + 1])
    except zlib.error:
        pass
    return bytes(good)

"""A file's decompressed bytes, and its text as UTF-8.

A gzip that is cut off or damaged yields all that comes before.

Whether a file is gzip is seen from its first bytes, never from its name. Source: RFC 1952.
"""

import json
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Final, Protocol

from reviewdesk.errors import InputError
from reviewdesk.sources.encoding import as_utf8, ends_in_returns, wide_encoding, with_newlines
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.tar import DamagedTar, tar_files, tar_member

GZIP_MAGIC: Final = b"\x1f\x8b"
MAX_PIECE: Final = 4 * 1024 * 1024
"""Most bytes decompressed at once, however little they were compressed from."""

HEAD: Final = 64 * 1024
"""How many decompressed bytes sources look at to recognise a format."""

MAX_HEAD: Final = 8 * 1024 * 1024
"""How many they look at where the first record is not whole in fewer."""

_DECODER: Final = json.JSONDecoder()


class DamagedGzip(InputError):
    """Compressed data ends early or is damaged; everything before has been yielded."""

    code = "damaged_gzip"


class CountsBytes(Protocol):
    """Something that counts bytes read, such as a tally."""

    bytes_read: int


def decompressed(file: SourceFile, counts: CountsBytes | None = None) -> Iterator[bytes]:
    """Yield a file's bytes, decompressed when they are gzip.

    Args:
        file: what to read.
        counts: where to count the bytes as they lie on disk.

    Raises:
        DamagedGzip: after the last byte that could be decompressed.
        StorageError: the file cannot be read.
    """
    if file.member:
        yield from _member_bytes(file, counts)
        return
    chunks = _counted(file, counts)
    yield from _unpacked(chunks)


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    if first.startswith(GZIP_MAGIC):
        yield from _gunzip(first, chunks)
    elif first:
        yield first
        yield from chunks


def archive_members(file: SourceFile) -> list[SourceFile]:
    """Return the plain files in a tar archive, gzip or not, in the archive's order.

    Raises:
        InputError: the archive is damaged before its first file.
    """
    names: dict[str, None] = {}

    def passed_over(name: str) -> bool:
        names[name] = None
        return False

    with suppress(DamagedGzip, DamagedTar):  # whoever reads the files reports it
        deque(tar_files(decompressed(file), passed_over, 0), maxlen=0)
    share = file.size // max(1, len(names))
    return [
        SourceFile(file.place, f"{file.name}/{name}", share, member=name, digests=file.digests)
        for name in names
    ]


def _member_bytes(file: SourceFile, counts: CountsBytes | None) -> Iterator[bytes]:
    """Yield the bytes of a file in an archive, decompressed when they are gzip themselves."""
    archive = replace(file, member="")
    pieces = tar_member(_unpacked(_counted(archive, counts)), file.member)
    try:
        yield from _unpacked(pieces)
    except DamagedTar as error:
        raise DamagedGzip("the archive ends early or is damaged") from error


def text(file: SourceFile, counts: CountsBytes | None = None) -> Iterator[bytes]:
    """Yield a text file's bytes as UTF-8 whose lines end in ``\\n``, decompressed.

    What is in UTF-8 already, or no text, comes as it is.

    Args:
        file: what to read; its ``encoding`` counts where its first bytes tell none.
        counts: where to count the bytes as they lie on disk.

    Raises:
        DamagedGzip: after the last byte that could be decompressed.
        StorageError: the file cannot be read.
    """
    raw = decompressed(file, counts)
    start = bytearray()
    damage: DamagedGzip | None = None
    try:
        for piece in raw:
            start += piece
            if len(start) >= HEAD:
                break
    except DamagedGzip as error:
        damage = error
    pieces = _then(bytes(start), raw, damage)
    if encoding := wide_encoding(bytes(start[:HEAD])) or file.encoding:
        pieces = as_utf8(pieces, encoding, file.name)
        start = bytearray(next(pieces, b""))
        pieces = chain((bytes(start),), pieces)
    yield from with_newlines(pieces) if ends_in_returns(bytes(start[:HEAD])) else pieces


def _then(
    start: bytes, rest: Iterator[bytes], damage: DamagedGzip | None = None
) -> Iterator[bytes]:
    if start:
        yield start
    if damage is not None:
        raise damage
    yield from rest


def head(file: SourceFile) -> bytes:
    """Return a file's first decompressed bytes as ``text`` gives them, as far as there are any.

    They are 64 KiB; more, up to 8 MiB, where the first line or JSON object is not whole by then.
    """
    start = b""
    try:
        for piece in text(file):
            start += piece
            if len(start) >= HEAD and (whole := _with_first_record(start)):
                return whole
            if len(start) >= MAX_HEAD:
                break
    except DamagedGzip:
        pass  # whoever reads the file reports it
    return start[:MAX_HEAD] if len(start) > HEAD and not _with_first_record(start) else start[:HEAD]


def longer_head(file: SourceFile, start: bytes, enough: Callable[[bytes], bool]) -> bytes:
    """Return a file's first bytes as ``head`` does, but as many as are enough, up to 8 MiB.

    Where that is the whole file, the last line has an end.

    Args:
        file: what to read.
        start: its ``head``.
        enough: says whether bytes are; asked whenever they have doubled.
    """
    if len(start) < HEAD or enough(start):
        return start
    longer, asked = bytearray(), len(start)
    with suppress(DamagedGzip):  # whoever reads the file reports it
        for piece in text(file):
            for at in range(0, len(piece), HEAD):
                longer += piece[at : at + HEAD]
                if len(longer) >= 2 * asked:
                    asked = len(longer)
                    if asked >= MAX_HEAD or enough(bytes(longer)):
                        return bytes(longer)
    return bytes(longer) + b"\n"


def _with_first_record(start: bytes) -> bytes:
    """Return the first 64 KiB, or all where a text's first record ends later; empty if it does not.

    What has a NUL in it is no text.
    """
    short = start[:HEAD]
    if b"\0" in short or _has_record(short):
        return short
    return start if _has_record(start) else b""


def _has_record(start: bytes) -> bool:
    """Say whether the first line, or the first JSON object, is whole."""
    begin = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not begin.startswith((b"{", b"[")):
        return b"\n" in start
    try:
        _DECODER.raw_decode(begin.lstrip(b"[ \t\r\n").decode(errors="replace"))
    except (ValueError, RecursionError):
        return begin.startswith(b"{") and any(map(_is_json, begin.split(b"\n", 20)[:-1]))
    return True


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _counted(file: SourceFile, counts: CountsBytes | None) -> Iterator[bytes]:
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

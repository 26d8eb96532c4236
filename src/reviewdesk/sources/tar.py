"""The files inside a tar archive, streamed: nothing is unpacked, sought or kept.

Only plain files are read; links, devices and the rest are skipped, and no record is longer in
memory than it may be, so that a hostile archive can neither write anywhere nor fill the memory.
Source: POSIX.1-2001 pax (ustar headers and their ``path`` extension), GNU tar (long names).
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from reviewdesk.errors import InputError

BLOCK: Final = 512
MAX_NAME: Final = 64 * 1024
_PLAIN: Final = (b"0", b"\0")
_GNU_LONG_NAME: Final = b"L"
_EXTENSION: Final = b"x"
_PATH: Final = re.compile(rb"(?:^|\n)\d+ path=([^\n]*)\n")


class DamagedTar(InputError):
    """A tar archive ends early or has a broken header; the files before have been yielded."""

    code = "damaged_tar"


def tar_files(
    pieces: Iterator[bytes], wanted: Callable[[str], bool], max_bytes: int
) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of the wanted files, in the archive's order.

    Args:
        pieces: the archive's decompressed bytes.
        wanted: says from its name whether a file is to be yielded.
        max_bytes: of a longer file, only so many bytes and one more are yielded.

    Raises:
        DamagedTar: the archive ends early or a header is broken.
    """
    stream = _Stream(pieces)
    for name, size in _entries(stream):
        if wanted(name):
            yield name, stream.take(_padded(size), min(size, max_bytes + 1))
        else:
            stream.take(_padded(size), 0)


def tar_member(pieces: Iterator[bytes], member: str) -> Iterator[bytes]:
    """Yield the bytes of one file in pieces, and read the archive to its end.

    Args:
        pieces: the archive's decompressed bytes.
        member: the file's path inside the archive; of two with one path the first counts.

    Raises:
        DamagedTar: the archive ends early or a header is broken.
    """
    stream = _Stream(pieces)
    wanted = True
    for name, size in _entries(stream):
        if not (wanted and name == member):
            stream.take(_padded(size), 0)
            continue
        wanted = False
        left = size
        while left:
            piece = stream.piece(left)
            left -= len(piece)
            yield piece
        stream.take(_padded(size) - size, 0)


def _entries(stream: "_Stream") -> Iterator[tuple[str, int]]:
    """Yield name and size of plain files; who takes them moves the stream behind their bytes."""
    long_name = ""  # of the next entry
    while not stream.ended():  # some archives lack the empty blocks at the end
        header = stream.take(BLOCK, BLOCK)
        if not header.strip(b"\0"):
            stream.finish()
            return
        name, size, kind = _entry(header)
        if kind in (_GNU_LONG_NAME, _EXTENSION):
            record = stream.take(_padded(size), min(size, MAX_NAME))
            long_name = _long_name(kind, record) or long_name
            continue
        name, long_name = long_name or name, ""
        if kind in _PLAIN:
            yield name, size
        else:
            stream.take(_padded(size), 0)


def is_tar(head: bytes) -> bool:
    """Say whether bytes begin a tar archive."""
    return head[257:262] == b"ustar"


def first_names(head: bytes) -> Iterator[str]:
    """Yield the (short) names of plain files whose headers lie in an archive's first bytes."""
    at = 0
    while is_tar(head[at:]) and at + BLOCK <= len(head):
        try:
            name, size, kind = _entry(head[at : at + BLOCK])
        except DamagedTar:
            return
        if kind in _PLAIN:
            yield name
        at += BLOCK + _padded(size)


def _entry(header: bytes) -> tuple[str, int, bytes]:
    """Return name, size and kind."""
    total = sum(header[:148]) + 8 * 32 + sum(header[156:])
    try:
        checksum = int(_text(header[148:156]).strip() or "0", 8)
        size = int(_text(header[124:136]).strip() or "0", 8)
    except ValueError as error:
        raise DamagedTar("a header in the archive is broken") from error
    if checksum != total or size < 0:
        raise DamagedTar("a header in the archive is broken")
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    name = _text(header[:100])
    return f"{prefix}/{name}" if prefix else name, size, header[156:157]


def _long_name(kind: bytes, record: bytes) -> str:
    """Return the name that a record gives to the next entry; empty if it gives none."""
    if kind == _GNU_LONG_NAME:
        return _text(record)
    path = _PATH.search(record)
    return path[1].decode("utf-8", "replace") if path else ""


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


class _Stream:
    """Bytes that come in pieces, taken in other ones."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self._at = 0

    def ended(self) -> bool:
        """Say whether there are no more bytes."""
        while self._at == len(self._held):
            piece = next(self._pieces, None)
            if piece is None:
                return True
            self._held, self._at = piece, 0
        return False

    def finish(self) -> None:
        """Move on to the end, so that whoever checks the bytes as they come sees all of them.

        Damage can look like the archive's end; gzip's checksum, which comes last, tells them apart.
        """
        for _ in self._pieces:
            pass

    def piece(self, most: int) -> bytes:
        """Move on by some bytes, at least one, and return them.

        Raises:
            DamagedTar: there are no more.
        """
        if self.ended():
            raise DamagedTar("the archive ends early")
        found = self._held[self._at : self._at + most]
        self._at += len(found)
        return found

    def take(self, count: int, kept: int) -> bytes:
        """Move on by a number of bytes and return the first ones.

        Raises:
            DamagedTar: the bytes end before.
        """
        pieces: list[bytes] = []
        left = count
        while left:
            if self.ended():
                raise DamagedTar("the archive ends early")
            step = min(left, len(self._held) - self._at)
            want = max(0, min(step, kept - (count - left)))
            if want:
                pieces.append(self._held[self._at : self._at + want])
            self._at += step
            left -= step
        return b"".join(pieces)

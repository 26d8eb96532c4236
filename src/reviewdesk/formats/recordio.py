"""RecordIO, as SageMaker streams it through pipes: records with a length, split at magic words.

A record is ``magic | cflag << 29 | length | payload``, filled up with zeros to a multiple of four
bytes. Where the magic word stands in a payload at a multiple of four, the writer drops it and
writes the payload in parts; ``cflag`` says which part one is: 0 all of it, 1 the first, 2 one in
between, 3 the last. Source: dmlc-core, ``include/dmlc/recordio.h`` and ``src/recordio.cc``.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import IO, Final

from reviewdesk.errors import InputError

MAGIC: Final = struct.pack("<I", 0xCED7230A)
HEAD: Final = struct.Struct("<4sI")
WORD: Final = 4
LENGTH_BITS: Final = 29
LENGTH_MASK: Final = (1 << LENGTH_BITS) - 1
LARGEST: Final = LENGTH_MASK
"""The most bytes of one record."""

WHOLE, FIRST, MIDDLE, LAST = range(4)


def read_records(stream: IO[bytes], name: str, largest: int = LARGEST) -> Iterator[bytes]:
    """Yield the payload of each record of a stream.

    Args:
        stream: bytes that can be read but not turned back, as of a pipe.
        name: what to call it in an error.
        largest: most bytes of one record.

    Raises:
        InputError: it is no RecordIO, is cut off, or has a record that is too large.
    """
    read = stream.read
    parts: list[bytes] = []
    size = number = 0
    while head := read(HEAD.size):
        number += 1
        if len(head) < HEAD.size:
            raise _cut_off(name, number)
        magic, word = HEAD.unpack(head)
        if magic != MAGIC:
            raise InputError(f"{name} is no RecordIO: part {number} does not begin as records do")
        flag, length = word >> LENGTH_BITS, word & LENGTH_MASK
        if (flag in (WHOLE, FIRST)) == bool(parts) or flag > LAST:
            raise InputError(f"{name} is damaged: part {number} does not go on with its record")
        size += length + WORD * bool(parts)
        if size > largest:
            raise InputError(f"{name} holds a record of more than {largest:,} bytes")
        padded = read(length + -length % WORD)
        if len(padded) < length + -length % WORD:
            raise _cut_off(name, number)
        payload = padded[:length]
        if flag == WHOLE:
            yield payload
        else:
            parts.append(payload)
        if flag == LAST:
            yield MAGIC.join(parts)
        if flag in (WHOLE, LAST):
            parts, size = [], 0
    if parts:
        raise _cut_off(name, number)


def record(payload: bytes) -> bytes:
    """Return a payload as one record, in parts where the magic word stands in it.

    Raises:
        InputError: a part would be too large.
    """
    parts, start = [], 0
    at = payload.find(MAGIC)
    while at >= 0:
        if at % WORD == 0:
            parts.append(payload[start:at])
            start = at + WORD
        at = payload.find(MAGIC, max(at + 1, start))
    parts.append(payload[start:])
    return b"".join(_part(_flag(number, len(parts)), part) for number, part in enumerate(parts))


def write_records(stream: IO[bytes], payloads: Iterable[bytes]) -> None:
    """Write each payload as a record.

    Raises:
        InputError: one is too large.
    """
    for payload in payloads:
        stream.write(record(payload))


def _flag(number: int, count: int) -> int:
    if count == 1:
        return WHOLE
    return FIRST if number == 0 else LAST if number == count - 1 else MIDDLE


def _part(flag: int, payload: bytes) -> bytes:
    if len(payload) > LARGEST:
        raise InputError(f"a record of more than {LARGEST:,} bytes cannot be written as RecordIO")
    head = HEAD.pack(MAGIC, flag << LENGTH_BITS | len(payload))
    return head + payload + bytes(-len(payload) % WORD)


def _cut_off(name: str, number: int) -> InputError:
    return InputError(f"{name} is cut off in part {number} of its records")

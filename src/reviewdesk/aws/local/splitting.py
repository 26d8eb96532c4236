"""A batch transform's input as records, these as payloads, and answers as one output."""

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from reviewdesk.errors import InputError
from reviewdesk.formats.recordio import HEAD, LENGTH_MASK, MAGIC, WORD

NONE, LINE, RECORD_IO, TF_RECORD = "None", "Line", "RecordIO", "TFRecord"
SINGLE, MULTI = "SingleRecord", "MultiRecord"

_TF_HEAD: Final = struct.Struct("<QI")  # how long the record is, and a checksum of that
_TF_CHECKSUM: Final = 4
_LAST: Final = 3


def split(content: bytes, kind: str, name: str) -> list[bytes]:
    """Return the records of a file, each with what frames it; joined they are the file again.

    Args:
        content: the file.
        kind: ``None``, ``Line``, ``RecordIO`` or ``TFRecord``.
        name: what to call it in an error.

    Raises:
        InputError: it is not of that kind.
    """
    if kind == NONE:
        return [content]
    if kind == LINE:
        return [line for line in re.findall(rb"[^\n]*\n|[^\n]+", content) if line.strip(b"\r\n")]
    return list(_record_io(content, name) if kind == RECORD_IO else _tf_records(content, name))


def payloads(
    records: Iterable[bytes], strategy: str, largest: int, name: str
) -> Iterator[list[bytes]]:
    """Yield the records that go into one request each.

    Args:
        records: from ``split``.
        strategy: ``SingleRecord``, or ``MultiRecord``: as many as fit.
        largest: most bytes of a request; 0 for any.
        name: what to call the file in an error.

    Raises:
        InputError: a record is larger than a request may be.
    """
    batch: list[bytes] = []
    size = 0
    for number, record in enumerate(records, start=1):
        if largest and len(record) > largest:
            raise InputError(
                f"record {number} of {name} has {len(record):,} bytes; a request may have "
                f"{largest:,}"
            )
        if batch and (strategy == SINGLE or (largest and size + len(record) > largest)):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record)
    if batch:
        yield batch


def assemble(answers: Iterable[bytes], kind: str) -> bytes:
    """Return answers as one output; with ``Line`` each ends in a line end.

    Args:
        answers: in the order of the input.
        kind: ``None`` or ``Line``.
    """
    if kind == NONE:
        return b"".join(answers)
    return b"".join(one if one.endswith(b"\n") else one + b"\n" for one in answers)


def _record_io(content: bytes, name: str) -> Iterator[bytes]:
    start = at = 0
    while at < len(content):
        if content[at : at + WORD] != MAGIC or len(content) < at + HEAD.size:
            raise InputError(f"{name} is no RecordIO at byte {at:,}")
        _, word = HEAD.unpack_from(content, at)
        length = word & LENGTH_MASK
        at += HEAD.size + length + -length % WORD
        if at > len(content):
            raise InputError(f"{name} is cut off in its last record")
        if word >> 29 in (0, _LAST):
            yield content[start:at]
            start = at
    if start < len(content):
        raise InputError(f"{name} is cut off in its last record")


def _tf_records(content: bytes, name: str) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        if len(content) < at + _TF_HEAD.size:
            raise InputError(f"{name} is cut off in its last record")
        length, _ = _TF_HEAD.unpack_from(content, at)
        end = at + _TF_HEAD.size + length + _TF_CHECKSUM
        if end > len(content):
            raise InputError(f"{name} is no TFRecord file, or is cut off in its last record")
        yield content[at:end]
        at = end

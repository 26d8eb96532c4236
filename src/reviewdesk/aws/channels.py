"""Channels as folders of files: what comes through a pipe is written down once.

All families read their texts more than once, in another order each time, so that a pipe is read
to its end in its first epoch and no more.
"""

import itertools
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from reviewdesk.aws.container import PIPE, RECORD_IO, Channel, Container
from reviewdesk.errors import InputError
from reviewdesk.formats.augmented_manifest import training_lines
from reviewdesk.formats.recordio import read_records
from reviewdesk.storage import open_private, private_directory, storage_errors

BUFFER: Final = 1 << 20
POLL_SECONDS: Final = 0.05
PIPE_SECONDS: Final = 600.0
"""How long a pipe may take to be there."""

SUFFIXES: Final = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/jsonlines": ".jsonl",
    "application/json": ".json",
    "application/x-parquet": ".parquet",
}
_LABEL: Final = re.compile(rb"\s*(-?\d+|\[[^\]]*\])\s*")


def channel_folder(
    channel: Channel, container: Container, scratch: Path, attributes: Sequence[str]
) -> Path:
    """Return a folder with the files of a channel.

    Args:
        channel: which.
        container: where it is.
        scratch: where the files of a pipe may be written.
        attributes: names of what an augmented manifest streams of each line; without them, the
            first records tell whether it is one.

    Raises:
        InputError: the channel is empty, or a pipe never comes or is damaged.
        StorageError: it cannot be read, or its files not be written.
    """
    folder = container.data / channel.name
    if channel.mode != PIPE:
        with storage_errors(str(folder)):
            if not any(path.is_file() for path in folder.rglob("*")):
                raise InputError(f"the channel {channel.name} has no file")
        return folder
    pipe = container.data / f"{channel.name}_0"
    written = private_directory(scratch / channel.name)
    with storage_errors(str(pipe)), _open_pipe(pipe) as stream:
        _write_down(stream, channel, written, attributes)
    return written


def _open_pipe(pipe: Path) -> IO[bytes]:
    """Open a pipe for reading once it is there."""
    end = time.monotonic() + PIPE_SECONDS
    while not pipe.exists():
        if time.monotonic() > end:
            raise InputError(f"the pipe {pipe.name} was not there after {PIPE_SECONDS:.0f} seconds")
        time.sleep(POLL_SECONDS)
    return pipe.open("rb", buffering=BUFFER)


def _write_down(
    stream: IO[bytes], channel: Channel, folder: Path, attributes: Sequence[str]
) -> None:
    if channel.wrapper != RECORD_IO:
        _write(folder / f"data{_suffix(channel)}", iter(lambda: stream.read(BUFFER), b""))
        return
    records = read_records(stream, f"the channel {channel.name}")
    first = list(itertools.islice(records, 2))
    if not attributes and len(first) == 2 and _LABEL.fullmatch(first[1]):
        attributes = ("source", "label")
    rest = itertools.chain(first, records)
    if attributes:
        lines = training_lines(rest, attributes, f"the channel {channel.name}")
        _write(folder / "data.txt", lines)
        return
    for number, content in enumerate(rest):
        _write(folder / f"{number:08d}{_suffix(channel)}", iter([content]))


def _write(path: Path, parts: Iterator[bytes]) -> None:
    """Write parts into a file.

    Raises:
        InputError: there is nothing in them.
    """
    with open_private(path) as file:
        file.writelines(parts)
        if not file.tell():
            raise InputError(f"the channel {path.parent.name} has come to its end without any data")


def _suffix(channel: Channel) -> str:
    return SUFFIXES.get(channel.content_type.partition(";")[0].strip().lower(), ".txt")

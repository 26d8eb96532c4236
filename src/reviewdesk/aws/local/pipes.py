"""Pipes of channels, fed as the platform feeds them: one FIFO an epoch, the next after the last."""

import errno
import gzip
import io
import os
import random
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.container import RECORD_IO
from reviewdesk.aws.local.objects import Object, one_object
from reviewdesk.aws.local.process import readers
from reviewdesk.errors import InputError
from reviewdesk.formats.augmented_manifest import REFERENCE, attribute_value
from reviewdesk.formats.recordio import record

CHUNK: Final = 1 << 16
POLL_SECONDS: Final = 0.02
LOOK_SECONDS: Final = 0.2
"""How often it is looked who reads."""
GZIP: Final = "Gzip"

Payloads = Callable[[int], Iterator[bytes]]
"""Gives what is fed in an epoch, in parts."""


def object_payloads(
    objects_: Sequence[Object], wrapper: str, compression: str, seed: int | None
) -> Payloads:
    """Return what feeds objects one after the other.

    Args:
        objects_: the objects.
        wrapper: with ``RecordIO`` each object is one record.
        compression: with ``Gzip`` they are unpacked on the way.
        seed: their order is drawn anew in each epoch; None leaves it.
    """

    def payloads(epoch: int) -> Iterator[bytes]:
        order = list(objects_)
        if seed is not None:
            random.Random(f"{seed} {epoch}").shuffle(order)  # noqa: S311  (no secret)
        for one in order:
            content = gzip.decompress(one.read()) if compression == GZIP else one.read()
            yield record(content) if wrapper == RECORD_IO else content

    return payloads


def manifest_payloads(
    lines: Sequence[Mapping[str, Any]], attributes: Sequence[str], wrapper: str, seed: int | None
) -> Payloads:
    """Return what feeds the attributes of an augmented manifest, line after line.

    Raises:
        InputError: a line lacks an attribute.
    """
    for number, line in enumerate(lines, start=1):
        for name in attributes:
            if name not in line:
                raise InputError(f"line {number} of the augmented manifest has no {name}")

    def payloads(epoch: int) -> Iterator[bytes]:
        order = list(lines)
        if seed is not None:
            random.Random(f"{seed} {epoch}").shuffle(order)  # noqa: S311  (no secret)
        for line in order:
            for name in attributes:
                if name.endswith(REFERENCE):
                    value = one_object(str(line[name])).read()
                else:
                    value = attribute_value(line[name])
                yield record(value) if wrapper == RECORD_IO else value

    return payloads


class FedPipe:
    """A channel's FIFOs and the thread that feeds them.

    Args:
        folder: where the channels are.
        channel: the channel's name.
        payloads: what is fed.
    """

    def __init__(self, folder: Path, channel: str, payloads: Payloads) -> None:
        self.channel = channel
        self.epochs = 0
        """How many FIFOs were opened."""
        self.fed = 0
        """How many bytes were taken."""
        self.most_readers = 0
        """How many processes had one FIFO open at the same time."""
        self.error = ""
        self._folder, self._payloads = folder, payloads
        self._looked = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._pipe = self._make(0)
        self._thread.start()

    def end(self) -> None:
        """Stop feeding, and take the FIFO away."""
        self._over.set()
        self._thread.join(5.0)
        self._pipe.unlink(missing_ok=True)

    def _make(self, epoch: int) -> Path:
        path = self._folder / f"{self.channel}_{epoch}"
        os.mkfifo(path)
        return path

    def _feed(self) -> None:
        while (opened := self._opened()) is not None:
            self.epochs += 1
            with io.FileIO(opened, "wb") as stream:
                try:
                    self._write(stream, self._payloads(self.epochs - 1))
                except (BrokenPipeError, TimeoutError):
                    pass  # a reader may close early
                except Exception as error:  # the thread's boundary: the report says it
                    self.error = str(error)
            self._pipe.unlink(missing_ok=True)
            self._pipe = self._make(self.epochs)

    def _opened(self) -> int | None:
        """Wait for a reader and return the FIFO opened; None when it is over."""
        while not self._over.is_set():
            try:
                return os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno not in (errno.ENXIO, errno.ENOENT):
                    raise
            time.sleep(POLL_SECONDS)
        return None

    def _write(self, stream: io.FileIO, payloads: Iterator[bytes]) -> None:
        buffer = bytearray()
        for payload in payloads:
            buffer += payload
            if len(buffer) >= CHUNK:
                self._push(stream, buffer)
        self._push(stream, buffer)

    def _push(self, stream: io.FileIO, buffer: bytearray) -> None:
        """Write all of a buffer, whose reader may be slow or gone, and empty it."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self.most_readers = max(self.most_readers, len(readers(self._pipe)))
        view = memoryview(bytes(buffer))
        buffer.clear()
        while view:
            if self._over.is_set():
                raise TimeoutError
            written = stream.write(view)
            if not written:  # the FIFO is full
                select.select([], [stream], [], POLL_SECONDS)
                continue
            self.fed += written
            view = view[written:]

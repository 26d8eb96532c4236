"""A batch transform in the place of an endpoint: reviews as JSON lines, their answers afterwards.

Reviews are written a line each; a batch transform leaves ``NAME.out`` with an answer a line, in
their order. An answer is found again by what was sent, so that the reviews may be read once more
and become the table that the model itself would write, bad rows included.
"""

import hashlib
import json
import mmap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import pyarrow as pa

from reviewdesk.errors import InputError, UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.scoring.endpoint import FIELDS, MANY, Refused, told_about
from reviewdesk.scoring.feature_lines import SOURCE
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.deciding import decided

FILE_BYTES: Final = 64 << 20
"""Of one file; several machines label several files at a time."""

BODY: Final = "source"
"""What BlazingText calls the text of a review."""


class _Line(NamedTuple):
    """An answer: where it begins in which file."""

    file: int
    begin: int


def write_lines(data: PreparedData | Sequence[Input], folder: Path) -> int:
    """Write reviews as a batch transform reads them and return how many there are.

    The first one asks what answers. What a model does not read of a review it leaves out.

    Args:
        data: prepared reviews, or files.
        folder: for the files ``00000.jsonl`` and so on.

    Raises:
        UsageError: the files hold rows of features.
        InputError: there is no review, or the files cannot be read.
        StorageError: something cannot be read or written.
    """
    count = 0
    with ExitStack() as stack:
        file: BinaryIO | None = None
        more = {"k": MANY, "known_words": True}
        more |= {"cleaned": True} if isinstance(data, PreparedData) else {}
        for batch in review_batches(data):
            columns = [name for name in FIELDS if name in batch.schema.names]
            for row in batch.select(columns).to_pylist():
                if file is None or file.tell() > FILE_BYTES:
                    name = f"{len(list(folder.iterdir())):05}.jsonl"
                    file = stack.enter_context((folder / name).open("wb"))
                texts = {_sent_as(name): text for name, text in row.items() if text}
                asks = {"about": True} if not count else {}
                file.write(json.dumps({BODY: "", **texts, **more, **asks}).encode() + b"\n")
                count += 1
    if not count:
        raise InputError("there is no review that could be read")
    return count


def review_batches(data: PreparedData | Sequence[Input]) -> Iterator[pa.RecordBatch]:
    """Yield reviews as they are sent; those of files as they came.

    Args:
        data: prepared reviews, or files.

    Raises:
        UsageError: the files hold rows of features.
        InputError: the files cannot be read.
        StorageError: something cannot be read.
    """
    if isinstance(data, PreparedData):
        yield from data.batches()
        return
    if any(one.source == SOURCE for one in data):
        raise UsageError(
            "rows of features are labelled as they are: give --out a folder, and "
            "--content-type text/x-libsvm"
        )
    known = all(one.reading is not None for one in data)
    for one in data if known else decided(data):
        for batch in one.read():
            yield batch.reviews


def _sent_as(name: str) -> str:
    return BODY if name == "review_body" else name


class TransformedEndpoint:
    """Answers that a batch transform has left, asked as an endpoint is.

    Args:
        name: what the predictions table calls it, where the model does not say what it is.
        lines: the folder that was sent, see ``write_lines``.
        answers: the folder with a ``NAME.out`` for each of its files.

    Raises:
        InputError: an answer is missing, or is not one of a classifier.
        StorageError: something cannot be read.
    """

    def __init__(self, name: str, lines: Path, answers: Path) -> None:
        self.name = name
        self._open = ExitStack()
        self._files: list[mmap.mmap] = []
        self._line_of: dict[bytes, _Line] = {}
        try:
            sent = sorted(lines.iterdir())
            self._files = [self._mapped(answers / f"{one.name}.out") for one in sent]
            first = b"[" + self._files[0][: self._end(_Line(0, 0))] + b"]"
            self._about = told_about(first)
            self._labels = _labels_of(first)
            for number, one in enumerate(sent):
                self._match(number, one)
        except BaseException:
            self.close()
            raise

    def about(self) -> dict[str, Any]:
        """Return what it says of itself; of another program's model the labels."""
        return self._about or {"labels": self._labels}

    def send(self, body: bytes) -> bytes:
        """Return the answers to what was sent.

        Raises:
            Refused: a review was not among what was sent.
        """
        rows = []
        for instance in json.loads(body)["instances"]:
            line = self._line_of.get(self._key(_as_sent(instance)))
            if line is None:
                raise Refused(f"{self.name} has no answer for a review: the data has changed")
            rows.append(self._files[line.file][line.begin : self._end(line)])
        return b"[" + b",".join(rows) + b"]"

    def close(self) -> None:
        """Close its files."""
        self._open.close()

    def _mapped(self, path: Path) -> mmap.mmap:
        if not path.is_file() or not path.stat().st_size:
            raise InputError(f"there is no answer in {path.name}")
        file = self._open.enter_context(path.open("rb"))
        return self._open.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def _match(self, number: int, sent: Path) -> None:
        """Remember which answer is of which review."""
        begins = list(self._begins(number))
        with sent.open("rb") as file:
            lines = list(file)
        if len(lines) != len(begins):
            raise InputError(
                f"{sent.name}.out holds {len(begins):,} answers to {len(lines):,} reviews"
            )
        for line, begin in zip(lines, begins, strict=True):
            self._line_of.setdefault(self._key(json.loads(line)), _Line(number, begin))

    def _begins(self, number: int) -> Iterator[int]:
        """Yield where the answers of a file begin; empty lines stand between batches."""
        data, begin = self._files[number], 0
        while begin < len(data):
            end = self._end(_Line(number, begin))
            if data[begin:end].strip():
                yield begin
            begin = end + 1

    def _end(self, line: _Line) -> int:
        data = self._files[line.file]
        end = data.find(b"\n", line.begin)
        return len(data) if end < 0 else end

    def _key(self, sent: Mapping[str, Any]) -> bytes:
        """Return what an answer depends on: of another program's model on the text alone."""
        reads = self._about.get("reads", ("review_body",))
        texts = [sent.get(_sent_as(name)) or "" for name in FIELDS if name in reads]
        return hashlib.blake2b(json.dumps(texts).encode(), digest_size=16).digest()


def _as_sent(instance: Any) -> Mapping[str, Any]:
    if isinstance(instance, str):
        return {BODY: instance}
    return {_sent_as(name): text for name, text in instance.items()}


def _labels_of(answers: bytes) -> list[str]:
    try:
        (answer,) = json.loads(answers)
        return sorted(str(label).removeprefix("__label__") for label in answer["label"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("the first answer is not one of a classifier, a JSON line") from error

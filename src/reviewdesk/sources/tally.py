"""What a pass over one file meets beside its good rows, and the batches it is handed on in."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from reviewdesk.sources.readings import Evidence
from reviewdesk.sources.rejects import Rejects


@dataclass(frozen=True)
class SourceBatch:
    """Part of a file: its good rows, its bad rows, and how much of the file they took.

    Args:
        reviews: schema ``REVIEWS``; a review without a text has an empty one.
        rejects: schema ``REJECTS``.
        bytes_read: bytes of the file as it lies on disk, read since the last batch.
        unreadable: per column, how many optional values could not be read and became null.
        readable: per column, how many values could be read.
        evidence: what the values tell of how ratings and dates are to be read.
        notes: sentences about the file that its owner must see, such as where it is cut off.
    """

    reviews: pa.RecordBatch
    rejects: pa.RecordBatch
    bytes_read: int
    unreadable: Mapping[str, int] = field(default_factory=dict)
    readable: Mapping[str, int] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    notes: tuple[str, ...] = ()


class Tally:
    """What a pass over one file met beside good rows, since the last batch.

    Args:
        file: the name under which the file is listed.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.rejects = Rejects(file)
        self._clear()

    def _clear(self) -> None:
        self.bytes_read = 0
        self.unreadable: Counter[str] = Counter()
        self.readable: Counter[str] = Counter()
        self.evidence = Evidence()
        self.notes: list[str] = []

    def begin(self, file: str) -> None:
        """Go on with another file; what was tallied stays until the next batch."""
        self.file = self.rejects.file = file

    def batch(self, reviews: pa.RecordBatch) -> SourceBatch:
        """Return the good rows together with everything tallied, and start anew."""
        batch = SourceBatch(
            reviews,
            self.rejects.take(),
            self.bytes_read,
            dict(sorted(self.unreadable.items())),
            dict(sorted(self.readable.items())),
            self.evidence,
            tuple(self.notes),
        )
        self._clear()
        return batch

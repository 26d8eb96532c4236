"""Reviews on their way to a bundle: those of prepared data, or those of raw files."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from reviewdesk.bundle import Bundle
from reviewdesk.errors import UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import REJECTS
from reviewdesk.scoring.endpoint import EndpointPredictor
from reviewdesk.scoring.feature_lines import SOURCE, feature_batches
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.deciding import decided
from reviewdesk.text.languages import language_column


@dataclass(frozen=True)
class StreamBatch:
    """Some reviews, the bad rows among them, and how much of the whole they are."""

    reviews: pa.RecordBatch
    rejects: pa.RecordBatch
    amount: int

    def pieces(self, rows: int) -> "Iterator[StreamBatch]":
        """Yield the same in pieces of so many reviews at most; all else is in the first one."""
        yield StreamBatch(self.reviews.slice(0, rows), self.rejects, self.amount)
        for start in range(rows, len(self.reviews), rows):
            yield StreamBatch(self.reviews.slice(start, rows), self.rejects.slice(0, 0), 0)


class Stream(Protocol):
    """Reviews to predict, always in the same order and cut into the same batches."""

    total: int
    unit: str
    raw: bool

    @property
    def languages(self) -> Mapping[str, int]:
        """How many reviews are in each language; of raw files those that were cleaned so far."""

    def plan(self) -> dict[str, Any]:
        """Return what names the very content of the reviews."""

    def batches(self) -> Iterator[StreamBatch]:
        """Yield all reviews."""

    def clean(self, reviews: pa.RecordBatch) -> pa.RecordBatch:
        """Return reviews of a batch as the bundle expects them."""


class PreparedStream:
    """The reviews of prepared data.

    Args:
        data: cleaned in the same way as the bundle's training data.
        bundle: what predicts.
        part: the only part to read; None: all.

    Raises:
        UsageError: the data was cleaned in another way.
    """

    unit = "reviews"
    raw = False

    def __init__(
        self,
        data: PreparedData,
        bundle: Bundle | EndpointPredictor,
        part: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(bundle, EndpointPredictor):
            clean, fields = bundle.clean_settings or data.clean_settings, bundle.fields
        else:
            clean, fields = bundle.settings.clean, bundle.settings.text.fields
        if data.clean_settings != clean:
            raise UsageError(
                f"{data.location} was cleaned with other settings than the bundle {bundle.id}; "
                "prepare it with the bundle's settings or predict from the raw files"
            )
        self._data = data
        self._parts = data.manifest["partitions"] if part is None else [part]
        self._columns = ("review_id", *fields)
        self.total = data.rows
        self.languages = data.languages

    def plan(self) -> dict[str, Any]:
        """Return the data's fingerprint."""
        return {"data": self._data.fingerprint}

    def batches(self) -> Iterator[StreamBatch]:
        """Yield the reviews month by month."""
        none = pa.RecordBatch.from_pylist([], REJECTS)
        for part in self._parts:
            for batch in self._data.part_batches(part, self._columns):
                yield StreamBatch(batch, none, len(batch))

    def clean(self, reviews: pa.RecordBatch) -> pa.RecordBatch:
        """Return the reviews, which are clean."""
        return reviews


class Cleaner(Protocol):
    """What cleans reviews before it scores them."""

    @property
    def reads_features(self) -> bool:
        """Whether it reads rows of features, too."""

    def clean(self, reviews: pa.RecordBatch) -> pa.RecordBatch:
        """Return them cleaned."""


class RawStream:
    """The reviews of raw files, in the order of the files.

    Of LIBSVM files, the rows of features where what predicts reads these; else bags of words.

    Args:
        inputs: the files.
        bundle: what predicts, and knows how text is cleaned.
    """

    unit = "bytes"
    raw = True

    def __init__(self, inputs: Sequence[Input], bundle: Cleaner) -> None:
        self._inputs = inputs
        self._bundle = bundle
        self.total = sum(one.bytes for one in inputs)
        self.languages: Counter[str] = Counter()

    def plan(self, digests: Sequence[str] | None = None) -> dict[str, Any]:
        """Return the files' digests and how they are read.

        Args:
            digests: of the files, where they are known; else each is read for it.
        """
        known = digests or [one.sha256() for one in self._inputs]
        return {
            "inputs": [
                {
                    "name": one.name,
                    "sha256": digest,
                    "source": one.source,
                    "settings": one.reader.settings.to_json(),
                }
                for one, digest in zip(self._inputs, known, strict=True)
            ]
        }

    def batches(self) -> Iterator[StreamBatch]:
        """Yield every row that can be read, and beside them those that cannot."""
        known = all(one.reading is not None for one in self._inputs)
        for one in self._inputs if known else decided(self._inputs):
            if one.source == SOURCE and self._bundle.reads_features:
                for rows, rejects, size in feature_batches(one):
                    yield StreamBatch(rows, rejects, size)
                continue
            for batch in one.read():
                yield StreamBatch(batch.reviews, batch.rejects, batch.bytes_read)

    def clean(self, reviews: pa.RecordBatch) -> pa.RecordBatch:
        """Return the reviews cleaned as the bundle's training data was; count their languages."""
        cleaned = self._bundle.clean(reviews)
        if "review_body" in cleaned.schema.names:
            self.languages.update(language_column(cleaned["review_body"]).to_pylist())
        return cleaned

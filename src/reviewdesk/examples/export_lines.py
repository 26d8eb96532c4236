"""Labelled reviews as lines of files that other programs train on."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.examples.examples import BATCH_ROWS, Examples
from reviewdesk.examples.headlines import blank_default_headlines
from reviewdesk.examples.three_way import ThreeWaySplit
from reviewdesk.formats.augmented_manifest import augmented_manifest_lines
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.formats.fasttext import fasttext_lines, label_words
from reviewdesk.formats.json_lines import json_lines
from reviewdesk.formats.libsvm import libsvm_lines
from reviewdesk.settings import ExportSettings, TextSettings
from reviewdesk.text.hashed_counts import hashed_counts
from reviewdesk.text.hashing import hash64
from reviewdesk.text.tokens import tokenize

SIDES: Final = ("train", "validation", "test")
CHUNK_SEED: Final = 1
"""Keeps the hash that deals reviews to chunks apart from those that deal them to sides."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        labels: the k labels.
        reviews: how many reviews there were, with a label or without.
        left_out: how many of them are in no file, by reason.
        small_categories: labels with too few reviews, and how many they have.
        counts: rows by file, and what else was counted.
        digests: the size and the digest of each file.
    """

    labels: list[str]
    reviews: int
    left_out: Mapping[str, int]
    small_categories: Mapping[str, int]
    counts: Mapping[str, int]
    digests: Mapping[str, tuple[int, str]]


def columns_of(export: ExportSettings, text: TextSettings) -> tuple[str, ...]:
    """Return the columns of the reviews that an export reads."""
    return ("review_id", *text.fields, *export.column)


def header(export: ExportSettings, text: TextSettings) -> bytes:
    """Return the line that stands first in each file; empty where the format has none."""
    if export.format != "csv":
        return b""
    first, *others = columns_of(export, text)
    return csv_header((first, "label", *others))


class Growing(Protocol):
    """Files that can be added to."""

    def append(self, name: str, data: bytes) -> None:
        """Write behind what a file holds."""


class LineWriter:
    """Turns labelled reviews into lines of the sides' files.

    Args:
        examples: the reviews.
        sides: which of them are on which side.
        settings: the format, and what it holds.
        growing: the files.
        files: the names of the files of each side.
    """

    def __init__(
        self,
        examples: Examples,
        sides: ThreeWaySplit,
        settings: ExportSettings,
        growing: Growing,
        files: Mapping[str, Sequence[str]],
    ) -> None:
        self._examples = examples
        self._split = sides
        self._settings = settings
        self._growing = growing
        self._files = files
        self._columns = columns_of(settings, examples.text)
        self._words = label_words(examples.labels)
        several = examples.sets is not None
        self._held: list[list[int]] = (
            examples.sets.to_pylist()
            if examples.sets is not None
            else [[number] for number in range(len(examples.labels))]
        )  # the labels that each number of ``examples.label`` stands for
        self._separator = examples.target.label_separator if several else ""
        self._several = several
        self._encode: Callable[[pa.RecordBatch, list[int]], tuple[bytes, int]] = {
            "csv": self._csv,
            "jsonl": self._jsonl,
            "fasttext": self._fasttext,
            "augmented-manifest": self._augmented_manifest,
            "libsvm": self._libsvm,
        }[settings.format]
        self.counts: Counter[str] = Counter()
        """Rows by file, and what else was counted."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what is to be written, in order."""
        return self._examples.reviews.batches(self._columns, BATCH_ROWS)

    def write_all(self) -> None:
        """Write all reviews."""
        at = 0
        for batch in self.batches():
            self.write(batch, at)
            at += len(batch)

    def write(self, batch: pa.RecordBatch, at: int) -> None:
        """Write reviews.

        Args:
            batch: from ``batches``.
            at: how many reviews stand before it.
        """
        if self._examples.text.drop_default_headlines:
            batch = blank_default_headlines(batch)
        labels = self._examples.label[at : at + len(batch)]
        for side in SIDES:
            chosen = self._split.masks[side][at : at + len(batch)]
            for name, dealt in self._dealt(self._files[side], chosen, batch):
                rows = batch.filter(pa.array(dealt))
                lines, written = self._encode(rows, labels[dealt].tolist())
                self._growing.append(name, lines)
                self.counts[name] += written

    def _dealt(
        self, names: Sequence[str], chosen: NDArray[np.bool_], batch: pa.RecordBatch
    ) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Yield the files of a side with those of the chosen rows (n,) that they get."""
        chunks = hash64(batch["review_id"], seed=CHUNK_SEED) % np.uint64(len(names))
        for number, name in enumerate(names):
            dealt = chosen & (chunks == number)
            if dealt.any():
                yield name, dealt

    def _csv(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        names = [self._separator.join(held) for held in self._names(labels)]
        lines, changed = csv_rows(rows.add_column(1, "label", pa.array(names, pa.string())))
        self.counts["neutralised_cells"] += changed
        return lines, len(rows)

    def _jsonl(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        names = self._names(labels)
        column = pa.array(names if self._several else [held for (held,) in names])
        named = rows.add_column(1, "label", column)
        place = named.schema.get_field_index("review_date")
        if place >= 0:
            days = named["review_date"].cast(pa.string())
            named = named.set_column(place, "review_date", days)
        return json_lines(named.to_pylist()), len(rows)

    def _fasttext(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        kept, texts = self._with_words(rows, labels)
        words = [" ".join(self._words[one] for one in self._held[label]) for label in kept]
        return fasttext_lines(words, texts), len(kept)

    def _augmented_manifest(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        kept, texts = self._with_words(rows, labels)
        numbers = [self._held[label] for label in kept] if self._several else kept
        return augmented_manifest_lines(numbers, texts), len(kept)

    def _libsvm(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        fields = [rows[name] for name in self._examples.text.fields]
        counted = hashed_counts(fields, self._settings.buckets, self._settings.ngrams)
        there = np.diff(counted.ends) > 0  # reviews without a word are left out
        self.counts["no_words"] += int((~there).sum())
        ends = counted.ends[np.append(True, there)]
        numbers = [",".join(map(str, self._held[label])) for label in labels]
        kept = np.array(numbers, np.str_)[there].tolist()
        return libsvm_lines(kept, counted.indices, counted.counts, ends), len(kept)

    def _names(self, labels: list[int]) -> list[list[str]]:
        """Return the names of each review's labels."""
        return [[self._examples.labels[one] for one in self._held[label]] for label in labels]

    def _with_words(
        self, rows: pa.RecordBatch, labels: list[int]
    ) -> tuple[list[int], list[list[str]]]:
        """Return the words of each review and its label.

        Reviews without a word are left out, and those that have none of several labels.
        """
        fields = [pc.fill_null(rows[name], "") for name in self._examples.text.fields]
        joined = pc.binary_join_element_wise(*fields, "\n") if len(fields) > 1 else fields[0]
        texts = [tokenize(text) for text in joined.to_pylist()]
        pairs = [pair for pair in zip(labels, texts, strict=True) if pair[1]]
        self.counts["no_words"] += len(labels) - len(pairs)
        held = [pair for pair in pairs if self._held[pair[0]]]
        self.counts["no_label"] += len(pairs) - len(held)
        return [label for label, _ in held], [words for _, words in held]

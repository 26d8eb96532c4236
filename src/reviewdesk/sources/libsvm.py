"""LIBSVM files: a label and ``index:value`` pairs a line; bags of words written out as texts.

A bag of words has lost the order of its words, but not their counts: with a vocabulary (one word a
line, as ``imdb.vocab``) each word stands in the text as often as it was counted, without one its
stand-in ``f17`` does. Models that read single words lose nothing by it.

Indices begin at 1, in a file that has a 0 among them at 0. What labels mean, all of them tell: 1 to
5 are stars (1 and 2 alone are one star and five), -1 or 0 against 1 is negative against positive,
all others are categories; in IMDb's own files they are ratings of 1 to 10, halved and rounded up,
and 0 is none. Source: LIBSVM, README, "Usage of svm-train"; README of the IMDb Large Movie Review
data set.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import ClassVar, Final

from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.lines import BOM, line_blocks, numbered_lines
from reviewdesk.sources.polarity import STARS_OF_CLASS, is_polarity, mostly
from reviewdesk.sources.raw_rows import RowBuilder
from reviewdesk.sources.rejects import KEPT_OF_TOO_LONG

MAX_WORDS: Final = 100_000
"""Longer bags are no reviews, and a count may be as large as someone likes to write it."""

COMMENTS: Final = 20
"""Lines of comment at a file's start that do not hide what it is."""

_NUMBER: Final = rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_PAIR: Final = re.compile(rb"(\d{1,9}):(" + _NUMBER + rb")")
_LINE: Final = re.compile(
    rb"\s*(" + _NUMBER + rb")((?:[ \t]+(?:qid:\d+|\d{1,9}:" + _NUMBER + rb"))*)\s*(?:#.*)?"
)
_FIRST_LINE: Final = re.compile(rb"\s*" + _NUMBER + rb"(?:[ \t]+qid:\d+)?[ \t]+\d{1,9}:" + _NUMBER)
_LABELS: Final = re.compile(rb"^\s*(" + _NUMBER + rb")(?=[ \t]+(?:qid:)?\d)", re.MULTILINE)
_ZERO: Final = re.compile(rb"[ \t]0+:")
_VOCABULARY: Final = re.compile(r"(?:.*[._-])?vocab(?:ulary)?(?:\.txt)?(?:\.gz)?", re.IGNORECASE)

_OUT_OF_TEN: Final = ("labeledbow", "unsupbow")

Meaning = Callable[[float], str | None]
"""Makes the value of a column from a label."""


class Libsvm(Source):
    """Reads LIBSVM files, among them IMDb's ``labeledBow.feat``."""

    name: ClassVar[str] = "libsvm"
    title: ClassVar[str] = "LIBSVM (bags of words)"
    description: ClassVar[str] = "label and index:count pairs; give the vocabulary file with it"

    columns: ClassVar[Mapping[str, str]] = {
        "star_rating": "labels, if they are stars or two classes",
        "product_category": "labels, if they are neither",
        "review_body": "words that are counted",
    }

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look for a number and a pair at the start."""
        lines = probe.head.removeprefix(BOM).split(b"\n", COMMENTS)
        first = next((line for line in lines if line.strip() and not _is_comment(line)), b"")
        return _FIRST_LINE.match(first) is not None

    @classmethod
    def accompanies(cls, probe: Probe) -> bool:
        """Look for a file of single words that is called a vocabulary."""
        if _VOCABULARY.fullmatch(probe.file.name.rpartition("/")[2]) is None:
            return False
        return all(len(line.split()) <= 1 for line in probe.head.split(b"\n"))

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the lines as texts."""
        labels, first = _labels(file)
        column, meaning = _meaning(file, labels)
        words = _Words(self.companions, first)
        builder = RowBuilder([column, "review_body"])
        for block in line_blocks(file, tally):
            for number, raw in numbered_lines([block]):
                if not raw.strip() or _is_comment(raw):
                    continue
                parts = _LINE.fullmatch(raw)
                counts = _counts(parts[2]) if parts else []
                if sum(count for _, count in counts) > MAX_WORDS:
                    tally.rejects.add(number, "too_long", raw[:KEPT_OF_TOO_LONG])
                elif parts is None or not words.know(counts):
                    tally.rejects.add(number, "bad_record", raw)
                else:
                    builder.add([meaning(float(parts[1])), words.text(counts)], raw, number)
                if builder.full:
                    yield builder.take()
            yield builder.take()


def _is_comment(line: bytes) -> bool:
    return line.lstrip().startswith(b"#")


Counts = Sequence[tuple[int, int]]
"""Index and count of each word of a text."""


def _counts(pairs: bytes) -> Counts:
    """Return how often each word stands: its count, or once where its value is no whole number."""
    found = ((int(index), float(value)) for index, value in _PAIR.findall(pairs))
    return [
        (index, min(int(value), MAX_WORDS + 1) if value.is_integer() else 1)
        for index, value in found
        if 0 < value < float("inf")
    ]


class _Words:
    """The words that indices stand for.

    Args:
        files: vocabularies; of several the first counts.
        first: the index of the first word.
    """

    def __init__(self, files: Sequence[SourceFile], first: int) -> None:
        lines = numbered_lines(line_blocks(files[0], Tally(files[0].name))) if files else ()
        self._words = [line.strip().decode(errors="replace") for _, line in lines]
        self._first = first

    def know(self, counts: Counts) -> bool:
        """Say whether each index has a word."""
        end = self._first + len(self._words)
        return not self._words or all(self._first <= index < end for index, _ in counts)

    def text(self, counts: Counts) -> str:
        """Return the words, each as often as it was counted."""
        return " ".join(chain.from_iterable(repeat(self._word(i), count) for i, count in counts))

    def _word(self, index: int) -> str:
        return self._words[index - self._first] if self._words else f"f{index}"


def _labels(file: SourceFile) -> tuple[Counter[bytes], int]:
    """Return how often each label stands in a file, and its lowest possible index: 0 or 1."""
    labels: Counter[bytes] = Counter()
    zero = False
    for block in line_blocks(file, Tally("")):
        labels.update(_LABELS.findall(block.data))
        zero = zero or _ZERO.search(block.data) is not None
    return labels, 0 if zero else 1


def _meaning(file: SourceFile, labels: Counter[bytes]) -> tuple[str, Meaning]:
    """Return the column that the labels of a file belong in, and what makes its values of them."""
    if file.name.rpartition("/")[2].lower().startswith(_OUT_OF_TEN):
        return "star_rating", _out_of_ten
    values = {label: float(label) for label in labels}
    signed = any(label.startswith((b"+", b"-")) for label in labels)
    two = {label for label, value in values.items() if value in (-1, 0, 1)}
    if mostly(two, labels) and (signed or {values[label] for label in two} == {0, 1}):
        return "star_rating", _two_classes
    stars = {label for label, value in values.items() if value in (1, 2, 3, 4, 5)}
    if mostly(stars, labels):
        polar = is_polarity(file, {_name(values[label]) for label in stars})
        return "star_rating", _polar if polar else _name
    return "product_category", _name


def _out_of_ten(rating: float) -> str | None:
    return f"{_name(rating)}/10" if rating else None


def _two_classes(label: float) -> str:
    if label not in (-1, 0, 1):
        return "class"
    return "5" if label > 0 else "1"


def _polar(label: float) -> str:
    return STARS_OF_CLASS.get(_name(label), "class")


def _name(label: float) -> str:
    return str(int(label)) if label.is_integer() else str(label)

"""Learning sentiment from reviews that nobody has labelled, by lists of words of several languages.

A sample is read by the lists; of those they are surest about ``linear`` learns, as many of each
side as the lists say there are, and then reads every review. What it knows is what the lists say
and which other words go with them in these very reviews; how often that is right, nobody has
looked at.

Source: Yarowsky 1995, Unsupervised word sense disambiguation rivaling supervised methods, whose
seeds and confident rows these are.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import NotEnoughData
from reviewdesk.examples.examples import LABEL
from reviewdesk.examples.targets import SENTIMENTS
from reviewdesk.models.base import Classifier
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.optional import install_command
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import TextSettings
from reviewdesk.sources.generated.identifiers import is_generated
from reviewdesk.text.hashing import hash64
from reviewdesk.text.opinions.reading import opinion
from reviewdesk.text.opinions.spoken import spoken
from reviewdesk.text.opinions.word_list import UNSPACED, word_list
from reviewdesk.training.family import new_classifier

B = TypeVar("B")

MOST_READ: Final = 20_000
"""So many reviews are read by the lists."""

READ_AT_ONCE: Final = 5_000
"""Reviews whose languages help to tell each other's."""

MANY: Final = 2_000
KEPT_OF_MANY: Final = 0.7
KEPT_OF_FEW: Final = 0.9
"""The surest share of each side that is learnt from, of more than ``MANY`` reviews or of fewer.
Measured (``bench/unlabelled.py``): 0.6 to 0.8 are alike, less loses rare words, and with few
reviews there are too few to leave any out."""

FEW: Final = 300
"""Of fewer reviews the words of the lists are learnt as well, as texts of their own."""

PRAISE: Final = 0.25
"""A text praises from this score on: people soften what they blame. Measured: 0 to 0.35 are alike
on German and Chinese, and 0.25 is a point better on English."""

LEAST_READ: Final = 0.2
"""Where the lists know a word of fewer of the texts, they are of other languages."""

FEWEST_OF_LANGUAGE: Final = 0.02
"""Languages of a smaller share of the reviews are not named, and their words are not learnt."""

NEGATIVE, POSITIVE = range(len(SENTIMENTS))


@dataclass(frozen=True, kw_only=True)
class Basis:
    """On what the labels of reviews rest that nobody had labelled.

    Args:
        reviews: how many there are.
        read: how many of them were read by lists of words.
        languages: how many of these are in which language.
        known: how many of these have a word of a list.
        praising: how many of these the lists call positive.
        learnt: how many were sure enough to be learnt from, by label.
        words: how many words of the lists were learnt as texts of their own.
    """

    reviews: int
    read: int
    languages: Mapping[str, int]
    known: int
    praising: int
    learnt: Mapping[str, int]
    words: int

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what ``to_json`` told."""
        return cls(**values)


class UnlabelledFit(NamedTuple, Generic[B]):
    """A classifier that learnt from reviews without labels.

    Args:
        classifier: gives each review a label.
        basis: on what that rests.
        generated: how many of the reviews reviewdesk has made up.
    """

    classifier: Classifier
    basis: B
    generated: int


class _Read(NamedTuple):
    """What the lists say of a sample of n reviews.

    ``margins`` are above 0 for praise, below for blame, and 0 where no word is known.
    """

    reviews: pa.RecordBatch
    languages: list[str]
    margins: NDArray[np.float64]
    words: NDArray[np.int64]


def learn_without_labels(
    data: PreparedData, text: TextSettings, *, progress: Progress = SILENT
) -> UnlabelledFit[Basis]:
    """Let ``linear`` learn sentiment from what lists of words say of reviews.

    Args:
        data: prepared reviews.
        text: which text is read.
        progress: shows how far it has come.

    Raises:
        NotEnoughData: the lists know too few of the words.
    """
    reviews, generated = reviews_by_hash(data, text.fields, MOST_READ)
    read = _read(reviews, progress)
    known = read.words > 0
    if not known.any() or known.mean() < LEAST_READ:
        raise NotEnoughData(
            f"lists of opinion words know a word of only {int(known.sum()):,} of {len(known):,} "
            "reviews, so their sentiment cannot be told without labels; label some of them in a "
            f"column, and name it with --label, or let an encoder of 94 languages tell it, after: "
            f"{install_command('few-shot')}"
        )
    labels = np.where(read.margins > 0, POSITIVE, NEGATIVE).astype(np.int32)
    sure = _sure(read.margins)
    languages = Counter(read.languages)
    spoken_here = [
        code for code, rows in languages.most_common() if rows >= FEWEST_OF_LANGUAGE * len(labels)
    ]
    batches = [read.reviews.filter(pa.array(sure)).append_column(LABEL, pa.array(labels[sure]))]
    words = _words(spoken_here, text.fields) if len(labels) < FEW else None
    batches += [words] if words is not None else []
    with progress.task("Training", int(sure.sum()), "reviews") as task:
        classifier = new_classifier("linear", {})
        classifier.fit(LabelledReviews.of_batches(batches, SENTIMENTS))
        task.advance(int(sure.sum()))
    basis = Basis(
        reviews=data.rows,
        read=len(labels),
        languages={code: languages[code] for code in spoken_here},
        known=int(known.sum()),
        praising=int((read.margins > 0).sum()),
        learnt={name: int((labels[sure] == place).sum()) for place, name in enumerate(SENTIMENTS)},
        words=len(words) if words is not None else 0,
    )
    return UnlabelledFit(classifier, basis, generated)


def reviews_by_hash(
    data: PreparedData, fields: Sequence[str], most: int
) -> tuple[pa.RecordBatch, int]:
    """Return a sample of reviews, and how many of all of them reviewdesk has made up.

    Args:
        data: prepared reviews.
        fields: the columns to return.
        most: how many; all of fewer reviews.
    """
    hashes, generated = [np.empty(0, np.uint64)], 0
    for batch in data.batches(["review_id", "product_id"]):
        hashes.append(hash64(batch.column("review_id")))
        generated += int(is_generated(batch.column("product_id")).sum())
    every = np.concatenate(hashes)
    largest = np.sort(every)[: min(most, len(every))][-1]
    batches, at = [], 0
    for batch in data.batches([*fields]):
        batches.append(batch.filter(pa.array(every[at : at + len(batch)] <= largest)))
        at += len(batch)
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0], generated


def _read(reviews: pa.RecordBatch, progress: Progress) -> _Read:
    """Return what the lists say of reviews."""
    languages: list[str] = []
    scores: list[float] = []
    words: list[int] = []
    with progress.task("Reading", len(reviews), "reviews") as task:
        for at in range(0, len(reviews), READ_AT_ONCE):
            some = reviews.slice(at, READ_AT_ONCE).to_pylist()
            texts = ["\n".join(filter(None, one.values())) for one in some]
            codes = spoken(texts)
            found = [opinion(one, word_list(code)) for one, code in zip(texts, codes, strict=True)]
            languages += codes
            scores += [one.score for one in found]
            words += [one.words for one in found]
            task.advance(len(some))
    counts = np.array(words, np.int64)
    return _Read(reviews, languages, (np.array(scores) - PRAISE) * (counts > 0), counts)


def _sure(margins: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Choose the surest reviews (n,), the same share of both sides."""
    kept = KEPT_OF_MANY if len(margins) > MANY else KEPT_OF_FEW
    sure = np.zeros(len(margins), np.bool_)
    for side in (margins > 0, margins < 0):
        if side.any():
            sizes = np.abs(margins)
            sure |= side & (sizes >= np.quantile(sizes[side], 1 - kept))
    return sure


def _words(languages: Sequence[str], fields: Sequence[str]) -> pa.RecordBatch:
    """Return the words of lists as labelled texts: each as it is, and praise negated as blame."""
    rows = [one for code in languages for one in _word_rows(code)]
    texts = pa.array([text for text, _ in rows], pa.string())
    empty = pa.nulls(len(rows), pa.string())
    columns = {name: texts if name == fields[-1] else empty for name in fields}
    labels = pa.array([label for _, label in rows], pa.int32())
    return pa.record_batch({**columns, LABEL: labels})


def _word_rows(language: str) -> Iterator[tuple[str, int]]:
    words = word_list(language)
    space = "" if language in UNSPACED else " "
    negations = sorted(words.negations)[:2]
    for word, value in {**words.prefixes, **words.values}.items():
        for _ in range(round(abs(value))):
            yield word, POSITIVE if value > 0 else NEGATIVE
        if value > 0:
            yield from ((f"{negation}{space}{word}", NEGATIVE) for negation in negations)

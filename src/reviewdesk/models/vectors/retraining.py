"""Learning on with the rows that were kept of a supervised model: quantize with retrain.

Source: fastText at 1142dc4, ``fasttext.cc``: ``quantize``.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.fasttext_model import LOSS_NUMBERS, FastTextModel, QuantisedMatrix
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.supervised import (
    HS,
    FirstRows,
    LabelLearner,
    Schedule,
    TrainingTexts,
)
from reviewdesk.models.vectors.text_rows import TextLines

LINE_BREAK: Final = b"\n"


@dataclass(frozen=True)
class Retraining:
    """What is learnt on with, and how.

    Args:
        lines: a file of training lines: ``__label__NAME`` and words.
        epochs: how often each is read.
        rate: the rate of learning at first.
    """

    lines: bytes
    epochs: int
    rate: float


def retrained(model: FastTextModel, how: Retraining) -> FastTextModel:
    """Return a model whose rows and labels were learnt on with; lines of other labels are left out.

    Args:
        model: supervised, not quantised.
        how: what to learn from.

    Raises:
        InputError: no line has a label of the model.
        UsageError: the labels of the lines would have another tree than those of the model.
    """
    assert not isinstance(model.inputs, QuantisedMatrix)  # noqa: S101  (the caller's promise)
    assert not isinstance(model.outputs, QuantisedMatrix)  # noqa: S101
    number_of = {label: number for number, label in enumerate(model.labels)}
    kept: list[bytes] = []
    labels: list[list[int]] = []
    for line in how.lines.split(LINE_BREAK):
        own = [number_of[word] for word in line.split() if word in number_of]
        if own:
            kept.append(line)
            labels.append(own)
    if not kept:
        raise InputError("no line has a label of this model; give the file it was trained on")
    rows = FastTextUser(model).index.rows(TextLines.of(kept))
    texts = TrainingTexts(
        rows=rows.rows,
        ends=rows.ends,
        sizes=np.diff(rows.ends),
        labels=np.array([label for own in labels for label in own], np.int32),
        label_ends=np.cumsum([0, *map(len, labels)]).astype(np.int64),
        k=len(model.labels),
    )
    loss, dim = LOSS_NUMBERS[model.loss], model.options.dim
    counts = np.bincount(texts.labels, minlength=texts.k)
    if loss == HS and (counts != model.counts[len(model.words) :]).any():
        raise UsageError(
            "a model with hierarchical softmax is retrained on the file that it was trained on: "
            "its tree is made of how often each label occurs there"
        )
    schedule = Schedule(loss, how.epochs, how.rate, model.options.neg, 1, 0)
    start = FirstRows(np.arange(len(model.inputs)), np.asarray(model.inputs))
    learner = LabelLearner(texts, len(model.inputs), dim, schedule, None, start)
    learner.outputs.reshape(-1, learner.width)[:, :dim] = model.outputs
    for epoch in range(how.epochs):
        learner.epoch(epoch)
    return replace(model, inputs=learner.rows(), outputs=learner.label_vectors())

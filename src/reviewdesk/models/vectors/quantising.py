"""Making a fastText model small: fewer rows, and rows as codes.

Source: Joulin et al. 2016, FastText.zip: Compressing text classification models; fastText at
1142dc4, ``fasttext.cc``: ``quantize``, ``selectEmbeddings``; ``dictionary.cc``: ``prune``.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import UsageError
from reviewdesk.formats.fasttext_model import FastTextModel, Matrix, QuantisedMatrix
from reviewdesk.formats.product_quantiser import CENTROIDS, ProductQuantiser
from reviewdesk.models.vectors.retraining import Retraining, retrained
from reviewdesk.models.vectors.tokens import END

NORM_WIDTH: Final = 1
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Quantising:
    """How a model is made small: fastText's options.

    Args:
        cutoff: how many words and n-grams are kept; 0 for all.
        dsub: columns a code.
        qnorm: whether the lengths of rows have codes of their own.
        qout: whether the labels' vectors become codes too.
        seed: another seed finds other centroids.
        retraining: what the rows that are kept learn on with; None leaves them as they are.
    """

    cutoff: int = 0
    dsub: int = 2
    qnorm: bool = False
    qout: bool = False
    seed: int = 0
    retraining: Retraining | None = None


def quantise(model: FastTextModel, how: Quantising) -> FastTextModel:
    """Return a supervised model with codes in the place of rows.

    Raises:
        UsageError: it is not supervised or quantised already, or it has too few rows.
    """
    if not model.supervised or model.quantised:
        raise UsageError("only a supervised .bin that is not quantised yet can be quantised")
    assert not isinstance(model.inputs, QuantisedMatrix)  # noqa: S101  (said above)
    if how.retraining is not None and not how.cutoff:
        raise UsageError("rows learn on once others were left out: give a cutoff too")
    if 0 < how.cutoff < len(model.inputs):
        model = keep_rows(model, how.cutoff)
        model = retrained(model, how.retraining) if how.retraining else model
    inputs = _codes(model.inputs, how)
    outputs: Matrix = model.outputs
    if how.qout:
        outputs = _codes(outputs, replace(how, dsub=2))
    return replace(model, inputs=inputs, outputs=outputs)


def keep_rows(model: FastTextModel, cutoff: int) -> FastTextModel:
    """Return a model of the rows with the longest vectors; the end of the line always stays.

    Args:
        model: supervised, not quantised.
        cutoff: how many rows.
    """
    assert not isinstance(model.inputs, QuantisedMatrix)  # noqa: S101  (the caller's promise)
    lengths = (np.asarray(model.inputs, np.float64) ** 2).sum(axis=1)
    if END in model.words:
        lengths[model.words.index(END)] = np.inf
    kept = np.sort(np.argsort(-lengths, kind="stable")[:cutoff])
    known = len(model.words)
    words, ngrams = kept[kept < known], kept[kept >= known]
    pruned = np.stack([ngrams - known, np.arange(len(ngrams))], axis=1)
    labels = model.counts[known:]
    return replace(
        model,
        words=[model.words[word] for word in words.tolist()],
        counts=np.concatenate([model.counts[words], labels]),
        inputs=np.ascontiguousarray(model.inputs[kept]),
        pruned=pruned,
    )


def _codes(values: Matrix, how: Quantising) -> QuantisedMatrix:
    rows = values.dense() if isinstance(values, QuantisedMatrix) else np.asarray(values)
    if len(rows) < CENTROIDS:
        raise UsageError(f"quantising needs {CENTROIDS} rows, and there are {len(rows)}")
    if not how.qnorm:
        quantiser = ProductQuantiser.fit(rows, how.dsub, how.seed)
        return QuantisedMatrix(quantiser.encode(rows), quantiser)
    lengths: Floats = np.sqrt((rows**2).sum(axis=1, keepdims=True), dtype=np.float32)
    directions: Floats = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    quantiser = ProductQuantiser.fit(directions, how.dsub, how.seed)
    norms = ProductQuantiser.fit(lengths, NORM_WIDTH, how.seed)
    return QuantisedMatrix(
        quantiser.encode(directions), quantiser, norms.encode(lengths)[:, 0], norms
    )

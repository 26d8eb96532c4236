"""Rows of the predictions table, from what a predictor says of reviews."""

from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import UsageError
from reviewdesk.models.base import LIKELY
from reviewdesk.models.sparse.sparse_rows import FEATURES
from reviewdesk.schema import EVIDENCE, predictions_schema
from reviewdesk.scoring.endpoint import EndpointPredictor
from reviewdesk.scoring.explain import evidence_column
from reviewdesk.settings import SEVERAL


class Predictor(Protocol):
    """What predictions come from: a bundle, or a base model of cross-fitting."""

    @property
    def id(self) -> str:
        """What the predictions table names it."""

    @property
    def labels(self) -> list[str]:
        """The k labels."""

    @property
    def target(self) -> str:
        """What the labels are."""


def prediction_table(
    predictor: Predictor,
    review_ids: pa.Array,
    probabilities: NDArray[np.float32],
    *,
    folds: pa.Array | None = None,
    evidence: pa.Array | None = None,
    known_words: NDArray[np.int64] | None = None,
) -> pa.Table:
    """Return rows of the predictions table.

    Args:
        predictor: gives the model's id, labels and target.
        review_ids: n ids.
        probabilities: (n, k) in the order of the predictor's labels.
        folds: n int16, null where no fold was left out; all null by default.
        evidence: n lists of words with weights; all null by default.
        known_words: (n,) how many words of each are known; all null by default.
    """
    n = len(review_ids)
    best = probabilities.argmax(axis=1)
    schema = predictions_schema(predictor.labels, predictor.target)
    columns = [
        review_ids,
        pa.repeat(pa.scalar(predictor.id), n),
        pa.nulls(n, pa.int16()) if folds is None else folds,
        pa.array(predictor.labels, pa.string()).take(pa.array(best)),
        pa.array(probabilities[np.arange(n), best], pa.float32()),
        pa.FixedSizeListArray.from_arrays(
            pa.array(probabilities.ravel(), pa.float32()), len(predictor.labels)
        ),
        pa.nulls(n, EVIDENCE) if evidence is None else evidence,
        pa.nulls(n, pa.int32()) if known_words is None else pa.array(known_words, pa.int32()),
    ]
    if predictor.target == SEVERAL:
        columns.append(_likely(probabilities, predictor.labels))
    return pa.Table.from_arrays(columns, schema=schema)


def _likely(probabilities: NDArray[np.float32], labels: list[str]) -> pa.ListArray:
    """Return the labels of each row that are more likely than not."""
    given = probabilities > LIKELY
    ends = np.concatenate([[0], np.cumsum(given.sum(axis=1))]).astype(np.int32)
    names = pa.array(labels, pa.string()).take(pa.array(np.nonzero(given)[1]))
    return pa.ListArray.from_arrays(pa.array(ends), names)


def predict_batch(
    bundle: Bundle | EndpointPredictor, reviews: pa.RecordBatch, evidence: int
) -> pa.Table:
    """Return rows of the predictions table for clean reviews.

    Args:
        bundle: what predicts.
        reviews: n reviews.
        evidence: how many words to give as reasons for each label.

    Raises:
        UsageError: reasons are asked for where there are no words.
    """
    if evidence and FEATURES in reviews.schema.names:
        raise UsageError("rows of features have no words to give as reasons; leave --evidence out")
    probabilities = bundle.predict_proba(reviews)
    words = None
    if evidence and isinstance(bundle, Bundle):
        words = evidence_column(bundle, reviews, probabilities.argmax(axis=1), evidence)
    return prediction_table(
        bundle,
        reviews.column("review_id"),
        probabilities,
        evidence=words,
        known_words=bundle.known_words(reviews),
    )

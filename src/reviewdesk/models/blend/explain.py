"""What each word adds to a blend's scores, from what it adds to its members'."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.models.base import Classifier, Explains, Explanation
from reviewdesk.models.blend.stack import log_probabilities

Floats = NDArray[np.float64]


def blended_explanation(
    members: Sequence[Classifier],
    weights: Floats,
    review: pa.RecordBatch,
    scores: Floats,
    present: NDArray[np.bool_],
) -> Explanation:
    """Return what each word adds; what no word accounts for is the bias.

    Args:
        members: the classifiers that were asked.
        weights: (m,) how much each counts.
        review: one review.
        scores: (k,) the blend's.
        present: (k,) whether any review had the label.
    """
    added: dict[tuple[str, str], Floats] = {}
    texts = review.to_pylist()[0]
    for member, weight in zip(members, weights.tolist(), strict=True):
        if not weight or not isinstance(member, Explains):
            continue
        found = member.explain({name: texts[name] for name in member.columns_})
        slope = weight * _slope(member, review, present)
        for word, column, own in zip(found.words, found.columns, found.weights, strict=True):
            moved = np.where(present, own - own[present].mean(), 0.0)
            key = (word, column)
            added[key] = added.get(key, np.zeros(len(scores))) + slope * moved
    keys = sorted(added, key=lambda key: (-np.abs(added[key]).max(), key))
    rows = np.array([added[key] for key in keys]).reshape(len(keys), len(scores))
    return Explanation(
        words=[word for word, _ in keys],
        columns=[column for _, column in keys],
        weights=rows,
        bias=scores - rows.sum(axis=0),
    )


def _slope(member: Classifier, review: pa.RecordBatch, present: NDArray[np.bool_]) -> float:
    """Return by how much a member's log-probabilities move with its scores, at one review."""
    scores = member.decision_scores(review)[0, present].astype(np.float64)
    logs = log_probabilities(member.predict_proba(review))[0, present].astype(np.float64)
    scores, logs = scores - scores.mean(), logs - logs.mean()
    return max(float(scores @ logs / max(scores @ scores, 1e-12)), 0.0)

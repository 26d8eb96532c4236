"""Which reviews are judged, and why others are not."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import MissingColumn, NotEnoughData
from reviewdesk.findings.base import FinderInputs
from reviewdesk.findings.misfiled.combination import Logs, fit_combination, log_probabilities
from reviewdesk.findings.misfiled.lists import FEWEST_TRUSTED
from reviewdesk.findings.misfiled.products import product_doubted
from reviewdesk.findings.misfiled.shared import shared_texts
from reviewdesk.findings.predictions import HeadProbabilities
from reviewdesk.progress import Progress
from reviewdesk.report.numbers import count

FEWEST_JUDGED: Final = 100
MOST_DOUBTED: Final = 0.5
"""If more of the reviews are of products that seem to stand wrong, it is the categories of which
nothing is said."""
FEWEST_OF_A_CATEGORY: Final = 5
"""What a category is about is not learnt from fewer reviews."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What is known of n reviews.

    Args:
        inputs: the reviews.
        names: the k categories.
        models: the id of the classifier behind each head.
        fold: (n,) in which fold each review was; -1 for none.
        heads: for each head (n, k) log-probabilities.
        ids: (n) review_ids.
        titles: (n) names of products; all null where they have none.
        labels: (n,) the categories in which they stand; -1 for none.
        shared: (n,) groups of alike texts under several categories; -1 for all others.
        judged: (n,) which are looked at.
        trusted: (n,) which of these are known to be filed rightly; none where they are too few.
        left_out: how many are not looked at, by reason.
        notes: what people should know of this.
    """

    inputs: FinderInputs
    names: list[str]
    models: list[str]
    fold: NDArray[np.int16]
    heads: list[Logs]
    ids: pa.ChunkedArray
    titles: pa.ChunkedArray
    labels: NDArray[np.int32]
    shared: NDArray[np.int64]
    judged: NDArray[np.bool_]
    trusted: NDArray[np.bool_]
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def candidates(self) -> NDArray[np.bool_]:
        """Which reviews may be listed, (n,)."""
        return self.judged & ~self.trusted


def judge(inputs: FinderInputs, said: HeadProbabilities, progress: Progress) -> Judged:
    """Decide which reviews are looked at.

    Raises:
        MissingColumn: no review has a category.
        NotEnoughData: hardly any review is left.
    """
    ids, titles, labels, product = _facts(inputs, said.labels)
    shared = shared_texts(inputs.data, labels, progress=progress)
    sizes = np.append(np.bincount(labels[labels >= 0], minlength=len(said.labels)), 0)
    reasons = {
        "which stand in no category that the predictions know": labels < 0,
        "which stand in a category of fewer than five": sizes[labels] < FEWEST_OF_A_CATEGORY,
        "whose text stands in several categories": shared >= 0,
    }
    judged, left_out = np.ones(len(labels), np.bool_), {}
    for reason, rows in reasons.items():
        left_out[reason] = int((judged & rows).sum())
        judged &= ~rows
    if judged.sum() < FEWEST_JUDGED:
        raise NotEnoughData(
            f"too few reviews to tell which are misfiled: {count(int(judged.sum()))} can be "
            f"judged, and {FEWEST_JUDGED} are needed"
        )
    heads = [log_probabilities(one) for one in said.probabilities]
    base = fit_combination([head[judged] for head in heads], labels[judged])
    doubted = judged & product_doubted(heads, labels, product, base)
    if doubted.sum() > MOST_DOUBTED * judged.sum():
        raise NotEnoughData(
            "what these reviews say does not tell their categories apart: of "
            f"{count(int(judged.sum()))}, {count(int(doubted.sum()))} are of products whose other "
            "reviews speak of another category; look at what the categories are, or at the "
            "predictions"
        )
    left_out["whose product speaks of another category as a whole"] = int(doubted.sum())
    judged &= ~doubted
    trusted, notes = judged & _reference(inputs, ids), []
    if inputs.reference is not None and trusted.sum() < FEWEST_TRUSTED:
        notes.append(
            f"{count(int(trusted.sum()))} of the reviews known to be filed rightly can be used; "
            f"with fewer than {count(FEWEST_TRUSTED)}, promises rest on what the classifiers say."
        )
        judged &= ~trusted
        left_out["which are known to be filed rightly"] = int(trusted.sum())
        trusted = np.zeros(len(labels), np.bool_)
    elif trusted.any():
        left_out["which are known to be filed rightly"] = int(trusted.sum())
    if (said.fold[judged] < 0).any():
        notes.append(
            "Some predictions are not cross-fitted: where the classifier has learnt from a review, "
            "it repeats the category in which that stands, and misses the error."
        )
    return Judged(
        inputs, said.labels, said.models, said.fold, heads, ids, titles, labels, shared, judged,
        trusted, left_out, notes,
    )  # fmt: skip


def _facts(
    inputs: FinderInputs, names: list[str]
) -> tuple[pa.ChunkedArray, pa.ChunkedArray, NDArray[np.int32], NDArray[np.int64]]:
    """Return ids, titles, categories and the product of each review; -1 for none."""
    table = inputs.data.table(
        ["review_id", "product_title", "product_category", "product_id", "product_parent"]
    )
    category = table.column("product_category")
    if category.null_count == len(category):
        raise MissingColumn("finding misfiled reviews needs the column product_category filled")
    places = pc.index_in(category, value_set=pa.array(names, pa.string())).fill_null(-1)
    labels: NDArray[np.int32] = places.to_numpy().astype(np.int32)
    named = pc.coalesce(table.column("product_parent"), table.column("product_id"))
    product = named.combine_chunks().dictionary_encode().indices.fill_null(-1)
    numbers: NDArray[np.int64] = product.to_numpy(zero_copy_only=False).astype(np.int64)
    return table.column("review_id"), table.column("product_title"), labels, numbers


def _reference(inputs: FinderInputs, ids: pa.ChunkedArray) -> NDArray[np.bool_]:
    if inputs.reference is None:
        return np.zeros(len(ids), np.bool_)
    found: NDArray[np.bool_] = pc.is_in(ids, value_set=inputs.reference).to_numpy()
    return found

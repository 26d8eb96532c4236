"""Which reviews are judged, and why others are not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import MissingColumn, NotEnoughData
from reviewdesk.findings.base import FinderInputs
from reviewdesk.findings.predictions import BaseProbabilities
from reviewdesk.findings.review_category.combination import (
    Combination,
    Lengths,
    Logs,
    fit_combination,
    log_probabilities,
)
from reviewdesk.findings.review_category.lists import FEWEST_TRUSTED
from reviewdesk.findings.review_category.products import BLOCK, product_doubted
from reviewdesk.findings.review_category.shared import shared_texts
from reviewdesk.progress import Progress
from reviewdesk.report.numbers import count

FEWEST_ELIGIBLE: Final = 100
MOST_DOUBTED: Final = 0.5
"""If more of the reviews are of products that seem to stand wrong, it is the categories of which
nothing is said."""
FEWEST_OF_A_CATEGORY: Final = 5
"""What a category is about is not learnt from fewer reviews."""
LEAST_SPOKEN_FOR: Final = 0.5
"""So large a share of a category's reviews has to speak of it, as the classifiers read them. Where
fewer do, a review that speaks of another category is the rule there and no sign of an error
(decision 0351). Reviews known to be right tell such categories by themselves."""
UNKNOWN: Final = "which stand in a category that fewer than half of its reviews speak of"
ALL_UNKNOWN: Final = (
    "what these reviews say does not tell their categories apart: most of them stand in "
    "categories, or are of products, whose reviews speak of another category; look at what the "
    "categories are, or at the predictions"
)
MOST_NAMED: Final = 5
COPY: Final = "which repeat one of another variant: one text is one finding"


@dataclass(frozen=True, eq=False)
class EligibleReviews:
    """What is known of n reviews.

    Args:
        inputs: the reviews.
        names: the k categories.
        models: the id of the classifier behind each base model.
        fold: (n,) in which fold each review was; -1 for none.
        base_logs: for each base model (n, k) log-probabilities.
        ids: (n) review_ids.
        titles: (n) names of products; all null where they have none.
        labels: (n,) the categories in which they stand; -1 for none.
        product: (n,) numbers of their products; -1 for none.
        lengths: (n,) of their texts in bytes.
        shared: (n,) groups of alike texts under several categories; -1 for all others.
        eligible: (n,) which are looked at.
        trusted: (n,) which of these are known to be filed rightly; none where they are too few.
        left_out: how many are not looked at, by reason.
        notes: what people should know of this.
    """

    inputs: FinderInputs
    names: list[str]
    models: list[str]
    fold: NDArray[np.int16]
    base_logs: list[Logs]
    ids: pa.ChunkedArray
    titles: pa.ChunkedArray
    labels: NDArray[np.int32]
    product: NDArray[np.int64]
    lengths: Lengths
    shared: NDArray[np.int64]
    eligible: NDArray[np.bool_]
    trusted: NDArray[np.bool_]
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def candidates(self) -> NDArray[np.bool_]:
        """Which reviews may be listed, (n,)."""
        return self.eligible & ~self.trusted


def read_eligible(
    inputs: FinderInputs, predicted: BaseProbabilities, progress: Progress
) -> EligibleReviews:
    """Decide which reviews are looked at.

    Raises:
        MissingColumn: no review has a category.
        NotEnoughData: hardly any review is left.
    """
    ids, titles, labels, product, copied = _facts(inputs, predicted.labels)
    shared = shared_texts(inputs.data, labels, progress=progress)
    sizes = np.append(np.bincount(labels[labels >= 0], minlength=len(predicted.labels)), 0)
    reasons = {
        "which stand in no category that the predictions know": labels < 0,
        "which stand in a category of fewer than five": sizes[labels] < FEWEST_OF_A_CATEGORY,
        "whose text stands in several categories": shared >= 0,
        COPY: copied,
    }
    eligible, left_out = np.ones(len(labels), np.bool_), {}
    for reason, rows in reasons.items():
        left_out[reason] = int((eligible & rows).sum())
        eligible &= ~rows
    if eligible.sum() < FEWEST_ELIGIBLE:
        raise NotEnoughData(
            "too few reviews to tell which are in the wrong category: "
            f"{count(int(eligible.sum()))} can be judged, and {FEWEST_ELIGIBLE} are needed"
        )
    base_logs = [log_probabilities(one) for one in predicted.probabilities]
    base = fit_combination([logs[eligible] for logs in base_logs], labels[eligible])
    known = _reference(inputs, ids)
    notes: list[str] = []
    if (eligible & known).sum() < FEWEST_TRUSTED:
        inside_logs = [logs[eligible] for logs in base_logs]
        unknown = unknown_categories(inside_logs, labels[eligible], base)
        inside = eligible & unknown[labels]
        left_out[UNKNOWN] = int(inside.sum())
        eligible &= ~inside
        if inside.any():
            notes.append(_unknown_note(np.unique(labels[inside]), predicted.labels))
            if eligible.sum() < FEWEST_ELIGIBLE:
                raise NotEnoughData(ALL_UNKNOWN)
            base = fit_combination([logs[eligible] for logs in base_logs], labels[eligible])
    doubted = eligible & product_doubted(base_logs, labels, product, base)
    if doubted.sum() > MOST_DOUBTED * eligible.sum():
        raise NotEnoughData(ALL_UNKNOWN)
    left_out["whose product speaks of another category as a whole"] = int(doubted.sum())
    eligible &= ~doubted
    trusted = eligible & known
    if inputs.reference is not None and trusted.sum() < FEWEST_TRUSTED:
        notes.append(
            f"{count(int(trusted.sum()))} of the reviews known to be filed rightly can be used; "
            f"with fewer than {count(FEWEST_TRUSTED)}, promises rest on what the classifiers say."
        )
        eligible &= ~trusted
        left_out["which are known to be filed rightly"] = int(trusted.sum())
        trusted = np.zeros(len(labels), np.bool_)
    elif trusted.any():
        left_out["which are known to be filed rightly"] = int(trusted.sum())
    if (predicted.fold[eligible] < 0).any():
        notes.append(
            "Some predictions are not cross-fitted: where the classifier has learnt from a review, "
            "it repeats the category in which that stands, and misses the error."
        )
    return EligibleReviews(
        inputs, predicted.labels, predicted.models, predicted.fold, base_logs, ids, titles, labels,
        product, _lengths(inputs), shared, eligible, trusted, left_out, notes,
    )  # fmt: skip


def unknown_categories(
    base_logs: Sequence[Logs], labels: NDArray[np.integer], base: Combination
) -> NDArray[np.bool_]:
    """Say of which categories fewer than half of the reviews that stand there speak, (k,).

    Args:
        base_logs: for each base model (n, k) log-probabilities.
        labels: (n,) 0 to k - 1.
        base: how the base models are combined.
    """
    k = base_logs[0].shape[1]
    says = np.concatenate(
        [
            base.logs([logs[at : at + BLOCK] for logs in base_logs]).argmax(axis=1)
            for at in range(0, len(labels), BLOCK)
        ]
    )
    agreeing = np.bincount(labels[says == labels], minlength=k)
    unknown: NDArray[np.bool_] = agreeing < LEAST_SPOKEN_FOR * np.bincount(labels, minlength=k)
    return unknown


def _unknown_note(categories: NDArray[np.integer], names: list[str]) -> str:
    named = ", ".join(names[one] for one in categories[:MOST_NAMED].tolist())
    more = len(categories) - MOST_NAMED
    named += f" and {count(more)} more" if more > 0 else ""
    return (
        f"Too little is known of {named}: most reviews that stand there seem to speak of another "
        "category, so that one more is no sign of an error. A reference (--reference) can tell."
    )


def _facts(
    inputs: FinderInputs, names: list[str]
) -> tuple[
    pa.ChunkedArray, pa.ChunkedArray, NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]
]:
    """Return ids, titles, categories, products, and which repeat another; -1 for none."""
    table = inputs.data.table(
        [
            "review_id",
            "product_title",
            "product_category",
            "product_id",
            "product_parent",
            "copy_of",
        ]
    )
    category = table.column("product_category")
    if category.null_count == len(category):
        raise MissingColumn(
            "finding reviews in the wrong category needs the column product_category filled"
        )
    places = pc.index_in(category, value_set=pa.array(names, pa.string())).fill_null(-1)
    labels: NDArray[np.int32] = places.to_numpy().astype(np.int32)
    named = pc.coalesce(table.column("product_parent"), table.column("product_id"))
    product = named.combine_chunks().dictionary_encode().indices.fill_null(-1)
    numbers: NDArray[np.int64] = product.to_numpy(zero_copy_only=False).astype(np.int64)
    copied: NDArray[np.bool_] = table.column("copy_of").is_valid().to_numpy()
    return table.column("review_id"), table.column("product_title"), labels, numbers, copied


def _lengths(inputs: FinderInputs) -> Lengths:
    """Return how many bytes headline and body have, (n,)."""
    read = [np.empty(0, np.int64)]
    for batch in inputs.data.batches(["review_headline", "review_body"]):
        lengths = [pc.binary_length(column).fill_null(0) for column in batch.columns]
        read.append(pc.add(*lengths).to_numpy(zero_copy_only=False).astype(np.int64))
    return np.concatenate(read)


def _reference(inputs: FinderInputs, ids: pa.ChunkedArray) -> NDArray[np.bool_]:
    if inputs.reference is None:
        return np.zeros(len(ids), np.bool_)
    trusted: NDArray[np.bool_] = pc.is_in(ids, value_set=inputs.reference).to_numpy()
    return trusted

"""Splits: which reviews a classifier learns from and which it is tested on."""

import datetime
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import MissingColumn, NotEnoughData
from reviewdesk.examples.examples import Examples, require_classes
from reviewdesk.examples.strata import ordered_groups, take_share
from reviewdesk.settings import SplitSettings
from reviewdesk.text.hashing import hash64

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Split:
    """A division of labelled reviews into a training and a test side.

    Args:
        train: (n,) which reviews are learnt from.
        test: (n,) which reviews are tested on.
        dropped_texts: reviews taken off the training side because their text is on the test side.
        undated: labelled reviews on neither side because a split by time cannot place them.
        cut_date: by time, the first day of the test side.
    """

    train: Mask
    test: Mask
    dropped_texts: int
    undated: int = 0
    cut_date: datetime.date | None = None


def split(examples: Examples, settings: SplitSettings) -> Split:
    """Divide the labelled reviews.

    By review, product or customer, each label has the same share on the test side, as exactly as
    the sizes of products and customers allow. By time there is one cut date for all labels: one
    for each would let the classifier learn from days that others are tested on. A review without
    a customer stays for itself.

    A text that is on both sides is dropped from the training side. Texts never join groups: two
    products that share a text can still be on two sides.

    Raises:
        MissingColumn: the column to divide by is empty.
        NotEnoughData: a side is empty, or there is only one label to learn.
    """
    require_classes(examples.counts(), examples.target.target, examples.left_out)
    if settings.by == "time":
        train, test, cut_date = _by_time(examples, settings)
    else:
        train, test = _by_group(examples, settings)
        cut_date = None
    if settings.test_share and not test.any():
        raise NotEnoughData(
            f"no review can be put on a test side of {settings.test_share:.0%} by {settings.by}; "
            "take a larger share or split by review"
        )
    kept = train & ~np.isin(examples.text_keys, examples.text_keys[test])
    require_classes(examples.counts(kept), f"the training side of {examples.target.target}")
    placed = int((train | test).sum())
    return Split(
        train=kept,
        test=test,
        dropped_texts=int(train.sum() - kept.sum()),
        undated=int(examples.labelled.sum()) - placed,
        cut_date=cut_date,
    )


def _by_group(examples: Examples, settings: SplitSettings) -> tuple[Mask, Mask]:
    labelled = np.flatnonzero(examples.labelled)
    keys = _split_keys(examples, settings.by)[labelled]
    groups = ordered_groups(examples.label[labelled], keys, settings.seed, "split")
    test = np.zeros(len(examples), np.bool_)
    test[labelled] = take_share(groups, settings.test_share)[groups.of_row]
    return examples.labelled & ~test, test


def _split_keys(examples: Examples, by: str) -> NDArray[np.uint64]:
    if by == "product":
        return examples.groups
    reviews = hash64(examples.column("review_id"))
    if by == "review":
        return reviews
    customers = examples.column("customer_id")
    if customers.null_count == len(customers):
        raise MissingColumn("a split by customer needs customer_id, which this data does not have")
    known = pc.is_valid(customers).to_numpy()
    return np.where(known, hash64(customers), reviews)


def _by_time(examples: Examples, settings: SplitSettings) -> tuple[Mask, Mask, datetime.date]:
    dates = examples.column("review_date")
    if dates.null_count == len(dates):
        raise MissingColumn("a split by time needs review_date, which this data does not have")
    dated = examples.labelled & pc.is_valid(dates).to_numpy()
    days = pc.fill_null(dates.cast(pa.int32()), 0).to_numpy()
    cut = _cut_day(days[dated], settings.test_share)
    cut_date = datetime.date(1970, 1, 1) + datetime.timedelta(days=cut)
    return dated & (days < cut), dated & (days >= cut), cut_date


def _cut_day(days: NDArray[np.int32], share: float) -> int:
    """Return the day from which on the share of the rows is nearest to what was asked for."""
    if not len(days):
        return 0
    values, counts = np.unique(days, return_counts=True)
    newest = np.append(np.cumsum(counts[::-1])[::-1], 0)  # rows from each day on, and from none
    candidates = np.append(values, values[-1] + 1)
    return int(candidates[np.argmin(np.abs(newest - share * len(days)))])

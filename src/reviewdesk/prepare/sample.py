"""Sampling: from every month its share of reviews, chosen by a hash of their ids.

Nothing but the ids and months decides, so that every machine and engine takes the same reviews in
whatever order it meets them and however they are partitioned; and a larger fraction takes all that
a smaller one takes, and more.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import NotEnoughData
from reviewdesk.prepare.derived import Derivation
from reviewdesk.prepare.layout import REJECTS_TABLE
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import write_rejects
from reviewdesk.prepare.rewrite import Mask, rewrite
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.settings import SampleSettings
from reviewdesk.text.hashing import hash64, hash64_text, unit_interval

SAMPLE: Final = Derivation(
    name="sample",
    entry="sample",
    makes="the sample",
    already_done="it was drawn before from the same data with the same settings",
)
Months = NDArray[np.int32]
Hashes = NDArray[np.uint64]

NO_MONTH: Final = -(2**31)
"""The number of the month of reviews without a date; months count from January 1970."""

COLUMNS: Final = ("review_id", "review_date", "product_category")


def sample(
    data: PreparedData,
    out: Path,
    settings: SampleSettings,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> PreparedData:
    """Write a sample of prepared data as prepared data.

    A run that was interrupted is taken up by giving the same arguments again, and ends in the same
    bytes.

    Args:
        data: what to draw from.
        out: the folder to write.
        settings: how much to take, and of what.
        overwrite: whether a folder that holds other prepared data may be replaced.
        progress: is shown how far it has come.

    Returns:
        The sample; its manifest says under ``sample`` which categories were left out.

    Raises:
        UsageError: the folder is the data's own or holds something else.
        NotEnoughData: every category is rarer than allowed.
        StorageError: a place cannot be used, the disk is full, or another process is writing.
    """
    settings.check()
    out = SAMPLE.check(data, out)
    rare = rare_categories(data, settings.min_category_share)
    if rare and sum(rare.values()) == data.rows:
        raise NotEnoughData(
            f"every category has less than {settings.min_category_share:.3g} of the reviews; "
            "ask for a smaller share"
        )

    def fill(workspace: Workspace, log: RunLog) -> dict[str, Any]:
        with log.timed("write"):
            choose = _Chooser(data, settings, rare, progress)
            contents = rewrite(
                data, workspace, COLUMNS, choose, progress, ratings_stay=choose.ratings
            )
            write_rejects(workspace.result / REJECTS_TABLE, ())
        dropped = {
            "not_in_sample": data.rows - contents.rows - sum(rare.values()),
            "rare_category": sum(rare.values()),
        }
        return SAMPLE.manifest(data, settings, contents, dropped, {"rare_categories": rare})

    return SAMPLE.write(data, out, settings, fill, overwrite=overwrite)


def rare_categories(data: PreparedData, share: float) -> dict[str, int]:
    """Return the categories that have a smaller share of the reviews, and how many each has."""
    counts: dict[str, int] = data.manifest["categories"]
    return {name: count for name, count in counts.items() if count < share * data.rows}


class _Chooser:
    """Says which reviews are in the sample: the smallest hashes of a month, as many as are due.

    The months are looked through first, because a part may hold many and a month lie in many parts;
    that takes 24 bytes a review.
    """

    def __init__(
        self,
        data: PreparedData,
        settings: SampleSettings,
        rare: dict[str, int],
        progress: Progress,
    ) -> None:
        self._seed = hash64_text(f"sample {settings.seed}")
        self._rare = pa.array(list(rare), pa.string())
        months, hashes = self._candidates(data, progress)
        self._months, self._largest = largest_taken(months, hashes, settings.fraction)
        self._fraction = settings.fraction

    def __call__(self, reviews: pa.Table) -> Mask:
        """Return which rows are taken, (n,)."""
        common, months, hashes = self._look(reviews)
        taken = np.zeros(len(reviews), np.bool_)
        place = np.searchsorted(self._months, months[common])
        taken[common] = hashes[common] <= self._largest[place]
        return taken

    def ratings(self, reviews: pa.Table) -> Mask:
        """Return which rows without a text are taken, (n,): by their hashes alone."""
        common, _, hashes = self._look(reviews)
        taken: Mask = common & (unit_interval(hashes) < self._fraction)
        return taken

    def _candidates(self, data: PreparedData, progress: Progress) -> tuple[Months, Hashes]:
        candidates: list[tuple[Months, Hashes]] = [(np.empty(0, np.int32), np.empty(0, np.uint64))]
        with progress.task("Looking", data.rows, "reviews") as task:
            for batch in data.batches(COLUMNS):
                common, months, hashes = self._look(batch)
                candidates.append((months[common], hashes[common]))
                task.advance(len(batch))
        return np.concatenate([one[0] for one in candidates]), np.concatenate(
            [one[1] for one in candidates]
        )

    def _look(self, reviews: pa.Table | pa.RecordBatch) -> tuple[Mask, Months, Hashes]:
        """Return which rows are of no rare category, and the months and hashes of all."""
        common = ~pc.is_in(reviews["product_category"], self._rare).to_numpy(zero_copy_only=False)
        days = reviews["review_date"].to_numpy(zero_copy_only=False)
        months = np.where(np.isnat(days), NO_MONTH, days.astype("M8[M]").astype(np.int32))
        return common, months.astype(np.int32), hash64(reviews["review_id"], self._seed)


def largest_taken(months: Months, hashes: Hashes, fraction: float) -> tuple[Months, Hashes]:
    """Return each month and the largest hash of those that are taken from it.

    Args:
        months: the month of each review, (n,).
        hashes: of the review's id, (n,).
        fraction: what share of each month is taken, rounded; but at least one.
    """
    order = np.argsort(months, kind="stable")
    names, starts = np.unique(months[order], return_index=True)
    largest = np.empty(len(names), np.uint64)
    for place, mine in enumerate(np.split(hashes[order], starts[1:]) if len(names) else ()):
        due = max(1, int(np.floor(fraction * len(mine) + 0.5)))
        largest[place] = np.partition(mine, due - 1)[due - 1]
    return names, largest

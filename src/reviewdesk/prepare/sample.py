"""Sampling: from every month its share of reviews, chosen by a hash of their ids.

Nothing but the ids and months decides, so that every machine and engine takes the same reviews in
whatever order it meets them and however they are partitioned; and a larger fraction takes all that
a smaller one takes, and more.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from reviewdesk.engines.base import Engine
from reviewdesk.engines.local_copies import published
from reviewdesk.errors import NotEnoughData
from reviewdesk.prepare.derived import Derivation
from reviewdesk.prepare.distributed_sample import draw_on
from reviewdesk.prepare.drawing import COLUMNS, Drawing, Hashes, Months, largest_taken
from reviewdesk.prepare.layout import REJECTS_TABLE
from reviewdesk.prepare.parts import Contents
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import write_rejects
from reviewdesk.prepare.rewrite import rewrite
from reviewdesk.prepare.shared_workspace import SharedWorkspace, workspace_of
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.settings import SampleSettings
from reviewdesk.text.hashing import hash64_text

SAMPLE: Final = Derivation(
    name="sample",
    entry="sample",
    makes="the sample",
    already_done="it was drawn before from the same data with the same settings",
)


def sample(
    data: PreparedData,
    out: Path,
    settings: SampleSettings,
    *,
    overwrite: bool = False,
    engine: Engine | None = None,
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
        engine: a cluster that does it; None: this machine. On a cluster an interrupted run starts
            over.
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
    drawing = Drawing(hash64_text(f"sample {settings.seed}"), tuple(rare), settings.fraction)

    def fill(workspace: Workspace, log: RunLog) -> dict[str, Any]:
        with log.timed("write"):
            choose = drawing.by_months(*_largest(data, drawing, progress))
            contents = rewrite(
                data, workspace, COLUMNS, choose, progress, ratings_stay=choose.ratings
            )
            write_rejects(workspace.result / REJECTS_TABLE, ())
        return manifest(contents)

    def fill_on(workspace: Workspace | SharedWorkspace, log: RunLog) -> dict[str, Any]:
        with log.timed("write"):
            places = str(workspace.path), str(workspace.result)
            return manifest(draw_on(cluster, data, drawing, *places, progress))

    def manifest(contents: Contents) -> dict[str, Any]:
        dropped = {
            "not_in_sample": data.rows - contents.rows - sum(rare.values()),
            "rare_category": sum(rare.values()),
        }
        return SAMPLE.manifest(data, settings, contents, dropped, {"rare_categories": rare})

    if engine is None:
        with published(out) as local:
            drawn = SAMPLE.write(data, local, Workspace(local), settings, fill, overwrite=overwrite)
        return replace(drawn, path=out)
    cluster = engine
    return SAMPLE.write(
        data, out, workspace_of(out), settings, fill_on, overwrite=overwrite, anew=True
    )


def rare_categories(data: PreparedData, share: float) -> dict[str, int]:
    """Return the categories that have a smaller share of the reviews, and how many each has."""
    counts: dict[str, int] = data.manifest["categories"]
    return {name: count for name, count in counts.items() if count < share * data.rows}


def _largest(data: PreparedData, drawing: Drawing, progress: Progress) -> tuple[Months, Hashes]:
    """Return each month and the largest hash that is taken from it.

    The months are looked through first, because a part may hold many and a month lie in many parts;
    that takes 24 bytes a review.
    """
    candidates: list[tuple[Months, Hashes]] = [(np.empty(0, np.int32), np.empty(0, np.uint64))]
    with progress.task("Looking", data.rows, "reviews") as task:
        for batch in data.batches(COLUMNS):
            candidates.append(drawing.candidates(batch))
            task.advance(len(batch))
    months, hashes = (np.concatenate(column) for column in zip(*candidates, strict=True))
    return largest_taken(months, hashes, drawing.fraction)

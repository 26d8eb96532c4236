"""Planting: a copy of prepared data with known errors, and the truth about them beside it.

What is made wrong is decided by ``sources.truth`` from a few numbers a review; here these are read
and the copy is written, part by part. Ids and dates stay, and so does the order of the reviews
where the data is divided by month.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.errors import UsageError
from reviewdesk.prepare.derived import Derivation
from reviewdesk.prepare.layout import REJECTS_TABLE
from reviewdesk.prepare.plant_facts import read_facts
from reviewdesk.prepare.plant_notes import plant_notes
from reviewdesk.prepare.plant_parts import Planter
from reviewdesk.prepare.plant_truth import truth_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import write_rejects
from reviewdesk.prepare.spooled import SpooledReviews
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.settings import PlantSettings
from reviewdesk.sources.truth.planting import plan_errors
from reviewdesk.sources.truth.write import check_truth_directory, truth_directory, write_truth

PLANT: Final = Derivation(
    name="plant",
    entry="planted",
    makes="the copy",
    already_done="it was planted before in the same data with the same settings",
)


@dataclass(frozen=True)
class PlantedData:
    """A copy with errors.

    Args:
        data: the copy; its manifest says under ``planted`` how it was made and how many errors
            there are.
        truth: the folder that says which errors there are.
        notes: sentences about what could not be planted.
    """

    data: PreparedData
    truth: Path
    notes: tuple[str, ...]


def plant(
    data: PreparedData,
    out: Path,
    settings: PlantSettings,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> PlantedData:
    """Write a copy of prepared data with known errors, and the truth into ``OUT.truth``.

    A run that was interrupted is taken up by giving the same arguments again, and ends in the same
    bytes.

    Args:
        data: what to copy.
        out: the folder to write.
        settings: how many errors of which kind.
        overwrite: whether a folder that holds other prepared data may be replaced.
        progress: is shown how far it has come.

    Raises:
        UsageError: the folder is the data's own or holds something else, or that of the truth does,
            or the data has planted errors already.
        StorageError: a place cannot be used, the disk is full, or another process is writing.
    """
    settings.check()
    out = PLANT.check(data, out)
    if PLANT.entry in data.manifest:
        raise UsageError(
            f"{data.path} has planted errors already, which the new truth would not tell of; "
            "plant in the data that it was made from"
        )
    truth = truth_directory(out)
    check_truth_directory(truth)

    def fill(workspace: Workspace, log: RunLog) -> dict[str, Any]:
        return _fill(data, truth, workspace, settings, log, progress)

    workspace = Workspace(out)
    return _planted(
        PLANT.write(data, out, workspace, settings, fill, overwrite=overwrite, beside=[truth])
    )


def _fill(
    data: PreparedData,
    truth_folder: Path,
    workspace: Workspace,
    settings: PlantSettings,
    log: RunLog,
    progress: Progress,
) -> dict[str, Any]:
    with log.timed("plan"):
        known = read_facts(data, similar=settings.moves == "confusable", progress=progress)
        planting = plan_errors(known.facts, settings)
    planter = Planter(data, known, planting)
    with (
        log.timed("write"),
        SpooledReviews(workspace.spill, data, planter.needed(), progress) as spooled,
    ):
        contents = planter.write(spooled.take, workspace, progress)
        write_rejects(workspace.result / REJECTS_TABLE, ())
        truth = truth_of(known, planting, spooled.take)
    told = {
        "errors": {name: len(table) for name, table in truth.tables().items()},
        "notes": plant_notes(known.facts, planting, settings),
    }
    manifest = PLANT.manifest(data, settings, contents, {}, told)
    about = {"settings": settings.to_json(), "data": manifest["fingerprint"]}
    write_truth(truth_folder, truth, about)
    return manifest


def _planted(data: PreparedData) -> PlantedData:
    notes = data.manifest[PLANT.entry]["notes"]
    return PlantedData(data, truth_directory(data.path), tuple(notes))

"""Planting: a copy of prepared data with known errors, and the truth about them beside it.

What is made wrong is decided by ``sources.truth`` from a few numbers a review; here these are read
and the copy is written, part by part. Ids and dates stay, and so does the order of the reviews
where the data is divided by month.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.errors import UsageError
from reviewdesk.prepare.aside import Aside
from reviewdesk.prepare.derived import Derivation
from reviewdesk.prepare.layout import REJECTS_TABLE
from reviewdesk.prepare.plant_facts import PlantFacts, read_facts
from reviewdesk.prepare.plant_parts import Planter
from reviewdesk.prepare.plant_truth import truth_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.rejects import write_rejects
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.settings import PlantSettings
from reviewdesk.sources.truth.planting import Planting, plan_errors
from reviewdesk.sources.truth.schema import Truth
from reviewdesk.sources.truth.write import truth_directory, write_truth

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
        UsageError: the folder is the data's own or holds something else, or the data has planted
            errors already.
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

    def fill(workspace: Workspace, log: RunLog) -> dict[str, Any]:
        return _fill(data, truth, workspace, settings, log, progress)

    return _planted(PLANT.write(data, out, settings, fill, overwrite=overwrite, beside=[truth]))


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
        Aside(workspace.spill, data, planter.needed(), progress) as aside,
    ):
        parts = planter.write(aside.take, workspace, progress)
        write_rejects(workspace.result / REJECTS_TABLE, ())
        truth = truth_of(known, planting, aside.take)
    told = {
        "errors": {name: len(table) for name, table in truth.tables().items()},
        "notes": _notes(known, planting, settings, truth),
    }
    manifest = PLANT.manifest(data, settings, parts, {}, told)
    about = {"settings": settings.to_json(), "data": manifest["fingerprint"]}
    write_truth(truth_folder, truth, about)
    return manifest


def _planted(data: PreparedData) -> PlantedData:
    notes = data.manifest[PLANT.entry]["notes"]
    return PlantedData(data, truth_directory(data.path), tuple(notes))


def _notes(
    known: PlantFacts, planting: Planting, settings: PlantSettings, truth: Truth
) -> list[str]:
    """Say why there is nothing, or less, of what was asked for."""
    notes = []
    one_category = "there are no two categories to move between"
    if settings.misfiled and not len(truth.misfiled):
        why = one_category if len(known.names) < 2 else "there are too few reviews for the share"
        notes.append(f"no review was misfiled: {why}")
    if settings.miscategorised and not len(truth.miscategorised):
        why = "there are too few products for the share"
        if not len(known.facts.product_key):
            why = "the data has no products"
        elif len(known.names) < 2:
            why = one_category
        notes.append(f"no product was miscategorised: {why}")
    declines = planting.declines
    if settings.declining and not declines.candidates:
        notes.append("no product declines: none has enough reviews with dates and stars")
    elif declines.not_low_enough:
        notes.append(
            f"{declines.not_low_enough:,} products were left as they are: their stars are too low, "
            "or worse reviews of their category too few, for such a drop"
        )
    return notes

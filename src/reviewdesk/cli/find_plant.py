"""`reviewdesk find plant`: a copy of prepared data with known errors."""

from pathlib import Path
from typing import Annotated, Final

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, note, print_json, program, say
from reviewdesk.job.places import reviews_of
from reviewdesk.prepare.plant import PLANT
from reviewdesk.prepare.plant import plant as plant_errors
from reviewdesk.progress import Progress
from reviewdesk.settings import PlantSettings

NOUNS: Final = {
    "review_category": "moved review",
    "product_category": "moved product",
    "declining": "declining product",
}


@with_settings(settings=PlantSettings)
def plant(
    data: Annotated[Path, typer.Argument(help="Prepared folder.", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="Folder for the copy.", metavar="DIR")],
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a copy made in another way.")
    ] = False,
    as_json: Json = False,
    settings: PlantSettings,
) -> None:
    """A copy of prepared data with known errors, to see what is found.

    Moves reviews to other categories, files products under other categories, and makes products get
    worse from a day on. Which ones is recorded in OUT.truth beside the copy; finders never look
    there.

    Example:

        reviewdesk find plant prepared --review-category 0.03 --seed 1 --out planted
    """
    planted = plant_errors(
        reviews_of(data), out, settings, overwrite=overwrite, progress=Progress()
    )
    for one in planted.notes:
        note(one)
    if as_json:
        print_json(
            {
                "out": str(planted.data.path),
                "truth": str(planted.truth),
                "planted": planted.data.manifest[PLANT.entry],
            }
        )
        return
    errors = planted.data.manifest[PLANT.entry]["errors"]
    wrong = [count(errors[name], noun) for name, noun in NOUNS.items() if errors[name]]
    say(f"{count(planted.data.rows, 'review')}, with {_listed(wrong)}: {planted.data.path}")
    say(f"which ones: {planted.truth}" if wrong else f"nothing stands in {planted.truth}")
    say(f"next: {program()} find all {planted.data.path} --out findings")
    say(f"then: {program()} find grade findings {planted.truth}")


def _listed(wrong: list[str]) -> str:
    if not wrong:
        return "no known errors"
    *others, last = wrong
    return f"{', '.join(others)} and {last}" if others else last

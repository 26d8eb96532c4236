"""`reviewdesk sample`: a small share of prepared data."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, note, print_json, say
from reviewdesk.engines.opening import cluster
from reviewdesk.job.places import reviews_of
from reviewdesk.prepare.sample import sample as draw_sample
from reviewdesk.progress import Progress
from reviewdesk.settings import EngineSettings, SampleSettings


@with_settings(sample=SampleSettings, engine=EngineSettings)
def sample(
    data: Annotated[Path, typer.Argument(help="Prepared folder.", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="Folder to write.", metavar="DIR")],
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace other prepared data there.")
    ] = False,
    as_json: Json = False,
    sample: SampleSettings,
    engine: EngineSettings,
) -> None:
    """A small share of prepared data, the same on every machine.

    Takes a share of each month's reviews, at least one, by a hash of their ids: the same on any
    machine and in any order; a larger fraction contains every smaller one. The result is prepared
    data, which every other command takes. With --engine spark a cluster draws it.

    Example:

        reviewdesk sample prepared --fraction 0.1 --out small
    """
    with cluster(engine) as machines:
        sampled = draw_sample(
            reviews_of(data),
            out,
            sample,
            overwrite=overwrite,
            engine=machines,
            progress=Progress(),
        )
    for text in sampled.notes:
        note(text)
    if as_json:
        print_json(sampled.manifest)
        return
    read = sampled.manifest["rows"]["read"]
    say(f"{count(sampled.rows, 'review')} of {read:,} are in {sampled.location}")
    rare = sampled.manifest["sample"]["rare_categories"]
    if rare:
        named = ", ".join(f"{name} ({number:,})" for name, number in rare.items())
        say(f"left out, because they are rare: {named}")

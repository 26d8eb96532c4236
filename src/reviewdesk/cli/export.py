"""`reviewdesk export`: prepared data for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, note, print_json, print_table, say
from reviewdesk.engines.opening import cluster
from reviewdesk.examples.export import export as export_examples
from reviewdesk.job.places import reviews_of
from reviewdesk.progress import Progress
from reviewdesk.settings import (
    EngineSettings,
    ExportSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.storage import address_of


@with_settings(
    export=ExportSettings,
    target=TargetSettings,
    text=TextSettings,
    split=SplitSettings,
    engine=EngineSettings,
)
def export(
    data: Annotated[Path, typer.Argument(help="Prepared folder.", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="Folder to write.", metavar="DIR")],
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an export made in another way.")
    ] = False,
    as_json: Json = False,
    export: ExportSettings,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
    engine: EngineSettings,
) -> None:
    """Training, validation and test files for other programs.

    Writes train, validation and test, labels.json (the map of labels) and manifest.json. The test
    side is the one that `train` with the same settings holds out. In CSV, cells that a spreadsheet
    would run as a formula get an apostrophe in front; JSON lines hold every text as it is. An
    interrupted run goes on where it stopped when the same command is given again. With --engine
    spark a cluster writes the same files.

    Example:

        reviewdesk export prepared --format fasttext --target category --out for-fasttext
    """
    with cluster(engine) as machines:
        exported = export_examples(
            reviews_of(data),
            out,
            target=target,
            text=text,
            split=split,
            export=export,
            overwrite=overwrite,
            engine=machines,
            progress=Progress(),
        )
    if exported.already:
        note("it was exported before from the same data with the same settings")
    manifest = exported.manifest
    if as_json:
        print_json(manifest)
        return
    rows = manifest["rows"]
    say(f"{count(rows['out'], 'review')} of {rows['in']:,} are in {address_of(exported.path)}")
    print_table(
        ["file", "reviews", "bytes"],
        [[one["file"], f"{one['rows']:,}", f"{one['bytes']:,}"] for one in manifest["files"]],
    )
    if manifest["left_out"]:
        say("")
        print_table(
            ["left out", "reviews"], [[why, f"{n:,}"] for why, n in manifest["left_out"].items()]
        )
    if manifest["neutralised_cells"]:
        cells = count(manifest["neutralised_cells"], "cell")
        say(f"\n{cells} would have been run as a formula and got an apostrophe")

"""`reviewdesk blend`: bundles that answer together."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import print_json, print_table, program, say
from reviewdesk.errors import UsageError
from reviewdesk.job.places import bundle_of, reviews_of
from reviewdesk.progress import Progress
from reviewdesk.report.numbers import score
from reviewdesk.training import comparison_page
from reviewdesk.training.blending import blend as blend_bundles
from reviewdesk.training.blending import sentences


def blend(
    places: Annotated[
        list[Path],
        typer.Argument(
            help="Bundles (folders or their .tar.gz), and last the prepared folder, or the job, "
            "that they learned from.",
            metavar="BUNDLE... DATA",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Bundle to write: a folder, or NAME.tar.gz.")],
    *,
    cascade: Annotated[
        bool,
        typer.Option(
            "--cascade",
            help="The first bundle answers alone where it is sure; the others are asked about the "
            "rest. Name the fastest first.",
        ),
    ] = False,
    folds: Annotated[
        int, typer.Option(help="Parts of the training share to cross-fit in.", min=2, max=100)
    ] = 3,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there already.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Several bundles as one, weighed on reviews that they had not seen.

    The families are fitted again without one part of the training share in turns, dealt out by
    product, and weights are learnt on what they say of that part; a bundle that adds nothing is
    left out. The blend is a bundle like any other: it is served, explained and evaluated. A killed
    run goes on when the same command is given again.

    Example:

        reviewdesk blend linear naive-bayes prepared --out blend
    """
    *bundles, folder = places
    if len(set(bundles)) < len(bundles):
        raise UsageError("name each bundle once")
    blended = blend_bundles(
        {str(one): bundle_of(one) for one in bundles},
        reviews_of(folder),
        out,
        cascade=cascade,
        folds=folds,
        overwrite=overwrite,
        progress=Progress(),
    )
    if as_json:
        print_json(blended.to_json())
        return
    say(f"{blended.bundle.id} {'was already' if blended.already else 'is'} in {out}")
    for sentence in sentences(blended):
        say(f"- {sentence}")
    if blended.comparison is not None:
        for sentence in comparison_page.sentences(blended.comparison):
            say(f"- {sentence}")
        rows = []
        for compared in blended.comparison.bundles:
            value, low, high = compared.measures.figures["accuracy"]
            share = blended.shares.get(compared.name)
            shown = "" if share is None else f"{share:.2f}"
            if compared.name in blended.ranges:
                least, most = blended.ranges[compared.name]
                shown += f" ({least:.2f} to {most:.2f})"
            rows.append([compared.name, shown, score(value), f"{score(low)} to {score(high)}"])
        say("")
        print_table(["", "weight", "accuracy", "95 % interval"], rows)
    say(f"next: {program()} evaluate {out} {folder}")

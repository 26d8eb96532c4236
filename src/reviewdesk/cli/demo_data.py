"""`reviewdesk demo-data`: generated reviews."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, print_json, program, say
from reviewdesk.progress import Progress
from reviewdesk.settings import DemoSettings
from reviewdesk.sources.generated import generate


@with_settings(demo=DemoSettings)
def demo_data(
    out: Annotated[
        Path, typer.Option(help="File to write, as TSV; gzip when the name ends in .gz.")
    ],
    *,
    as_json: Json = False,
    demo: DemoSettings,
) -> None:
    """Generated reviews to try everything on.

    Writes a file in the format of the Amazon Customer Reviews data set, and beside it a folder
    FILE.truth with what was planted: reviews under the wrong product, products in the wrong
    category, products that get worse from a known date, variants of one product. The same number
    of reviews and seed give the same bytes on every machine.

    Example:

        reviewdesk demo-data --reviews 20000 --out reviews.tsv.gz
    """
    corpus = generate(out, demo, Progress())
    if as_json:
        print_json(
            {
                "file": str(corpus.path),
                "reviews": corpus.reviews,
                "products": corpus.products,
                "truth": str(corpus.truth_dir),
                "planted": corpus.planted,
            }
        )
        return
    say(f"{count(corpus.reviews, 'review')} of {count(corpus.products, 'product')} in {out}")
    planted = ", ".join(f"{n:,} {kind}" for kind, n in corpus.planted.items())
    say(f"planted in them ({planted}): {corpus.truth_dir}")
    say(f"next: {program()} run {out} --target sentiment --out job")

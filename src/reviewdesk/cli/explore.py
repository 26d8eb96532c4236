"""`reviewdesk explore`: what is in prepared reviews, as one page."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import print_json, say
from reviewdesk.engines.opening import cluster
from reviewdesk.explore.customers.tables import check_table, write_phrases
from reviewdesk.explore.explore import explore as explore_reviews
from reviewdesk.explore.figures import check_folder, figures_folder
from reviewdesk.explore.page import write_page
from reviewdesk.explore.sentences import lead, sentences
from reviewdesk.job.places import reviews_of
from reviewdesk.progress import Progress
from reviewdesk.settings import EngineSettings


@with_settings(engine=EngineSettings)
def explore(
    data: Annotated[Path, typer.Argument(help="Prepared folder.", metavar="DIR")],
    out: Annotated[
        Path,
        typer.Option(help="Page to write; its figures go beside it.", metavar="FILE.html"),
    ],
    *,
    table: Annotated[
        Path | None,
        typer.Option(
            help="Also write what customers say as a table: FILE.csv or FILE.parquet.",
            metavar="FILE",
        ),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            help="Count only reviews in this language, as in de. May be given more than once.",
            metavar="CODE",
        ),
    ] = None,
    as_json: Json = False,
    engine: EngineSettings,
) -> None:
    """What is in prepared reviews: one page, and its figures as Parquet.

    Shows reviews and products over time, stars, lengths, and the words that tell categories, years
    and star ratings apart, for each category. The page is one self-contained file; its figures are
    in the folder FILE.figures beside it.

    With --engine spark a cluster counts, and the page is the same.

    Example:

        reviewdesk explore prepared --out report.html
    """
    check_folder(figures_folder(out))
    if table is not None:
        check_table(table)
    with cluster(engine) as machines:
        exploration = explore_reviews(
            reviews_of(data), Progress(), languages=language or (), engine=machines
        )
    write_page(exploration, out)
    if table is not None:
        write_phrases(exploration.customers, table)
    if as_json:
        total = {
            name: value
            for name, value in exploration.everything.total.items()
            if name != "category"
        }
        total["languages"] = exploration.languages
        print_json(
            {"lead": lead(exploration), "findings": sentences(exploration), "figures": total}
        )
        return
    say(lead(exploration))
    for sentence in sentences(exploration):
        say(f"- {sentence}")
    say(f"\nthe page: {out}")
    say(f"its figures as Parquet: {figures_folder(out)}")

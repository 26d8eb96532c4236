"""`reviewdesk count`: how much there is, without reading it."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count as counted
from reviewdesk.cli.output import print_json, print_table, say
from reviewdesk.engines.opening import cluster
from reviewdesk.job.places import PREPARED, is_job
from reviewdesk.prepare.count import count as count_reviews
from reviewdesk.progress import Progress
from reviewdesk.settings import EngineSettings, SourceSettings


@with_settings(source=SourceSettings, engine=EngineSettings)
def count(
    path: Annotated[
        str,
        typer.Argument(
            help="A prepared folder or that of a job, Parquet or review files; local or s3://.",
            metavar="PATH",
        ),
    ],
    *,
    as_json: Json = False,
    source: SourceSettings,
    engine: EngineSettings,
) -> None:
    """How many reviews there are, by month, category and rule.

    Prepared data is counted from its manifest and Parquet from its footers: no text is read. Only
    raw files have to be read; their rows are counted as they are, before anything is dropped. With
    --engine spark a cluster reads them.

    Example:

        reviewdesk count prepared
    """
    inside = f"{path.rstrip('/')}/{PREPARED}"
    folder = inside if is_job(Path(path)) else path
    with cluster(engine) as machines:
        counted_rows = count_reviews(folder, source, Progress(), machines)
    if as_json:
        print_json(counted_rows.to_json())
        return
    files = counted(counted_rows.files, "file")
    say(f"{counted(counted_rows.rows, 'review')} in {files} of {path} ({counted_rows.kind})")
    for heading, counts, unnamed in (
        ("month", counted_rows.months, ""),
        ("category", counted_rows.categories, "(none)"),
        ("not among them", counted_rows.rules, ""),
    ):
        if counts:
            say("")
            print_table(
                [heading, "rows"], [[name or unnamed, f"{n:,}"] for name, n in counts.items()]
            )

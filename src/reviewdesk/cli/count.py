"""`reviewdesk count`: how much there is, without reading it."""

from typing import Annotated

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count as counted
from reviewdesk.cli.output import print_json, print_table, say
from reviewdesk.prepare.count import count as count_reviews
from reviewdesk.progress import Progress
from reviewdesk.settings import SourceSettings


@with_settings(source=SourceSettings)
def count(
    path: Annotated[
        str,
        typer.Argument(
            help="A prepared folder, Parquet or review files; local or s3://.", metavar="PATH"
        ),
    ],
    *,
    as_json: Json = False,
    source: SourceSettings,
) -> None:
    """How many reviews there are, by month, category and rule.

    Prepared data is counted from its manifest and Parquet from its footers: no text is read. Only
    raw files have to be read; their rows are counted as they are, before anything is dropped.

    Example:

        reviewdesk count prepared
    """
    found = count_reviews(path, source, Progress())
    if as_json:
        print_json(found.to_json())
        return
    files = counted(found.files, "file")
    say(f"{counted(found.rows, 'review')} in {files} of {path} ({found.kind})")
    for heading, counts, unnamed in (
        ("month", found.months, ""),
        ("category", found.categories, "(none)"),
        ("not among them", found.rules, ""),
    ):
        if counts:
            say("")
            print_table(
                [heading, "rows"], [[name or unnamed, f"{n:,}"] for name, n in counts.items()]
            )

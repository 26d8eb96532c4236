"""`reviewdesk erase`: a person's reviews leave prepared data."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, note, print_json, say
from reviewdesk.job.erase import erase_everywhere, erase_requests
from reviewdesk.prepare.erase import Erasure
from reviewdesk.progress import Progress


def erase(
    data: Annotated[
        Path, typer.Argument(help="Prepared folder, or the folder of a job.", metavar="DIR")
    ],
    customer: Annotated[
        str, typer.Option(help="The person's customer_id, as it stands in the reviews.")
    ],
    tables: Annotated[
        list[Path] | None,
        typer.Option(
            "--table",
            help="A Parquet file made from the data, such as predictions, to erase them from too. "
            "May be given more than once.",
            metavar="FILE",
        ),
    ] = None,
    findings: Annotated[
        list[Path] | None,
        typer.Option(
            "--findings",
            help="A folder of findings in the data: what is found about their reviews goes, and "
            "the pages are made again without them. May be given more than once.",
            metavar="DIR",
        ),
    ] = None,
    graphs: Annotated[
        list[Path] | None,
        typer.Option(
            "--graph",
            help="A graph of the data, which is built again without their reviews. May be given "
            "more than once.",
            metavar="DIR",
        ),
    ] = None,
    captures: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder that serve --capture wrote, while it may still write: requests that "
            "were dealt by the person's id, or whose kept texts come with it. May be given more "
            "than once.",
            metavar="DIR",
        ),
    ] = None,
    truths: Annotated[
        list[Path] | None,
        typer.Option(
            "--truth",
            help="A folder of ground truth, of which that of these requests goes. May be given "
            "more than once.",
            metavar="DIR",
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Remove a person from prepared data, and say where else they may be.

    Removes the reviews of a customer, unreadable rows that name them, their rows in the tables
    given with it, what was found about their reviews, graphs, and captured requests; of a job, from
    all tables, findings and graphs in its folder. The folder changes at once or not at all; its
    manifest counts what was erased, but nothing says whose it was. Where nobody is found, the exit
    code is 3.

    Example:

        reviewdesk erase --customer 12345678 prepared --table predictions.parquet
    """
    logs = erase_requests(customer, captures or (), truths or ())
    for place, lines in logs.items():
        note(f"{count(lines, 'line')} from {place}")
    found = erase_everywhere(
        data, customer, tables or (), findings or (), graphs or (), progress=Progress()
    )
    if as_json:
        print_json({**_json(found, customer), "logs": logs})
        return
    say(
        f"erased of customer {customer}: {count(found.reviews, 'review')} and "
        f"{count(found.rejects, 'unreadable row')} from {data}"
    )
    for table, rows in found.tables.items():
        say(f"{count(rows, 'row')} from {table}")
    if found.rejects_left:
        kept = found.data.path / "rejects.parquet"
        say(
            f"{count(found.rejects_left, 'unreadable row')} are left in {kept};"
            " this customer's id was found in none of them"
        )
    say("they may also be in:")
    for place in found.elsewhere:
        say(f"- {place}")


def _json(found: Erasure, customer: str) -> dict[str, object]:
    return {
        "customer": customer,
        "reviews": found.reviews,
        "rejects": found.rejects,
        "rejects_left": found.rejects_left,
        "tables": found.tables,
        "elsewhere": list(found.elsewhere),
        "fingerprint": found.data.fingerprint,
    }

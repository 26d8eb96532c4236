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
    all tables, findings and graphs in its folder. The folder changes completely or not at all; its
    manifest counts what was erased, but nothing says whose it was. If nobody is found, the exit
    code is 3.

    Example:

        reviewdesk erase --customer 12345678 prepared --table predictions.parquet
    """
    logs = erase_requests(customer, captures or (), truths or ())
    for log_place, lines in logs.items():
        note(f"{count(lines, 'line')} from {log_place}")
    erasure = erase_everywhere(
        data, customer, tables or (), findings or (), graphs or (), progress=Progress()
    )
    if as_json:
        print_json({**_json(erasure, customer), "logs": logs})
        return
    say(
        f"erased of customer {customer}: {count(erasure.reviews, 'review')} and "
        f"{count(erasure.rejects, 'unreadable row')} from {data}"
    )
    for table, rows in erasure.tables.items():
        say(f"{count(rows, 'row')} from {table}")
    if erasure.rejects_left:
        kept = erasure.data.path / "rejects.parquet"
        say(
            f"{count(erasure.rejects_left, 'unreadable row')} are left in {kept};"
            " this customer's id was found in none of them"
        )
    say("they may also be in:")
    for log_place in erasure.elsewhere:
        say(f"- {log_place}")


def _json(erasure: Erasure, customer: str) -> dict[str, object]:
    return {
        "customer": customer,
        "reviews": erasure.reviews,
        "rejects": erasure.rejects,
        "rejects_left": erasure.rejects_left,
        "tables": erasure.tables,
        "elsewhere": list(erasure.elsewhere),
        "fingerprint": erasure.data.fingerprint,
    }

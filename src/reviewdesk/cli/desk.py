"""`reviewdesk desk`: the place where an agent works through what was found."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import FindingsOfJob, JobFolder, with_settings
from reviewdesk.cli.output import note
from reviewdesk.desk.desk import AUDIT_RATE, open_desk
from reviewdesk.desk.server import serve_desk
from reviewdesk.desk.watch import FolderWatch
from reviewdesk.progress import Progress
from reviewdesk.settings import ServeSettings


@with_settings(settings=ServeSettings)
def desk(
    job: JobFolder,
    *,
    findings: FindingsOfJob = None,
    graph: Annotated[
        Path | None,
        typer.Option(
            help="Folder that graph build wrote. By default graph in the job or beside it.",
            metavar="DIR",
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(help="Name that decisions are written down under; yours by default."),
    ] = "",
    texts: Annotated[
        Path | None,
        typer.Option(
            help="What the desk says, in another language: a file like texts.toml.",
            metavar="FILE",
        ),
    ] = None,
    auth: Annotated[
        Path | None,
        typer.Option(
            help="File of accounts, for a team: everybody has to log in. Made with desk-user.",
            metavar="FILE",
        ),
    ] = None,
    database: Annotated[
        str,
        typer.Option(
            help="PostgreSQL database that keeps the decisions of a team, as in "
            "postgresql://name@host/database; the job remembers it. Needs the extra team.",
            metavar="URL",
        ),
    ] = "",
    audit_rate: Annotated[
        float,
        typer.Option(
            help="Share of the queue that is drawn at random from the lists, to measure what they "
            "deliver.",
            min=0.0,
            max=1.0,
        ),
    ] = AUDIT_RATE,
    clear_customers: Annotated[
        bool,
        typer.Option(
            "--clear-customers",
            help="Show admins the ids of customers, which otherwise are keyed hashes only.",
        ),
    ] = False,
    watch: Annotated[
        Path | None,
        typer.Option(
            help="Folder that new review files come into; they are taken into the job, as update "
            "does.",
            metavar="DIR",
        ),
    ] = None,
    settings: ServeSettings,
) -> None:
    """Work through what was found: what to look at next, why, and one key to decide.

    Opens a page with the findings of a job in their order, each with its evidence; a decision is
    one key or click and can be undone. Decisions are kept in JOB/desk and are still there when find
    runs again. Only this machine can reach it, unless --host says otherwise. Ctrl-C ends it.

    Example:

        reviewdesk desk job
    """
    opened = open_desk(
        job,
        settings,
        findings=findings,
        graph=graph,
        name=name,
        texts=texts,
        auth=auth,
        database=database,
        audit_rate=audit_rate,
        clear_customers=clear_customers,
        progress=Progress(),
    )

    if watch is not None:
        opened.watch = FolderWatch(watch, job, opened.findings, opened.reload)

    def on_ready(port: int) -> None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        note(f"the desk: http://{host}:{port}{settings.root_path}/")

    serve_desk(opened, on_ready)

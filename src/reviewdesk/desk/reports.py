"""The pages that other steps have written: linked, and shown as they are."""

from importlib.resources import files
from typing import Final

from starlette.responses import Response

from reviewdesk.desk.desk import JOB
from reviewdesk.desk.page_files import PageFile, page_files, read_page
from reviewdesk.desk.shell import page
from reviewdesk.desk.visit import Visit
from reviewdesk.errors import UnknownEndpoint
from reviewdesk.report.blocks import Column, table
from reviewdesk.report.html import Child, element
from reviewdesk.report.page import source_digest
from reviewdesk.report.panels import SCRIPT

SCRIPTS: Final = (SCRIPT, (files("reviewdesk.graph") / "map.js").read_text("utf-8"))
"""All that pages of ours run; a page brings nothing else to run."""

# Whatever stands in a file, it is no page of the desk: it lies in a place of its own without the
# desk's cookies (sandbox), runs our scripts only, asks nobody for anything and sends nothing.
POLICY: Final = (
    f"default-src 'none'; style-src 'unsafe-inline'; script-src "
    f"{' '.join(source_digest(each) for each in SCRIPTS)}; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts"
)


def reports_of(visit: Visit) -> dict[str, PageFile]:
    """Return the pages of a job, of its findings, and those beside it, by name."""
    desk = visit.desk
    listed: dict[str, PageFile] = {}
    for file in page_files(desk.job, desk.findings, JOB):
        listed.setdefault(file.name, file)
    return listed


def show(visit: Visit) -> Response:
    """Show which pages there are."""
    say = visit.desk.texts
    columns = [
        Column(say(f"reports.{name}"), numeric=False)
        for name in ("page", "kind", "file", "written")
    ]
    rows: list[list[Child]] = [
        [
            element("a", file.head.title, href=visit.to(f"/reports/{name}"), dir="auto"),
            file.head.kind,
            element("span", name, dir="auto"),
            f"{file.written:%Y-%m-%d %H:%M}",
        ]
        for name, file in reports_of(visit).items()
    ]
    content = (
        table(say("reports.caption"), columns, rows)
        if rows
        else element("p", say("reports.none"), class_="empty")
    )
    note = element("p", say("reports.where"), class_="note")
    return page(visit, "reports", say("reports.title"), content, note, lead=say("reports.lead"))


def one(visit: Visit) -> Response:
    """Show one of these pages, in a place of its own."""
    report = reports_of(visit).get(visit.names["page"])
    markup = None if report is None else read_page(report)
    if markup is None:
        raise UnknownEndpoint(visit.desk.texts("error.no_page"))
    headers = {"Content-Security-Policy": POLICY}
    return Response(markup, media_type="text/html; charset=utf-8", headers=headers)

"""The pages that other steps have written: linked, and shown as they are."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from starlette.responses import HTMLResponse, Response

from reviewdesk.desk.desk import Desk
from reviewdesk.desk.shell import page
from reviewdesk.desk.visit import Visit
from reviewdesk.errors import UnknownEndpoint
from reviewdesk.report.html import element
from reviewdesk.storage import storage_errors

_POLICY: Final = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]{1,4000})"')
_TITLE: Final = re.compile(r"<title>([^<]{0,300})</title>")


class ReportLink(NamedTuple):
    """One page: its name in the address, and where it is."""

    name: str
    path: Path


def reports_of(desk: Desk) -> Iterator[ReportLink]:
    """Yield the pages of a job, of its findings, and those beside it."""
    beside = desk.job.absolute().parent
    places = [
        ("report", desk.job / "report.html"),
        *(
            (f"evaluation-{target}", desk.job / target / "evaluation.html")
            for target in desk.bundles
        ),
    ]
    for folder in (desk.job, beside):
        for name in ("exploration", "map", "monitor", "experiment", "comparison", "tuning"):
            places.append((name, folder / f"{name}.html"))
        places += _in_folders(folder)
    if desk.findings is not None:
        places.append(("findings", desk.findings / "findings.html"))
        places += [
            (f"findings-{path.parent.name}", path)
            for path in sorted(desk.findings.glob("*/findings.html"))
        ]
    seen: set[str] = set()
    for name, path in places:
        if name not in seen and path.is_file():
            seen.add(name)
            yield ReportLink(name, path)


def _in_folders(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the pages that commands put into folders of their own: experiments, comparisons."""
    for page_name, marker in (
        ("report", "experiment.json"),
        ("comparison", "comparison.html"),
        ("tuning", "tuning.html"),
    ):
        for path in sorted(folder.glob(f"*/{page_name}.html")):
            if (path.parent / marker).is_file():
                kind = "experiment" if page_name == "report" else page_name
                yield f"{kind}-{path.parent.name}", path


def show(visit: Visit) -> Response:
    """Show which pages there are."""
    say = visit.desk.texts
    items = [
        element(
            "li",
            element("a", _title(report), href=visit.to(f"/reports/{report.name}")),
            element("span", f" {report.path.name}", class_="source"),
        )
        for report in reports_of(visit.desk)
    ]
    content = element("ul", *items) if items else element("p", say("reports.none"), class_="empty")
    note = element("p", say("reports.where"), class_="note")
    return page(visit, "reports", say("reports.title"), content, note, lead=say("reports.lead"))


def one(visit: Visit) -> Response:
    """Show one of these pages, under its own policy and in a place of its own."""
    known = {report.name: report for report in reports_of(visit.desk)}
    report = known.get(visit.names["page"])
    if report is None:
        raise UnknownEndpoint(visit.desk.texts("error.no_page"))
    with storage_errors(str(report.path)):
        markup = report.path.read_text(encoding="utf-8", errors="replace")
    found = _POLICY.search(markup[:20_000])
    own = html.unescape(found[1]) if found else "default-src 'none'"
    # Sandboxed: whatever stands in the file, it is no page of the desk and has none of its cookies.
    policy = f"{own}; sandbox allow-scripts; frame-ancestors 'none'"
    return HTMLResponse(markup, headers={"Content-Security-Policy": policy})


def _title(report: ReportLink) -> str:
    with storage_errors(str(report.path)), report.path.open("rb") as file:
        head = file.read(20_000).decode("utf-8", "replace")
    found = _TITLE.search(head)
    return html.unescape(found[1]).removesuffix(" · reviewdesk") if found else report.name

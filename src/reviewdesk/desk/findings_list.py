"""The list of findings: all that a filter leaves, decided about at once, and written to a file."""

import io
from typing import Final

import pyarrow as pa
from starlette.responses import RedirectResponse, Response

from reviewdesk.desk.actions import ASSIGN, DECIDE, SNOOZE, VERDICTS, check_action
from reviewdesk.desk.export import MEDIA, media_of, saved_as, written
from reviewdesk.desk.finding_filters import filter_of, filters, query_of, state_name
from reviewdesk.desk.queue import why_no_findings
from reviewdesk.desk.shell import button, form, hidden, page, pager
from reviewdesk.desk.visit import Visit
from reviewdesk.desk.worklist import Filter
from reviewdesk.errors import Taken, UsageError
from reviewdesk.report.blocks import Column, table
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import share
from reviewdesk.schema import FINDINGS

PER_PAGE: Final = 50
BULK: Final = (DECIDE, ASSIGN, SNOOZE)

EXPORTED: Final = pa.schema(
    [
        *(field for field in FINDINGS if field.name not in ("chart",)),
        pa.field("verdict", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("decided_by", pa.string()),
        pa.field("decided_at", pa.string()),
        pa.field("assignee", pa.string()),
        pa.field("snoozed_until", pa.string()),
    ]
)


def show(visit: Visit) -> Response:
    """Show the findings that a filter leaves."""
    say, wanted = visit.desk.texts, filter_of(visit.query, visit.desk.texts)
    positions = visit.desk.worklist.positions(wanted)
    pages = max(1, -(-len(positions) // PER_PAGE))
    at = page_number(visit, pages)
    shown = positions[(at - 1) * PER_PAGE : at * PER_PAGE].tolist()
    query = query_of(wanted)
    bulk = _bulk(visit, wanted, len(positions)) if len(positions) else fragment()
    listed = (
        _table(visit, wanted, shown)
        if shown
        else element("p", why_no_findings(visit) or say("list.none"), class_="empty")
    )
    content = element(
        "div",
        element(
            "div",
            bulk,
            listed,
            pager(visit, "/findings", query, at, pages),
            _exports(visit, wanted) if len(positions) else "",
            id="work",
        ),
        filters(visit, "/findings", wanted),
        class_="columns",
    )
    lead = say.number("list.lead", len(positions))
    return page(visit, "findings", say("list.title"), content, lead=lead)


def confirm(visit: Visit) -> Response:
    """Say how many findings would be decided about, and ask once more."""
    say, wanted = visit.desk.texts, filter_of(visit.form, visit.desk.texts)
    kind, value, reason = _asked(visit)
    names = _names(visit, wanted)
    skipped = _taken(visit, names)
    number = len(names) - len(skipped)
    what = say(f"verdict.{value}") if kind == DECIDE else say(f"done.{kind}")
    notes = [say.number("bulk.taken", len(skipped))] if skipped else []
    sends = form(
        visit,
        "/findings/bulk",
        hidden(
            {
                **query_of(wanted),
                "kind": kind,
                "value": value,
                "reason": reason,
                "expected": str(number),
            }
        ),
        button(say("bulk.do", n=number, what=what), class_="primary", autofocus=True),
        class_="bulk",
    )
    back = element("a", say("bulk.back"), href=visit.to("/findings", query_of(wanted)))
    lead = say("bulk.ask", n=number, what=what, value=value if kind != DECIDE else "")
    return page(
        visit,
        "findings",
        say("bulk.title"),
        *(element("p", note) for note in notes),
        sends,
        element("p", back),
        lead=lead,
    )


def act(visit: Visit) -> Response:
    """Write down one decision about all findings that a filter leaves."""
    desk, say, wanted = visit.desk, visit.desk.texts, filter_of(visit.form, visit.desk.texts)
    kind, value, reason = _asked(visit)
    names = _names(visit, wanted)
    skipped = _taken(visit, names)
    names = [name for name in names if name not in skipped]
    if visit.form.get("expected") != str(len(names)):
        raise Taken(say("bulk.changed", n=len(names)))
    subjects = desk.worklist.subjects(names)
    batch = desk.decisions.record(subjects, kind, value, visit.session.name, reason)
    desk.audit.note(visit.session.name, "bulk", kind=kind, findings=len(names), batch=batch)
    query = {**query_of(wanted), "done": str(batch)}
    return RedirectResponse(visit.to("/", query), 303)


def export(visit: Visit) -> Response:
    """Return the findings that a filter leaves as a file."""
    worklist, wanted = visit.desk.worklist, filter_of(visit.query, visit.desk.texts)
    media_of(visit.names["kind"], visit.desk.texts)
    rows = worklist.rows(worklist.positions(wanted).tolist())
    for row in rows:
        current = worklist.current(row["finding_id"])
        row |= {
            "verdict": current.verdict or None,
            "reason": current.reason or None,
            "decided_by": current.author or None,
            "decided_at": current.at or None,
            "assignee": current.assignee or None,
            "snoozed_until": current.snoozed or None,
        }
    sink = io.BytesIO()
    media = written(pa.Table.from_pylist(rows, EXPORTED), visit.names["kind"], sink)
    visit.desk.audit.note(visit.session.name, "export_findings", rows=len(rows))
    return download(sink.getvalue(), media, f"findings.{visit.names['kind']}")


def download(content: bytes, media: str, name: str) -> Response:
    """Return a file that browsers save and never show."""
    return Response(content, media_type=media, headers=saved_as(name))


def page_number(visit: Visit, pages: int) -> int:
    """Return which page of a list is asked for, 1 or more."""
    text = visit.query.get("page", "1")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1
    return min(max(number, 1), pages)


def _asked(visit: Visit) -> tuple[str, str, str]:
    kind, value = visit.form.get("kind", DECIDE), visit.form.get("value", "").strip()
    reason = visit.form.get("reason", "").strip()
    if kind not in BULK:
        raise UsageError(visit.desk.texts("error.no_action"))
    check_action(kind, value, visit.session.name, reason, visit.desk.texts)
    return kind, value, reason


def _names(visit: Visit, wanted: Filter) -> list[str]:
    worklist = visit.desk.worklist
    return [worklist.ids[place] for place in worklist.positions(wanted)]


def _taken(visit: Visit, names: list[str]) -> set[str]:
    """Return what somebody else is at: their decision is theirs."""
    holders = visit.desk.decisions.holders(set(names))
    return {name for name, holder in holders.items() if holder != visit.session.holder}


def _bulk(visit: Visit, wanted: Filter, number: int) -> Html:
    say = visit.desk.texts
    buttons = [
        button(say(f"verdict.{verdict}"), name="value", value=verdict, class_=f"verdict {verdict}")
        for verdict in VERDICTS
    ]
    query = query_of(wanted)
    decide = form(
        visit,
        "/findings/bulk/confirm",
        hidden({**query, "kind": DECIDE}),
        element(
            "label",
            say("decide.reason"),
            element("input", name="reason", maxlength=2000, autocomplete="off"),
        ),
        element("div", *buttons, class_="verdicts"),
        label=say("bulk.decide"),
        class_="small",
    )
    assign = form(
        visit,
        "/findings/bulk/confirm",
        hidden({**query, "kind": ASSIGN}),
        element(
            "label",
            say("do.assign_to"),
            element(
                "input", name="value", value=visit.session.name, maxlength=60, autocomplete="off"
            ),
        ),
        button(say("do.assign")),
        label=say("do.assign"),
        class_="small",
    )
    snooze = form(
        visit,
        "/findings/bulk/confirm",
        hidden({**query, "kind": SNOOZE}),
        element(
            "label",
            say("do.snooze_until"),
            element("input", name="value", type="date", required=True),
        ),
        button(say("do.snooze")),
        label=say("do.snooze"),
        class_="small",
    )
    work = element("a", say("list.work"), href=visit.to("/", query), class_="primary")
    return fragment(
        element("p", work),
        element(
            "details",
            element("summary", say("bulk.all", n=number)),
            decide,
            assign,
            snooze,
            class_="bulk",
        ),
    )


def _table(visit: Visit, wanted: Filter, positions: list[int]) -> Html:
    say, worklist = visit.desk.texts, visit.desk.worklist
    columns = [
        Column(say(f"column.{name}"), name in ("sure", "reviews"))
        for name in ("what", "kind", "stands", "sure", "reviews", "decision")
    ]
    rows: list[list[Child]] = []
    for row in worklist.rows(positions):
        current = worklist.current(row["finding_id"])
        info = worklist.finder_info[row["finder"]]
        address = visit.to(f"/findings/{row['finding_id']}", query_of(wanted))
        move = " → ".join(filter(None, (row["where"], row["suggested"])))
        verdict = say(f"verdict.{current.verdict}") if current.verdict else ""
        who = current.author if current.verdict else current.assignee
        rows.append(
            [
                element("a", row["title"] or row["what"], href=address, dir="auto"),
                info.title,
                element("span", move.replace("_", " "), dir="auto"),
                f"{row['score']:.2f}" if info.similarity else share(row["score"], 0),
                say("count", n=row["reviews"]),
                " · ".join(filter(None, (verdict, who, state_name(say, row["state"] or "")))),
            ]
        )
    listed = table(say("list.caption"), columns, rows)
    return fragment(listed, element("p", say("list.note"), class_="note"))


def _exports(visit: Visit, wanted: Filter) -> Html:
    say, query = visit.desk.texts, query_of(wanted)
    links = [
        element(
            "li",
            element("a", say(f"file.{kind}"), href=visit.to(f"/findings/export/{kind}", query)),
        )
        for kind in MEDIA
    ]
    return element(
        "section", element("h2", say("export.title")), element("ul", *links, class_="inline")
    )

"""What was done lately, by whom, each with a way to undo it; and under which name."""

from collections import Counter
from typing import Final

from starlette.responses import RedirectResponse, Response

from reviewdesk.desk.actions import DECIDE, UNDO, Action
from reviewdesk.desk.queue import described
from reviewdesk.desk.session import COOKIE
from reviewdesk.desk.shell import button, form, hidden, page
from reviewdesk.desk.visit import Visit
from reviewdesk.errors import Forbidden, UsageError
from reviewdesk.report.html import Html, element, fragment

MOST_SHOWN: Final = 100


def show(visit: Visit) -> Response:
    """Show what was done lately."""
    say, decisions = visit.desk.texts, visit.desk.decisions
    author = visit.query.get("author", "")
    actions = decisions.latest(MOST_SHOWN, author)
    digest = element("p", element("a", say("digest.link"), href=visit.to("/digest")))
    if not actions:
        return page(
            visit,
            "activity",
            say("activity.title"),
            element(
                "p",
                say("activity.none"),
                " ",
                element("a", say("activity.begin"), href=visit.to("/")),
                class_="empty",
            ),
            digest,
        )
    items = [_item(visit, action) for action in actions]
    totals = Counter(
        current for current in (_verdict(action) for action in decisions.since(0)) if current
    )
    counted = [
        element(
            "div", element("dt", say(f"verdict.{verdict}")), element("dd", say("count", n=number))
        )
        for verdict, number in sorted(totals.items())
    ]
    return page(
        visit,
        "activity",
        say("activity.title"),
        element("dl", *counted, class_="numbers"),
        digest,
        _files(visit),
        element("ol", *items, class_="activity"),
        lead=say("activity.lead"),
    )


def rename(visit: Visit) -> Response:
    """Take another name for what this browser decides."""
    desk = visit.desk
    name = visit.form.get("name", "").strip()
    if desk.sessions.needs_login:
        raise Forbidden(desk.texts("error.account_name"))
    if not name:
        raise UsageError(desk.texts("error.no_name"))
    answer = RedirectResponse(visit.to(back_of(visit)), 303)
    desk.decisions.release(visit.session.holder)
    set_cookie(answer, visit, desk.sessions.cookie(desk.sessions.new(name)))
    return answer


def back_of(visit: Visit) -> str:
    """Return where a form was on: an address of the desk and of nowhere else."""
    path = visit.form.get("back", "/").removeprefix(visit.root)
    inside = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if inside and path.isprintable() and path.isascii() else "/"


def set_cookie(answer: Response, visit: Visit, value: str) -> None:
    """Give a browser the cookie of its session."""
    secure = visit.secure and visit.desk.sessions.needs_login
    path = f"{visit.root}/"
    answer.set_cookie(COOKIE, value, httponly=True, samesite="strict", secure=secure, path=path)


def _verdict(action: Action) -> str:
    return action.value if action.kind == DECIDE and action.undone is None else ""


def _item(visit: Visit, action: Action) -> Html:
    say, decisions = visit.desk.texts, visit.desk.decisions
    number = decisions.size_of_batch(action.batch)
    row = visit.desk.worklist.row(action.finding_id)
    title = (row["title"] or row["what"]) if row else action.finding_id
    about = (
        say("activity.several", n=number)
        if number > 1
        else element("a", title, href=visit.to(f"/findings/{action.finding_id}"), dir="auto")
        if row
        else title
    )
    undoes: Html = fragment()
    if action.kind != UNDO and action.undone is None:
        undoes = form(
            visit,
            "/undo",
            hidden({"batch": str(action.batch)}),
            button(say("do.undo")),
            class_="undo",
        )
    return element("li", element("p", described(visit, action), " ", about), undoes)


def _files(visit: Visit) -> Html:
    say = visit.desk.texts
    links = [
        element("li", element("a", say(f"file.{name}"), href=visit.to(f"/decisions/export/{name}")))
        for name in ("csv", "parquet", "jsonl", "corrections")
    ]
    return element(
        "section", element("h2", say("export.decisions")), element("ul", *links, class_="inline")
    )

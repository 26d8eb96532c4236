"""Logging in and out, and the page of the audit log."""

from http import HTTPStatus

from starlette.responses import RedirectResponse, Response

from reviewdesk.desk.accounts import AccountSessions, TooManyAttempts
from reviewdesk.desk.activity import back_of, set_cookie
from reviewdesk.desk.shell import button, form, hidden, page
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.visit import Visit
from reviewdesk.errors import UnknownEndpoint
from reviewdesk.report.blocks import Column, table
from reviewdesk.report.html import Child, element


def show(visit: Visit, problem: str = "", status: int = HTTPStatus.OK) -> Response:
    """Show the form to log in with."""
    say = visit.desk.texts
    _sessions(visit)
    back = visit.query.get("back", "") or visit.form.get("back", "")
    fields = form(
        visit,
        "/login",
        hidden({"back": back} if back else {}),
        element(
            "label",
            say("login.name"),
            element("input", name="name", autocomplete="username", required=True, autofocus=True),
        ),
        element(
            "label",
            say("login.password"),
            element(
                "input",
                type="password",
                name="password",
                autocomplete="current-password",
                required=True,
            ),
        ),
        element("p", button(say("login.do"), class_="primary")),
        class_="login",
    )
    said = element("p", problem, role="alert", class_="wrong") if problem else ""
    return page(visit, "", say("login.title"), said, fields, status=status)


def log_in(visit: Visit) -> Response:
    """Log somebody in, or say that name or password are wrong."""
    desk, sessions = visit.desk, _sessions(visit)
    name = visit.form.get("name", "").strip()
    try:
        session = sessions.log_in(name, visit.form.get("password", ""), visit.client)
    except TooManyAttempts as error:
        return show(visit, desk.texts("login.wait"), error.http_status)
    if session is None:
        desk.audit.note(name, "login_failed", address=visit.client)
        return show(visit, desk.texts("login.wrong"), HTTPStatus.UNAUTHORIZED)
    desk.audit.note(session.name, "login", address=visit.client)
    answer = RedirectResponse(visit.to(back_of(visit)), HTTPStatus.SEE_OTHER)
    set_cookie(answer, visit, sessions.cookie(session))
    return answer


def log_out(visit: Visit) -> Response:
    """End a session."""
    desk, sessions = visit.desk, _sessions(visit)
    sessions.log_out(visit.session)
    desk.decisions.release(visit.session.holder)
    desk.audit.note(visit.session.name, "logout")
    answer = RedirectResponse(visit.to("/login"), HTTPStatus.SEE_OTHER)
    set_cookie(answer, visit, sessions.cookie(sessions.new()))
    return answer


def events(visit: Visit) -> Response:
    """Show the audit log."""
    say = visit.desk.texts
    rows: list[list[Child]] = []
    for event in visit.desk.audit.latest():
        known = {name: str(event.get(name, "")) for name in ("at", "who", "what")}
        others = ", ".join(
            f"{_named(say, 'field', key)}: {value}"
            for key, value in event.items()
            if key not in known
        )
        what = _named(say, "event", known["what"])
        rows.append([known["at"][:19].replace("T", " "), known["who"], what, others])
    columns = [
        Column(say(f"audit.{name}"), numeric=False) for name in ("at", "who", "what", "more")
    ]
    content = (
        table(say("audit.caption"), columns, rows) if rows else element("p", say("audit.none"))
    )
    return page(visit, "activity", say("audit.title"), content)


def _named(say: Texts, kind: str, name: str) -> str:
    """Return how people call something in the audit log."""
    full = f"audit.{kind}.{name}"
    return say(full) if say.has(full) else name


def _sessions(visit: Visit) -> AccountSessions:
    sessions = visit.desk.sessions
    if not isinstance(sessions, AccountSessions):
        raise UnknownEndpoint(visit.desk.texts("error.no_accounts"))
    return sessions

"""The frame of every page of the desk: head, tabs, who is here, and the one style and script."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

from starlette.responses import HTMLResponse, Response

from reviewdesk.desk.session import TOKEN
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.visit import Visit
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.page import STYLE as REPORT_STYLE

STATIC: Final = "/static"
TABS: Final = (
    ("queue", "/"),
    ("findings", "/findings"),
    ("products", "/products"),
    ("reviews", "/reviews"),
    ("delivered", "/delivered"),
    ("paste", "/paste"),
    ("reports", "/reports"),
    ("activity", "/activity"),
)


def _file(name: str) -> str:
    return (files("reviewdesk.desk") / name).read_text("utf-8")


STYLE: Final = REPORT_STYLE + _file("desk.css")
SCRIPT: Final = _file("desk.js")


def _address(name: str, content: str) -> str:
    return f"{STATIC}/{hashlib.sha256(content.encode()).hexdigest()[:16]}/{name}"


STYLE_ADDRESS: Final = _address("desk.css", STYLE)
SCRIPT_ADDRESS: Final = _address("desk.js", SCRIPT)

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def page(
    visit: Visit, tab: str, title: str, *children: Child, lead: Child = "", status: int = 200
) -> Response:
    """Return a whole page.

    Args:
        visit: the request that it answers.
        tab: which of ``TABS`` it belongs to; empty for none.
        title: its heading.
        children: what is below the heading.
        lead: one sentence below it.
        status: of the answer.
    """
    markup = document(visit, tab, title, *children, lead=lead)
    return HTMLResponse(markup, status, headers={"Content-Security-Policy": POLICY})


def document(visit: Visit, tab: str, title: str, *children: Child, lead: Child = "") -> str:
    """Return a page as one HTML text."""
    say = visit.desk.texts
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("link", rel="stylesheet", href=visit.to(STYLE_ADDRESS)),
        element("script", src=visit.to(SCRIPT_ADDRESS), defer=True),
        element("title", say("frame.title", title=title)),
    )
    main = element(
        "main",
        element("h1", title, tabindex="-1"),
        element("p", lead, class_="lead") if lead else "",
        *children,
        id="main",
    )
    body = element(
        "body",
        element("a", say("frame.skip"), href="#main", class_="skip"),
        _header(visit, tab),
        main,
        element("div", id="toast", role="status", aria_live="polite"),
        _help(say),
        class_="desk",
        data_root=visit.root,
    )
    return f"<!doctype html>\n{element('html', head, body, lang=say.language).markup}\n"


def _header(visit: Visit, tab: str) -> Html:
    say, here = visit.desk.texts, bool(visit.session.role)
    links = [
        element(
            "li",
            element(
                "a",
                say(f"tab.{name}"),
                href=visit.to(path),
                aria_current="page" if name == tab else False,
            ),
        )
        for name, path in TABS
    ]
    return element(
        "header",
        element("p", say("frame.name"), class_="brand"),
        element("nav", element("ul", *links), aria_label=say("frame.tabs")) if here else "",
        _who(visit) if here else "",
        class_="bar",
    )


def _who(visit: Visit) -> Html:
    """Return who is here, with a way to another name, or out."""
    say, name = visit.desk.texts, visit.session.name
    if visit.desk.sessions.needs_login:
        change = form(visit, "/logout", button(say("login.out")))
    else:
        field = element(
            "input", name="name", value=name, maxlength=60, required=True, autocomplete="off"
        )
        change = form(
            visit,
            "/name",
            element("label", say("who.name"), field),
            hidden({"back": visit.path}),
            button(say("who.change")),
        )
    return element(
        "details",
        element("summary", element("span", say("who.you"), class_="unseen"), " ", name),
        change,
        button(say("keys.show"), type="button", class_="show-keys"),
        class_="who",
    )


def _help(say: Texts) -> Html:
    """Return the list of keys, shown on ``?``."""
    keys = say("keys.list").strip().splitlines()
    entries = []
    for line in keys:
        key, _, meaning = line.partition(" ")
        entries.append(element("div", element("dt", element("kbd", key)), element("dd", meaning)))
    return element(
        "dialog",
        element("h2", say("keys.title"), id="keys-title"),
        element("dl", *entries, class_="keys"),
        element(
            "p",
            element(
                "label",
                element("input", type="checkbox", id="keys-on", checked=True),
                " ",
                say("keys.on"),
            ),
        ),
        element("form", button(say("keys.close"), autofocus=True), method="dialog"),
        id="keys",
        aria_labelledby="keys-title",
    )


def form(
    visit: Visit, action: str, *children: Child, label: str = "", class_: str | bool = False
) -> Html:
    """Return a form that is sent to the desk, with the session's token in it."""
    return element(
        "form",
        element("input", type="hidden", name=TOKEN, value=visit.desk.sessions.token(visit.session)),
        *children,
        method="post",
        action=visit.to(action),
        class_=class_,
        aria_label=label or False,
    )


def hidden(fields: Mapping[str, str]) -> Html:
    """Return fields that a form sends along."""
    return fragment(
        *(element("input", type="hidden", name=name, value=value) for name, value in fields.items())
    )


def button(text: Child, **attributes: str | int | bool) -> Html:
    """Return a button."""
    return element("button", text, **attributes)


def facet(
    visit: Visit,
    title: str,
    entries: Sequence[tuple[str, str, int]],
    chosen: str,
    path: str,
    query: Mapping[str, str],
    name: str,
    most: int = 8,
) -> Html:
    """Return one filter: its values as links, each with how many it would leave.

    Args:
        visit: the request.
        title: what is filtered by.
        entries: value, name for people, and count of each.
        chosen: the value that is chosen; empty for none.
        path: the page's address.
        query: the other fields of the address.
        name: this filter's field.
        most: so many are shown; the rest is folded away.
    """
    say = visit.desk.texts
    others = {key: value for key, value in query.items() if key not in (name, "page")}

    def link(value: str, label: str, number: int) -> Html:
        here = value == chosen
        fields = others if here else {**others, name: value}
        return element(
            "li",
            element(
                "a",
                element("span", label, class_="value", dir="auto"),
                " ",
                element("span", say("count", n=number), class_="number"),
                element("span", say("filter.remove"), class_="unseen") if here else "",
                href=visit.to(path, fields),
                aria_current="true" if here else False,
            ),
        )

    links = [link(*entry) for entry in entries]
    shown = [each for each, entry in zip(links, entries, strict=True) if entry[0] == chosen]
    shown += [each for each in links if each not in shown][: most - len(shown)]
    rest = [each for each in links if each not in shown]
    more = (
        element(
            "details", element("summary", say("filter.more", n=len(rest))), element("ul", *rest)
        )
        if rest
        else ""
    )
    return element("section", element("h3", title), element("ul", *shown), more, class_="facet")


def pager(visit: Visit, path: str, query: Mapping[str, str], at: int, pages: int) -> Html:
    """Return links to the pages of a list."""
    say = visit.desk.texts
    if pages < 2:
        return fragment()
    others = {key: value for key, value in query.items() if key != "page"}

    def link(name: str, number: int, rel: str) -> Html:
        address = visit.to(path, {**others, "page": str(number) if number > 1 else ""})
        return element("a", say(name), href=address, rel=rel)

    return element(
        "nav",
        link("pager.back", at - 1, "prev") if at > 1 else "",
        element("span", say("pager.at", at=at, pages=pages)),
        link("pager.on", at + 1, "next") if at < pages else "",
        class_="pager",
        aria_label=say("pager.title"),
    )

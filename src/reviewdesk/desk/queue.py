"""The queue: the next finding with its evidence, and one key to decide about it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from reviewdesk.desk.actions import (
    ASSIGN,
    COMMENT,
    DECIDE,
    SNOOZE,
    UNDO,
    VERDICTS,
    Action,
    check_action,
)
from reviewdesk.desk.desk import FINDINGS
from reviewdesk.desk.evidence import finding_block
from reviewdesk.desk.finding_filters import ALL, filter_of, filters, query_of
from reviewdesk.desk.session import name_of
from reviewdesk.desk.shell import button, form, hidden, page
from reviewdesk.desk.visit import Visit
from reviewdesk.desk.worklist import OPEN, Current, Filter
from reviewdesk.errors import Taken, UnknownEndpoint, UsageError
from reviewdesk.report.html import Html, element, fragment
from reviewdesk.report.numbers import share

ACTIONS: Final = (DECIDE, ASSIGN, SNOOZE, COMMENT)


def show(visit: Visit) -> Response:
    """Show the next finding of the queue, taken for whoever asks."""
    wanted = filter_of(visit.query, visit.desk.texts)
    name = visit.desk.sampling.claim(wanted, visit.session.holder)
    if name is not None:
        visit.desk.decisions.release(visit.session.holder, but=(name,))
    return _page(visit, wanted, name)


def show_finding(visit: Visit) -> Response:
    """Show one finding by its name."""
    name = visit.names["finding_id"]
    if visit.desk.worklist.row(name) is None:
        raise UnknownEndpoint(visit.desk.texts("error.no_finding"))
    return _page(visit, filter_of(visit.query, visit.desk.texts), name)


def following(visit: Visit) -> Response:
    """Return the finding after those that are given, as a part of a page."""
    wanted = filter_of(visit.form, visit.desk.texts)
    holder = visit.session.holder
    passed = visit.several.get("pass", [])
    name = visit.desk.sampling.claim(wanted, holder, passed)
    visit.desk.decisions.release(holder, but=[*passed, *([name] if name else [])])
    return JSONResponse(
        {
            "finding": name or "",
            "markup": (_work(visit, wanted, name) if name else _nothing(visit, wanted)).markup,
        }
    )


def act(visit: Visit) -> Response:
    """Write down what is done to one finding, and go on to the next."""
    say, desk = visit.desk.texts, visit.desk
    name, kind = visit.form.get("finding_id", ""), visit.form.get("kind", DECIDE)
    value = visit.form.get("value", "").strip()
    reason = visit.form.get("reason", "").strip()
    if kind not in ACTIONS:
        raise UsageError(say("error.no_action"))
    check_action(kind, value, visit.session.name, reason, say)
    subjects = desk.worklist.subjects([name])
    if not subjects:
        raise UnknownEndpoint(say("error.no_finding"))
    holder = desk.decisions.holders([name]).get(name)
    if holder is not None and holder != visit.session.holder:
        raise Taken(say("error.taken", who=name_of(holder)))
    batch = desk.decisions.record(subjects, kind, value, visit.session.name, reason)
    wanted = filter_of(visit.form, visit.desk.texts)
    if visit.fragment:
        return JSONResponse({"toast": _done(visit, batch).markup, "left": _left(visit, wanted)})
    stays = kind in (COMMENT, ASSIGN) or visit.form.get("stay")
    path = f"/findings/{name}" if stays else "/"
    return RedirectResponse(visit.to(path, {**query_of(wanted), "done": str(batch)}), 303)


def undo(visit: Visit) -> Response:
    """Undo what was done at once."""
    desk, say = visit.desk, visit.desk.texts
    batch = _batch_of(visit.form.get("batch", ""))
    if batch is None:
        raise UsageError(say("error.no_batch"))
    names = desk.decisions.undo(batch, visit.session.name)
    wanted = filter_of(visit.form, visit.desk.texts)
    if visit.fragment:
        again = names[0] if len(names) == 1 and names[0] in desk.worklist.position else ""
        return JSONResponse(
            {
                "toast": element("p", say.number("undone", len(names))).markup,
                "finding": again,
                "markup": _work(visit, wanted, again).markup if again else "",
                "left": _left(visit, wanted),
            }
        )
    path = f"/findings/{names[0]}" if len(names) == 1 else "/findings"
    if len(names) == 1 and names[0] not in desk.worklist.position:
        path = "/activity"
    return RedirectResponse(visit.to(path, query_of(wanted)), 303)


def _batch_of(text: str) -> int | None:
    """Return the number of a batch; None where a text is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _page(visit: Visit, wanted: Filter, name: str | None) -> Response:
    say = visit.desk.texts
    work = _work(visit, wanted, name) if name else _nothing(visit, wanted)
    done = _batch_of(visit.query.get("done", ""))
    toast = fragment() if done is None else _done(visit, done)
    rate = visit.desk.sampling.rate
    drawn = element(
        "p",
        say("queue.drawn", rate=share(rate, 0)),
        " ",
        element("a", say("queue.drawn_more"), href=visit.to("/delivered")),
        class_="note",
    )
    content = element(
        "div",
        element("div", toast, work, id="work", data_query=urlencode(query_of(wanted))),
        filters(visit, "/", wanted),
        class_="columns",
    )
    return page(
        visit,
        "queue",
        say("queue.title"),
        content,
        drawn if rate else "",
        lead=_left_line(visit, wanted),
    )


def _left(visit: Visit, wanted: Filter) -> str:
    left = len(visit.desk.worklist.positions(replace(wanted, status=OPEN)))
    return visit.desk.texts.number("queue.left", left)


def _left_line(visit: Visit, wanted: Filter) -> Html:
    return element("span", _left(visit, wanted), id="left")


def why_no_findings(visit: Visit) -> str:
    """Say why there are no findings at all, and what to do then; empty where there are any."""
    say, desk = visit.desk.texts, visit.desk
    if desk.findings is None:
        beside = desk.job.absolute().parent / FINDINGS
        return say("queue.no_findings", job=str(desk.job), findings=str(beside))
    return "" if len(desk.worklist) else say("queue.nothing_found")


def _nothing(visit: Visit, wanted: Filter) -> Html:
    """Say why there is nothing to do, and what to do then."""
    say = visit.desk.texts
    text = why_no_findings(visit) or say(
        "queue.filter_done" if wanted.query() else "queue.all_done"
    )
    links = [element("a", say("queue.show_all"), href=visit.to("/"))] if wanted.query() else []
    links.append(
        element("a", say("queue.see_decided"), href=visit.to("/findings", {"status": ALL}))
    )
    items = [element("li", link) for link in links]
    return element(
        "section",
        element("h2", say("queue.empty")),
        element("p", text),
        element("ul", *items),
        class_="empty",
        id="nothing",
    )


def _work(visit: Visit, wanted: Filter, name: str) -> Html:
    """Return a finding with what can be done to it."""
    desk = visit.desk
    row = desk.worklist.row(name)
    if row is None:
        return _nothing(visit, wanted)
    current = desk.worklist.current(name)
    info = desk.worklist.finder_info[row["finder"]]
    return element(
        "section",
        element("h2", info.title, id="work-title", tabindex="-1"),
        _standing(visit, name, current),
        _decide(visit, wanted, name, current),
        finding_block(visit, row),
        _where(visit, row),
        _others(visit, wanted, name, current),
        _history(visit, name),
        aria_labelledby="work-title",
        id="finding",
        data_finding=name,
    )


def _standing(visit: Visit, name: str, current: Current) -> Html:
    """Say what is decided already, and who else is at it."""
    say = visit.desk.texts
    lines = []
    if current.verdict:
        said = say(f"verdict.{current.verdict}")
        lines.append(say("finding.decided", verdict=said, who=current.author, at=current.at[:10]))
        lines += [say("finding.because", reason=current.reason)] if current.reason else []
    if current.assignee:
        lines.append(say("finding.assigned", who=current.assignee))
    if current.snoozed:
        lines.append(say("finding.snoozed", day=current.snoozed))
    holder = visit.desk.decisions.holders([name]).get(name)
    if holder is not None and holder != visit.session.holder:
        lines.append(say("error.taken", who=name_of(holder)))
    return (
        element("ul", *(element("li", line) for line in lines), class_="standing")
        if lines
        else fragment()
    )


def _decide(visit: Visit, wanted: Filter, name: str, current: Current) -> Html:
    say = visit.desk.texts
    keys = {"right": "1", "wrong": "2", "unsure": "3"}
    buttons = [
        button(
            fragment(
                say(f"verdict.{verdict}"), " ", element("kbd", keys[verdict], aria_hidden="true")
            ),
            name="value",
            value=verdict,
            class_=f"verdict {verdict}",
            aria_keyshortcuts=keys[verdict],
            aria_pressed="true" if current.verdict == verdict else False,
        )
        for verdict in VERDICTS
    ]
    passes = button(
        fragment(say("do.pass"), " ", element("kbd", "n", aria_hidden="true")),
        type="button",
        class_="verdict pass",
        aria_keyshortcuts="n",
        hidden=True,  # until the script is there that does it
    )
    return form(
        visit,
        "/decide",
        hidden({**query_of(wanted), "finding_id": name, "kind": DECIDE}),
        element("div", *buttons, passes, class_="verdicts"),
        element(
            "label",
            say("decide.reason"),
            element(
                "input",
                name="reason",
                maxlength=2000,
                value=current.reason,
                id="reason",
                autocomplete="off",
                list="reasons",
            ),
        ),
        element(
            "datalist",
            *(element("option", value=each) for each in say("decide.reasons").split("|")),
            id="reasons",
        ),
        label=say("decide.title"),
        class_="decide",
    )


def _others(visit: Visit, wanted: Filter, name: str, current: Current) -> Html:
    """Return what else can be done: assign, look again later, comment, pass over."""
    say = visit.desk.texts
    fixed = {**query_of(wanted), "finding_id": name}

    def small(kind: str, *children: Html) -> Html:
        sends = button(say(f"do.{kind}"))
        inside = hidden({**fixed, "kind": kind})
        return form(
            visit,
            "/decide",
            inside,
            *children,
            sends,
            label=say(f"do.{kind}"),
            class_=f"small {kind}",
        )

    return element(
        "details",
        element("summary", say("do.more")),
        small(
            ASSIGN,
            element(
                "label",
                say("do.assign_to"),
                element(
                    "input",
                    name="value",
                    value=current.assignee or visit.session.name,
                    maxlength=60,
                    autocomplete="off",
                ),
            ),
        ),
        small(
            SNOOZE,
            element(
                "label",
                say("do.snooze_until"),
                element("input", name="value", type="date", value=current.snoozed),
            ),
        ),
        small(
            COMMENT,
            element(
                "label",
                say("do.comment_text"),
                element("textarea", name="value", rows=2, maxlength=2000, required=True),
            ),
        ),
        class_="others",
    )


def _where(visit: Visit, row: Mapping[str, object]) -> Html:
    """Link to what the finding is about."""
    say = visit.desk.texts
    kind, what = str(row["kind"]), str(row["what"])
    path = {"product": f"/products/{what}", "review": f"/reviews/{what}"}.get(kind)
    if path is None:
        return fragment()
    link = element("a", say(f"see.{kind}"), href=visit.to(path), class_="see")
    return element("p", link)


def _history(visit: Visit, name: str) -> Html:
    say = visit.desk.texts
    actions = visit.desk.decisions.of_finding(name)
    if not actions:
        return fragment()
    items = [element("li", described(visit, action)) for action in reversed(actions)]
    return element(
        "section", element("h3", say("history.title")), element("ol", *items), class_="history"
    )


def described(visit: Visit, action: Action) -> Html:
    """Say who did what, and when."""
    say = visit.desk.texts
    value = say(f"verdict.{action.value}") if action.kind == DECIDE else action.value
    name = action.kind
    if action.kind in (ASSIGN, SNOOZE) and not value:
        name = f"{action.kind}_none"
    if action.kind == UNDO:
        value = ""
    sentence = say(f"did.{name}", who=action.author, value=value)
    reason = f" {say('finding.because', reason=action.reason)}" if action.reason else ""
    undone = f" {say('did.was_undone')}" if action.undone is not None else ""
    time = element("time", action.at[:16].replace("T", " "), datetime=action.at)
    return fragment(time, " ", element("span", f"{sentence}{reason}{undone}", dir="auto"))


def _done(visit: Visit, batch: int) -> Html:
    """Say what was done, with a button that undoes it."""
    say = visit.desk.texts
    actions = visit.desk.decisions.of_batch(batch)
    if not actions or actions[0].kind == UNDO or actions[0].undone is not None:
        return fragment()
    wanted = filter_of({**visit.query, **visit.form}, say)
    return element(
        "div",
        element("p", _sentence(visit, actions)),
        form(
            visit,
            "/undo",
            hidden({**query_of(wanted), "batch": str(batch)}),
            button(fragment(say("do.undo"), " ", element("kbd", "z", aria_hidden="true"))),
            class_="undo",
        ),
        class_="done",
    )


def _sentence(visit: Visit, actions: list[Action]) -> str:
    say, first = visit.desk.texts, actions[0]
    what = say(f"verdict.{first.value}") if first.kind == DECIDE else say(f"done.{first.kind}")
    if len(actions) > 1:
        return say("done.many", n=len(actions), what=what)
    row = visit.desk.worklist.row(first.finding_id)
    title = (row["title"] or row["what"]) if row else first.finding_id
    return say("done.one", title=title, what=what)

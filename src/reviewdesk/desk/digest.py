"""The digest: what is new since the last run, what was decided, what is left; and as a feed.

The feed is JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): an item for each new finding.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import JSONResponse, RedirectResponse, Response

from reviewdesk.desk.accounts import allowed
from reviewdesk.desk.actions import DECIDE, VERDICTS, Action
from reviewdesk.desk.queue import why_no_findings
from reviewdesk.desk.session import ADMIN
from reviewdesk.desk.shell import button, form, page
from reviewdesk.desk.visit import Visit
from reviewdesk.desk.watch import KILLED
from reviewdesk.desk.worklist import Filter
from reviewdesk.errors import UnknownEndpoint
from reviewdesk.report.blocks import Column, Figure, figures, table
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import count

DAYS: Final = 7
MOST_SHOWN: Final = 30
FEED: Final = "https://jsonfeed.org/version/1.1"
NEW: Final = Filter(state="new", status="")


def show(visit: Visit) -> Response:
    """Show the digest of the week."""
    say, worklist = visit.desk.texts, visit.desk.worklist
    actions = list(_week(visit))
    new, made = worklist.positions(NEW), _made(visit)
    values = [
        Figure(say("digest.new"), count(len(new)), say("digest.new_note")),
        Figure(
            say("digest.left"), count(len(worklist.positions(Filter()))), say("digest.left_note")
        ),
        Figure(say("digest.decided"), count(len(actions)), say("digest.decided_note")),
    ]
    feed = element("a", say("digest.feed"), href=visit.to("/digest.json"))
    return page(
        visit,
        "activity",
        say("digest.title"),
        figures(values),
        _watched(visit),
        element("h2", say("digest.new")),
        _new(visit, new[:MOST_SHOWN].tolist()),
        element("h2", say("digest.by")),
        _by_agent(visit, actions),
        element("p", feed),
        lead=say("digest.lead", made=made[:10]) if made else why_no_findings(visit),
    )


def feed(visit: Visit) -> Response:
    """Return the new findings as a JSON Feed."""
    say, worklist = visit.desk.texts, visit.desk.worklist
    positions = worklist.positions(NEW)[:MOST_SHOWN].tolist()
    made = _made(visit)
    items: list[dict[str, Any]] = [
        {
            "id": row["finding_id"],
            "url": visit.whole(f"/findings/{row['finding_id']}"),
            "title": f"{worklist.finder_info[row['finder']].title}: {row['title'] or row['what']}",
            "content_text": row["action"],
            "date_published": made,
            "tags": [row["finder"], *([row["where"]] if row["where"] else [])],
        }
        for row in worklist.rows(positions)
    ]
    actions = list(_week(visit))
    verdicts = Counter(action.value for action in actions)
    about = {
        "new": len(worklist.positions(NEW)),
        "left": len(worklist.positions(Filter())),
        "decided": {verdict: verdicts[verdict] for verdict in VERDICTS},
    }
    value = {
        "version": FEED,
        "title": say("digest.title"),
        "home_page_url": visit.whole("/digest"),
        "feed_url": visit.whole("/digest.json"),
        "items": items,
        "_reviewdesk": about,
    }
    return JSONResponse(value, media_type="application/feed+json")


def take_in(visit: Visit) -> Response:
    """Look for new files at once."""
    watch = visit.desk.watch
    if watch is None:
        raise UnknownEndpoint(visit.desk.texts("digest.no_watch"))
    watch.look_now()
    visit.desk.audit.note(visit.session.name, "take_in")
    return RedirectResponse(visit.to("/digest"), HTTPStatus.SEE_OTHER)


def _watched(visit: Visit) -> Html:
    """Say which new files wait, with a button that takes them in."""
    say, watch = visit.desk.texts, visit.desk.watch
    if watch is None:
        return element("p", say("digest.no_watch"), class_="note")
    waiting = watch.waiting()
    lines: list[Child] = [element("p", say.number("digest.files", len(waiting)))]
    if watch.working:
        lines.append(element("p", say("digest.working"), role="status"))
    elif waiting and allowed(visit.session, ADMIN):
        lines.append(form(visit, "/take-in", button(say("digest.take_in"), class_="primary")))
    if watch.last:
        lines.append(
            element("p", say("digest.killed"))
            if watch.last == KILLED
            else element("pre", watch.last)
        )
    return fragment(element("h2", say("digest.new_files")), *lines)


def _week(visit: Visit) -> Iterator[Action]:
    """Yield the decisions of the last days that stand."""
    since = (datetime.now(UTC) - timedelta(days=DAYS)).isoformat()
    for action in visit.desk.decisions.since(0):
        if action.kind == DECIDE and action.undone is None and action.at >= since:
            yield action


def _made(visit: Visit) -> str:
    """Return when findings were looked for last, in UTC as ISO 8601 has it; empty for never."""
    place = visit.desk.findings
    files = [] if place is None else [*place.glob("findings.json"), *place.glob("*/findings.json")]
    if not files:
        return ""
    last = max(path.stat().st_mtime for path in files)
    return datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds")


def _new(visit: Visit, positions: list[int]) -> Html:
    say, worklist = visit.desk.texts, visit.desk.worklist
    if not positions:
        return element("p", say("digest.nothing_new"))
    items = [
        element(
            "li",
            element(
                "a",
                row["title"] or row["what"],
                href=visit.to(f"/findings/{row['finding_id']}"),
                dir="auto",
            ),
            f" · {worklist.finder_info[row['finder']].title}: {row['action']}",
        )
        for row in worklist.rows(positions)
    ]
    more = element("a", say("digest.all_new"), href=visit.to("/findings", {"state": "new"}))
    return fragment(element("ul", *items), element("p", more))


def _by_agent(visit: Visit, actions: list[Action]) -> Html:
    say = visit.desk.texts
    if not actions:
        return element("p", say("digest.nothing_decided"))
    by: dict[str, Counter[str]] = defaultdict(Counter)
    for action in actions:
        by[action.author][action.value] += 1
    columns = [Column(say("digest.agent"), numeric=False)]
    columns += [Column(say(f"verdict.{verdict}")) for verdict in VERDICTS]
    rows: list[list[Child]] = [
        [author, *(count(verdicts[verdict]) for verdict in VERDICTS)]
        for author, verdicts in sorted(by.items(), key=lambda item: (-item[1].total(), item[0]))
    ]
    return table(say("digest.by"), columns, rows)

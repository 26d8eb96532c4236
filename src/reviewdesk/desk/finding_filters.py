"""Which findings are asked for: filters with their counts, and how their values are called."""

from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Final

from reviewdesk.desk.actions import check_day
from reviewdesk.desk.shell import button, facet, hidden
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.visit import Visit
from reviewdesk.desk.worklist import ABSENT, FACETS, OPEN, STATUSES, Filter
from reviewdesk.report.html import Html, element
from reviewdesk.report.numbers import share

ALL: Final = "all"
TYPED: Final = ("text", "since", "until")
"""Fields of a filter that are typed in; the others are chosen."""


def filter_of(query: Mapping[str, str], say: Texts) -> Filter:
    """Return what an address asks for; a status that is none counts as open.

    Args:
        query: its fields.
        say: the desk's sentences.

    Raises:
        UsageError: a day is none.
    """
    known = {each.name for each in fields_of(Filter)}
    wanted = Filter(**{name: value for name, value in query.items() if name in known})
    for day in filter(None, (wanted.since, wanted.until)):
        check_day(day, say)
    if wanted.status == ALL:
        return replace(wanted, status="")
    return wanted if wanted.status in STATUSES else replace(wanted, status=OPEN)


def query_of(wanted: Filter) -> dict[str, str]:
    """Return a filter as it stands in an address."""
    return {**wanted.query(), **({} if wanted.status else {"status": ALL})}


def filters(visit: Visit, path: str, wanted: Filter) -> Html:
    """Return the filters with their counts."""
    say, query = visit.desk.texts, query_of(wanted)
    counts = visit.desk.worklist.facets(wanted)
    sections = []
    for name in FACETS:
        if name == "status" and path == "/":
            continue  # the queue is of what is open
        entries = [
            (value, value_name(visit, name, value), number) for value, number in counts[name]
        ]
        if name not in ("status", "product") and len(entries) < 2 and not getattr(wanted, name):
            continue
        if not entries:
            continue
        chosen = getattr(wanted, name)
        sections.append(facet(visit, say(f"facet.{name}"), entries, chosen, path, query, name))
    search = element(
        "form",
        hidden({name: value for name, value in query.items() if name not in TYPED}),
        element(
            "label",
            say("filter.text"),
            element(
                "input",
                type="search",
                name="text",
                value=wanted.text,
                maxlength=200,
                id="filter-text",
            ),
        ),
        *(
            element(
                "label",
                say(f"filter.{name}"),
                element("input", type="date", name=name, value=getattr(wanted, name)),
                class_="day",
            )
            for name in ("since", "until")
        ),
        button(say("filter.apply")),
        method="get",
        action=visit.to(path),
        role="search",
    )
    clear = element("p", element("a", say("filter.clear"), href=visit.to(path))) if query else ""
    listed = element("p", element("a", say("queue.as_list"), href=visit.to("/findings", query)))
    return element(
        "aside",
        element("h2", say("filter.title")),
        clear,
        listed if path == "/" else "",
        search,
        *sections,
        class_="filters",
        aria_label=say("filter.title"),
    )


def state_name(say: Texts, state: str) -> str:
    """Return how the state of a change is called, as in ``going on``."""
    name = f"state.{state.replace(' ', '_')}"
    return say(name) if say.has(name) else state


def value_name(visit: Visit, facet_name: str, value: str) -> str:
    """Return how a filter's value is called."""
    say = visit.desk.texts
    if value == ABSENT:
        return say(f"none.{facet_name}") if say.has(f"none.{facet_name}") else say("none.any")
    if facet_name == "finder":
        info = visit.desk.worklist.finder_info.get(value)
        return info.title if info else value
    if facet_name == "promise":
        return say("promise", share=share(float(value), 0))
    if facet_name in ("status", "verdict"):
        return say(f"{facet_name}.{value}")
    if facet_name == "state":
        return state_name(say, value)
    return value if facet_name == "product" else value.replace("_", " ")

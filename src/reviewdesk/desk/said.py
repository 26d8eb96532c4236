"""What customers praise and complain about: of a product or a category, with reviews to read."""

from collections.abc import Mapping
from typing import Any, Final

from reviewdesk.desk.visit import Visit
from reviewdesk.explore.customers.section import SIDES, CustomersView, quoted
from reviewdesk.explore.customers.tables import ASPECT, HIGH, LOW, PHRASE
from reviewdesk.report.blocks import details
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import plural, share

MOST_SHOWN: Final = 8
MOST_ASPECTS: Final = 6
MOST_VARIANTS: Final = 4
NAMES: Final = {LOW: "complaint", HIGH: "praise"}

Line = Mapping[str, Any]


def said(visit: Visit, scope: str, part: str, query: Mapping[str, str]) -> Html:
    """Return what customers complain about and what they praise, each phrase leading to reviews.

    Args:
        visit: the request.
        scope: whether it is about a product or a category.
        part: the product_id, or the category's name.
        query: the address's fields of these reviews in the list of reviews.
    """
    view = visit.desk.customers
    sides = [
        _side(visit, view, scope, part, side, query)
        for side in SIDES
        if any(view.lines(scope, part, side, kind) for kind in (PHRASE, ASPECT))
    ]
    if not sides:
        return element("p", visit.desk.texts("story.too_few"), class_="note")
    return element("div", *sides, class_="voices")


def _side(
    visit: Visit,
    view: CustomersView,
    scope: str,
    part: str,
    side: str,
    query: Mapping[str, str],
) -> Html:
    say = visit.desk.texts
    number = plural(view.reviews(scope, part, side), say("one_review"), say("many_reviews"))
    phrases = view.lines(scope, part, side, PHRASE)[:MOST_SHOWN]
    aspects = view.lines(scope, part, side, ASPECT)[:MOST_ASPECTS]
    items = [_phrase(visit, view, line, side, query) for line in phrases]
    parts: list[Child] = [element("h3", say(f"story.{NAMES[side]}", n=number))]
    if items:
        parts.append(element("ul", *items))
    if aspects:
        named = [
            child
            for line in aspects
            for child in (", ", _link(visit, line, query), f" ({share(line['share'], 0)})")
        ][1:]
        parts.append(element("p", say("story.aspects"), " ", *named, class_="note"))
    return element("div", *parts)


def _phrase(
    visit: Visit, view: CustomersView, line: Line, side: str, query: Mapping[str, str]
) -> Html:
    say = visit.desk.texts
    figure = say("story.share", share=share(line["share"]), other=share(line["other_share"]))
    remarks = [figure]
    if line["trend"]:
        remarks.append(say(f"story.{line['trend']}"))
    remarks += [
        say("story.group", group=row["group"], share=share(row["share"]))
        for row in view.differences(line)
    ]
    variants = ", ".join(line["variants"][:MOST_VARIANTS])
    quotes = [
        element(
            "li", quoted(row), " ",
            element("a", say("story.read"), href=visit.to(f"/reviews/{row['review_id']}")),
            dir="auto",
        )
        for row in view.examples(line)
    ]  # fmt: skip
    read = details(
        say.number("story.quotes", len(quotes)),
        element("p", say("story.variants"), " ", variants, class_="note") if variants else "",
        element("ul", *quotes, class_="quotes"),
    )
    kind = "against" if side == LOW else "for"
    return element(
        "li",
        element("strong", _link(visit, line, query), class_=kind, dir="auto"),
        " ",
        element("span", " · ".join(remarks), class_="about"),
        view.spark(line),
        read if quotes else fragment(),
    )


def _link(visit: Visit, line: Line, query: Mapping[str, str]) -> Html:
    words = {**query, "q": f'"{line["text"]}"'}
    return element("a", line["text"], href=visit.to("/reviews", words))

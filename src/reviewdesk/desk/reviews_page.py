"""All reviews: searched, counted by facets, over time, written to a file; and one review."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response, StreamingResponse

from reviewdesk.desk.accounts import allowed
from reviewdesk.desk.evidence import marked
from reviewdesk.desk.export import MEDIA, media_of, saved_as, streamed
from reviewdesk.desk.findings_list import page_number
from reviewdesk.desk.review_list import review_item, review_items
from reviewdesk.desk.review_search import ABSENT, LABEL, STARS, SURE, ReviewFilter, words_of
from reviewdesk.desk.reviews import EXPORTED, Review
from reviewdesk.desk.session import ADMIN
from reviewdesk.desk.shell import button, facet, hidden, page, pager
from reviewdesk.desk.visit import Visit
from reviewdesk.desk.wording import label_name
from reviewdesk.errors import Overloaded, UnknownEndpoint
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.timeline import Bars, timeline
from reviewdesk.scoring.explain import explain

PER_PAGE: Final = 20
BATCH: Final = 8_192
"""So many reviews of a file are in memory at a time."""


def show(visit: Visit) -> Response:
    """Show the reviews that a filter leaves."""
    say, search = visit.desk.texts, visit.desk.search
    wanted = search.filter_of(visit.query, say)
    hits = search.find(wanted)
    pages = max(1, -(-len(hits.rows) // PER_PAGE))
    at = page_number(visit, pages)
    shown = hits.rows[(at - 1) * PER_PAGE : at * PER_PAGE].tolist()
    weights = dict.fromkeys(words_of(wanted.words), 1.0)
    query = wanted.query()
    waits = search.why_no_words(say) if wanted.words else ""
    listed: Child = element("p", waits or say("reviews.none"), class_="empty")
    if shown:
        listed = review_items(visit, visit.desk.reviews.at(shown), weights)
    content = element(
        "div",
        element(
            "div",
            _search(visit, wanted),
            _histogram(visit, wanted, hits.months),
            listed,
            pager(visit, "/reviews", query, at, pages),
            _exports(visit, query) if shown and allowed(visit.session, ADMIN) else "",
            id="work",
        ),
        _filters(visit, wanted, hits.facets),
        class_="columns",
    )
    lead = say.number("reviews.lead", len(hits.rows))
    return page(visit, "reviews", say("reviews.title"), content, lead=lead)


def show_one(visit: Visit) -> Response:
    """Show one review with all that is known of it."""
    say, desk = visit.desk.texts, visit.desk
    name = visit.names["review_id"]
    review = desk.reviews.by_id([name]).get(name)
    if review is None:
        raise UnknownEndpoint(say("error.no_review"))
    positions = desk.worklist.about("review", name)
    links = [
        element(
            "li",
            element(
                "a",
                desk.worklist.finder_info[row["finder"]].title,
                href=visit.to(f"/findings/{row['finding_id']}"),
            ),
            f": {row['action']}",
        )
        for row in desk.worklist.rows(positions)
    ]
    hits = (
        fragment(element("h2", say("tab.findings")), element("ul", *links)) if links else fragment()
    )
    return page(
        visit,
        "reviews",
        say("review.title", id=name),
        element("ul", review_item(visit, review, {}), class_="reviews"),
        hits,
        *(_explained(visit, review, target) for target in desk.bundles),
    )


def _explained(visit: Visit, review: Review, target: str) -> Html:
    """Return a review with the words that speak for the likeliest label, and against it."""
    say, bundle = visit.desk.texts, visit.desk.service.bundles[target]
    said = explain(bundle, review.body, headline=review.headline, title=review.title)
    weights = {one.word: one.weight for one in said.evidence}
    return fragment(
        element("h2", say("review.explained", label=label_name(say, target, said.label))),
        element("p", element("strong", marked(review.headline, weights)), dir="auto"),
        element("p", marked(review.body, weights), class_="text", dir="auto"),
        element("p", say("review.explained_note"), class_="note"),
    )


def export(visit: Visit) -> Response:
    """Return all reviews that a filter leaves as a file, sent while it is written."""
    desk, say, kind = visit.desk, visit.desk.texts, visit.names["kind"]
    media = media_of(kind, say)
    wanted = desk.search.filter_of(visit.query, say)
    if wanted.words and (waits := desk.search.why_no_words(say)):
        raise Overloaded(waits)
    hits = desk.search.find(wanted)
    desk.audit.note(visit.session.name, "export_reviews", rows=len(hits.rows))
    pieces = streamed(EXPORTED, desk.reviews.tables(hits.rows, BATCH), kind)
    return StreamingResponse(pieces, media_type=media, headers=saved_as(f"reviews.{kind}"))


def histogram(
    visit: Visit, path: str, months: Sequence[tuple[str, int]], query: Mapping[str, str]
) -> Html:
    """Return how many reviews each month has; with script, dragging over it chooses months."""
    say = visit.desk.texts
    if len(months) < 2:
        return fragment()
    names = [month for month, _ in months]
    bars = Bars(say("story.reviews"), [float(number) for _, number in months])
    chart = timeline(names, [bars], title=say("reviews.over_time"), caption=say("reviews.drag"))
    fixed = {name: value for name, value in query.items() if name not in ("since", "until", "page")}
    choose = element(
        "form",
        hidden(fixed),
        element("label", say("reviews.since"), _month(query, "since", names)),
        element("label", say("reviews.until"), _month(query, "until", names)),
        button(say("filter.apply")),
        method="get",
        action=visit.to(path),
        class_="small span",
    )
    return element("section", chart, choose, class_="histogram", data_months=" ".join(names))


def _month(query: Mapping[str, str], name: str, names: Sequence[str]) -> Html:
    return element(
        "input", type="month", name=name, value=query.get(name, ""), min=names[0], max=names[-1]
    )


def _histogram(visit: Visit, wanted: ReviewFilter, months: Sequence[tuple[str, int]]) -> Html:
    return histogram(visit, "/reviews", months, wanted.query())


def _search(visit: Visit, wanted: ReviewFilter) -> Html:
    say = visit.desk.texts
    fixed = {name: value for name, value in wanted.query().items() if name != "q"}
    return element(
        "form",
        hidden(fixed),
        element(
            "label",
            say("reviews.search"),
            element("input", type="search", name="q", value=wanted.words, maxlength=200),
        ),
        button(say("filter.apply"), class_="primary"),
        method="get",
        action=visit.to("/reviews"),
        role="search",
        class_="small",
    )


def _filters(
    visit: Visit, wanted: ReviewFilter, facets: Mapping[str, Sequence[tuple[str, int]]]
) -> Html:
    say, query = visit.desk.texts, wanted.query()
    sections = []
    for name, counted in facets.items():
        chosen = wanted.choices.get(name, "")
        if len(counted) < 2 and not chosen:
            continue
        entries = [(value, value_name(visit, name, value), number) for value, number in counted]
        sections.append(
            facet(visit, facet_name(visit, name), entries, chosen, "/reviews", query, name)
        )
    fixed = [
        element(
            "li",
            element(
                "a",
                _fixed(visit, name, query[name]),
                href=visit.to("/reviews", {k: v for k, v in query.items() if k != name}),
            ),
        )
        for name in ("product", "customer", "since", "until")
        if name in query
    ]
    clear = element("p", element("a", say("filter.clear"), href=visit.to("/reviews")))
    return element(
        "aside",
        element("h2", say("filter.title")),
        clear if query else "",
        element("ul", *fixed) if fixed else "",
        *sections,
        class_="filters",
        aria_label=say("filter.title"),
    )


def _fixed(visit: Visit, name: str, value: str) -> str:
    say = visit.desk.texts
    return f"{say(f'fixed.{name}')}: {value[:60]} {say('filter.remove')}"


def facet_name(visit: Visit, name: str) -> str:
    """Return how a facet of reviews is called."""
    say = visit.desk.texts
    for kind in (LABEL, SURE):
        if name.startswith(kind):
            return say(f"facet.{kind[:-1]}", target=name.removeprefix(kind))
    return say(f"facet.{name}")


def value_name(visit: Visit, facet: str, value: str) -> str:
    """Return how a value of a facet of reviews is called."""
    say = visit.desk.texts
    if value == ABSENT:
        return say("none.any")
    if facet == STARS:
        return say.number("stars", int(value))
    if facet.startswith(SURE):
        return say("sure", band=value)
    if facet.startswith(LABEL):
        return label_name(say, facet.removeprefix(LABEL), value)
    if facet == "language":
        return say(f"language_name.{value}")
    return say(f"verified.{value}") if facet == "verified" else value.replace("_", " ")


def _exports(visit: Visit, query: Mapping[str, str]) -> Html:
    say = visit.desk.texts
    links = [
        element(
            "li",
            element("a", say(f"file.{kind}"), href=visit.to(f"/reviews/export/{kind}", query)),
        )
        for kind in MEDIA
    ]
    return element(
        "section",
        element("h2", say("export.title")),
        element("ul", *links, class_="inline"),
    )

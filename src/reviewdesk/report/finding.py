"""A finding as a block of a page: what, where to, how sure, why, reviews to read, what to do."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from reviewdesk.report.blocks import details, excerpt
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import SPACE

SAMPLE_CHARACTERS: Final = 360
SOLID: Final = "\N{BLACK STAR}"
HOLLOW: Final = "\N{WHITE STAR}"


class Word(NamedTuple):
    """A word that speaks for (weight above 0) or against the finding."""

    text: str
    weight: float


class Sample(NamedTuple):
    """A review to read.

    Args:
        headline: its title; empty when it has none.
        body: its text, of which a long one is cut; or markup, which is shown whole.
        stars: 1 to 5; None when it has none.
        source: where to find it, as in its id and day.
        label: what it is to the finding, as in "To compare"; empty when that is plain.
    """

    headline: Child
    body: Child
    stars: int | None
    source: Child
    label: str = ""


class Finding(NamedTuple):
    """One finding as people read it.

    Args:
        anchor: its name in the page's address.
        title: what it is about.
        id: of what it is about.
        where: where it stands; empty when that says nothing.
        suggested: where it belongs; empty when it belongs nowhere else.
        sure: how sure it is, as a sentence.
        words: that speak for and against.
        numbers: figures by name, as text.
        details: further figures, which say how sure it is.
        chart: a small chart; None without.
        samples: reviews to read.
        action: what to do.
        alike: whether it says that two things are alike, and not that one stands wrong.
    """

    anchor: str
    title: str
    id: str
    where: str
    suggested: str
    sure: Child
    words: Sequence[Word]
    numbers: Sequence[tuple[str, str]]
    chart: Html | None
    samples: Sequence[Sample]
    action: str
    alike: bool = False
    details: Sequence[tuple[str, str]] = ()


def finding_blocks(found: Sequence[Finding]) -> Html:
    """Return findings, one below the other."""
    return element("div", *(_finding(one) for one in found), class_="found")


def _finding(finding: Finding) -> Html:
    return element(
        "article",
        element(
            "header",
            element("h3", finding.title or finding.id, dir="auto"),
            element("p", finding.id, class_="source") if finding.title else "",
        ),
        _move(finding),
        element("p", finding.action, class_="action"),
        element(
            "div",
            element("div", _shared(finding), _numbers(finding.numbers), class_="why"),
            "" if _of_certainty(finding) else finding.chart or "",
            class_="evidence",
        ),
        element("div", *map(_sample, finding.samples), class_="samples") if finding.samples else "",
        _how_sure(finding),
        class_="finding",
        id=finding.anchor,
    )


def _move(finding: Finding) -> Html:
    """Write where it stands and where it belongs, side by side."""
    if not finding.where and not finding.suggested:
        return fragment()
    if finding.alike or not finding.suggested:
        return element(
            "p", " · ".join(filter(None, (finding.where, finding.suggested))), dir="auto"
        )
    stands = element("span", finding.where, class_="stands") if finding.where else ""
    arrow = element("span", "→", aria_label="belongs in") if finding.where else ""
    belongs = element("span", finding.suggested, class_="belongs")
    return element("p", stands, " ", arrow, " ", belongs, class_="move", dir="auto")


def _of_certainty(one: Finding) -> bool:
    """Say whether the chart shows how sure it is where something belongs."""
    return bool(one.suggested) and not one.alike


def _how_sure(one: Finding) -> Html:
    """Fold away what only those want who ask how sure it is."""
    inside = fragment(
        element("p", one.sure, class_="sure"),
        "" if one.alike else _words(one),
        _numbers(one.details) if one.details else "",
        (one.chart or "") if _of_certainty(one) else "",
    )
    return details("How sure is this?", inside)


def _shared(one: Finding) -> Html:
    """Return the words that two things share: they are what is found."""
    return _words(one) if one.alike else fragment()


def _words(found: Finding) -> Html:
    speaks_for = [one for one in found.words if one.weight > 0]
    against = [one for one in found.words if one.weight < 0]
    lines = []
    first = "Shared:" if found.alike else "Words that speak for it:"
    second = "Words that speak against it:"
    for title, some, kind in ((first, speaks_for, "for"), (second, against, "against")):
        if some:
            chips = [element("li", one.text, dir="auto", class_=kind) for one in some]
            lines.append(
                element("div", element("span", title), element("ul", *chips), class_="words")
            )
    return fragment(*lines)


def _numbers(numbers: Sequence[tuple[str, str]]) -> Html:
    if not numbers:
        return fragment()
    entries = [element("div", element("dt", name), element("dd", value)) for name, value in numbers]
    return element("dl", *entries, class_="numbers")


def _sample(sample: Sample) -> Html:
    body = excerpt(sample.body, SAMPLE_CHARACTERS) if isinstance(sample.body, str) else sample.body
    stars: Child = "" if sample.stars is None else stars_drawn(sample.stars)
    return element(
        "blockquote",
        element("p", sample.label, class_="label") if sample.label else "",
        element("p", stars, " ", element("strong", sample.headline, dir="auto"), class_="headline"),
        element("p", body, dir="auto", class_="body"),
        element("p", sample.source, class_="source"),
    )


def stars_drawn(stars: int) -> Html:
    """Return 1 to 5 stars as they are drawn, with their number for those who do not see them."""
    drawn = SOLID * stars + HOLLOW * (5 - stars)
    name = f"{stars}{SPACE}{'star' if stars == 1 else 'stars'}"
    return element("span", drawn, class_="stars", role="img", aria_label=name)

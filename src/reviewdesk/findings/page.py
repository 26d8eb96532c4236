"""The page of one finder's findings: what is promised, and each finding with its evidence."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pyarrow as pa

from reviewdesk.findings.base import FinderInfo, Findings
from reviewdesk.findings.order import as_read, what_is_over_last
from reviewdesk.findings.sentences import (
    figure,
    figures_with_intervals,
    lead,
    left_out,
    promises,
    sure,
)
from reviewdesk.findings.texts import LINE_CHARACTERS, ReviewText
from reviewdesk.report.blocks import (
    Column,
    definitions,
    details,
    excerpt,
    findings,
    note,
    subheading,
    table,
)
from reviewdesk.report.finding import Finding, Sample, Word, finding_blocks
from reviewdesk.report.html import Child, Html, element
from reviewdesk.report.numbers import count
from reviewdesk.report.page import Page
from reviewdesk.report.small_charts import Point, small_bars, small_line

MOST_SHOWN: Final = 200
MOST_BARS: Final = 8
MOST_MOVES: Final = 15
MOST_ROWS: Final = 30
TECHNICAL: Final = ("chance", "probability", "posterior", "likely")
"""Figures whose name has one of these say how sure a finding is."""
METHOD: Final = ("e-values", "presuppose", "Promises rest on", "cross-fitted")
"""Notes with one of these are for who asks how sure it is, and are folded away."""
_TIME: Final = re.compile(r"\d{4}(-\d{2}){0,2}|\d{4}-?[QW]\d+")

READING: Final = (
    (
        "Promise",
        "Of the findings in a list promised at 90 %, nine in ten or more are expected to be right. "
        "Lists are nested: the one at 90 % also holds those promised at 95 %. Where that cannot be "
        "kept the list is empty and says why.",
    ),
    (
        "Words",
        "Counted in all reviews: for, those that are surely more frequent where it belongs, or "
        "since a change; against, those more frequent where it stands, or before the change.",
    ),
)


def reading(info: FinderInfo) -> list[tuple[str, str]]:
    """Return how a page is to be read."""
    if info.similarity:
        return [("Shared", "Words that reviews of both use and those of others rather do not.")]
    return list(READING)


def findings_page(
    findings_: Findings,
    info: FinderInfo,
    texts: Mapping[str, ReviewText],
    source: str,
    reviews: int | None = None,
) -> Page:
    """Return the page.

    Args:
        findings_: what was found.
        info: what people are told of the finder.
        texts: the reviews that the findings point at, by id.
        source: what the reviews were prepared from.
        reviews: how many there are; None where it is not known.
    """
    page = Page(info.title, lead(findings_), "Findings")
    notes = [one for one in findings_.notes if not _is_about_method(one)]
    sentences = [*promises(findings_), *notes, *left_out(findings_, reviews)]
    method = [one for one in findings_.notes if _is_about_method(one)]
    folded = [details("How sure is this?", findings(method))] if method else []
    if sentences:
        title = "What is promised" if findings_.lists else "What was looked at"
        page.section(title, findings(sentences), *folded)
    if not info.similarity and (moves := _moves(findings_.table)):
        page.section("From where to where", moves)
    if findings_.table.num_rows:
        page.section("The findings", *_found(findings_, info, texts))
    for name, further in findings_.tables.items():
        if further.num_rows:
            page.section(_title(name), _further(name, further))
    page.section(
        "How to read this",
        definitions([("What", info.description), ("Reviews", source), *reading(info)]),
        _files(findings_),
    )
    return page


def shown_samples(found: Findings, most: int = MOST_SHOWN) -> set[str]:
    """Return the ids of the reviews that a page shows."""
    parts = what_is_over_last(found.table)
    lists = [each for part in parts for each in part.slice(0, most).column("samples").to_pylist()]
    return {one for samples in lists for one in samples or ()}


def finding_cards(
    findings_: Findings,
    info: FinderInfo,
    texts: Mapping[str, ReviewText],
    most: int,
    first: int = 1,
) -> Html:
    """Return what goes on, new ones first, and then what is over, as blocks of a page.

    Args:
        findings_: what was found.
        info: what people are told of the finder.
        texts: the reviews that the findings point at, by id.
        most: how many are shown.
        first: the number of the first one on the page.
    """
    rows = as_read(findings_.table).slice(0, most).to_pylist()
    return finding_blocks(
        [
            finding_card(row, info, texts, f"{findings_.finder}-{n}")
            for n, row in enumerate(rows, first)
        ]
    )


def _found(findings_: Findings, info: FinderInfo, texts: Mapping[str, ReviewText]) -> list[Html]:
    now, over = what_is_over_last(findings_.table)
    if not over.num_rows:
        return _cards(findings_, info, texts)
    goes_on = [note("Nothing that goes on now.")]
    if now.num_rows:
        goes_on = _cards(replace(findings_, table=now), info, texts)
    is_over = _cards(replace(findings_, table=over), info, texts, now.num_rows + 1)
    return [*goes_on, subheading("What is over"), *is_over]


def _cards(
    findings_: Findings, info: FinderInfo, texts: Mapping[str, ReviewText], first: int = 1
) -> list[Html]:
    blocks = [finding_cards(findings_, info, texts, MOST_SHOWN, first)]
    if findings_.table.num_rows > MOST_SHOWN:
        more = (
            f"The {MOST_SHOWN} surest of {count(findings_.table.num_rows)} are shown. All of them "
            "are in findings.parquet; `reviewdesk find export` writes them as CSV or JSON lines."
        )
        blocks.insert(0, note(more))
    return blocks


def finding_card(
    row: dict[str, Any], info: FinderInfo, texts: Mapping[str, ReviewText], anchor: str
) -> Finding:
    """Return a finding as people read it.

    Args:
        row: of schema ``FINDINGS``.
        info: what people are told of its finder.
        texts: the reviews that it points at, by id.
        anchor: its name in the page's address.
    """
    figures = figures_with_intervals(row["numbers"] or ())
    return Finding(
        anchor=anchor,
        title=excerpt(row["title"] or "", LINE_CHARACTERS),
        id=_since(row),
        where=_named(row["where"], texts, row["samples"]),
        suggested=_named(row["suggested"], texts, row["samples"]),
        sure=sure(row["score"], row["promise"], similarity=info.similarity),
        words=[Word(one["word"], one["weight"]) for one in row["words"] or ()],
        numbers=[one for one in figures if not _is_technical(one[0])],
        details=[one for one in figures if _is_technical(one[0])],
        chart=_chart(
            [(one["name"], _number(one["value"])) for one in row["chart"] or ()],
            since=row["since"].isoformat() if row["since"] else None,
        ),
        samples=[_sample(one, texts[one], row) for one in row["samples"] or () if one in texts],
        action=row["action"],
        alike=info.similarity,
    )


def _is_about_method(note: str) -> bool:
    """Say whether a note is about how promises come about, and not about what was found."""
    return any(word in note for word in METHOD)


def _is_technical(name: str) -> bool:
    """Say whether a figure is about how sure a finding is, and not about what is found."""
    return any(word in name.lower() for word in TECHNICAL)


def _named(
    product: str | None, texts: Mapping[str, ReviewText], samples: Sequence[str] | None
) -> str:
    """Return a category, or a product with its title if one of the samples is about it."""
    for name in samples or ():
        text = texts.get(name)
        if text is not None and product and text.product == product and text.product_title:
            return f"{text.product_title} ({product})"
    return product or ""


def _since(row: dict[str, Any]) -> str:
    since = f" · since {row['since']:%Y-%m-%d}" if row["since"] else ""
    reviews = f" · {count(row['reviews'])} reviews" if row["reviews"] > 1 else ""
    state = f" · {row['state']}" if row["state"] else ""
    new = " · new" if row["new"] else ""
    return f"{row['kind']} {row['what']}{reviews}{since}{state}{new}"


def _sample(name: str, text: ReviewText, row: dict[str, Any]) -> Sample:
    day = f" · {text.day:%Y-%m-%d}" if text.day else ""
    source = f"review {name}{day}"
    return Sample(text.headline, text.body, text.stars, source, _label(name, text, row))


def _label(name: str, text: ReviewText, row: dict[str, Any]) -> str:
    """Return what a sample is: the review itself, one to compare, one of another product."""
    if row["kind"] == "review":
        if name == row["what"]:
            return "This review"
        if text.product and text.product == row["suggested"]:
            return f"To compare, one about {text.product_title or text.product}"
        return f"To compare, a typical one in {text.category}" if text.category else "To compare"
    if row["kind"] == "product" and text.product != row["what"]:
        return f"About {text.product_title or text.product}"
    return ""


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _chart(points: Sequence[Point], since: str | None) -> Html | None:
    """Draw bars, or a line where the points are many or stand for times."""
    if not points:
        return None
    label = "; ".join(f"{name}: {figure(name, value)}" for name, value in points[:MOST_BARS])
    shares = all(0 <= value <= 1 for _, value in points if not math.isnan(value))

    def write(value: float) -> str:
        return figure("share" if shares else "", value)

    times = len(points) > 2 and all(_TIME.fullmatch(name) for name, _ in points)
    if times or len(points) > MOST_BARS:
        after = [n for n, (name, _) in enumerate(points) if since and name >= since[: len(name)]]
        return small_line(points, write, label, after[0] if times and after else None)
    return small_bars(points, write, label)


def _moves(found: pa.Table) -> Html | None:
    """Return how many findings go from where to where, if that says anything."""
    pairs = zip(found["where"].to_pylist(), found["suggested"].to_pylist(), strict=True)
    moves = Counter(pair for pair in pairs if None not in pair)
    if len(moves) < 2 or moves.total() < 2 * len(moves):
        return None
    columns = [Column("Stands in", numeric=False), Column("Belongs in", numeric=False)]
    rows: list[list[Child]] = [
        [where, suggested, count(number)]
        for (where, suggested), number in sorted(
            moves.items(), key=lambda item: (-item[1], item[0])
        )[:MOST_MOVES]
    ]
    more = len(moves) - len(rows)
    caption = "The most frequent first" + (f"; {count(more)} more pairs are not shown" * (more > 0))
    return table(caption, [*columns, Column("Findings")], rows)


def _further(name: str, further: pa.Table) -> Html:
    columns = [
        Column(_title(field.name), numeric=not pa.types.is_string(field.type))
        for field in further.schema
    ]
    rows = [
        [_cell(key, value) for key, value in row.items()]
        for row in further.slice(0, MOST_ROWS).to_pylist()
    ]
    more = further.num_rows - len(rows)
    caption = f"{name}.parquet" + (f"; {count(more)} more rows are there" if more > 0 else "")
    shown = table(caption, columns, rows)
    return details("Show the table", shown) if further.num_rows > MOST_MOVES else shown


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_cell(name, one) for one in value)
    if isinstance(value, dict):
        return " ".join(_cell(key, one) for key, one in value.items())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return figure(name, value)
    return str(value)


def _title(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _files(found: Findings) -> Html:
    names = ", ".join(f"{name}.parquet" for name in ("findings", *found.tables))
    return note(
        "The whole list is beside this page: ",
        element("code", names),
        "; what was promised and with what settings: ",
        element("code", "findings.json"),
        ".",
    )

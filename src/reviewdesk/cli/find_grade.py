"""`reviewdesk find grade`: what was promised against what was delivered."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, print_json, print_table, say
from reviewdesk.errors import UsageError
from reviewdesk.job.grade import Graded, grade_findings
from reviewdesk.job.places import reviews_of
from reviewdesk.report.numbers import SPACE, share
from reviewdesk.sources.truth.grades import FinderGrade, Grade, ListGrade, SizeGrade

HEADINGS: Final = ("what", "promised", "delivered", "kept", "right", "found of planted")


def grade(
    places: Annotated[
        list[Path],
        typer.Argument(
            help="Folder of findings and folder of known errors; more such pairs are pooled, as "
            "those of several seeds.",
            metavar="FINDINGS TRUTH...",
        ),
    ],
    *,
    reviews: Annotated[
        list[Path] | None,
        typer.Option(
            help="The data that was looked at: listed reviews of products that are themselves in "
            "the wrong category then do not count. One for each pair.",
            metavar="DIR",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """What was promised and what was delivered.

    Compares findings with known errors, planted ones or those of generated reviews. Delivered is
    the share of a list that is right, with its 95 % interval; over several pairs it is the sum of
    what is right over the sum of what is listed, and the lowest of the pairs. A promise is kept
    when the interval does not lie below it. Errors that the data has beside those that are known
    count as wrong findings.

    Example:

        reviewdesk find grade findings planted.truth
    """
    if len(places) % 2:
        raise UsageError("name a folder of known errors for each folder of findings, in turn")
    pairs = list(zip(places[::2], places[1::2], strict=True))
    data = list(reviews or [])
    if data and len(data) != len(pairs):
        raise UsageError(
            f"give --reviews {count(len(pairs), 'time')}, once for each pair, or never"
        )
    opened = [reviews_of(place) for place in data]
    graded = grade_findings(
        [Graded(*pair, one) for pair, one in zip_longest(pairs, opened, fillvalue=None) if pair]
    )
    if as_json:
        print_json(graded.to_json())
    else:
        _print(graded)


def _print(graded: Grade) -> None:
    if not graded.finders:
        say("Nothing is known that could be compared with these findings.")
        return
    rows = [row for one in graded.finders for row in _rows(one, graded.sets)]
    over = f" over {graded.sets} sets of data" if graded.sets > 1 else ""
    print_table(HEADINGS, rows, f"Promised and delivered{over}")
    for finder in graded.finders:
        if sized := _sized_rows(finder):
            promised = (share(each.promise, 0) for each in finder.lists)
            print_table(
                ("reviews", *(f"promised {each}" for each in promised), "found of planted"),
                sized,
                f"{finder.finder}, by how many reviews a product has",
            )
        for sentence in _remarks(finder):
            say(sentence)


def _rows(one: FinderGrade, sets: int) -> Iterator[list[str]]:
    for place, each in enumerate(one.lists):
        yield [
            one.finder if place == 0 else "",
            share(each.promise, 0),
            _delivered(each, sets),
            ("yes" if each.kept else "no") if each.listed else "",
            f"{each.hits:,} of {each.listed:,}" if each.listed else "",
            f"{each.found:,} of {each.planted:,}"
            + ("" if each.recall is None else f" ({share(each.recall, 0)})"),
        ]


def _delivered(each: ListGrade, sets: int) -> str:
    """Write a precision, its interval, and over several sets the lowest."""
    if each.precision is None or each.interval is None:
        return "no list"
    low, high = (f"{100 * one:.0f}" for one in each.interval)
    text = f"{share(each.precision, 0)} ({low}–{high})".replace(" ", SPACE)
    if sets > 1 and each.worst is not None:
        text += f", lowest {share(each.worst, 0)}"
    return text


def _sized_rows(finder: FinderGrade) -> list[list[str]]:
    """Return a row for each size of product of which something is listed or planted."""
    rows = []
    for size in dict.fromkeys(each.reviews for each in finder.sizes):
        lists = [each for each in finder.sizes if each.reviews == size]
        last, (low, high) = lists[-1], size
        if not (last.planted or last.listed):
            continue
        name = f"{low}" if low == high else f"{low} to {high}" if high else f"{low} or more"
        found = f"{last.found:,} of {last.planted:,}"
        rows.append([name, *map(_sized, lists), found])
    return rows if any(each.listed is not None for each in finder.sizes) else []


def _sized(each: SizeGrade) -> str:
    if each.precision is None:
        return "no list"
    return f"{share(each.precision, 0)}{SPACE}({each.hits:,}{SPACE}of{SPACE}{each.listed:,})"


def _remarks(finder: FinderGrade) -> Iterator[str]:
    """Yield what else is to be said: excused findings, other places named, days off."""
    last = finder.lists[-1] if finder.lists else None
    if last is not None and last.excused:
        yield (
            f"{finder.finder}: {count(last.excused, 'finding')} not counted, as the whole product "
            "is in the wrong category."
        )
    if last is not None and last.hits > last.named:
        yield (
            f"{finder.finder}: {last.hits - last.named:,} of the {last.hits:,} right findings name "
            "another place than the right one."
        )
    for name, values in (
        ("days between the true day and the one named", finder.days_off),
        ("days until it was noticed", finder.delay_days),
        ("reviews until it was noticed", finder.delay_reviews),
    ):
        if values:
            middle = median(values)
            yield f"{finder.finder}: {middle:,.0f} {name} (median of {len(values):,})."

"""The page of all findings: what there is of each kind, what is promised, the clearest of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from reviewdesk.findings.page import finding_cards, shown_samples
from reviewdesk.findings.sentences import lead, promises
from reviewdesk.findings.store import PAGE, StoredFindings
from reviewdesk.findings.texts import ReviewText, review_texts
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.blocks import (
    Column,
    Figure,
    figures,
    findings,
    note,
    paragraph,
    table,
)
from reviewdesk.report.html import Child, Html, element
from reviewdesk.report.numbers import count, plural, share
from reviewdesk.report.page import Page

MOST_SHOWN: Final = 3


def write_overview(
    path: Path,
    data: PreparedData,
    stored: Sequence[StoredFindings],
    why_not: Mapping[str, str],
    progress: Progress = SILENT,
    *,
    unread: Sequence[str] = (),
) -> None:
    """Write the page of all findings.

    Args:
        path: the page; the folders of the findings are beside it.
        data: the reviews.
        stored: what was found.
        why_not: for each kind of findings that could not be looked for, one sentence.
        progress: is shown how far it has come.
        unread: a sentence for each kind of findings that cannot be read.

    Raises:
        StorageError: it cannot be written.
    """
    ids = {name for one in stored for name in shown_samples(one.findings, MOST_SHOWN)}
    texts = review_texts(data, ids, progress)
    overview(path, data, stored, why_not, texts, unread=unread).write(path)


def overview(
    path: Path,
    data: PreparedData,
    stored: Sequence[StoredFindings],
    why_not: Mapping[str, str],
    texts: Mapping[str, ReviewText],
    *,
    unread: Sequence[str] = (),
) -> Page:
    """Return the page; ``texts`` are the reviews that the clearest findings point at."""
    files = ", ".join(one["place"] for one in data.manifest["inputs"])
    reviews = plural(data.rows, "review", "reviews")
    wrong = sum(one.findings.table.num_rows for one in stored if not one.info.similarity)
    page = Page(
        f"{plural(wrong, 'thing', 'things')} to look at in {reviews}",
        f"Where the catalogue or the reviews of {files} need a look, and how sure it is.",
        "Findings",
    )
    some = [one for one in stored if one.findings.table.num_rows]
    notes = [*_not(why_not), *map(note, unread)]
    page.section("At a glance", _large(some) if some else "", *_table(path, stored), *notes)
    for one in some:
        page.section(one.info.title, *_kind(path, one, texts))
    nothing = [_nothing(one) for one in stored if not one.findings.table.num_rows]
    if nothing:
        page.section("Looked for and not found", findings(nothing))
    return page


def _large(stored: Sequence[StoredFindings]) -> Html:
    return figures(
        [
            Figure(
                one.info.title,
                count(one.findings.table.num_rows),
                f"of {count(one.findings.looked_at)} looked at",
            )
            for one in stored
        ]
    )


def _nothing(one: StoredFindings) -> str:
    """Say of a kind that nothing was found why that is."""
    return " ".join([f"{one.info.title}: {lead(one.findings).lower()}", *promises(one.findings)])


def _table(path: Path, stored: Sequence[StoredFindings]) -> list[Html]:
    """Return a table of all lists; a kind without lists, such as what is alike, has no row."""
    kinds = [one for one in stored if one.findings.lists]
    promised = sorted({each.promise for one in kinds for each in one.findings.lists}, reverse=True)
    if not promised:
        return []
    columns = [Column("What", numeric=False)]
    columns += [Column(f"promised {share(one, 0)}") for one in promised]
    columns.append(Column("of the longest list expected wrong"))
    rows: list[list[Child]] = []
    for stored_findings in kinds:
        lists = {each.promise: each for each in stored_findings.findings.lists}
        listed = [lists[each].listed if each in lists else 0 for each in promised]
        longest = max(stored_findings.findings.lists, key=lambda each: each.listed)
        rows.append(
            [
                element("a", stored_findings.info.title, href=_link(path, stored_findings)),
                *(count(number) if number else "no list" for number in listed),
                count(round(longest.expected_errors)) if longest.listed else "",
            ]
        )
    caption = "How many findings are in the list promised to be right in so many of the cases"
    return [table(caption, columns, rows), *_empty(kinds)]


def _empty(kinds: Sequence[StoredFindings]) -> list[Html]:
    """Say how many of the lists could not be made."""
    lists = [each for one in kinds for each in one.findings.lists]
    empty = sum(not each.listed for each in lists)
    if not empty:
        return []
    return [
        note(
            f"{count(empty)} of {plural(len(lists), 'list', 'lists')} could not honestly be made; "
            "the page of each kind says why."
        )
    ]


def _not(why_not: Mapping[str, str]) -> list[Html]:
    return [note(f"{title}: not looked for; {why}.") for title, why in why_not.items()]


def _kind(
    path: Path, stored_findings: StoredFindings, texts: Mapping[str, ReviewText]
) -> list[Html]:
    link = element("a", "All of them, with their evidence", href=_link(path, stored_findings))
    return [
        paragraph(stored_findings.info.description, " ", lead(stored_findings.findings)),
        paragraph(link, ". The clearest:"),
        finding_cards(stored_findings.findings, stored_findings.info, texts, MOST_SHOWN),
    ]


def _link(path: Path, one: StoredFindings) -> str:
    return f"{one.path.relative_to(path.parent).as_posix()}/{PAGE}"

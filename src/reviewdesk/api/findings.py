"""What was found in reviews: lists with promises, evidence, pages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from reviewdesk.api.notebook import framed
from reviewdesk.api.reviews import Reviews, as_reviews
from reviewdesk.api.session import SessionFolder
from reviewdesk.api.tables import ArrowRows, Files, Table
from reviewdesk.engines.local_copies import local_copy
from reviewdesk.errors import NotEnoughData
from reviewdesk.findings.base import PromisedList
from reviewdesk.findings.export import promised
from reviewdesk.findings.store import PAGE, StoredFindings
from reviewdesk.job.find import FindSettings
from reviewdesk.job.find import find as find_in_reviews
from reviewdesk.progress import Progress


class FindingsTable(ArrowRows):
    """Findings of one kind.

    Args:
        stored: the folder of the findings.
        folder: a temporary folder that holds it; it is removed with this object.
    """

    def __init__(self, stored: StoredFindings, folder: SessionFolder | None = None) -> None:
        self.stored = stored
        self._folder = folder

    @property
    def lists(self) -> Sequence[PromisedList]:
        """One list for each promise: how long it is, or why it is empty."""
        return self.stored.findings.lists

    @property
    def notes(self) -> Sequence[str]:
        """Sentences about what was found besides."""
        return self.stored.findings.notes

    def promised(self, promise: float) -> pa.Table:
        """Return the findings of the list with this promise, such as 0.95."""
        return promised(self.stored.findings, promise).table

    def to_arrow(self) -> pa.Table:
        """Return all findings, the surest first, with their evidence."""
        return self.stored.findings.table

    def html(self) -> str:
        """Return the page."""
        with local_copy(self.stored.path / PAGE) as page:
            return page.read_text(encoding="utf-8")

    def __repr__(self) -> str:
        return f"<{self.stored.info.title}: {len(self):,}>"

    def _repr_html_(self) -> str:
        return framed(self.html())


def find(
    kind: str,
    data: Reviews | Files | Table,
    out: str | Path | None = None,
    *,
    reference: Sequence[str] | None = None,
    answers: str | Path | None = None,
    predictions: Mapping[str, Sequence[str | Path]] | None = None,
    promise: float = 0.0,
    folds: int = 5,
    seed: int = 0,
    overwrite: bool = False,
    **settings: Any,
) -> FindingsTable:
    """Find what is wrong in reviews, as ``reviewdesk find`` does.

    Args:
        kind: the finder, as on the command line.
        data: reviews, files or a DataFrame.
        out: a folder for it; None keeps it for this session.
        reference: ids of reviews that are known to be filed rightly.
        answers: a file with a person's answers to what a finder asked.
        predictions: your own predictions tables, by target.
        promise: only lists with this promise or a stricter one; 0 means all.
        folds: parts to cross-fit the predictions in.
        seed: another seed cross-fits in other parts.
        overwrite: replace what was found in other data.
        settings: the finder's own settings.

    Raises:
        UsageError: a name or a setting is wrong.
        MissingColumn: the data lacks what the finder needs.
        NotEnoughData: it does not suffice.
    """
    reviews = as_reviews(data)
    folder = SessionFolder() if out is None else None
    asked = FindSettings(
        finders=(kind,),
        options={kind: settings} if settings else {},
        predictions={
            target: tuple(map(Path, tables)) for target, tables in (predictions or {}).items()
        },
        reference=None if reference is None else pa.array(sorted(set(reference)), pa.string()),
        answers=None if answers is None else Path(answers),
        promise=promise,
        folds=folds,
        seed=seed,
    )
    place = folder.path / "findings" if folder else Path(out or "")
    result = find_in_reviews(reviews.data, place, asked, overwrite=overwrite, progress=Progress())
    (outcome,) = result.outcomes
    if outcome.stored is None:
        raise NotEnoughData(outcome.why_not or "the data does not suffice")
    return FindingsTable(outcome.stored, folder)

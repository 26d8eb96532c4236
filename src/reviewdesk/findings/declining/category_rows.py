"""Changed categories as rows of findings."""

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from reviewdesk.findings.base import RECOVERED
from reviewdesk.findings.declining.categories import ChangedCategory
from reviewdesk.findings.declining.evidence import KINDS
from reviewdesk.findings.declining.finding_rows import ChangeContext, last_day
from reviewdesk.findings.declining.state import state_of
from reviewdesk.findings.samples import telling_samples
from reviewdesk.progress import Progress
from reviewdesk.schema import FINDINGS


def category_rows(
    given: ChangeContext, changed: Sequence[ChangedCategory], progress: Progress
) -> pa.Table:
    """Return categories as schema ``FINDINGS``."""
    with_text = [one.rows < given.data.rows for one in changed]  # which have a text
    samples = telling_samples(
        given.data,
        [one.rows[texts] for one, texts in zip(changed, with_text, strict=True)],
        [
            KINDS - 1 - one.stars[texts].astype(np.float64)
            for one, texts in zip(changed, with_text, strict=True)
        ],
        progress=progress,
    )
    rows = [_row(given, one, telling) for one, telling in zip(changed, samples, strict=True)]
    return pa.Table.from_pylist(rows, FINDINGS)


def _row(given: ChangeContext, category: ChangedCategory, samples: list[str]) -> dict[str, Any]:
    look, name = category.look, given.products.categories[category.category]
    return {
        "finder": given.finder,
        "kind": "category",
        "what": name,
        "title": name,
        "reviews": len(category.rows),
        "score": 1 - category.p_value,
        "promise": category.promise,
        "since": last_day(category.first_month - 1) + datetime.timedelta(1),
        "noticed": last_day(look.month),
        "action": _action(given, category),
        "numbers": [
            {"name": told, "value": float(value)}
            for told, value in (
                ("stars before", _stars(given, look.before)),
                ("stars after", _stars(given, look.after)),
                (f"products with {'lower' if given.worse else 'higher'} stars", look.fell),
                ("products compared", look.products),
                ("chance that a category looks so without a change", category.p_value),
            )
        ],
        "samples": samples,
        "state": state_of(category.state, worse=given.worse),
    }


def _stars(given: ChangeContext, mean: float) -> float:
    """Return a mean as it was given; of what gets better, stars were turned over."""
    return mean if given.worse else KINDS + 1 - mean


def _action(given: ChangeContext, category: ChangedCategory) -> str:
    """Return what happened, when, how it stands, and what to do."""
    look = category.look
    first, last = last_day(category.first_month), last_day(look.month)
    begin = f"{first:%B}" if first.year == last.year else f"{first:%B %Y}"
    before, after = (f"{_stars(given, mean):.1f}" for mean in (look.before, look.after))
    sentence = (
        f"Ratings of the same products {'fell' if given.worse else 'rose'} from {before} to "
        f"{after} between {begin} and {last:%B %Y}, further than in other categories, for "
        f"{look.fell} of {look.products}"
    )
    if category.state == RECOVERED:
        todo = "Nothing is to be done now." if given.worse else "Find out what went then."
        return f"{sentence}; they have been back since. {todo}"
    if given.worse:
        return (
            f"{sentence}. Check what these products have in common: a supplier, the delivery, how "
            "they are shown."
        )
    return f"{sentence}. Find out what was done better then, and keep it."

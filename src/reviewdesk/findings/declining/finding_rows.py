"""Changed products as rows of findings, with the evidence that a person needs."""

import datetime
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.base import CHANGED_AGAIN, NO_REVIEWS, RECOVERED
from reviewdesk.findings.declining.changes import Mean, StarChange, locate, mean_stars
from reviewdesk.findings.declining.evidence import KINDS, Baselines, Floats, Ints
from reviewdesk.findings.declining.histories import Histories
from reviewdesk.findings.declining.state import ChangeState, change_state, state_of
from reviewdesk.findings.products import Products
from reviewdesk.findings.samples import telling_samples
from reviewdesk.findings.words import Question, Words, telling_words
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.schema import FINDINGS

EXPLAINED: Final = 500
"""Findings that get words: those first in the list. More would be read by nobody."""

CHARTED: Final = 48
"""Months in a chart, the last ones that have reviews."""


class ListedChanges(NamedTuple):
    """The longest list, the surest first."""

    histories: Ints  # (m,) which history each is
    looks: Ints  # (m,) the look at which it was called
    months: Ints  # (m,) the month in which it was called
    posterior: Floats  # (m,)
    promise: Floats  # (m,)


@dataclass(frozen=True)
class ChangeContext:
    """What rows are made from.

    Args:
        finder: its name.
        worse: whether the change is for the worse.
        data: the reviews; rows behind them have stars and no text.
        products: all products.
        histories: histories, with 5 stars called 1 star when the change is for the better.
        product: (p,) of each history, among all products.
        baselines: what each history is measured by.
        p_values: (k,) p-value of each look by permuting the product's own stars.
        ever: (p,) the chance by the e-process.
    """

    finder: str
    worse: bool
    data: PreparedData
    products: Products
    histories: Histories
    product: NDArray[np.int64]
    baselines: Baselines
    p_values: Floats
    ever: Floats


def finding_rows(given: ChangeContext, listed: ListedChanges, progress: Progress) -> pa.Table:
    """Return the list as schema ``FINDINGS``."""
    if not len(listed.histories):
        return FINDINGS.empty_table()
    spans = [_Span.of(given, int(one), int(look)) for one, look in zip(*listed[:2], strict=True)]
    words = _words(given, spans, progress)
    with_text = [one.rows[one.changed] < given.data.rows for one in spans]  # which have a text
    samples = telling_samples(
        given.data,
        [one.rows[one.changed][texts] for one, texts in zip(spans, with_text, strict=True)],
        [_telling(one)[texts] for one, texts in zip(spans, with_text, strict=True)],
        progress=progress,
    )
    rows = [
        _row(given, listed, place, spans[place], words[place], samples[place])
        for place in range(len(spans))
    ]
    return pa.Table.from_pylist(rows, FINDINGS)


class _Span(NamedTuple):
    """One product's reviews, and where among them it changed."""

    rows: Ints
    stars: NDArray[np.int8]  # worse is lower
    days: NDArray[np.int32]
    change: StarChange
    now: ChangeState

    @classmethod
    def of(cls, given: ChangeContext, history: int, look: int) -> "_Span":
        """Cut a history out; where it changed is told from what was known when it was called."""
        histories, baseline = given.histories, int(given.baselines.of[history])
        part = slice(int(histories.offsets[history]), int(histories.offsets[history + 1]))
        change = locate(
            histories.stars[part][: histories.looks[look]],
            given.baselines.weights[baseline],
            given.baselines.concentrations[baseline],
        )
        stars, days = histories.stars[part], histories.days[part]
        now = change_state(stars, days, change.place, int(histories.days.max()))
        return cls(histories.rows[part], stars, days, change, now)

    @property
    def changed(self) -> slice:
        """The reviews from the change on until the next one."""
        return slice(self.change.place, self.now.until)

    def day(self, place: int) -> datetime.date:
        """Return the day of one of the reviews."""
        return datetime.date(1970, 1, 1) + datetime.timedelta(int(self.days[place]))


def _telling(span: _Span) -> Floats:
    """Return how telling each review after the change is: low stars first, then the latest."""
    stars = span.stars[span.changed]
    return (KINDS - 1 - stars) + np.arange(len(stars)) / len(span.rows)


def _words(given: ChangeContext, spans: list[_Span], progress: Progress) -> list[Words]:
    """Return for each product the words that rose (above 0) and fell (below 0)."""
    groups = np.full(given.data.rows, -1, np.int32)
    questions = []
    for number, span in enumerate(spans[:EXPLAINED]):
        before, after = (
            rows[rows < given.data.rows]
            for rows in (span.rows[: span.change.place], span.rows[span.changed])
        )
        groups[before] = 2 * number
        groups[after] = 2 * number + 1
        questions.append(Question(after, 2 * number + 1, 2 * number))
    found = telling_words(given.data, groups, questions, progress=progress)
    return [*found, *([] for _ in spans[EXPLAINED:])]


def _row(
    given: ChangeContext,
    listed: ListedChanges,
    row: int,
    span: _Span,
    words: Words,
    samples: list[str],
) -> dict[str, Any]:
    history = int(listed.histories[row])
    product, change = int(given.product[history]), span.change
    return {
        "finder": given.finder,
        "kind": "product",
        "what": given.products.ids[product],
        "title": given.products.titles[product],
        "where": given.products.category_name(product),
        "reviews": len(span.rows),
        "score": float(listed.posterior[row]),
        "promise": float(listed.promise[row]),
        "since": span.day(change.place),
        "noticed": last_day(int(listed.months[row])),
        "action": _action(given, span),
        "words": [{"word": word, "weight": weight} for word, weight in words],
        "numbers": _numbers(given, span, history, int(listed.looks[row])),
        "chart": _chart(given, span),
        "samples": samples,
        "state": state_of(span.now.state, worse=given.worse),
    }


def last_day(month: int) -> datetime.date:
    """Return the last day of a month, which is given since 1970-01."""
    day: datetime.date = (np.datetime64(month + 1, "M").astype("datetime64[D]") - 1).item()
    return day


def _action(given: ChangeContext, span: _Span) -> str:
    """Return what happened, when, how it stands, and what to do."""
    change, now = span.change, span.now
    first, last = span.day(change.earliest), span.day(change.latest)
    when = f"in {last:%B %Y}"
    if (first.year, first.month) != (last.year, last.month):
        begin = f"{first:%B}" if first.year == last.year else f"{first:%B %Y}"
        when = f"between {begin} and {last:%B %Y}"
    before, during = (
        _mean(given, span.stars[part]).value for part in (slice(change.place), span.changed)
    )
    moved = "fell" if given.worse else "rose"
    sentence = f"Ratings {moved} from {before:.1f} to {during:.1f} {when}"
    today = f"{_mean(given, span.stars[now.last :]).value:.1f}"
    since = f"{span.day(now.last):%B %Y}" if now.last < len(span.days) else ""
    if now.state == RECOVERED:
        todo = "Nothing is to be done now." if given.worse else "Find out what went then."
        return f"{sentence}; since {since} they have been back at {today}. {todo}"
    if now.state == CHANGED_AGAIN:
        return f"{sentence}; since {since} they have been at {today}. Look at what is the case now."
    if now.state == NO_REVIEWS:
        return f"{sentence}. Nobody has reviewed it since {span.day(len(span.days) - 1):%B %Y}."
    if given.worse:
        return f"{sentence}. Check what changed in the product or the listing then."
    return f"{sentence}. Find out what was done better then, and keep it."


def _numbers(given: ChangeContext, span: _Span, history: int, look: int) -> list[dict[str, Any]]:
    reviews_before = span.change.place
    before, after = (
        _mean(given, span.stars[:reviews_before]),
        _mean(given, span.stars[span.changed]),
    )
    now = _mean(given, span.stars[span.now.last :])
    return [
        {"name": name, "value": float(value)}
        for name, value in (
            ("stars before", before.value),
            ("stars before, low", before.low),
            ("stars before, high", before.high),
            ("stars after", after.value),
            ("stars after, low", after.low),
            ("stars after, high", after.high),
            ("reviews before", reviews_before),
            ("reviews after", span.now.until - reviews_before),
            *([("stars now", now.value)] if span.now.last > reviews_before else []),
            ("chance that its stars in random order look so", _p_value(given, history, look)),
            ("chance that they ever look so without a change", given.ever[history]),
        )
    ]


def _p_value(given: ChangeContext, history: int, look: int) -> float:
    """Return the p-value at the last record until a look: at other looks none is computed."""
    past = given.p_values[given.histories.look_offsets[history] : look + 1]
    known = past[past < 1]
    return float(known[-1]) if len(known) else 1.0


def _mean(given: ChangeContext, stars: NDArray[np.int8]) -> Mean:
    """Return a mean of stars as they were given."""
    mean = mean_stars(stars)
    if given.worse:
        return mean
    return Mean(KINDS + 1 - mean.value, KINDS + 1 - mean.high, KINDS + 1 - mean.low)


def _chart(given: ChangeContext, span: _Span) -> list[dict[str, Any]]:
    """Return the mean stars of each month that has reviews."""
    months = span.days.astype("datetime64[D]").astype("datetime64[M]")
    names, at = np.unique(months, return_inverse=True)
    stars = span.stars + 1.0 if given.worse else KINDS - span.stars.astype(np.float64)
    means = np.bincount(at, stars) / np.bincount(at)
    return [
        {"name": str(name), "value": round(float(mean), 3)}
        for name, mean in zip(names[-CHARTED:], means[-CHARTED:], strict=True)
    ]

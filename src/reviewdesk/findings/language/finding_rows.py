"""Categories whose language changed as rows of findings, with the evidence that a person needs."""

import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from reviewdesk.findings.base import CHANGED_AGAIN, GOING_ON, NO_REVIEWS
from reviewdesk.findings.language.alarms import Alarm, LanguageAlarms
from reviewdesk.findings.language.distances import Floats
from reviewdesk.findings.language.looks import Look
from reviewdesk.findings.language.units import Units
from reviewdesk.findings.samples import telling_samples
from reviewdesk.findings.words import MOST_WORDS, without_parts
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.schema import FINDINGS

CHARTED: Final = 24
"""Months in a chart, the last ones until the alarm."""

CLEAR: Final = 2.0
"""Words with a smaller z-score are not shown."""

SILENT: Final = 12
"""Months without a review at the end of the data after which nothing is said of a category now."""

TELLING: Final = 3.0
"""Words with a smaller z-score are not named in the action."""

NAMED: Final = 3
"""Words that the action names, and whose shares are told."""

NAME: Final = "language-shift"


class _Words(NamedTuple):
    """What changed: terms by their place among those of the look."""

    rose: list[tuple[str, float]]  # the clearest first, with z above 0
    fell: list[tuple[str, float]]  # with z below 0
    z: Floats  # (v,) 0 for terms that did not clearly rise


def finding_rows(
    data: PreparedData, units: Units, raised: LanguageAlarms, progress: Progress
) -> pa.Table:
    """Return the alarms as schema ``FINDINGS``, the surest first."""
    alarms = sorted(
        raised.alarms,
        key=lambda one: (-one.promise, -one.score, -one.looked.month, one.looked.category),
    )
    words = [_words(units, alarm.look) for alarm in alarms]
    telling = [_said(alarm.look, one) for alarm, one in zip(alarms, words, strict=True)]
    samples = telling_samples(
        data, [units.rows[places] for places, _ in telling], [score for _, score in telling],
        progress=progress,
    ) if alarms else []  # fmt: skip
    rows = [
        _row(units, raised, alarm, one, shown)
        for alarm, one, shown in zip(alarms, words, samples, strict=True)
    ]
    return pa.Table.from_pylist(rows, FINDINGS)


def _words(units: Units, look: Look) -> _Words:
    """Return the terms that rose and fell; z is the signed root of what the call rests on."""
    signed = look.deviances()
    z = np.sign(signed) * np.sqrt(np.abs(signed))
    z = np.where(np.abs(z) >= CLEAR, z, 0.0)
    order = np.argsort(-z, kind="stable")
    named = [(units.names[look.columns[one]], float(z[one])) for one in order]
    rose = without_parts([one for one in named if one[1] > 0])[:MOST_WORDS]
    fell = without_parts([one for one in reversed(named) if one[1] < 0])[:MOST_WORDS]
    return _Words(rose, fell, np.maximum(z, 0.0))


def _said(look: Look, words: _Words) -> tuple[np.ndarray, Floats]:
    """Return the month's units, and how much each says of what rose."""
    now = np.flatnonzero(look.compared.now)
    return look.places[now], np.asarray(look.compared.terms[now] @ words.z, np.float64)


def _row(
    units: Units, raised: LanguageAlarms, alarm: Alarm, words: _Words, samples: list[str]
) -> dict[str, Any]:
    name = units.categories[alarm.looked.category]
    later = _next(raised, alarm)
    state = _state(units, alarm, later)
    return {
        "finder": NAME,
        "kind": "category",
        "what": name,
        "title": name,
        "where": None,
        "suggested": None,
        "reviews": len(alarm.look.places),
        "score": alarm.score,
        "promise": alarm.promise,
        "since": day_of(alarm.look.first),
        "action": _action(name, alarm.look.first, words, state, later),
        "words": [{"word": word, "weight": z} for word, z in (*words.rose, *words.fell)],
        "numbers": _numbers(units, alarm, words),
        "chart": _chart(raised, alarm),
        "samples": samples,
        "state": state,
    }


def _next(found: LanguageAlarms, alarm: Alarm) -> Alarm | None:
    """Return the category's next alarm: whoever is called is compared with the months since."""
    later = [
        one
        for one in found.alarms
        if one.looked.category == alarm.looked.category and one.looked.month > alarm.looked.month
    ]
    return min(later, key=lambda one: one.looked.month, default=None)


def _state(units: Units, alarm: Alarm, later: Alarm | None) -> str:
    """Return how a shift stands as of the last month."""
    if later is not None:
        return CHANGED_AGAIN
    last = units.month[units.category == alarm.looked.category].max()
    return NO_REVIEWS if units.month.max() - last >= SILENT else GOING_ON


def day_of(month: int) -> datetime.date:
    """Return the first day of a month since 1970-01."""
    return datetime.date(1970 + month // 12, month % 12 + 1, 1)


def _action(name: str, month: int, words: _Words, state: str, later: Alarm | None) -> str:
    since = f"{day_of(month):%B %Y}"
    rose, fell = (
        ", ".join(f"“{word}”" for word, z in said[:NAMED] if abs(z) >= TELLING)
        for said in (words.rose, words.fell)
    )
    asked = f"speak more of {rose}" if rose else f"say {fell or 'much'} less"
    if later is not None:
        asked = asked.replace("speak", "spoke", 1).replace("say", "said", 1)
        again = f"{day_of(later.look.first):%B %Y}"
        return (
            f"From {since} on, reviews in {name} {asked}; in {again} their words changed again. "
            "Look at what they say now."
        )
    sentence = f"Since {since}, reviews in {name} {asked}."
    if state == NO_REVIEWS:
        return f"{sentence} Nobody has reviewed anything there for a year."
    return (
        f"{sentence} Read some of them, and see whether your answers, tags and classifiers "
        "still fit."
    )


def _numbers(units: Units, alarm: Alarm, words: _Words) -> list[dict[str, Any]]:
    look, now = alarm.look, alarm.look.compared.now
    then = "in the month" if look.first == alarm.looked.month else "in the months since"
    values = [
        (f"products {then}", float(now.sum())),
        ("products in the months before", float((~now).sum())),
        ("words of the month, times as far as by chance", alarm.looked.distance.times_expected),
        ("chance by dealing the months out anew", alarm.looked.p_value),
    ]
    stars = units.stars[look.places]
    if (stars[now] > 0).any() and (stars[~now] > 0).any():
        for time, units_of in (("before", ~now), (then, now)):
            values.append((f"stars {time}", float(stars[units_of & (stars > 0)].mean())))
    terms = np.diff(look.compared.terms.indptr)
    for time, units_of in (("before", ~now), (then, now)):
        values.append((f"frequent words a review {time}", float(terms[units_of].mean())))
    places = {units.names[column]: place for place, column in enumerate(look.columns)}
    for word, _ in words.rose[:NAMED]:
        has = look.compared.terms[:, [places[word]]].toarray()[:, 0]
        for time, units_of in (("before", ~now), (then, now)):
            values.append((f"share that says “{word}” {time}", float(has[units_of].mean())))
    return [{"name": name, "value": value} for name, value in values]


def _chart(found: LanguageAlarms, alarm: Alarm) -> list[dict[str, Any]]:
    """Return how far each month was, in times of chance, until the alarm."""
    until = [
        one
        for one in found.looked
        if one.category == alarm.looked.category and one.month <= alarm.looked.month
    ]
    return [
        {"name": f"{day_of(one.month):%Y-%m}", "value": round(one.distance.times_expected, 3)}
        for one in until[-CHARTED:]
    ]

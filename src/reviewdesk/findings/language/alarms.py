"""Which categories are called changed in which month, so that few are called so wrongly.

At the end of each month all looks so far are judged together, as ``declining.alarms`` judges
products: a look is exposed once, and so its p-value is its level. That is the lower one of two,
times two: of the words of the last month, for what stands out at once, and of the topics of the
last months together, for what is little in each of many words. Whoever is called begins a new
history with these months, since from then on the new words are the usual ones.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.declining.alarms import HEAD_START, threshold
from reviewdesk.findings.language.distances import Distance, Floats, measure
from reviewdesk.findings.language.looks import MONTHS, CategoryHistory, Look
from reviewdesk.findings.language.topics import measure_topics
from reviewdesk.findings.language.units import Units
from reviewdesk.progress import Progress
from reviewdesk.text.hashing import hash64_text


class Looked(NamedTuple):
    """What came of one look.

    Args:
        category: its place among the categories.
        month: since 1970-01.
        products: how many the month has.
        distance: how far its words are from those before.
        p_value: that any of both ways to look gets so far.
    """

    category: int
    month: int
    products: int
    distance: Distance
    p_value: float


class Alarm(NamedTuple):
    """A category that was called changed.

    Args:
        looked: the look that called it.
        look: what was compared then, the one of both that is the clearer.
        promise: the strictest at which it was called.
        score: how probably it is right.
    """

    looked: Looked
    look: Look
    promise: float
    score: float


@dataclass(frozen=True)
class LanguageAlarms:
    """What came of all looks.

    Args:
        alarms: in order of time.
        looked: all looks, in order of time.
        expected_errors: of each promise, how many of its alarms are expected to be wrong.
    """

    alarms: tuple[Alarm, ...]
    looked: tuple[Looked, ...]
    expected_errors: dict[float, float]


def raise_alarms(units: Units, progress: Progress) -> LanguageAlarms:
    """Look at every category at the end of every month."""
    categories = [CategoryHistory(units, one) for one in range(len(units.categories))]
    since = np.zeros(len(categories), np.int64)
    alarms: list[Alarm] = []
    looked: list[Looked] = []
    errors = dict.fromkeys(PROMISES, 0.0)
    months = np.unique(units.month).tolist()
    with progress.task("Comparing months", len(months), "months") as task:
        for month in months:
            looks = _looks(units, categories, since, month)
            looked += [one for one, _ in looks]
            p_values = np.array([one.p_value for one in looked])
            limits = {one: threshold(p_values, len(looked), 1 - one) for one in PROMISES}
            errors = {one: max(errors[one], limits[one] * len(looked)) for one in PROMISES}
            for one, look in looks:
                met = [promise for promise in PROMISES if one.p_value <= limits[promise]]
                if met:
                    alarms.append(Alarm(one, look, max(met), _score(p_values, one)))
                    since[one.category] = look.first
            task.advance(1)
    for promise in PROMISES:
        listed = sum(alarm.promise >= promise for alarm in alarms)
        errors[promise] = min(errors[promise], (1 - promise) * listed)
    return LanguageAlarms(tuple(alarms), tuple(looked), errors)


def _looks(
    units: Units, categories: list[CategoryHistory], since: np.ndarray, month: int
) -> list[tuple[Looked, Look]]:
    """Look at each category that has a history."""
    looks = []
    for number, category in enumerate(categories):
        history = max(int(since[number]), month - MONTHS)
        look = category.look(month, history)
        if look is not None:
            seed = hash64_text(f"{units.categories[number]}\n{month}")
            products = int(look.compared.now.sum())
            away = measure(look.compared, seed)
            wide = category.wide_look(month, history)
            ways = [(away.p_value, look)]
            if wide is not None:
                ways.append((measure_topics(wide.compared, seed).p_value, wide))
            lowest, clearer = min(ways, key=lambda one: one[0])
            p_value = min(1.0, len(ways) * lowest)
            looks.append((Looked(number, month, products, away, p_value), clearer))
    return looks


def _score(p_values: Floats, one: Looked) -> float:
    """Return how many of the looks as clear as this one are right, by what is known by then."""
    alike = int((p_values <= one.p_value).sum())
    wrong = one.p_value * (HEAD_START + len(p_values)) / alike
    return float(1 - min(wrong, 1.0))

"""How a change stands as of the last month of the data: it goes on, or it is over."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from reviewdesk.findings.base import CHANGED_AGAIN, GOING_ON, NO_REVIEWS, RECOVERED
from reviewdesk.findings.declining.evidence import KINDS, Stars
from reviewdesk.stats.dirichlet_multinomial import log_probabilities

LATER: Final = 3.0
"""The log of how many times as likely reviews have to be with a later change as without one."""
BACK: Final = 2 / 3
"""Stars are back when so much of the change is made good."""
SILENT: Final = 365
"""Days without a review at the end of the data after which nothing is said of a product now."""


class ChangeState(NamedTuple):
    """How a change stands.

    Args:
        state: one of the states of ``findings.base``.
        until: how many reviews there were before the next change; all where there is none.
        last: how many there were before the last one.
    """

    state: str
    until: int
    last: int


def change_state(stars: Stars, days: NDArray[np.int32], change: int, today: int) -> ChangeState:
    """Return how a change stands.

    Args:
        stars: (n,) 0 to 4 in order of time.
        days: (n,) since 1970-01-01.
        change: how many reviews there were before it.
        today: the last day of the data.
    """
    ends = [change]
    while (more := later_change(stars[ends[-1] :])) is not None:
        ends.append(ends[-1] + more)
    until, last = ends[1] if len(ends) > 1 else len(stars), ends[-1]
    if len(ends) > 1:
        before, during, now = (
            float(part.mean()) for part in (stars[:change], stars[change:until], stars[last:])
        )
        lost = during - before
        back = abs(lost) > 0 and (now - during) / -lost >= BACK
        return ChangeState(RECOVERED if back else CHANGED_AGAIN, until, last)
    silent = today - int(days[-1]) > SILENT
    return ChangeState(NO_REVIEWS if silent else GOING_ON, until, last)


def later_change(stars: Stars) -> int | None:
    """Return after how many reviews a mix of stars changed, or None where it hardly did.

    All places are equal beforehand, and before and after it every mix is.
    """
    if len(stars) < 2:
        return None
    before = np.cumsum(np.eye(KINDS)[stars], axis=0)
    whole, even = before[-1:], np.ones(KINDS)
    before = before[:-1]
    logs = log_probabilities(before, even) + log_probabilities(whole - before, even)
    gain = logsumexp(logs) - np.log(len(logs)) - log_probabilities(whole, even)[0]
    return int(np.argmax(logs)) + 1 if gain > LATER else None

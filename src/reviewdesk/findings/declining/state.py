"""How a change stands as of the last month of the data: it goes on, or it is over."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from reviewdesk.findings.base import CHANGED_AGAIN, GOING_ON, LOST_AGAIN, NO_REVIEWS, RECOVERED
from reviewdesk.findings.declining.evidence import KINDS, Stars
from reviewdesk.stats.dirichlet_multinomial import log_probabilities

LATER: Final = 3.0
"""The log of how many times as likely reviews have to be with a later change as without one."""
BACK: Final = 2 / 3
"""Stars are back when so much of the change is made good."""
SAME: Final = 1 / 3
"""A later mix whose mean is within so much of the change is no other change to who reads of it."""
SILENT: Final = 365
"""Days without a review at the end of the data after which nothing is said of a product now."""


class ChangeState(NamedTuple):
    """How a change stands.

    Args:
        state: one of the states of ``findings.base``.
        until: how many reviews there were before the next change; all where there is none.
        last: how many there were before the last change; before this one where it goes on.
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
    before, *means = (float(part.mean()) for part in np.split(stars, ends))
    moved = means[0] - before
    if all(abs(mean - means[0]) <= SAME * abs(moved) for mean in means[1:]):
        silent = today - int(days[-1]) > SILENT
        return ChangeState(NO_REVIEWS if silent else GOING_ON, len(stars), change)
    back = abs(moved) > 0 and (means[-1] - means[0]) / -moved >= BACK
    return ChangeState(RECOVERED if back else CHANGED_AGAIN, ends[1], ends[-1])


def state_of(state: str, *, worse: bool) -> str:
    """Return a state in words for a change in this direction."""
    return LOST_AGAIN if state == RECOVERED and not worse else state


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

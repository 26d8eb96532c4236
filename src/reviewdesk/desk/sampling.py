"""Findings drawn at random from each list, by which it is measured what lists deliver.

Each list has strata: findings whose strictest promise is the same. In each, findings are drawn one
after the other in a random order that a key fixes. When one is drawn depends on chance alone: what
is decided already is drawn as well, and only not shown again. So, however agents work through the
queue, the surest first or only what they like, what was drawn is a random sample of the stratum. It
counts up to the first that nobody has decided about; a decision about many at once is none about
each of them.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from reviewdesk.desk.actions import RIGHT, UNSURE
from reviewdesk.desk.worklist import Filter, Worklist
from reviewdesk.findings.review_category.audit import fit_correction
from reviewdesk.stats.stratified import Delivered, Stratum, stratified_share
from reviewdesk.text.hashing import hash64

MOST_OFFERED: Final = 100
FEWEST_FOR_CUT: Final = 10
_SAME: Final = 1e-9


class Drawn(NamedTuple):
    """The sample of one stratum.

    Args:
        order: all its findings, in the order in which they are drawn.
        counted: how many of the first are decided, one by one.
        verdicts: of these.
    """

    order: list[str]
    counted: int
    verdicts: list[str]


class ListDelivered(NamedTuple):
    """What one list promises, and what it delivers.

    Args:
        finder: whose list.
        promise: the precision promised.
        listed: how many findings it holds.
        counted: how many were drawn and decided.
        delivered: the precision, with its interval.
        anew: how many findings a list may hold that keeps the promise as it was decided; None as
            long as too little was decided.
    """

    finder: str
    promise: float
    listed: int
    counted: int
    delivered: Delivered
    anew: int | None


class Sampling:
    """Draws findings from a worklist.

    Args:
        worklist: the findings, with what was decided.
        key: fixes the order; kept, so that it stays the same.
        rate: which share of the queue is drawn.
    """

    def __init__(self, worklist: Worklist, key: bytes, rate: float) -> None:
        self.worklist = worklist
        self.rate = rate
        self._strata = _strata(worklist, int.from_bytes(key[:8], "little"))

    def claim(self, wanted: Filter, holder: str, but: Iterable[str] = ()) -> str | None:
        """Take the next finding: at the sampling's rate a drawn one, else the first of the queue.

        Args:
            wanted: which findings; only where no more than a kind is wanted are any drawn.
            holder: who takes it.
            but: findings that are passed over.
        """
        if wanted.query().keys() <= {"finder"} and secrets.SystemRandom().random() < self.rate:
            offered = [name for name in self._draw(wanted.finder) if name not in set(but)]
            claimed = self.worklist.decisions.claim(offered, holder, again=True)
            if claimed is not None:
                return claimed
        return self.worklist.claim(wanted, holder, but)

    def _draw(self, finder: str) -> list[str]:
        """Return drawn findings that wait for a decision; where none does, draw one more."""
        self.worklist.refresh()
        numbers = self._numbers()
        strata = [stratum for stratum in self._strata if not finder or stratum[0] == finder]
        waiting = [
            name
            for stratum in strata
            for name in self._strata[stratum][: numbers[stratum]]
            if not self.worklist.decided_alone(name)
        ]
        held = self.worklist.decisions.holders(waiting)
        if len(held) < len(waiting):
            return waiting[:MOST_OFFERED]
        left = [one for one in strata if numbers[one] < len(self._strata[one])]
        if not left:
            return []
        stratum = min(left, key=lambda one: (numbers[one], one))
        number = self.worklist.decisions.draw(_name(stratum))
        drawn = self._strata[stratum][number - 1 : number]
        return [name for name in drawn if not self.worklist.decided_alone(name)]

    def drawn(self) -> dict[tuple[str, float], Drawn]:
        """Return the sample of each stratum: of a finder's findings with one strictest promise."""
        self.worklist.refresh()
        numbers, samples = self._numbers(), {}
        for stratum, order in self._strata.items():
            verdicts = [self.worklist.decided_alone(name) for name in order[: numbers[stratum]]]
            counted = verdicts.index("") if "" in verdicts else len(verdicts)
            samples[stratum] = Drawn(order, counted, verdicts[:counted])
        return samples

    def _numbers(self) -> dict[tuple[str, float], int]:
        """Return how many were drawn of each stratum."""
        draws = self.worklist.decisions.draws()
        return {stratum: draws.get(_name(stratum), 0) for stratum in self._strata}

    def delivered(self) -> list[ListDelivered]:
        """Return what each list promises and delivers."""
        samples = self.drawn()
        lists = []
        for finder, promised in self.worklist.lists.items():
            for promised_list in promised:
                inside = {
                    stratum: drawn
                    for stratum, drawn in samples.items()
                    if stratum[0] == finder and stratum[1] >= promised_list.promise - _SAME
                }
                strata = [_stratum(drawn) for drawn in inside.values()]
                lists.append(
                    ListDelivered(
                        finder,
                        promised_list.promise,
                        sum(len(drawn.order) for drawn in inside.values()),
                        sum(drawn.counted for drawn in inside.values()),
                        stratified_share(strata),
                        self._cut_anew(finder, promised_list.promise, samples),
                    )
                )
        return lists

    def answers(self, finder: str) -> dict[str, str]:
        """Return the verdicts on the drawn findings of a finder, by finding_id."""
        return {
            name: verdict
            for (whose, _), drawn in self.drawn().items()
            if whose == finder
            for name, verdict in zip(drawn.order, drawn.verdicts, strict=False)
        }

    def _cut_anew(
        self, finder: str, promise: float, samples: Mapping[tuple[str, float], Drawn]
    ) -> int | None:
        """Return how many of the surest findings are right so often, as drawn ones were decided."""
        own = [drawn for (whose, _), drawn in samples.items() if whose == finder]
        verdicts = [
            (name, verdict == RIGHT)
            for drawn in own
            for name, verdict in zip(drawn.order, drawn.verdicts, strict=False)
            if verdict != UNSURE
        ]
        if len(verdicts) < FEWEST_FOR_CUT:
            return None
        scores = self.worklist.table["score"].to_numpy()
        position = self.worklist.position
        correction = fit_correction(
            np.array([scores[position[name]] for name, _ in verdicts]),
            np.array([right for _, right in verdicts], np.bool_),
        )
        listed = np.sort([scores[position[name]] for drawn in own for name in drawn.order])[::-1]
        means = np.cumsum(correction.posterior(listed)) / np.arange(1, len(listed) + 1)
        kept = np.flatnonzero(means >= promise)
        return int(kept[-1]) + 1 if len(kept) else 0


def _strata(worklist: Worklist, seed: int) -> dict[tuple[str, float], list[str]]:
    finders = worklist.table["finder"].to_pylist()
    promises = worklist.table["promise"].to_pylist()
    hashes = hash64(pa.array(worklist.ids, pa.large_string()), seed)
    strata: dict[tuple[str, float], list[str]] = defaultdict(list)
    for place in np.argsort(hashes, kind="stable").tolist():
        if promises[place] > 0 and worklist.lists[finders[place]]:
            strata[finders[place], promises[place]].append(worklist.ids[place])
    return dict(strata)


def _name(stratum: tuple[str, float]) -> str:
    return f"{stratum[0]} {stratum[1]:g}"


def _stratum(drawn: Drawn) -> Stratum:
    return Stratum(
        len(drawn.order),
        drawn.counted,
        drawn.verdicts.count(RIGHT),
        drawn.verdicts.count(UNSURE),
    )

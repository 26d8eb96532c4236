"""Deciding how the ratings and dates of inputs are read, over all inputs that share a column.

Inputs of one format share a column where it has one name in them: a table that is cut into files is
read as the whole table would be, and tables of different makers do not speak for each other.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from reviewdesk.sources.catalog import Input
from reviewdesk.sources.columns import tell
from reviewdesk.sources.readings import Decision, Evidence
from reviewdesk.sources.tally import Tally

Shared = tuple[str, str]
"""A format, and what a column is called in its files."""


class Deciding:
    """What is known of the columns of inputs while they are read one by one."""

    def __init__(self) -> None:
        self._ratings: dict[Shared, Counter[str]] = {}
        self._dates: dict[Shared, Counter[str]] = {}

    def add(self, one: Input, evidence: Evidence) -> None:
        """Take in what all values of an input tell."""
        self._ratings.setdefault(shared(one, "star_rating"), Counter()).update(evidence.ratings)
        self._dates.setdefault(shared(one, "review_date"), Counter()).update(evidence.dates)

    def decision(self, input_: Input, evidence: Evidence | None = None) -> Decision:
        """Return how an input is read, after all that is known.

        Args:
            input_: the input.
            evidence: what its values tell so far, where it was not added yet.
        """
        known = Evidence(
            Counter(self._ratings.get(shared(input_, "star_rating"))),
            Counter(self._dates.get(shared(input_, "review_date"))),
        )
        if evidence is not None:
            known.update(evidence)
        return input_.reader.decide(known, input_.columns.columns)


def shared(one: Input, column: str) -> Shared:
    """Return what inputs have in common whose values of a column are decided together."""
    return one.source, one.columns.columns.get(column, column)


def decided(inputs: Sequence[Input]) -> list[Input]:
    """Return the inputs with the way in which ratings and dates are read.

    Files of general formats are read once for it; the others say it by their format.

    Args:
        inputs: from ``open_inputs``.

    Raises:
        StorageError: one cannot be read.
    """
    deciding = Deciding()
    for one in inputs:
        if one.reader.general:
            deciding.add(one, evidence_of(one))
    return [replace(one, reading=deciding.decision(one).reading) for one in inputs]


def evidence_of(one: Input) -> Evidence:
    """Return what all ratings and dates of an input tell."""
    evidence = Evidence()
    for rows in one.reader.rows(one.file, Tally(one.name)):
        tell(rows, evidence)
    return evidence

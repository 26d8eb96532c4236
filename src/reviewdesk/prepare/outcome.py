"""What came of preparing: refused where nothing is left, or more is unreadable than allowed."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from reviewdesk.errors import (
    DamagedInput,
    InputError,
    LostColumn,
    TooManyRejects,
)
from reviewdesk.prepare.layout import REJECTS_TABLE
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.staged import (
    InputGroup,
    StagedInput,
)
from reviewdesk.prepare.staging import NO_LETTERS, NO_TEXT, OTHER_LANGUAGE, OTHER_MARKETPLACE
from reviewdesk.sources.rejects import DAMAGE


def check_rejects(data: PreparedData) -> None:
    """Check that enough of the rows could be read.

    Raises:
        DamagedInput: an input is cut off or damaged.
        TooManyRejects: more rows than allowed could not be read, or all.
    """
    rejected, rows = data.manifest["rejected"], data.manifest["rows"]
    limit = data.manifest["settings"]["prepare"]["max_rejects"]
    if limit < 1 and not rejected.keys().isdisjoint(DAMAGE):
        raise DamagedInput(
            f"an input is damaged or cut off, so that reviews are missing in {data.location}; get "
            "the file again, or settle for what could be read with --max-rejects 1"
        )
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in rejected.items())
    if rows["rejected"] == rows["read"]:
        raise TooManyRejects(
            f"no review was read: none of the {rows['read']:,} rows could be ({reasons}); they are "
            f"in {data.location}/{REJECTS_TABLE}"
        )
    if not data.manifest["too_many_rejects"]:
        return
    raise TooManyRejects(
        f"{rows['rejected']:,} of {rows['read']:,} rows could not be read ({reasons}), more than "
        f"{limit:.3g} of all; the others are in {data.location}, these in "
        f"{data.location}/{REJECTS_TABLE}"
    )


def check_lost(data: PreparedData) -> None:
    """Check that of each column some value could be read.

    Raises:
        LostColumn: of one none could be.
    """
    limit = data.manifest["settings"]["prepare"]["max_rejects"]
    lost = data.manifest["lost_columns"]
    if limit < 1 and lost:
        one = lost[0]
        raise LostColumn(
            f"none of the {one['values']:,} values in {one['from']} could be read as "
            f"{one['column']}; all else is in {data.location}; {_HELP.get(one['column'], _MAP)}, "
            "or settle for what could be read with --max-rejects 1"
        )


_MAP: Final = "say which column it is with --map"


_HELP: Final = {
    "star_rating": f"say what they mean with --stars-scale, {_MAP}",
    "review_date": f"say how they are written with --date-format, {_MAP}",
}


_KEEPS: Final = {
    OTHER_LANGUAGE: "name the languages that there are with --language",
    OTHER_MARKETPLACE: "name the marketplaces that there are with --marketplace",
    NO_TEXT: "say which column is the text with --map, or keep reviews without one: --min-chars 0",
    NO_LETTERS: "say which column is the text with --map, or keep such reviews with --min-chars 0",
    "too_short": "ask for fewer with --min-chars",
    "too_long": "allow more with --max-chars",
}
"""What to do where a rule leaves nothing."""


def check_something_left(groups: Sequence[InputGroup]) -> None:
    """Check that the rules leave a review.

    Raises:
        InputError: they drop all of them, or there was none.
    """
    inputs = [one for group in groups for one in group.staged.inputs]
    read, rejected = (sum(counts) for counts in zip(*map(_read_and_rejected, inputs), strict=True))
    dropped = sum((Counter(one.dropped) for one in inputs), Counter[str]())
    if (read and dropped.total() < read - rejected) or read == rejected > 0:
        return  # where all are unreadable, they are written first
    if read:
        reasons = ", ".join(f"{n:,} {rule}" for rule, n in dropped.most_common() if n)
        most = max(dropped, key=dropped.__getitem__)
        unreadable = f"; {rejected:,} could not be read" if rejected else ""
        raise InputError(
            f"no review is left of {read:,} rows: {reasons}{unreadable}; {_KEEPS.get(most, _MAP)}"
        )
    notes = [note for one in inputs for note in one.notes]
    places = groups[0].inputs[0].name + (f" and {len(inputs) - 1:,} others" if inputs[1:] else "")
    why = f": {notes[0]}" if notes else "; a header alone is none"
    raise InputError(f"no review was read from {places}{why}")


def _read_and_rejected(one: StagedInput) -> tuple[int, int]:
    return one.read, sum(one.rejected.values())

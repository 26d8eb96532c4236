"""What people decided about findings: a database that outlives every run of ``find``.

Nothing is ever changed or deleted but by ``erase``: each decision, assignment, snooze and comment
is a row with its author and time, and undoing is a row too. Findings are known by their
``finding_id``, so that a decision is still there when they are found again. A decision is on the
disk before it is acknowledged.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from time import time
from typing import Final

from reviewdesk.desk.actions import UNDO, Action, Subject, check_action
from reviewdesk.desk.database import Database, Transaction, Value, marks
from reviewdesk.desk.texts import Texts
from reviewdesk.errors import UsageError

LEASE_SECONDS: Final = 600.0

_ACTION: Final = ", ".join(f":{name}" for name in Action._fields)
_SUBJECT: Final = ", ".join(f":{name}" for name in Subject._fields)
_AS_GIVEN: Final = ", ".join(f"{name} = excluded.{name}" for name in Subject._fields[1:])
_NEW_ACTION: Final = f"INSERT INTO actions VALUES ({_ACTION})"
_NEW_SUBJECT: Final = f"INSERT INTO subjects VALUES ({_SUBJECT}) ON CONFLICT (finding_id) DO "
_AMONG_LEASES: Final = "SELECT finding_id FROM leases WHERE finding_id IN"
_AMONG_ACTIONS: Final = "SELECT finding_id FROM actions WHERE finding_id IN"


class DecisionLog:
    """What was decided; safe to use from several threads, beside other processes.

    Args:
        database: where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._base = database

    @property
    def place(self) -> str:
        """Where decisions are, as it may be said."""
        return self._base.place

    def close(self) -> None:
        """Close the database."""
        self._base.close()

    def record(
        self,
        subjects: Sequence[Subject],
        kind: str,
        value: str,
        author: str,
        reason: str = "",
    ) -> int:
        """Write down what somebody did to some findings, all of it or nothing.

        Args:
            subjects: the findings.
            kind: one of ``KINDS`` but undo.
            value: a verdict; an assignee, empty for nobody; a day as in 2026-11-30, empty for none;
                a comment.
            author: who.
            reason: of a verdict; may be empty.

        Returns:
            The batch, to undo it by.

        Raises:
            UsageError: there is nothing to write down, or a value is none.
            StorageError: it cannot be written.
        """
        check_action(kind, value, author, reason)
        if not subjects:
            raise UsageError(Texts.english()("error.no_finding"))
        with self._base.writing() as writing:
            batch, at = _next(writing), _now()
            writing.run_each(
                f"{_NEW_SUBJECT} UPDATE SET {_AS_GIVEN}", [each._asdict() for each in subjects]
            )
            done = (
                Action(number, batch, at, author, each.finding_id, kind, value, reason, None)
                for number, each in enumerate(subjects, batch)
            )
            writing.run_each(_NEW_ACTION, [each._asdict() for each in done])
        return batch

    def undo(self, batch: int, author: str) -> list[str]:
        """Undo what was done at once.

        Args:
            batch: what ``record`` returned.
            author: who undoes it.

        Returns:
            The finding_ids; none where it had been undone before.

        Raises:
            UsageError: there is no such batch.
            StorageError: it cannot be written.
        """
        check_action(UNDO, str(batch), author, "")
        with self._base.writing() as writing:
            rows = writing.rows(
                "SELECT finding_id, undone, kind FROM actions WHERE batch = :batch ORDER BY id",
                {"batch": batch},
            )
            if not rows or rows[0][2] == UNDO:
                raise UsageError(Texts.english()("error.no_batch"))
            in_force = [finding_id for finding_id, undone, _ in rows if undone is None]
            first, at = _next(writing), _now()
            writing.run(
                "UPDATE actions SET undone = :first WHERE batch = :batch AND undone IS NULL",
                {"first": first, "batch": batch},
            )
            done = (
                Action(number, first, at, author, finding_id, UNDO, str(batch), "", None)
                for number, finding_id in enumerate(in_force, first)
            )
            writing.run_each(_NEW_ACTION, [each._asdict() for each in done])
        return in_force

    def take_over(self, actions: Sequence[Action], subjects: Mapping[str, Subject]) -> int:
        """Write down what was done at another desk, with its authors and times.

        Args:
            actions: in order; those that are here already (who did what when) are passed over.
            subjects: what they are about, by finding_id.

        Returns:
            How many came in.

        Raises:
            UsageError: an action is none.
            StorageError: it cannot be written.
        """
        for action in actions:
            check_action(action.kind, action.value, action.author, action.reason)
            datetime.fromisoformat(action.at)
        with self._base.writing() as writing:
            here = writing.rows("SELECT id, at, author, finding_id, kind FROM actions")
            known = {tuple(row[1:]): int(row[0]) for row in here}
            new = [each for each in actions if _key(each) not in known]
            known |= {_key(each): place for place, each in enumerate(new, _next(writing))}
            numbers = {each.id: known[_key(each)] for each in actions}
            about = sorted({each.finding_id for each in new})
            writing.run_each(
                f"{_NEW_SUBJECT} NOTHING", [subjects[name]._asdict() for name in about]
            )
            writing.run_each(_NEW_ACTION, [_renumbered(each, numbers)._asdict() for each in new])
            writing.run_each(
                "UPDATE actions SET undone = :undone WHERE id = :id AND undone IS NULL",
                [
                    {"undone": numbers[each.undone], "id": numbers[each.id]}
                    for each in actions
                    if each.undone in numbers
                ],
            )
        return len(new)

    def since(self, last: int) -> list[Action]:
        """Return what was done after an action, in order; 0 for everything."""
        return self._actions("WHERE id > :last ORDER BY id", last=last)

    def of_finding(self, finding_id: str) -> list[Action]:
        """Return all that was done to one finding, in order."""
        return self._actions("WHERE finding_id = :name ORDER BY id", name=finding_id)

    def of_batch(self, batch: int) -> list[Action]:
        """Return what was done at once."""
        return self._actions("WHERE batch = :batch ORDER BY id", batch=batch)

    def latest(self, most: int, author: str = "") -> list[Action]:
        """Return the first action of each of the last batches, the last first."""
        if author:
            where = "WHERE id = batch AND author = :author ORDER BY id DESC LIMIT :most"
            return self._actions(where, author=author, most=most)
        return self._actions("WHERE id = batch ORDER BY id DESC LIMIT :most", most=most)

    def size_of_batch(self, batch: int) -> int:
        """Return how many findings a batch is about."""
        with self._base.reading() as reading:
            query = "SELECT count(*) FROM actions WHERE batch = :batch"
            return int(reading.rows(query, {"batch": batch})[0][0])

    def subjects(self) -> dict[str, Subject]:
        """Return what is known of all findings that something was done to, by finding_id."""
        with self._base.reading() as reading:
            rows = reading.rows("SELECT * FROM subjects")
        return {row[0]: Subject(*row) for row in rows}

    def claim(
        self,
        candidates: Sequence[str],
        holder: str,
        seconds: float = LEASE_SECONDS,
        *,
        again: bool = False,
    ) -> str | None:
        """Take the first finding that nobody has decided about and nobody else has taken.

        Args:
            candidates: finding_ids, the most wanted first.
            holder: who takes it.
            seconds: for how long; whoever has taken it may take it again.
            again: also findings that are decided already.

        Returns:
            Its finding_id; None where there is none.
        """
        if not candidates:
            return None
        names, values = marks(candidates)
        taken = f"{_AMONG_LEASES} ({names}) AND until > :now AND holder <> :holder"
        decided = f"{_AMONG_ACTIONS} ({names}) AND kind = 'decide' AND undone IS NULL"
        with self._base.writing(brief=True) as writing:
            now = time()
            asked = writing.rows(taken, {**values, "now": now, "holder": holder})
            passed = {name for (name,) in asked}
            if not again:
                passed |= {name for (name,) in writing.rows(decided, values)}
            first = next((name for name in candidates if name not in passed), None)
            if first is not None:
                writing.run(
                    "INSERT INTO leases VALUES (:name, :holder, :until) ON CONFLICT (finding_id) "
                    "DO UPDATE SET holder = excluded.holder, until = excluded.until",
                    {"name": first, "holder": holder, "until": now + seconds},
                )
        return first

    def holders(self, finding_ids: Collection[str] | None = None) -> dict[str, str]:
        """Return who has taken which findings now; of all where none are named."""
        with self._base.reading() as reading:
            query = "SELECT finding_id, holder FROM leases WHERE until > :now"
            rows = reading.rows(query, {"now": time()})
        return {name: holder for name, holder in rows if finding_ids is None or name in finding_ids}

    def release(self, holder: str, but: Collection[str] = ()) -> None:
        """Give back what somebody has taken, but for some."""
        with self._base.writing(brief=True) as writing:
            held = writing.rows(
                "SELECT finding_id FROM leases WHERE holder = :holder", {"holder": holder}
            )
            names, values = marks([name for (name,) in held if name not in but])
            writing.run(f"DELETE FROM leases WHERE finding_id IN ({names})", values)

    def draw(self, stratum: str) -> int:
        """Count one more draw from a stratum of a list; return how many there are now."""
        with self._base.writing() as writing:
            writing.run(
                "INSERT INTO draws VALUES (:stratum, 1) "
                "ON CONFLICT (stratum) DO UPDATE SET number = draws.number + 1",
                {"stratum": stratum},
            )
            query = "SELECT number FROM draws WHERE stratum = :stratum"
            return int(writing.rows(query, {"stratum": stratum})[0][0])

    def draws(self) -> dict[str, int]:
        """Return how many draws there were from each stratum."""
        with self._base.reading() as reading:
            return {stratum: int(number) for stratum, number in reading.rows("SELECT * FROM draws")}

    def take_over_draws(self, draws: Mapping[str, int]) -> None:
        """Count draws of another desk; a stratum that was drawn from here stays as it is."""
        with self._base.writing() as writing:
            writing.run_each(
                "INSERT INTO draws VALUES (:stratum, :number) ON CONFLICT (stratum) DO NOTHING",
                [{"stratum": stratum, "number": number} for stratum, number in draws.items()],
            )

    def forget(self, finding_ids: Collection[str]) -> int:
        """Erase all that was done to some findings; return how many rows went."""
        gone = 0
        with self._base.writing() as writing:
            for finding_id in finding_ids:
                for table in ("actions", "subjects", "leases"):
                    statement = f"DELETE FROM {table} WHERE finding_id = :name"
                    gone += writing.run(statement, {"name": finding_id})
        if gone:
            self._base.scrub()
        return gone

    def _actions(self, where: str, **values: Value) -> list[Action]:
        with self._base.reading() as reading:
            rows = reading.rows(f"SELECT * FROM actions {where}", values)
        return [Action(*row) for row in rows]


def _next(reading: Transaction) -> int:
    return int(reading.rows("SELECT coalesce(max(id), 0) + 1 FROM actions")[0][0])


def _key(action: Action) -> tuple[str, ...]:
    """Return what one action is known by at every desk."""
    return action.at, action.author, action.finding_id, action.kind


def _renumbered(action: Action, numbers: Mapping[int, int]) -> Action:
    """Return an action with the numbers that it, its batch and its undo have here."""
    value = action.value
    if action.kind == UNDO:
        value = str(numbers.get(int(value), 0))
    undone = None if action.undone is None else numbers.get(action.undone)
    return action._replace(
        id=numbers[action.id],
        batch=numbers.get(action.batch, numbers[action.id]),
        value=value,
        undone=undone,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

"""What finding wrote: the folder, the page of all, and what each finder did."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reviewdesk.findings.store import StoredFindings
from reviewdesk.prepare.prepared import PreparedData


@dataclass(frozen=True)
class Outcome:
    """What one finder did.

    Args:
        finder: its name.
        stored: its folder; None when it could not look at this data.
        why_not: one sentence then.
        already: whether the same was found before.
    """

    finder: str
    stored: StoredFindings | None
    why_not: str | None = None
    already: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what was found and promised as JSON values."""
        if self.stored is None:
            return {"why_not": self.why_not}
        findings = self.stored.findings
        return {
            "folder": str(self.stored.path),
            "already": self.already,
            "findings": findings.table.num_rows,
            "looked_at": findings.looked_at,
            "left_out": dict(findings.left_out),
            "lists": [asdict(promised) for promised in findings.lists],
            "notes": list(findings.notes),
        }


@dataclass(frozen=True)
class FindResult:
    """What finding wrote.

    Args:
        folder: everything below is in here.
        data: the reviews.
        page: the page of all findings in the folder.
        outcomes: what each finder did.
        unread: a sentence for each kind of findings in the folder that cannot be read.
    """

    folder: Path
    data: PreparedData
    page: Path
    outcomes: tuple[Outcome, ...]
    unread: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what was promised and where it is as JSON values."""
        return {
            "folder": str(self.folder),
            "page": str(self.page),
            "data": self.data.fingerprint,
            "finders": {one.finder: one.to_json() for one in self.outcomes},
            "unread": list(self.unread),
        }

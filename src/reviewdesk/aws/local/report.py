"""What came of a job under the emulator: how it ended, and each rule that the container broke."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

COMPLETED: Final = "Completed"
FAILED: Final = "Failed"
STOPPED: Final = "Stopped"
REFUSED: Final = "Refused"
"""What SageMaker's API would not have taken."""


@dataclass(frozen=True)
class Violation:
    """A rule that was broken.

    Args:
        rule: a short name that stays the same, as in ``failure-reason``.
        sentence: what was seen, and what the rule wants.
    """

    rule: str
    sentence: str


@dataclass
class Report:
    """What came of one job.

    Args:
        kind: ``train``, ``serve`` or ``transform``.
        status: as SageMaker would call it.
        reason: why it failed, as SageMaker would show it.
        violations: what was broken, in the order in which it was seen.
        metrics: what metric definitions found, by name, in their order.
        outputs: what was written.
        figures: how long things took, in seconds.
        answers: how many requests were answered, by status.
    """

    kind: str
    status: str = COMPLETED
    reason: str = ""
    violations: list[Violation] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)

    @property
    def well(self) -> bool:
        """Whether it did what was asked and broke nothing."""
        return self.status in (COMPLETED, STOPPED) and not self.violations

    def broke(self, rule: str, sentence: str) -> None:
        """Add a violation, once."""
        found = Violation(rule, sentence)
        if found not in self.violations:
            self.violations.append(found)

    def failed(self, reason: str, status: str = FAILED) -> "Report":
        """Say that it failed, and why; return the report."""
        self.status, self.reason = status, reason
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "kind": self.kind,
            "status": self.status,
            "reason": self.reason,
            "violations": [vars(one) for one in self.violations],
            "metrics": self.metrics,
            "outputs": self.outputs,
            "seconds": {name: round(value, 3) for name, value in self.figures.items()},
            "answers": {str(status): count for status, count in sorted(self.answers.items())},
        }

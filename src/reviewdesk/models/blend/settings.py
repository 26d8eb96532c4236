"""What can be set of a blend: who is in it, and how much each counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from reviewdesk.errors import UsageError
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.settings import Settings, setting

FAMILY: Final = "blend"
MOST_MEMBERS: Final = 20


class Member(NamedTuple):
    """One classifier of a blend: its family and the family's settings."""

    model: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class BlendSettings(Settings):
    """What can be set of ``blend``."""

    members: tuple[str | dict, ...] = setting(  # type: ignore[type-arg]
        ("linear", "naive-bayes"),
        'the models that answer together: names, or {"model": NAME, "settings": {...}}; the first '
        "is the fast one of a cascade",
    )
    weights: tuple[float, ...] = setting(
        (), "how much each member counts; empty learns it on reviews that members had not seen"
    )
    shifts: tuple[float, ...] = setting(
        (), "what is added to each label's score, beside given weights; empty means nothing"
    )
    folds: int = setting(
        3, "in how many parts members are cross-fitted to learn the weights", minimum=2, maximum=100
    )
    cascade: bool = setting(
        False, "the first member answers alone where it is sure; others are asked about the rest"
    )
    sure: float = setting(
        0.0,
        "of a cascade: how probable an answer of the first member must be to stand alone; 0 learns "
        "it beside the weights",
        minimum=0,
        maximum=1,
    )
    windows: int = setting(
        0,
        "a longer review is read in windows of at most so many words, whose log-probabilities are "
        "averaged; 0 reads it as a whole",
        minimum=0,
        maximum=1_000_000,
    )
    seed: int = setting(
        0, "another seed deals products out to other parts", minimum=0, maximum=2**31 - 1
    )

    def check(self) -> Self:
        """Return self when every value is allowed and every member is a model of the catalog."""
        super().check()
        if not 1 <= len(self.members) <= MOST_MEMBERS:
            raise UsageError(f"setting members names 1 to {MOST_MEMBERS} models")
        for member in self.parsed():
            if member.model == FAMILY or member.model not in CLASSIFIERS.names():
                known = ", ".join(name for name in CLASSIFIERS.names() if name != FAMILY)
                raise UsageError(f"setting members has {member.model!r}; a blend may have: {known}")
        if self.weights and len(self.weights) != len(self.members):
            raise UsageError("setting weights has a number for each of the members, or none at all")
        if any(not 0 <= weight < float("inf") for weight in self.weights):
            raise UsageError("setting weights has numbers from 0 only")
        if any(not abs(shift) < float("inf") for shift in self.shifts):
            raise UsageError("setting shifts has finite numbers only")
        return self

    def parsed(self) -> list[Member]:
        """Return the members.

        Raises:
            UsageError: one is neither a name nor an object with ``model`` and ``settings``.
        """
        return [_member(one) for one in self.members]


def _member(given: Any) -> Member:
    if isinstance(given, str):
        return Member(given, {})
    model, settings = given.get("model"), given.get("settings", {})
    fits = isinstance(model, str) and isinstance(settings, dict)
    if not fits or set(given) - {"model", "settings"}:
        raise UsageError('setting members takes names, or {"model": NAME, "settings": {...}}')
    return Member(model, settings)

"""The variants of an endpoint: who gets which, and who only listens.

A caller is dealt to a variant by the hash of a key: of the same key always to the same, on every
server and after every start. Changing weights moves only as many keys as it must.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from reviewdesk.bundle import Bundle
from reviewdesk.errors import RequestError, UsageError

ALL_TRAFFIC: Final = "AllTraffic"
"""The variant of an endpoint that has one, named as SageMaker's own SDK names it."""


class Variant(NamedTuple):
    """A bundle that answers a part of an endpoint's requests.

    Args:
        name: as callers see it.
        bundle: what answers.
        weight: its part, over the sum of all weights; of a shadow, the part of all requests.
    """

    name: str
    bundle: Bundle
    weight: float = 1.0


@dataclass
class ServedEndpoint:
    """What answers under one name.

    Args:
        variants: those that answer callers.
        shadows: those whose answers reach no caller.
    """

    variants: Sequence[Variant]
    shadows: Sequence[Variant] = ()
    weights: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        names = [one.name for one in (*self.variants, *self.shadows)]
        if len(set(names)) < len(names):
            raise UsageError(
                f"two variants are called {next(n for n in names if names.count(n) > 1)}; give "
                "them names, as in sentiment=A=old/bundle:0.9,B=new/bundle:0.1"
            )
        answers = {(one.bundle.target, frozenset(one.bundle.labels)) for one in self.variants}
        if len(answers) > 1:
            raise UsageError("variants of one endpoint must have the same target and labels")
        self.weigh({one.name: one.weight for one in self.variants})

    def weigh(self, weights: Mapping[str, float]) -> None:
        """Change which part of the requests each variant gets, from now on.

        Raises:
            UsageError: a variant has no weight or is none, or no weight is above 0.
        """
        known = [one.name for one in self.variants]
        if set(weights) != set(known):
            raise UsageError(f"weights must be given of: {', '.join(known)}")
        usable = all(0 <= one < float("inf") for one in weights.values())
        if not usable or not sum(weights.values()) > 0:
            raise UsageError("weights must be numbers from 0 on, one of them above 0")
        self.weights = {name: float(weights[name]) for name in known}

    def choose(self, key: str, target: str | None = None) -> Variant:
        """Return the variant that answers.

        Args:
            key: what the choice goes by.
            target: the variant that the caller asks for.

        Raises:
            RequestError: there is no such variant.
        """
        if target is not None:
            for variant in self.variants:
                if variant.name == target:
                    return variant
            names = ", ".join(one.name for one in self.variants)
            raise RequestError(f"there is no such variant; there are: {names}")
        if len(self.variants) == 1:
            return self.variants[0]
        weights = self.weights
        place = part_of(f"variant\n{key}") * sum(weights.values())
        for variant in self.variants:
            place -= weights[variant.name]
            if place < 0:
                return variant
        return next(one for one in reversed(self.variants) if weights[one.name])

    def listening(self, request: str) -> list[Variant]:
        """Return the shadows that score this request too."""
        return [
            one for one in self.shadows if part_of(f"shadow\n{one.name}\n{request}") < one.weight
        ]


def part_of(key: str) -> float:
    """Return a number from 0 to 1 that is the same for the same key everywhere."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64

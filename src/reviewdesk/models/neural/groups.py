"""What the loop and the export ask of every network."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

Group = tuple[list[nn.Parameter], float, float]
"""Weights that learn alike, their largest learning rate and how much they shrink."""


class Scorer(NamedTuple):
    """A network as it is exported.

    Args:
        network: maps the inputs to scores, (B, k).
        example: inputs; the first two dimensions of each may be of any size.
        names: of the inputs.
    """

    network: nn.Module
    example: tuple[Tensor, ...]
    names: tuple[str, ...]


def shrinking(weights: Sequence[nn.Parameter], rate: float, decay: float) -> list[Group]:
    """Return weights of which matrices shrink and the others do not."""
    matrices = [one for one in weights if one.ndim > 1]
    return [(matrices, rate, decay), ([one for one in weights if one.ndim <= 1], rate, 0.0)]

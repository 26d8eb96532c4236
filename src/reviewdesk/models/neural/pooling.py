"""How the vectors of all positions become the one of a review."""

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor, nn

LOWEST: Final = -1e9


class MeanPooling(nn.Module):
    """The mean of all positions."""

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:  # (B, T, H), (B, T) → (B, H)
        """Return one vector a review."""
        words = mask.sum(dim=1, keepdim=True).clamp(min=1)  # (B, 1)
        return (states * mask.unsqueeze(2)).sum(dim=1) / words


class Largest(nn.Module):
    """The largest value of each number."""

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return one vector a review."""
        there = mask.amax(dim=1).unsqueeze(1)  # a review without words is all zeros
        lowest = states.masked_fill((mask == 0).unsqueeze(2), LOWEST)
        return torch.mul(lowest.amax(dim=1), there)


class AttentionPooling(nn.Module):
    """A mean in which the network says how much each position counts."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.score = nn.Linear(size, 1)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return one vector a review."""
        scores = self.score(torch.tanh(states)).squeeze(2)  # (B, T)
        weights = torch.softmax(scores.masked_fill(mask == 0, LOWEST), dim=1) * mask
        return (states * weights.unsqueeze(2)).sum(dim=1)


class Last(nn.Module):
    """The position that was read last: the review's end, and backwards its beginning.

    Args:
        size: numbers a position.
        both: whether the second half of them was read backwards.
    """

    def __init__(self, size: int, both: bool) -> None:
        super().__init__()
        self.forwards = size // 2 if both else size

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return one vector a review."""
        there, back = states[:, :, : self.forwards], states[:, :, self.forwards :]
        words = mask.sum(dim=1).to(torch.int64)  # (B,)
        last = (words - 1).clamp(min=0).reshape(-1, 1, 1).expand(-1, 1, self.forwards)
        ends = torch.cat([there.gather(1, last).squeeze(1), back[:, 0]], dim=1)
        return ends * (words > 0).unsqueeze(1)


class Pooling(nn.Module):
    """Several poolings side by side.

    Args:
        names: which.
        size: numbers a position.
        both: whether the second half of them was read backwards.
    """

    def __init__(self, names: Sequence[str], size: int, both: bool) -> None:
        super().__init__()
        new: dict[str, Callable[[], nn.Module]] = {
            "mean": MeanPooling,
            "max": Largest,
            "attention": lambda: AttentionPooling(size),
            "last": lambda: Last(size, both),
        }
        self.each = nn.ModuleList(new[name]() for name in names)
        self.size = size * len(self.each)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return one vector a review, (B, size)."""
        return torch.cat([one(states, mask) for one in self.each], dim=1)

"""What a network is to make small, and how right it is."""

import torch
from torch import Tensor
from torch.nn import functional

from reviewdesk.models.neural.plan import Objective


def losses(scores: Tensor, labels: Tensor, objective: Objective, smoothing: float = 0) -> Tensor:
    """Return the loss of each row, (B,).

    Of ordered labels such as stars, being far off costs more than being next to it: to the
    logarithmic score comes the ranked probability score (Epstein 1969), which is proper too.

    Args:
        scores: (B, k).
        labels: (B,) int64, or (B, k) float32 where a row may have several.
        objective: what the labels are.
        smoothing: share of each label that is given to the others.
    """
    if objective == "several":  # half the log-odds, as two scores one of which is the other's minus
        odds = 2 * scores
        return functional.binary_cross_entropy_with_logits(odds, labels, reduction="none").sum(1)
    loss = functional.cross_entropy(scores, labels, reduction="none", label_smoothing=smoothing)
    if objective == "ordered":
        below = torch.softmax(scores, dim=1).cumsum(dim=1)  # (B, k)
        steps = torch.arange(scores.shape[1], device=scores.device)
        loss = loss + (below - (steps >= labels.unsqueeze(1)).to(below.dtype)).square().sum(1)
    return loss


def right(scores: Tensor, labels: Tensor, objective: Objective) -> Tensor:
    """Return how right each row is, (B,): 0 or 1; of several labels the share that is right."""
    if objective == "several":
        return ((scores > 0) == (labels > 0.5)).to(torch.float32).mean(dim=1)
    return (scores.argmax(dim=1) == labels).to(torch.float32)


def hits(scores: Tensor, labels: Tensor, objective: Objective) -> Tensor:
    """Return how many rows of each label are right, are given it and have it, (3, k) float64."""
    if objective == "several":
        given, true = scores > 0, labels > 0.5
    else:
        k = scores.shape[1]
        given = functional.one_hot(scores.argmax(dim=1), k) > 0
        true = functional.one_hot(labels, k) > 0
    return torch.stack([(given & true).sum(0), given.sum(0), true.sum(0)]).to(torch.float64)


def f1(counts: Tensor) -> float:
    """Return F1 from ``hits``: of two labels that of the second, of more the mean of all."""
    right_, given, true = counts
    each = 2 * right_ / (given + true).clamp(min=1)
    there = (given + true) > 0
    return float(each[1] if len(each) == 2 else each[there].mean())
